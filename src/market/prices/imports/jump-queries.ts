import { type Actor, originJson } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import type { Basis } from '../files/formats.ts'

/** Where a price comes from, and up to which day its file's maker restated it; `asOf` null: as it was traded, or for ever. */
export type Source = { importId: number; place: number; file: string; basis: Basis; asOf: string | null }

/**
 * Two neighbouring prices that differ, with every known split accounted for, as no market moves an ETF: see doubts_of_import in
 * doubts.sql. `factor`: what is left of before / after. `ratio`: when it looks like a split of that many for one. `split`: the
 * known split that is accounted for twice or not at all.
 */
export type Jump = {
  symbol: string
  name: string
  day: string
  beforeDay: string
  beforeClose: number
  close: number
  factor: number
  ratio: number | null
  split: { day: string; ratio: number } | null
  before: Source
  after: Source
}

/** What was decided about a jump: a split of `ratio` new units for one old, or (null) the market's own move. */
export type Decision = { symbol: string; day: string; ratio: number | null }

/** Jumps of an import that nobody has decided about. */
export async function listJumps(sql: Sql, importId: number): Promise<Jump[]> {
  return sql<Jump[]>`
    select d.symbol, i.name, d.day::text as day, d.before_day::text as before_day, d.before_close, d.close, d.factor, d.ratio,
           case when d.split_day is not null
                then jsonb_build_object('day', d.split_day, 'ratio', d.split_ratio) end as split,
           jsonb_build_object('importId', d.before_import_id, 'place', d.before_file, 'basis', d.before_basis,
                              'asOf', d.before_as_of, 'file', coalesce(b.files -> d.before_file::int ->> 'name', '')) as before,
           jsonb_build_object('importId', d.import_id, 'place', d.file, 'basis', d.basis,
                              'asOf', d.as_of, 'file', coalesce(a.files -> d.file::int ->> 'name', '')) as after
    from doubts_of_import(${importId}) d
    join instruments i on i.symbol = d.symbol
    join imports b on b.id = d.before_import_id
    join imports a on a.id = d.import_id
    order by d.day, d.symbol
  `
}

/** What was decided about the jumps of an import. */
export async function listDecisions(sql: Sql, importId: number): Promise<Decision[]> {
  return sql<Decision[]>`
    select symbol, day::text as day, ratio from splits where import_id = ${importId}
    union all
    select symbol, day::text, null from real_jumps where import_id = ${importId}
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
