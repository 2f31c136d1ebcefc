import { type Actor, originJson } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'

/** A day on which a price jumps as no market moves an ETF; `ratio` when it looks like a split of that many for one. */
export type Jump = {
  symbol: string
  name: string
  day: string
  beforeDay: string
  beforeClose: number
  close: number
  ratio: number | null
}

/** What was decided about a jump: a split of `ratio` new units for one old, or (null) the market's own move. */
export type Decision = { symbol: string; day: string; ratio: number | null }

/** Jumps of an import that nobody has decided about. */
export async function listJumps(sql: Sql, importId: number): Promise<Jump[]> {
  return sql<Jump[]>`
    select j.symbol, i.name, j.day::text as day, j.before_day::text as before_day, j.before_close, j.close, j.ratio
    from jumps_of_import(${importId}) j
    join instruments i on i.symbol = j.symbol
    order by j.day, j.symbol
  `
}

/** What was decided about the jumps of an import. */
export async function listDecisions(sql: Sql, importId: number): Promise<Decision[]> {
  return sql<Decision[]>`
    select symbol, day::text as day, ratio from splits where import_id = ${importId}
    union all
    select r.symbol, r.day::text, null
    from real_jumps r
    join prices p on p.symbol = r.symbol and p.day = r.day and p.import_id = ${importId}
    order by day, symbol
  `
}

/** See decide_jump in imports.sql for the answers. */
export async function insertDecision(sql: Sql, importId: number, decision: Decision, by: Actor): Promise<string> {
  const { symbol, day, ratio } = decision
  const [row] = await sql<{ outcome: string }[]>`
    select decide_jump(${importId}, ${symbol}, ${day}, ${ratio}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** Forgets what was decided about a jump of a held import. False: nothing was, or the import is not held any more. */
export async function deleteDecision(
  sql: Sql,
  importId: number,
  { symbol, day }: Pick<Decision, 'symbol' | 'day'>,
  by: Actor,
): Promise<boolean> {
  const [row] = await sql<{ forgotten: boolean }[]>`
    select reopen_jump(${importId}, ${symbol}, ${day}, ${by.actor}, ${originJson(sql, by)}) as forgotten
  `
  return row!.forgotten
}
