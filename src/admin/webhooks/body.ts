/** A delivery's body to look at: as it came, and indented when it is JSON. Digits stay as they were written. */
export function readable(body: Buffer): { raw: string; pretty: string | null } {
  const raw = body.toString('utf8')
  try {
    return { raw, pretty: JSON.stringify((JSON.parse as ParseWithSource)(raw, keepDigits), null, 2) }
  } catch {
    return { raw, pretty: null }
  }
}

/** Signatures and whatever else could be used again are shown by their beginning only. */
export function masked(headers: Record<string, string>): [string, string][] {
  return Object.entries(headers).map(([name, value]) => [
    name,
    /signature|secret|authorization|cookie|token/.test(name)
      ? `${value.slice(0, 4)}… (${value.length} characters)`
      : value,
  ])
}

type ParseWithSource = (text: string, reviver: typeof keepDigits) => unknown

function keepDigits(_key: string, value: unknown, context: { source?: string }): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }
  return typeof value === 'number' && context.source ? rawJSON(context.source) : value
}
