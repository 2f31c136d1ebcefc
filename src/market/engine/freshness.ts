import { dateInIndia, dayInIndia, isoInIndia } from '../../platform/dates.ts'
import { type Day, daysAfter, weekdayOf, yearOf } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'

/** From this time of a session's day on, in India, its prices are due: the exchange publishes them by then. */
const dueFrom = '18:00'

/** What freshness is told by: the newest trading day there are prices of, whether they are invented, and the sessions. */
type Priced = { asOf: Day | null; sample: boolean; calendar: TradingCalendar }

/**
 * One honest line about prices that are due and not in, like "Prices of Thu, 26 Nov; Friday's are not in yet". Null while
 * there is nothing to wait for, and without prices. In a year of which no holidays are entered a day may have been one, and the
 * line says so.
 */
export function freshnessOf({ asOf, sample, calendar }: Priced, now: Date): string | null {
  if (asOf === null) return null
  const due = sessionsDue(asOf, now, calendar)
  if (due.length === 0) return null
  const isSure = due.every((day) => calendar.isKnown(yearOf(day)))
  const today = dayInIndia(now)
  return (
    `${sample ? 'Sample prices' : 'Prices'} of ${shortDate(asOf, today)}; ${missing(due, today)} not in yet` +
    (isSure ? '' : ', unless the exchange was closed')
  )
}

/** The sessions after `asOf` whose prices are due, oldest first. */
function sessionsDue(asOf: Day, now: Date, { isOpen }: TradingCalendar): Day[] {
  const today = dayInIndia(now)
  const last = isoInIndia(now).slice(11, 16) >= dueFrom ? today : daysAfter(today, -1)
  const due: Day[] = []
  for (let day = daysAfter(asOf, 1); day <= last; day = daysAfter(day, 1)) if (isOpen(day)) due.push(day)
  return due
}

/** "Friday's are", "Thursday's and Friday's are": by weekday where that can be only one day. */
function missing(due: readonly Day[], today: Day): string {
  if (due.length > 2) return `those of the ${due.length} sessions since are`
  const names = due.map((day) => (day > daysAfter(today, -7) ? `${weekdayOf(day)}’s` : null))
  if (!names.includes(null)) return `${names.join(' and ')} are`
  return `those of ${due.map((day) => shortDate(day, today)).join(' and ')} are`
}

/** "Thu, 26 Nov", with its year when that is not this one. */
function shortDate(day: Day, today: Day): string {
  const date = dateInIndia(new Date(day))
  return day.slice(0, 4) === today.slice(0, 4) ? date.slice(0, -5) : date
}
