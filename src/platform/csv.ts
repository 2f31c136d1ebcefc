import { isoInIndia } from './dates.ts'

/** Text that a spreadsheet would run as a formula (some take the full-width signs, too), with a leading apostrophe that makes it text. */
export function escapeFormula(text: string): string {
  return /^[=+\-@＝＋－＠\t\r\n]/.test(text) ? `'${text}` : text
}

/** Paise as rupees with at most two decimals; empty where there are none. */
export function rupeesOf(paise: number | null): string | number {
  return paise === null ? '' : Number((paise / 100).toFixed(2))
}

/** "20-11-2026 14:05:09": day first, as India writes it, and still sorted by a spreadsheet that knows the locale. */
export function csvTimeInIndia(at: Date | null): string {
  if (!at) return ''
  const iso = isoInIndia(at)
  return `${iso.slice(8, 10)}-${iso.slice(5, 7)}-${iso.slice(0, 4)} ${iso.slice(11, 19)}`
}
