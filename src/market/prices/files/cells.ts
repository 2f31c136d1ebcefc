import { dayInIndia } from '../../../platform/dates.ts'
import { type Day, dayIn } from '../../calendar/days.ts'

/** A price cell: "1,23,456.70", "33.55". Null for anything that is not a price above zero. */
export function priceIn(cell: string): number | null {
  const text = cell.trim().replace(/^₹\s*/, '')
  if (!/^(\d+|\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3})(\.\d+)?$/.test(text)) return null
  const price = Number(text.replaceAll(',', ''))
  return Number.isFinite(price) && price > 0 ? price : null
}

/**
 * A cell of traded units or rupees: "1,23,456", "1234.0", "1.2e+06" as pandas writes large ones. Null for anything that is not zero or
 * more, and below what any fund trades in a day.
 */
export function amountIn(cell: string): number | null {
  const text = cell.trim().replace(/^₹\s*/, '')
  if (!/^(\d+|\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3})(\.\d+)?([eE]\+?\d{1,2})?$/.test(text)) return null
  const amount = Number(text.replaceAll(',', ''))
  return amount < 1e15 ? amount : null
}

/** Whether a cell of traded units or rupees says that there is none. */
export function isWithoutAmount(cell: string): boolean {
  return isBlank(cell) || cell === '-'
}

/** Whether a price cell says that there is no price, as pandas and Yahoo write it. */
export function isBlank(cell: string): boolean {
  return /^(nan|null|none)?$/i.test(cell)
}

/** The day of a date cell, also of one with a time, of which the day in India is taken: "2026-11-20 00:00:00+05:30". */
export function dayOf(cell: string): Day | null {
  const timed = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$/.exec(cell)
  if (!timed) return dayIn(cell)
  const [, date, time, offset] = timed
  if (offset === undefined || dayIn(date!) === null) return dayIn(date!)
  const instant = new Date(`${date}T${time}${offset.replace(/(\d{2})(\d{2})$/, '$1:$2')}`)
  return Number.isNaN(instant.getTime()) ? null : dayIn(dayInIndia(instant))
}
