import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A weekday on which the exchange is closed. */
export type Holiday = { day: string; name: string }

/** Weekdays on which the exchange is closed. */
export async function listHolidays(sql: Sql) {
  return sql<Holiday[]>`select day::text as day, name from holidays order by day`
}

/** Adds holidays, or names known ones anew. Answers how many that changed. */
export async function upsertHolidays(sql: Sql, holidays: readonly Holiday[], by: Actor): Promise<number> {
  const [row] = await sql<{ changed: number }[]>`
    with origin as materialized (${auditContextOf(sql, by)}), written as (
      insert into holidays (day, name)
      select day, name from jsonb_to_recordset(${sql.json(holidays as never)}) as given(day date, name text)
      on conflict (day) do update set name = excluded.name where holidays.name <> excluded.name
      returning day, name
    ), turned as (
      update market_state set version = version + 1, changed_at = now() where exists (select from written)
    ), noted as (
      insert into audit (actor, action, details)
      select ${by.actor}, 'holidays.saved', jsonb_build_object('holidays', jsonb_agg(day || ' ' || name order by day))
      from written, origin
      having count(*) > 0
    )
    select count(*)::int as changed from written
  `
  return row!.changed
}

/** Takes a holiday away: the exchange was open after all. False: it is gone already. */
export async function deleteHoliday(sql: Sql, day: string, by: Actor): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), gone as (
      delete from holidays where day = ${day}::date returning day, name
    ), turned as (
      update market_state set version = version + 1, changed_at = now() where exists (select from gone)
    )
    insert into audit (actor, action, details)
    select ${by.actor}, 'holiday.removed', jsonb_build_object('day', day, 'name', name) from gone, origin
    returning id
  `
  return rows.count > 0
}
