import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { readHolidayList } from './holiday-list.ts'
import { type Holiday, listHolidays, type SpecialSession, saveCalendar } from './queries.ts'
import { fewestHolidays, isWeekday } from './trading-calendar.ts'

/** What a list brought: how many holidays are new or renamed, its sessions, and what it leaves out. */
export type SavedList = {
  holidays: number
  sessions: number
  listedSessions: SpecialSession[]
  weekends: number
  /** Holidays that are entered for a year of which the list has all others: perhaps they moved to another day. */
  unlisted: Holiday[]
}

/**
 * Adds the holidays and special sessions of a list, all or none of them; what is entered already stays. Throws AppError
 * `invalid` about `lines`, naming the first entry that cannot be read.
 */
export async function addHolidays(sql: Sql, text: string, by: Actor): Promise<SavedList> {
  const list = readHolidayList(text)
  const saved = await saveCalendar(sql, list, by)
  const unlisted = unlistedIn(list.holidays, await listHolidays(sql))
  return { ...saved, listedSessions: list.sessions, weekends: list.weekends, unlisted }
}

function unlistedIn(list: readonly Holiday[], entered: readonly Holiday[]): Holiday[] {
  const listed = new Set(list.map(({ day }) => day))
  const perYear = Map.groupBy(list, yearOf)
  const isWholeYear = (holiday: Holiday) => (perYear.get(yearOf(holiday))?.length ?? 0) >= fewestHolidays
  return entered.filter((holiday) => isWeekday(holiday.day) && isWholeYear(holiday) && !listed.has(holiday.day))
}

function yearOf({ day }: Holiday): string {
  return day.slice(0, 4)
}
