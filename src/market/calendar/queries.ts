import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A weekday on which the exchange is closed. */
export type Holiday = { day: string; name: string }

/** A day on which the exchange is open although it is a weekend or a holiday. */
export type SpecialSession = { day: string; name: string }

/** Weekdays on which the exchange is closed, the oldest first. */
export async function listHolidays(sql: Sql): Promise<Holiday[]> {
  return sql<Holiday[]>`select day::text as day, name from holidays order by day`
}

/** Days on which the exchange is open although it is a weekend or a holiday, the oldest first. */
export async function listSpecialSessions(sql: Sql): Promise<SpecialSession[]> {
  return sql<SpecialSession[]>`select day::text as day, name from special_sessions order by day`
}

/** Adds holidays, or names known ones anew. Answers how many that changed. */
export async function saveHolidays(sql: Sql, holidays: readonly Holiday[], by: Actor): Promise<number> {
  const [row] = await sql<{ changed: number }[]>`
    select save_holidays(${sql.json(holidays as never)}, ${by.actor}, ${originJson(sql, by)}) as changed
  `
  return row!.changed
}

/** Removes a holiday: the exchange was open after all. False: it is no holiday. */
export async function removeHoliday(sql: Sql, day: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ removed: boolean }[]>`
    select remove_holiday(${day}, ${by.actor}, ${originJson(sql, by)}) as removed
  `
  return row!.removed
}
