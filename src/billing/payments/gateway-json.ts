/**
 * Parses JSON without losing digits: an integer too large for a double (Cashfree ids may have 19 digits and come
 * unquoted) stays a string of its own digits. NUL and halves of surrogate pairs, which no database stores, are dropped
 * from texts. Throws SyntaxError like JSON.parse.
 */
export function parseGatewayJson(text: string): unknown {
  return (JSON.parse as ParseWithSource)(text, (_key, value, context) => {
    if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed()
    const tooLarge = typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source ?? '')
    return tooLarge ? context.source : value
  })
}

type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown
