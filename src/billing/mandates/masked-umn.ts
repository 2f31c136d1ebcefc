/**
 * A mandate's number at the bank as pages, files and the API show it, "J7iu…@upi": enough to find it in a list, not enough to act on it.
 * Mails to its person and their own export have it in full, for they have to find it in their UPI app.
 */
export function maskedUmn(umn: string | null): string | null {
  if (umn === null) return null
  const [name = '', handle] = umn.split('@')
  return `${name.slice(0, 4)}…${handle === undefined ? '' : `@${handle}`}`
}
