/**
 * An Indian mobile as E.164 ("+919876500001") from what people type or paste: 10 digits that start with 6 to 9, with or
 * without +91, 0091, 91, 0 or +91 (0) in front, spaces, dots, brackets and dashes of any kind anywhere. Null when it is
 * not one.
 */
export function indianMobile(typed: string): string | null {
  // NFKC: digits and signs of full width, and spaces that do not break, are the ordinary ones.
  const digits = typed
    .normalize('NFKC')
    .replace(/^\s*tel:/i, '')
    .replace(separators, '')
  const match = /^(?:(?:\+|00)?91)?0?([6-9]\d{9})$/.exec(digits)
  return match ? `+91${match[1]}` : null
}

// \u2212 is the minus sign; characters that show nothing were taken out at the edge (web/clean-text.ts), but for joiners.
const separators = /[\s().\u00b7/\p{Pd}\u2212\u200c\u200d]/gu

/** The ten digits that Cashfree expects for a number stored as E.164. */
export function tenDigits(e164: string): string {
  return e164.slice(-10)
}
