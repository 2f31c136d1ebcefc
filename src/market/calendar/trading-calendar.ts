import type { Sql } from '../../platform/db.ts'
import { type Day, daysAfter, weekOf, yearOf } from './days.ts'
import { listHolidays, listSpecialSessions } from './queries.ts'

/** When the exchange trades, as far as it is entered. */
export type TradingCalendar = {
  /** Whether there is a session on a day: a weekday that is no holiday, or a special session. */
  isOpen(day: Day): boolean
  /** Whether a year's holidays are entered, so that a weekday without prices is a gap and not perhaps a holiday. */
  isKnown(year: number): boolean
}

/** NSE closes on 13 to 17 weekdays a year; a list with fewer than this is incomplete. */
export const fewestHolidays = 10

type Entry = { day: Day }

/** The calendar of these holidays and special sessions; a session on a holiday (Muhurat) makes it an open day. */
export function tradingCalendar(holidays: readonly Entry[], sessions: readonly Entry[]): TradingCalendar {
  const closed = new Set(holidays.map(({ day }) => day))
  const special = new Set(sessions.map(({ day }) => day))
  const perYear = Map.groupBy([...closed].filter(isWeekday), yearOf)
  return {
    isOpen: (day) => special.has(day) || (isWeekday(day) && !closed.has(day)),
    isKnown: (year) => (perYear.get(year)?.length ?? 0) >= fewestHolidays,
  }
}

/** The calendar where nothing is entered: open from Monday to Friday, and no year is known. */
export const everyWeekday = tradingCalendar([], [])

/** The calendar as it is entered now. */
export async function readTradingCalendar(sql: Sql): Promise<TradingCalendar> {
  const [holidays, sessions] = await Promise.all([listHolidays(sql), listSpecialSessions(sql)])
  return tradingCalendar(holidays, sessions)
}

/** Whether there is a session in the rest of this day's week, up to Sunday: the week goes on. */
export function weekGoesOn(day: Day, { isOpen }: Pick<TradingCalendar, 'isOpen'>): boolean {
  const sunday = daysAfter(weekOf(day), 6)
  for (let next = daysAfter(day, 1); next <= sunday; next = daysAfter(next, 1)) if (isOpen(next)) return true
  return false
}

/** Whether there is a session in the rest of this day's calendar month. */
export function monthGoesOn(day: Day, { isOpen }: Pick<TradingCalendar, 'isOpen'>): boolean {
  const month = day.slice(0, 7)
  for (let next = daysAfter(day, 1); next.startsWith(month); next = daysAfter(next, 1)) if (isOpen(next)) return true
  return false
}

/** Monday to Friday. */
export function isWeekday(day: Day): boolean {
  return daysAfter(weekOf(day), 4) >= day
}
