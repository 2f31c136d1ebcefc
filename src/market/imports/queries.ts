import type { Sql } from '../../platform/db.ts'
import type { Basis } from '../files/formats.ts'
import type { Problem } from '../files/reading.ts'
import type { FileRead, Import, Jump } from './imports.ts'

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

/** Adds prices to an import that is being read. Answers those whose symbol and day it has already, and where. */
export async function stagePrices(sql: Sql, importId: number, prices: readonly StagedPrice[]) {
  return sql<{ symbol: string; day: string; file: number; line: number; firstFile: number; firstLine: number }[]>`
    with given as (
      select * from jsonb_to_recordset(${sql.json(prices as never)})
        as given(symbol text, day date, close double precision, basis text, file smallint, line integer)
    ), added as (
      insert into prices (import_id, symbol, day, close, basis, file, line)
      select ${importId}, symbol, day, close, basis, file, line from given
      on conflict (import_id, symbol, day) do nothing
      returning symbol, day, file, line
    ), stored as (
      select symbol, day, file, line from prices
      where import_id = ${importId} and (symbol, day) in (select symbol, day from given)
      union all
      select symbol, day, file, line from added
    )
    select given.symbol, given.day::text as day, given.file::int as file, given.line,
           stored.file::int as first_file, stored.line as first_line
    from given
    join stored on stored.symbol = given.symbol and stored.day = given.day
    where (stored.file, stored.line) <> (given.file, given.line)
    order by given.file, given.line
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

/** An import by its id. */
export async function findImport(sql: Sql, importId: number): Promise<Import | undefined> {
  const [row] = await sql<Import[]>`
    select id::int as id, status, origin, created_by, files, problems, problem_count, created_at, committed_at, undone_at
    from imports where id = ${importId}
  `
  return row
}

/** The newest imports; those that were dropped without ever counting are left out. */
export async function listImports(sql: Sql, limit: number): Promise<Import[]> {
  return sql<Import[]>`
    select id::int as id, status, origin, created_by, files, '[]'::jsonb as problems, problem_count, created_at,
           committed_at, undone_at
    from imports
    where status <> 'dropped' or committed_at is not null
    order by id desc
    limit ${limit}
  `
}

/** What an import brings per symbol, against what counts without it. */
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
    with mine as materialized (
      select symbol, day, close from prices where import_id = ${importId}
    ), counted as materialized (
      select distinct on (p.symbol, p.day) p.symbol, p.day, p.close
      from prices p
      join imports i on i.id = p.import_id and i.status = 'committed' and i.origin <> 'sample'
      where p.import_id <> ${importId} and p.symbol in (select symbol from mine)
      order by p.symbol, p.day, p.import_id desc
    ), trading as materialized (
      select distinct p.day
      from instruments b
      join prices p on p.symbol = b.symbol
      join imports i on i.id = p.import_id
      where b.kind = 'benchmark'
        and (p.import_id = ${importId} or (i.status = 'committed' and i.origin <> 'sample'))
    ), compared as (
      select mine.symbol, min(mine.day) as first_day, max(mine.day) as last_day, count(*)::int as rows,
             (count(*) filter (where counted.close is null))::int as fresh,
             (count(*) filter (where counted.close = mine.close))::int as same,
             (count(*) filter (where counted.close <> mine.close))::int as changed,
             count(trading.day)::int as on_trading_days
      from mine
      left join counted on counted.symbol = mine.symbol and counted.day = mine.day
      left join trading on trading.day = mine.day
      group by mine.symbol
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

/** Notes that a jump is a split; the ratio counts with the import. False: it was decided already. */
export async function insertSplit(
  sql: Sql,
  split: { symbol: string; day: string; ratio: number; importId: number | null; actor: string },
): Promise<boolean> {
  const rows = await sql`
    with split as (
      insert into splits (symbol, day, ratio, import_id, confirmed_by)
      values (${split.symbol}, ${split.day}, ${split.ratio}, ${split.importId}, ${split.actor})
      on conflict do nothing
      returning *
    ), turned as (
      update market_state set version = version + 1, changed_at = now() where exists (select from split)
    )
    insert into audit (actor, action, details)
    select ${split.actor}, 'split.confirmed', jsonb_build_object('symbol', symbol, 'day', day, 'ratio', ratio) from split
    returning id
  `
  return rows.count > 0
}

/** Notes that a jump is the market's. False: that was known. */
export async function insertRealJump(sql: Sql, jump: { symbol: string; day: string; actor: string }): Promise<boolean> {
  const rows = await sql`
    with jump as (
      insert into real_jumps (symbol, day, confirmed_by) values (${jump.symbol}, ${jump.day}, ${jump.actor})
      on conflict do nothing
      returning *
    )
    insert into audit (actor, action, details)
    select ${jump.actor}, 'jump.confirmed', jsonb_build_object('symbol', symbol, 'day', day) from jump
    returning id
  `
  return rows.count > 0
}

/** See commit_import in imports.sql for the answers. */
export async function commitImport(sql: Sql, importId: number, actor: string): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`select commit_import(${importId}, ${actor}) as outcome`
  return row!.outcome
}

/** See undo_import in imports.sql for the answers. */
export async function undoImport(sql: Sql, importId: number, actor: string): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`select undo_import(${importId}, ${actor}) as outcome`
  return row!.outcome
}

/** Lets go of an import that never counted, and of its prices. False: it counts, counted, or is gone already. */
export async function dropImport(sql: Sql, importId: number): Promise<boolean> {
  const rows = await sql`
    with dropped as (
      update imports set status = 'dropped' where id = ${importId} and status in ('reading', 'held') returning id
    ), prices_gone as (
      delete from prices where import_id in (select id from dropped)
    ), splits_gone as (
      delete from splits where import_id in (select id from dropped)
    )
    select id from dropped
  `
  return rows.count > 0
}

/** Symbols that prices are read for. */
export async function listFollowed(sql: Sql): Promise<string[]> {
  const rows = await sql<{ symbol: string }[]>`select symbol from instruments`
  return rows.map((row) => row.symbol)
}
