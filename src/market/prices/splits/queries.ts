import { type Actor, originJson } from '../../../platform/audit-context.ts'
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

/** A jump that was found to be the market's own, and counts as that. `importId` null: confirmed by an earlier release. */
export type OwnMove = { id: number; symbol: string; day: string; importId: number | null; confirmedBy: string }

/** Such jumps, the newest first. */
export async function listOwnMoves(sql: Sql): Promise<OwnMove[]> {
  return sql<OwnMove[]>`
    select r.id::int as id, r.symbol, r.day::text as day, r.import_id::int as import_id, r.confirmed_by
    from real_jumps r
    left join imports i on i.id = r.import_id
    where r.import_id is null or i.status = 'committed'
    order by r.day desc, r.symbol
  `
}

/** Enters a split by hand. False: one is entered for that day already. */
export async function insertSplit(
  sql: Sql,
  { symbol, day, ratio }: Pick<SplitRow, 'symbol' | 'day' | 'ratio'>,
  by: Actor,
): Promise<boolean> {
  const [row] = await sql<{ added: boolean }[]>`
    select add_split(${symbol}, ${day}, ${ratio}, ${by.actor}, ${originJson(sql, by)}) as added
  `
  return row!.added
}

/** Removes a split; prices before its day count as they were traded. False: it is gone already. */
export async function deleteSplit(sql: Sql, id: number, by: Actor): Promise<boolean> {
  const [row] = await sql<{ removed: boolean }[]>`
    select remove_split(${id}, ${by.actor}, ${originJson(sql, by)}) as removed
  `
  return row!.removed
}

/** Takes back an own move; see remove_own_move in splits.sql. Its instrument; null when it is gone already. */
export async function deleteOwnMove(sql: Sql, id: number, by: Actor): Promise<string | null> {
  const [row] = await sql<{ symbol: string | null }[]>`
    select remove_own_move(${id}, ${by.actor}, ${originJson(sql, by)}) as symbol
  `
  return row!.symbol
}
