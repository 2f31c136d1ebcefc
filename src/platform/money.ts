declare const unit: unique symbol

/** An amount in integer paise (₹1 = 100). Made only here, so that rupees and paise cannot be mixed up. */
export type Paise = number & { readonly [unit]: 'paise' }

/** Marks an integer as paise. Throws on fractions, NaN and what a double cannot hold exactly. */
export function paise(amount: number): Paise {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`not a whole number of paise: ${amount}`)
  return amount as Paise
}

/**
 * Reads an amount in rupees as another system wrote it (499, 499.0, "499.00") without ever multiplying a float.
 * Anything that is not exactly a whole number of paise (NaN, 499.001, "", null) is `null`: the caller must refuse it.
 */
export function paiseFromRupees(rupees: unknown): Paise | null {
  if (typeof rupees !== 'number' && typeof rupees !== 'string') return null
  const parts = /^(-?)(\d{1,13})(?:\.(\d{1,2})0*)?$/.exec(String(rupees).trim())
  if (!parts) return null
  const [, sign, whole, fraction = ''] = parts
  const amount = Number(whole) * 100 + Number(fraction.padEnd(2, '0'))
  return Number.isSafeInteger(amount) ? paise(sign ? -amount : amount) : null
}

/** The JSON number in rupees, two decimals at most, that Cashfree expects for this amount. */
export function rupeesForGateway(amount: Paise): number {
  return Number((amount / 100).toFixed(2))
}

const whole = new Intl.NumberFormat('en-IN', { style: 'currency', currency: 'INR', maximumFractionDigits: 0 })
const exact = new Intl.NumberFormat('en-IN', { style: 'currency', currency: 'INR', minimumFractionDigits: 2 })

/** "₹4,990" or "₹4,990.50", with lakh grouping: how every page and mail prints money. */
export function rupees(amount: number): string {
  return signedBy(amount % 100 === 0 ? whole : exact, amount)
}

/** "₹4,990.00": always two decimals, for receipts and columns of amounts. */
export function rupeesExact(amount: number): string {
  return signedBy(exact, amount)
}

/** What is taken off has a minus sign, not a hyphen, wherever it is printed. */
function signedBy(format: Intl.NumberFormat, amount: number): string {
  return format.format(amount / 100).replace('-', '−')
}

const ones =
  'Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen Seventeen Eighteen Nineteen'.split(
    ' ',
  )
const tens = '- - Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety'.split(' ')

/** "Rupees Four Thousand Nine Hundred Ninety Only", as Indian receipts spell an amount (crore, lakh, thousand). */
export function rupeesInWords(amount: Paise): string {
  const rupeesPart = Math.floor(amount / 100)
  const paisePart = amount % 100
  return `Rupees ${words(rupeesPart)}${paisePart ? ` and ${words(paisePart)} Paise` : ''} Only`
}

function words(n: number): string {
  if (n < 20) return ones[n]!
  if (n < 100) return [tens[Math.floor(n / 10)], n % 10 ? ones[n % 10] : ''].filter(Boolean).join(' ')
  const [size, name] =
    n >= 1e7 ? [1e7, 'Crore'] : n >= 1e5 ? [1e5, 'Lakh'] : n >= 1000 ? [1000, 'Thousand'] : [100, 'Hundred']
  const rest = n % (size as number)
  return `${words(Math.floor(n / (size as number)))} ${name}${rest ? ` ${words(rest)}` : ''}`
}
