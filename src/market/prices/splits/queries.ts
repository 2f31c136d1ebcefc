import { type Actor, auditContextOf } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'

/** A split that counts. `importId` null: entered by hand. */
export type SplitRow = {
  id: number
  symbol: string
  day: string
  ratio: number
  importId: number | null
  confirmedBy: string
}

/** Splits that count, the newest first. */
export async function listSplits(sql: Sql): Promise<SplitRow[]> {
  return sql<SplitRow[]>`
    select id::int as id, symbol, day::text as day, ratio, import_id::int as import_id, confirmed_by
    from counted_splits()
    order by day desc, symbol
  `
}

/** Jumps that were found to be the market's own, the newest first. */
export async function listOwnMoves(sql: Sql) {
  return sql<{ symbol: string; day: string; confirmedBy: string }[]>`
    select symbol, day::text as day, confirmed_by from real_jumps order by day desc, symbol
  `
}

/** Enters a split by hand. False: one is entered for that day already. */
export async function insertSplit(
  sql: Sql,
  split: { symbol: string; day: string; ratio: number },
  by: Actor,
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), split as (
      insert into splits (symbol, day, ratio, confirmed_by)
      select i.symbol, ${split.day}::date, ${split.ratio}, ${by.actor} from instruments i
      where i.symbol = ${split.symbol}
        and not exists (select from counted_splits() s where s.symbol = i.symbol and s.day = ${split.day}::date)
      on conflict do nothing
      returning *
    ), turned as (
      update market_state set version = version + 1, changed_at = now() where exists (select from split)
    )
    insert into audit (actor, action, details)
    select ${by.actor}, 'split.added', jsonb_build_object('symbol', symbol, 'day', day, 'ratio', ratio) from split, origin
    returning id
  `
  return rows.count > 0
}

/** Takes a split away; prices before its day count as they were traded. False: it is gone already. */
export async function deleteSplit(sql: Sql, id: number, by: Actor): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), gone as (
      delete from splits where id = ${id} returning *
    ), turned as (
      update market_state set version = version + 1, changed_at = now() where exists (select from gone)
    )
    insert into audit (actor, action, details)
    select ${by.actor}, 'split.removed', jsonb_build_object('symbol', symbol, 'day', day, 'ratio', ratio, 'import', import_id)
    from gone, origin
    returning id
  `
  return rows.count > 0
}
