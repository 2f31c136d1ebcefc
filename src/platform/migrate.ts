import postgres from 'postgres'
import { openOneConnection } from './database-driver.ts'
import { MayNotMigrate, mayMigrate } from './database-roles.ts'
import { type Comparison, compareRelease, markerOf, type Release, readMigration, readRelease } from './release.ts'

/** A newer release has migrated the database, so this one changes nothing in it. */
export class OlderThanDatabase extends Error {
  override name = 'OlderThanDatabase'
  /** Whether this release still works on it as it is. */
  readonly compatible: boolean
  constructor({ newer, compatibility, missing }: Comparison) {
    const lacking = missing.length > 0 ? `, and lacks ${missing.join(', ')} of this one` : ''
    super(`the database is of a newer release than this checkout: it has ${newer.join(', ')}${lacking}`)
    this.compatible = compatibility === 'older-than-database'
  }
}

export type MigrateOptions = {
  /** Going back on purpose: functions of a newer release are replaced by those of this checkout. Its tables stay. */
  replaceNewerFunctions?: boolean
}

/**
 * Brings the database to this release: numbered files once each, in order, then every slice's `*.sql` functions anew.
 * All of it is one transaction under one advisory lock, so parallel starts wait and a failure leaves nothing behind.
 * A database of this release is only read, which a role without rights over the tables may do.
 * @returns the names of the migrations that were applied. Throws OlderThanDatabase when a newer release was here, and
 * MayNotMigrate when there is something to do and this role may not.
 */
export async function migrate(url: string, { replaceNewerFunctions = false }: MigrateOptions = {}): Promise<string[]> {
  const sql = openOneConnection(url, 'etf-migrate')
  try {
    const release = await readRelease()
    const before = await compare(sql, release)
    if (before.compatibility === 'current') return []
    const goesBack = replaceNewerFunctions && before.compatibility === 'older-than-database'
    if (before.newer.length > 0 && !goesBack) throw new OlderThanDatabase(before)
    if (!(await mayMigrate(sql))) throw new MayNotMigrate([...before.missing, 'functions'].join(', '))
    return await repeatedAfterDeadlock(() => sql.begin((tx) => bringUpToDate(tx, release, replaceNewerFunctions)))
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/**
 * `migrate` for callers who only want to use the database: one of a newer release that still serves this one is left as it is,
 * and `older` says what is newer. Otherwise throws as `migrate` does.
 */
export async function prepareDatabase(url: string): Promise<{ applied: string[]; older: OlderThanDatabase | null }> {
  try {
    return { applied: await migrate(url), older: null }
  } catch (error) {
    if (error instanceof OlderThanDatabase && error.compatible) return { applied: [], older: error }
    throw error
  }
}

async function bringUpToDate(tx: postgres.TransactionSql, release: Release, replaceNewer: boolean): Promise<string[]> {
  await tx`select pg_advisory_xact_lock(771034)`
  await tx`create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())`
  // A newer release may have migrated while this one waited for the lock.
  const now = await compare(tx, release)
  if (now.newer.length > 0 && !(replaceNewer && now.compatibility === 'older-than-database'))
    throw new OlderThanDatabase(now)
  for (const name of now.missing) {
    await tx.unsafe(await readMigration(name))
    await tx`insert into migrations (name) values (${name})`
  }
  if (now.missing.length > 0 || now.functionsDiffer) await recreateFunctions(tx, release)
  return now.missing
}

/**
 * A migration locks its tables one after the other, and processes that serve meanwhile may hold them the other way round.
 * Nothing is left of the transaction that the database then ends.
 */
async function repeatedAfterDeadlock<T>(act: () => Promise<T>, times = 3): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof postgres.PostgresError) || error.code !== '40P01' || times === 1) throw error
    return repeatedAfterDeadlock(act, times - 1)
  }
}

async function compare(sql: postgres.ISql, release: Release): Promise<Comparison> {
  const [found] = await sql<{ there: boolean }[]>`select to_regclass('migrations') is not null as there`
  const rows = found!.there ? await sql<{ name: string }[]>`select name from migrations` : []
  return compareRelease(
    release,
    rows.map(({ name }) => name),
  )
}

/** Functions are code, not data: all are replaced when any of them changed, so that two releases never mix. */
async function recreateFunctions(tx: postgres.TransactionSql, release: Release): Promise<void> {
  // Bodies are checked when they run, so that the order of the files does not matter.
  await tx`set local check_function_bodies = off`
  await tx.unsafe(release.functions)
  await tx`delete from migrations where name like 'functions %'`
  await tx`insert into migrations (name) values (${markerOf(release)})`
}
