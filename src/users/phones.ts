/**
 * An Indian mobile as E.164 ("+919876500001") from what people type: 10 digits that start with 6 to 9, with or
 * without +91, 91 or 0 in front, spaces, dots and dashes anywhere. Null when it is not one.
 */
export function indianMobile(typed: string): string | null {
  const digits = typed.trim().replace(/[\s().-]/g, '')
  const match = /^(?:\+91|0091|91|0)?([6-9]\d{9})$/.exec(digits)
  return match ? `+91${match[1]}` : null
}

/** The ten digits that Cashfree expects for a number stored as E.164. */
export function tenDigits(e164: string): string {
  return e164.slice(-10)
}
