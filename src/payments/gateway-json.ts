/**
 * Parses JSON without losing digits: an integer too large for a double (Cashfree ids may have 19 digits and come
 * unquoted) stays a string of its own digits. Throws SyntaxError like JSON.parse.
 */
export function parseGatewayJson(text: string): unknown {
  return (JSON.parse as ParseWithSource)(text, (_key, value, context) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source ?? '')
      ? context.source
      : value,
  )
}

type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown
