import { decimal, Rupees } from './money.ts'

/**
 * JSON as Cashfree writes it: amounts keep their two decimals and a bigint is a bare run of digits.
 * JSON.stringify can do neither, and a client that parses and re-serialises has to see its signature check fail.
 */
export function toJson(value: unknown): string {
  if (value instanceof Rupees) return decimal(value.paise)
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined)
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${toJson(field)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}
