import { monthNames } from '../../platform/dates.ts'
import type { Day } from '../calendar/days.ts'

/** "18 Nov", with its year when that is not the year of `asOf`. */
export function sinceDay(day: Day, asOf: Day): string {
  return yearOf(day) === yearOf(asOf) ? dayAndMonth(day) : withYear(day)
}

/** "3 Mar 2026". */
export function withYear(day: Day): string {
  return `${dayAndMonth(day)} ${yearOf(day)}`
}

/** "on 18 Nov", "from 16 to 20 Nov", "from 28 Dec 2025 to 2 Jan": a year is named when it is not the one of `asOf`. */
export function onDays(from: Day, to: Day, asOf: Day): string {
  const until = sinceDay(to, asOf)
  if (from === to) return `on ${until}`
  if (from.slice(0, 7) === to.slice(0, 7)) return `from ${Number(from.slice(8))} to ${until}`
  return `from ${yearOf(from) === yearOf(to) ? dayAndMonth(from) : sinceDay(from, asOf)} to ${until}`
}

function dayAndMonth(day: Day): string {
  return `${Number(day.slice(8))} ${monthNames[Number(day.slice(5, 7)) - 1]}`
}

function yearOf(day: Day): string {
  return day.slice(0, 4)
}
