import { type Actor, originJson } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import type { Problem } from '../../files/csv-files.ts'
import type { Basis } from '../files/formats.ts'

/**
 * A file that was given: what it was, how many prices it brought, and how many days of our instruments it has without a price
 * (undefined: it was read before those were counted). Of a file of NAVs: how many it brought, how many days of ours it has without
 * one, and how many schemes that nobody follows.
 */
export type FileRead = {
  name: string
  bytes: number
  sha256: string
  formats: string[]
  prices: number
  skipped?: number
  navs?: number
  passedOver?: number
}

/** A file that could not be read at all; the files beside it can be committed. */
export type Refused = { file: string; sentence: string }

/** Files that were read together; see migration 0020. */
export type Import = {
  id: number
  status: 'reading' | 'held' | 'committed' | 'undone' | 'dropped'
  origin: 'upload' | 'command' | 'feed' | 'sample'
  createdBy: string
  files: FileRead[]
  refused: Refused[]
  /** The first hundred of `problemCount`. */
  problems: Problem[]
  problemCount: number
  createdAt: Date
  committedAt: Date | null
  undoneAt: Date | null
}

/** A price on its way in. `file` is its place in the import's files. */
export type StagedPrice = {
  symbol: string
  day: string
  close: number
  basis: Basis
  file: number
  line: number
  /** Units that were traded, and what they cost in rupees, where the file says it. */
  volume?: number
  turnover?: number
  /** What the file calls it, where that is none of the instrument's names on that day; see names.ts. */
  seenSymbol?: string | null
  seenIsin?: string | null
  /** Of a file that does not say its basis: which of these it is in the import. */
  part?: number | null
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
    select symbol, day::text as day, file, line, first_file, first_line
    from stage_prices(${importId}, ${sql.json(prices as never)})
  `
}

/** The files are read to their end: the import is held, with questions about new names, until somebody commits or drops it. */
export async function holdImport(
  sql: Sql,
  importId: number,
  read: { files: FileRead[]; refused?: Refused[]; problems: Problem[]; problemCount: number },
): Promise<void> {
  await sql`
    select hold_import(${importId}, ${sql.json(read.files as never)}, ${sql.json((read.refused ?? []) as never)},
                       ${sql.json(read.problems as never)}, ${read.problemCount})
  `
}

/** Today in India by the database's clock. */
export async function findToday(sql: Sql): Promise<string> {
  const [row] = await sql<{ today: string }[]>`select (now() at time zone 'Asia/Kolkata')::date::text as today`
  return row!.today
}

/** Whether prices were ever imported, the sample's included. */
export async function hasImports(sql: Sql): Promise<boolean> {
  const rows = await sql`
    select from imports i where committed_at is not null and exists (select from prices p where p.import_id = i.id) limit 1
  `
  return rows.count > 0
}

/** An import by its id. */
export async function findImport(sql: Sql, importId: number): Promise<Import | undefined> {
  const [row] = await sql<Import[]>`
    select id::int as id, status, origin, created_by, files, refused, problems, problem_count, created_at, committed_at, undone_at
    from imports where id = ${importId}
  `
  return row
}

/** The newest imports below a number; those that were dropped without ever counting are left out. */
export async function listImports(sql: Sql, limit: number, below: number | null = null): Promise<Import[]> {
  return sql<Import[]>`
    select id::int as id, status, origin, created_by, files, refused, '[]'::jsonb as problems, problem_count, created_at,
           committed_at, undone_at
    from imports
    where (status <> 'dropped' or committed_at is not null)
      and (${below}::bigint is null or id < ${below})
    order by id desc
    limit ${limit}
  `
}

/** See commit_import in imports.sql for the answers. `version`: of the market as it was shown, null for none. */
export async function commitImport(sql: Sql, importId: number, by: Actor, version: number | null): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select commit_import(${importId}, ${version}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** See undo_import in undoing.sql for the answers. `version` as above. */
export async function undoImport(sql: Sql, importId: number, by: Actor, version: number | null): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select undo_import(${importId}, ${version}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** Drops an import that never counted, with its prices. False: it counts, counted, or is dropped already. */
export async function dropImport(sql: Sql, importId: number, by: Actor): Promise<boolean> {
  const [row] = await sql<{ dropped: boolean }[]>`
    select drop_import(${importId}, ${by.actor}, ${originJson(sql, by)}) as dropped
  `
  return row!.dropped
}

/** Drops imports whose reading never ended: the process was killed, or the machine stopped. Returns how many. */
export async function dropAbandonedImports(sql: Sql): Promise<number> {
  const [row] = await sql<{ dropped: number }[]>`select drop_abandoned_imports() as dropped`
  return row!.dropped
}
