/** An Indian trading day, 'YYYY-MM-DD'. Days compare as text. */
export type Day = string

const dayMs = 86_400_000
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** The day `count` days later, or earlier when negative. */
export function daysAfter(day: Day, count: number): Day {
  return new Date(Date.parse(day) + count * dayMs).toISOString().slice(0, 10)
}

/** The same day of the month `count` months later; the month's last day where it has no such day. */
export function monthsAfter(day: Day, count: number): Day {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number]
  const last = new Date(Date.UTC(year, month + count, 0)).getUTCDate()
  return new Date(Date.UTC(year, month - 1 + count, Math.min(date, last))).toISOString().slice(0, 10)
}

/** Its year, as a number. */
export function yearOf(day: Day): number {
  return Number(day.slice(0, 4))
}

/** The Monday of a day's ISO week. */
export function weekOf(day: Day): Day {
  const weekday = new Date(Date.parse(day)).getUTCDay()
  return daysAfter(day, -((weekday + 6) % 7))
}

/** "Friday". */
export function weekdayOf(day: Day): string {
  return new Date(day).toLocaleDateString('en-IN', { weekday: 'long', timeZone: 'UTC' })
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

function existing(year: number, month: number, date: number): Day | null {
  const at = new Date(Date.UTC(year, month - 1, date))
  const same = at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === date
  return same && year >= 1990 && year < 2200 ? at.toISOString().slice(0, 10) : null
}
