import { type Actor, auditContextOf } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import type { Problem } from '../../files/csv-files.ts'
import type { Basis } from '../files/formats.ts'

/** A file that was read: what it was, and how many prices it brought. */
export type FileRead = { name: string; bytes: number; sha256: string; formats: string[]; prices: number }

/** Files that were read together; see migration 0020. */
export type Import = {
  id: number
  status: 'reading' | 'held' | 'committed' | 'undone' | 'dropped'
  origin: 'upload' | 'command' | 'sample'
  createdBy: string
  files: FileRead[]
  /** The first hundred of `problemCount`. */
  problems: Problem[]
  problemCount: number
  createdAt: Date
  committedAt: Date | null
  undoneAt: Date | null
}

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

/** What was said of a jump: a split of `ratio` new units for one old, or (null) the market's own move. */
export type Decision = { symbol: string; day: string; ratio: number | null }

/** A price on its way in. `file` is its place in the import's files. */
export type StagedPrice = {
  symbol: string
  day: string
  close: number
  basis: Basis
  file: number
  line: number
}

/** Begins an import; nothing of it counts. */
export async function startImport(sql: Sql, given: { origin: Import['origin']; actor: string }): Promise<number> {
  const [row] = await sql<{ id: number }[]>`
    insert into imports (origin, created_by) values (${given.origin}, ${given.actor}) returning id::int as id
  `
  return row!.id
}

/**
 * Adds prices to an import that is being read; to one that was dropped meanwhile, none. Answers those whose symbol and day
 * it has already, and where.
 */
export async function stagePrices(sql: Sql, importId: number, prices: readonly StagedPrice[]) {
  return sql<{ symbol: string; day: string; file: number; line: number; firstFile: number; firstLine: number }[]>`
    with alive as materialized (
      select id from imports where id = ${importId} and status = 'reading' for share
    ), given as materialized (
      select * from jsonb_to_recordset(${sql.json(prices as never)})
        as given(symbol text, day date, close double precision, basis text, file smallint, line integer)
    ), added as (
      insert into prices (import_id, symbol, day, close, basis, file, line)
      select alive.id, symbol, day, close, basis, file, line from given, alive
      on conflict (import_id, symbol, day) do nothing
      returning symbol, day, file, line
    ), missed as materialized (
      select given.* from given where (given.file, given.line) not in (select file, line from added)
    )
    select missed.symbol, missed.day::text as day, missed.file::int as file, missed.line,
           first.file::int as first_file, first.line as first_line
    from missed
    cross join lateral (
      select file, line from prices p where p.import_id = ${importId} and p.symbol = missed.symbol and p.day = missed.day
      union all
      select file, line from added where added.symbol = missed.symbol and added.day = missed.day
    ) first
    order by missed.file, missed.line
  `
}

/** The files are read to their end: the import is held until somebody commits or drops it. */
export async function holdImport(
  sql: Sql,
  importId: number,
  read: { files: FileRead[]; problems: Problem[]; problemCount: number },
): Promise<void> {
  await sql`
    update imports
    set status = 'held', files = ${sql.json(read.files as never)}, problems = ${sql.json(read.problems as never)},
        problem_count = ${read.problemCount}
    where id = ${importId} and status = 'reading'
  `
}

/** Whether anything was ever imported, the sample included. */
export async function hasImports(sql: Sql): Promise<boolean> {
  const rows = await sql`select from imports where committed_at is not null limit 1`
  return rows.count > 0
}

/** An import by its id. */
export async function findImport(sql: Sql, importId: number): Promise<Import | undefined> {
  const [row] = await sql<Import[]>`
    select id::int as id, status, origin, created_by, files, problems, problem_count, created_at, committed_at, undone_at
    from imports where id = ${importId}
  `
  return row
}

/** The newest imports below a number; those that were dropped without ever counting are left out. */
export async function listImports(sql: Sql, limit: number, below: number | null = null): Promise<Import[]> {
  return sql<Import[]>`
    select id::int as id, status, origin, created_by, files, '[]'::jsonb as problems, problem_count, created_at,
           committed_at, undone_at
    from imports
    where (status <> 'dropped' or committed_at is not null)
      and (${below}::bigint is null or id < ${below})
    order by id desc
    limit ${limit}
  `
}

/**
 * What an import brings per symbol, against what counts without it. Grouped rather than joined: the planner knows nothing
 * yet of rows that have just come.
 */
export async function summariseImport(sql: Sql, importId: number) {
  return sql<
    {
      symbol: string
      name: string
      from: string
      to: string
      rows: number
      fresh: number
      same: number
      changed: number
      gaps: number
    }[]
  >`
    with touched as materialized (
      select distinct symbol from prices where import_id = ${importId}
    ), seen as materialized (
      select p.symbol, p.day, max(p.close) filter (where p.import_id = ${importId}) as close,
             (array_agg(p.close order by i.committed_at desc nulls last, p.import_id desc)
                filter (where p.import_id <> ${importId}))[1] as counted
      from prices p
      join imports i on i.id = p.import_id
      where p.symbol in (select symbol from touched)
        and (p.import_id = ${importId} or (i.status = 'committed' and i.origin <> 'sample'))
      group by p.symbol, p.day
    ), trading as materialized (
      select distinct p.day
      from instruments b
      join prices p on p.symbol = b.symbol
      join imports i on i.id = p.import_id
      where b.kind = 'benchmark'
        and (p.import_id = ${importId} or (i.status = 'committed' and i.origin <> 'sample'))
    ), compared as (
      select symbol, min(day) as first_day, max(day) as last_day, count(*)::int as rows,
             (count(*) filter (where counted is null))::int as fresh,
             (count(*) filter (where counted = close))::int as same,
             (count(*) filter (where counted <> close))::int as changed,
             (count(*) filter (where day in (select day from trading)))::int as on_trading_days
      from seen
      where close is not null
      group by symbol
    )
    select c.symbol, i.name, c.first_day::text as "from", c.last_day::text as "to", c.rows, c.fresh, c.same, c.changed,
           (select count(*)::int from trading t where t.day between c.first_day and c.last_day) - c.on_trading_days as gaps
    from compared c
    join instruments i on i.symbol = c.symbol
    order by i.kind, i.name
  `
}

