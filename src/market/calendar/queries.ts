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

/** Adds holidays and special sessions, or names known ones anew. Answers how many of each that changed. */
export async function saveCalendar(
  sql: Sql,
  { holidays, sessions }: { holidays: readonly Holiday[]; sessions: readonly SpecialSession[] },
  by: Actor,
): Promise<{ holidays: number; sessions: number }> {
  const [row] = await sql<{ holidays: number; sessions: number }[]>`
    select holidays, sessions
    from save_calendar(${sql.json(holidays as never)}, ${sql.json(sessions as never)}, ${by.actor}, ${originJson(sql, by)})
  `
  return row!
}

/** Removes a holiday: the exchange was open after all. False: it is no holiday. */
export async function removeHoliday(sql: Sql, day: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ removed: boolean }[]>`
    select remove_holiday(${day}, ${by.actor}, ${originJson(sql, by)}) as removed
  `
  return row!.removed
}

/** Removes a special session. False: there is none. */
export async function removeSpecialSession(sql: Sql, day: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ removed: boolean }[]>`
    select remove_special_session(${day}, ${by.actor}, ${originJson(sql, by)}) as removed
  `
  return row!.removed
}
