import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { isOfUnknownPooler, readDatabaseAddress } from './database-address.ts'
import { openOneConnection } from './database-driver.ts'
import { limitRole, MayNotMigrate, mayMigrate } from './database-roles.ts'
import { isOutsideTransaction, runOutsideTransaction, withinTransaction } from './outside-transaction.ts'
import { type Comparison, compareDatabase, markerOf, type Release, readMigration, readRelease } from './release.ts'
import { forYugabyte, isYugabyte } from './yugabyte.ts'

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
 * Parallel starts wait for one advisory lock. All of it is one transaction, so that a failure leaves nothing behind, unless a
 * migration runs outside of one (its first line says `-- no transaction`): then what comes before it is committed first, and the
 * next run goes on from there. Functions come last. A database of this release is only read, which a role without rights over the
 * tables may do.
 * @returns the names of the migrations that were applied. Throws OlderThanDatabase when a newer release was here, and
 * MayNotMigrate when there is something to do and this role may not.
 */
export async function migrate(url: string, { replaceNewerFunctions = false }: MigrateOptions = {}): Promise<string[]> {
  const [lock, sql] = [openOneConnection(url, 'etf-migrate'), openOneConnection(url, 'etf-migrate')]
  try {
    const release = await readRelease()
    const before = await compareDatabase(sql, release).catch(refuseUnknownPooler)
    const { pooled } = readDatabaseAddress(url)
    if (pooled) await limitRole(sql)
    if (before.compatibility === 'current') return []
    const goesBack = replaceNewerFunctions && before.compatibility === 'older-than-database'
    if (before.newer.length > 0 && !goesBack) throw new OlderThanDatabase(before)
    if (!(await mayMigrate(sql))) throw new MayNotMigrate([...before.missing, 'functions'].join(', '))
    if (pooled) await refuseOutsideTransaction(before, release)
    return await underLock(lock, () => givingWay(() => bringUpToDate(sql, release, replaceNewerFunctions)))
  } finally {
    await Promise.all([lock.end({ timeout: 5 }), sql.end({ timeout: 5 })])
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

/**
 * Holds the lock in a transaction that does nothing else: it works through a pooler too, and ends with this process. Who waits
 * asks again and again, for an index that is built concurrently waits for every statement that began before it. `unsafe` is the
 * simple protocol: in the other one the answered statement would keep its snapshot, and the index would wait for ours too.
 */
async function underLock<T>(connection: postgres.Sql, act: () => Promise<T>): Promise<T> {
  const result = await connection.begin(async (lock) => {
    await lock.unsafe('set local idle_in_transaction_session_timeout = 0')
    for (;;) {
      const [row] = await lock.unsafe<{ locked: boolean }[]>('select pg_try_advisory_xact_lock(771034) as locked')
      if (row!.locked) break
      await pause(200)
    }
    return { value: await act() }
  })
  return result.value
}

async function bringUpToDate(sql: postgres.Sql, release: Release, replaceNewer: boolean): Promise<string[]> {
  // A newer release may have migrated while this one waited for the lock.
  const now = await compareDatabase(sql, release)
  if (now.newer.length > 0 && !(replaceNewer && now.compatibility === 'older-than-database'))
    throw new OlderThanDatabase(now)
  const isNew = now.missing.length === release.migrations.length
  const distributed = await isYugabyte(sql)
  let together: Migration[] = []
  for (const name of now.missing) {
    const text = distributed ? forYugabyte(await readMigration(name)) : await readMigration(name)
    if (isNew || !isOutsideTransaction(text)) {
      together.push({ name, text: withinTransaction(text) })
      continue
    }
    if (together.length > 0) await sql.begin((tx) => apply(tx, together))
    together = []
    await runOutsideTransaction(sql, text)
    await sql`insert into migrations (name) values (${name})`
  }
  await sql.begin(async (tx) => {
    await apply(tx, together)
    if (now.missing.length > 0 || now.functionsDiffer) await recreateFunctions(tx, release)
  })
  return now.missing
}

type Migration = { name: string; text: string }

/** What builds an index concurrently takes longer than the role may through a pooler, where nothing else can be said for long. */
async function refuseOutsideTransaction({ missing }: Comparison, { migrations }: Release): Promise<void> {
  if (missing.length === migrations.length) return
  for (const name of missing)
    if (isOutsideTransaction(await readMigration(name)))
      throw new Error(
        `${name} builds indexes while the site serves, which a pooler would cut short: run \`npm run migrate\` with the DATABASE_URL of PostgreSQL itself and DB_POOLER=off`,
      )
}

async function apply(tx: postgres.TransactionSql, migrations: readonly Migration[]): Promise<void> {
  // Through a pooler there are those of the role.
  await tx.unsafe(
    `set local statement_timeout = 0; set local lock_timeout = '${patience}'; set local idle_in_transaction_session_timeout = 0`,
  )
  await tx`create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())`
  for (const { name, text } of migrations) {
    await tx.unsafe(text)
    await tx`insert into migrations (name) values (${name})`
  }
}

/** What a pooler that was not announced says, with the setting that announces it. */
function refuseUnknownPooler(error: Error): never {
  if (!isOfUnknownPooler(error)) throw error
  throw new Error(`a pooler stands before the database (“${error.message}”): set DB_POOLER=transaction`, {
    cause: error,
  })
}

/**
 * How long a migration waits for a table, while everybody who comes after it waits as well. It locks one after the other, and a
 * payment may hold them the other way round: before the database would end either of them (`deadlock_timeout`, a second), it gives way.
 */
const patience = '500ms'

/** Begins again, two minutes long, what gave way to somebody: nothing is left of its transaction. Then throws what the database threw. */
async function givingWay<T>(act: () => Promise<T>, times = 120): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const gaveWay = error instanceof postgres.PostgresError && ['40P01', '55P03'].includes(error.code)
    if (!gaveWay || times === 1) throw error
    await pause(500)
    return givingWay(act, times - 1)
  }
}

/** Functions are code, not data: all are replaced when any of them changed, so that two releases never mix. */
async function recreateFunctions(tx: postgres.TransactionSql, release: Release): Promise<void> {
  // Bodies are checked when they run, so that the order of the files does not matter.
  await tx`set local check_function_bodies = off`
  await tx.unsafe(release.functions)
  await tx`delete from migrations where name like 'functions %'`
  await tx`insert into migrations (name) values (${markerOf(release)})`
}
