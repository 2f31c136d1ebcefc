import type { Sql } from '../../platform/db.ts'
import { type Day, yearOf } from './days.ts'
import { type Holiday, listHolidays, listSpecialSessions, type SpecialSession } from './queries.ts'
import { fewestHolidays, isWeekday } from './trading-calendar.ts'

/** What makes a year's calendar look incomplete, as a title and a text. */
export type CalendarFlaw = { year: number; title: string; text: string }

/** Days on which NSE is closed every year, unless they are a Saturday or Sunday. */
const fixed = [
  ['01-26', 'Republic Day'],
  ['04-14', 'Ambedkar Jayanti'],
  ['05-01', 'Maharashtra Day'],
  ['08-15', 'Independence Day'],
  ['10-02', 'Gandhi Jayanti'],
  ['12-25', 'Christmas'],
] as const
/** NSE announces the coming year's holidays in the first half of December. */
const announced = '12-15'

/**
 * The years whose calendar looks incomplete: this year, from 15 December on the next one too, and every year of which
 * something is entered. `today` is the Indian day.
 */
export function calendarFlaws(
  { holidays, sessions }: { holidays: readonly Holiday[]; sessions: readonly SpecialSession[] },
  today: Day,
): CalendarFlaw[] {
  const perYear = Map.groupBy(
    holidays.filter(({ day }) => isWeekday(day)),
    ({ day }) => yearOf(day),
  )
  const thisYear = yearOf(today)
  const years = new Set([thisYear, ...perYear.keys()])
  if (today.slice(5) >= announced) years.add(thisYear + 1)
  return [...years]
    .sort((a, b) => b - a)
    .flatMap((year) => flawOf(year, perYear.get(year) ?? [], sessions.some(isMuhuratOf(year))) ?? [])
}

/** The calendar's flaws as it is entered now. */
export async function findCalendarFlaws(sql: Sql, today: Day): Promise<CalendarFlaw[]> {
  const [holidays, sessions] = await Promise.all([listHolidays(sql), listSpecialSessions(sql)])
  return calendarFlaws({ holidays, sessions }, today)
}

function flawOf(year: number, entered: readonly Holiday[], hasMuhurat: boolean): CalendarFlaw | null {
  if (entered.length === 0)
    return {
      year,
      title: `No holidays of ${year} are entered`,
      text: 'Prices look late on every holiday, and weeks that end early look unfinished.',
    }
  const missing = fixed.filter(([date]) => {
    const day = `${year}-${date}`
    return isWeekday(day) && !entered.some((holiday) => holiday.day === day)
  })
  const reasons = [
    ...(entered.length < fewestHolidays
      ? [`${entered.length} entered, and NSE closes on 13 to 17 weekdays a year.`]
      : []),
    ...(missing.length > 0 ? [`Missing: ${missing.map(([, name]) => name).join(', ')}.`] : []),
    ...(hasMuhurat ? [] : ['No Muhurat session in October or November.']),
  ]
  return reasons.length === 0
    ? null
    : { year, title: `The calendar of ${year} looks incomplete`, text: reasons.join(' ') }
}

/** Diwali, and with it the Muhurat session, is between the middle of October and of November. */
function isMuhuratOf(year: number) {
  return ({ day }: SpecialSession) => day >= `${year}-10-01` && day <= `${year}-11-30`
}
