/**
 * Parses JSON without losing digits: an integer too large for a double (Cashfree ids may have 19 digits and come
 * unquoted) stays a string of its own digits. NUL and halves of surrogate pairs, which no database stores, are dropped
 * from texts. Throws SyntaxError like JSON.parse.
 */
export function parseGatewayJson(text: string): unknown {
  if (text.length < ordinary && !mayNeedCare.test(text)) return JSON.parse(text)
  return (JSON.parse as ParseWithSource)(text, (_key, value, context) => {
    if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed()
    const tooLarge = typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source ?? '')
    return tooLarge ? context.source : value
  })
}

/** Without an escaped character or sixteen digits there is nothing to look after, and a reader of every value takes four times as long. */
const mayNeedCare = /\\u|\d{16}/

/** Longer texts may be nested so deeply that whoever walks through them has no stack left; the reader of every value refuses them. */
const ordinary = 4_000

type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown
