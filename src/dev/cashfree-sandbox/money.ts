/** An amount that `toJson` prints in rupees with two decimals, as Cashfree does (`499.00`). Held in paise. */
export class Rupees {
  readonly paise: number
  constructor(paise: number) {
    this.paise = paise
  }
}

/** Reads a JSON number of rupees as integer paise; null when it is not a number or has more than two decimals. */
export function toPaise(rupees: unknown): number | null {
  if (typeof rupees !== 'number' || !Number.isFinite(rupees)) return null
  const paise = Math.round(rupees * 100)
  return Number.isSafeInteger(paise) && Math.abs(rupees * 100 - paise) < 1e-6 ? paise : null
}

/** `49900` becomes `499.00`. */
export function decimal(paise: number): string {
  const sign = paise < 0 ? '-' : ''
  const digits = String(Math.abs(paise)).padStart(3, '0')
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** `49900` becomes `₹499.00`, grouped the Indian way. */
export function rupeeSign(paise: number): string {
  return `₹${new Intl.NumberFormat('en-IN', { minimumFractionDigits: 2 }).format(paise / 100)}`
}
