/** An Indian trading day, 'YYYY-MM-DD'. Days compare as text. */
export type Day = string

const dayMs = 86_400_000

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

/** The Monday of a day's ISO week. */
export function weekOf(day: Day): Day {
  const weekday = new Date(Date.parse(day)).getUTCDay()
  return daysAfter(day, -((weekday + 6) % 7))
}

/** Whether there is a day in the rest of this day's week, Monday to Friday, that is not a holiday: the week goes on. */
export function weekGoesOn(day: Day, holidays: ReadonlySet<Day>): boolean {
  const friday = daysAfter(weekOf(day), 4)
  for (let next = daysAfter(day, 1); next <= friday; next = daysAfter(next, 1)) if (!holidays.has(next)) return true
  return false
}