/** Jumps of an import that nobody has looked at. */
export async function listJumps(sql: Sql, importId: number): Promise<Jump[]> {
  return sql<Jump[]>`
    select j.symbol, i.name, j.day::text as day, j.before_day::text as before_day, j.before_close, j.close, j.ratio
    from jumps_of_import(${importId}) j
    join instruments i on i.symbol = j.symbol
    order by j.day, j.symbol
  `
}

/** What was decided of the jumps of an import, so that it can be decided again. */
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
    with origin as materialized (${auditContextOf(sql, by)})
    select decide_jump(${importId}, ${symbol}, ${day}, ${ratio}, ${by.actor}) as outcome from origin
  `
  return row!.outcome
}

/** Forgets what was decided of a jump of a held import. False: nothing was, or the import is not held any more. */
export async function deleteDecision(
  sql: Sql,
  importId: number,
  { symbol, day }: Pick<Decision, 'symbol' | 'day'>,
  by: Actor,
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), held as materialized (
      select id from imports where id = ${importId} and status = 'held' for update
    ), split as (
      delete from splits where import_id in (select id from held) and symbol = ${symbol} and day = ${day} returning ratio
    ), own_move as (
      delete from real_jumps where exists (select from held) and symbol = ${symbol} and day = ${day} returning day
    )
    insert into audit (actor, action, details)
    select ${by.actor}, 'jump.reopened', jsonb_build_object('import', ${importId}::bigint, 'symbol', ${symbol}::text, 'day', ${day}::text)
    from origin
    where exists (select from split) or exists (select from own_move)
    returning id
  `
  return rows.count > 0
}

/** See commit_import in imports.sql for the answers. `version`: of the market that was looked at, null for none. */
export async function commitImport(sql: Sql, importId: number, by: Actor, version: number | null): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    with origin as materialized (${auditContextOf(sql, by)})
    select commit_import(${importId}, ${by.actor}, ${version}) as outcome from origin
  `
  return row!.outcome
}

/** See undo_import in imports.sql for the answers. `version` as above. */
export async function undoImport(sql: Sql, importId: number, by: Actor, version: number | null): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    with origin as materialized (${auditContextOf(sql, by)})
    select undo_import(${importId}, ${by.actor}, ${version}) as outcome from origin
  `
  return row!.outcome
}

/**
 * What undoing a committed import would do, per symbol: prices that would be gone, those for which an import
 * committed before counts again, and those that one committed later has replaced anyway.
 */
export async function summariseUndoing(sql: Sql, importId: number) {
  return sql<{ symbol: string; name: string; gone: number; back: number; replaced: number; splits: string[] }[]>`
    with given as materialized (
      select committed_at from imports where id = ${importId}
    ), touched as materialized (
      select distinct symbol from prices where import_id = ${importId}
    ), seen as materialized (
      select p.symbol, p.day,
             bool_or(i.committed_at > (select committed_at from given)) filter (where p.import_id <> ${importId}) as later
      from prices p
      join imports i on i.id = p.import_id and i.status = 'committed' and i.origin <> 'sample'
      where p.symbol in (select symbol from touched)
      group by p.symbol, p.day
      having bool_or(p.import_id = ${importId})
    )
    select seen.symbol, i.name,
           (count(*) filter (where later is null))::int as gone,
           (count(*) filter (where not later))::int as back,
           (count(*) filter (where later))::int as replaced,
           (select coalesce(jsonb_agg(s.day::text order by s.day), '[]') from splits s
            where s.import_id = ${importId} and s.symbol = seen.symbol) as splits
    from seen
    join instruments i on i.symbol = seen.symbol
    group by seen.symbol, i.name, i.kind
    order by i.kind, i.name
  `
}

/** Lets go of an import that never counted, and of its prices. False: it counts, counted, or is gone already. */
export async function dropImport(sql: Sql, importId: number, by: Actor): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), dropped as (
      update imports set status = 'dropped' where id = ${importId} and status in ('reading', 'held') returning id
    ), prices_gone as (
      delete from prices where import_id in (select id from dropped)
    ), splits_gone as (
      delete from splits where import_id in (select id from dropped)
    )
    insert into audit (actor, action, details)
    select ${by.actor}, 'import.dropped', jsonb_build_object('import', id) from dropped, origin
    returning id
  `
  return rows.count > 0
}

/** Lets go of imports whose reading ended without a word: the process was ended, or the machine. Returns how many. */
export async function dropAbandonedImports(sql: Sql): Promise<number> {
  const rows = await sql`
    with dropped as (
      update imports set status = 'dropped'
      where status = 'reading' and created_at < now() - interval '1 hour'
      returning id
    ), prices_gone as (
      delete from prices where import_id in (select id from dropped)
    )
    insert into audit (actor, action, details)
    select 'clock', 'import.dropped', jsonb_build_object('import', id) from dropped
    returning id
  `
  return rows.count
}
