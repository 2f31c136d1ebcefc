/** An exchange symbol, without the market that some sites append (BANKBEES.NS, BANKBEES.IN). Null for other text. */
export function symbolIn(cell: string): string | null {
  const text = cell
    .trim()
    .toUpperCase()
    .replace(/\.(NS|IN)$/, '')
  return /^[A-Z0-9&-]{1,20}$/.test(text) ? text : null
}

/** Whether text is the ISIN of an Indian fund: INF…, with its check digit right (ISO 6166: Luhn over letters as 10 to 35). */
export function isIsin(text: string): boolean {
  return /^INF[A-Z0-9]{8}\d$/.test(text) && text.endsWith(checkDigitOf(text.slice(0, -1)))
}

/** The last digit of the ISIN that begins with these eleven letters and digits. */
export function checkDigitOf(stem: string): string {
  const digits = [...stem].map((letter) => Number.parseInt(letter, 36)).join('')
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const worth = Number(digit) * (place % 2 === 0 ? 2 : 1)
    return total + (worth > 9 ? worth - 9 : worth)
  }, 0)
  return String((10 - (sum % 10)) % 10)
}
