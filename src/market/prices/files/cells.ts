import type { Day } from '../../engine/days.ts'

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** A price cell: "1,23,456.70", "33.55". Null for anything that is not a price above zero. */
export function priceIn(cell: string): number | null {
  const text = cell.trim().replace(/^₹\s*/, '')
  if (!/^(\d+|\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3})(\.\d+)?$/.test(text)) return null
  const price = Number(text.replaceAll(',', ''))
  return Number.isFinite(price) && price > 0 ? price : null
}

/** A day as exchanges and sites write it: 2026-11-20, 20261120, 20-NOV-2026, 20-Nov-26. Null for other text and for days that do not exist. */
export function dayIn(cell: string): Day | null {
  const text = cell.trim()
  const iso = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(text)
  if (iso) return existing(Number(iso[1]), Number(iso[2]), Number(iso[3]))
  const named = /^(\d{1,2})-([A-Za-z]{3})-(\d{4}|\d{2})$/.exec(text)
  if (!named) return null
  const year = Number(named[3])
  return existing(year < 100 ? 2000 + year : year, months.indexOf(named[2]!.toLowerCase()) + 1, Number(named[1]))
}

/** An exchange symbol, without the market that some sites append (BANKBEES.NS, BANKBEES.IN). Null for other text. */
export function symbolIn(cell: string): string | null {
  const text = cell
    .trim()
    .toUpperCase()
    .replace(/\.(NS|BO|IN)$/, '')
  return /^[A-Z0-9&-]{1,20}$/.test(text) ? text : null
}

function existing(year: number, month: number, date: number): Day | null {
  const at = new Date(Date.UTC(year, month - 1, date))
  const same = at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === date
  return same && year >= 1990 && year < 2200 ? at.toISOString().slice(0, 10) : null
}
