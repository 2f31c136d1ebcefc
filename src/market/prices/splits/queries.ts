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

/** Jumps that were found to be the market's own, the newest first. */
export async function listOwnMoves(sql: Sql) {
  return sql<{ symbol: string; day: string; confirmedBy: string }[]>`
    select symbol, day::text as day, confirmed_by from real_jumps order by day desc, symbol
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
