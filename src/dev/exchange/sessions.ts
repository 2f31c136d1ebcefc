import { type Day, daysAfter } from '../../market/calendar/days.ts'
import type { TradingCalendar } from '../../market/calendar/trading-calendar.ts'
import type { Fault } from './faults.ts'
import { seedOf } from './listing.ts'

/** Its archive begins here. */
const firstDay: Day = '2016-01-01'

/** When the exchange is open: as the calendar says, but for faults of that kind. */
export function sessionsOf(calendar: TradingCalendar, faults: readonly Fault[]) {
  const isOn = (name: Fault['name'], day: Day) => faults.some((fault) => fault.name === name && fault.day === day)
  const isOpen = (day: Day) => day >= firstDay && !isOn('closed', day) && (calendar.isOpen(day) || isOn('session', day))
  return {
    isOn,
    isOpen,
    /** The session before a day, or (`step` 1) the one after it. */
    next(day: Day, step: 1 | -1): Day {
      let next = daysAfter(day, step)
      while (!isOpen(next) && next > firstDay) next = daysAfter(next, step)
      return next
    },
    /** The next day after this one on which there is no session. */
    nextClosed(day: Day): Day {
      let next = daysAfter(day, 1)
      while (isOpen(next)) next = daysAfter(next, 1)
      return next
    },
    /** When a day's file appears, in milliseconds since 1970: some minutes past six in India. */
    publishedAt(day: Day): number {
      const time = isOn('late', day) ? '22:30' : `18:0${seedOf(day) % 10}`
      return Date.parse(`${day}T${time}:00+05:30`)
    },
  }
}

export type Sessions = ReturnType<typeof sessionsOf>
