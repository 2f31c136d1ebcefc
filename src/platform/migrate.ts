import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { MayNotMigrate, mayMigrate } from './roles.ts'

const source = join(import.meta.dirname, '..')
const migrations = join(import.meta.dirname, 'migrations')

/**
 * Brings the database to this release: numbered files once each, in order, then every slice's `*.sql` functions anew.
 * All of it is one transaction under one advisory lock, so parallel starts wait and a failure leaves nothing behind.
 * A database that is there already is only read, which a role without rights over the tables may do.
 * @returns the names of the migrations that were applied. Throws MayNotMigrate when there are some and this role may not.
 */
export async function migrate(url: string): Promise<string[]> {
  const sql = postgres(url, {
    max: 1,
    fetch_types: false,
    connect_timeout: 10,
    onnotice: () => {},
    connection: { application_name: 'etf-migrate' },
  })
  try {
    const pending = await whatIsPending(sql)
    if (pending.length === 0) return []
    if (!(await mayMigrate(sql))) throw new MayNotMigrate(pending.join(', '))
    return await sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(771034)`
      await tx`create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())`
      const applied = await namesIn(tx)
      const fresh = (await migrationsOfRelease()).filter((name) => !applied.has(name))
      for (const name of fresh) {
        await tx.unsafe(await readFile(join(migrations, name), 'utf8'))
        await tx`insert into migrations (name) values (${name})`
      }
      await recreateFunctions(tx, fresh.length > 0)
      return fresh
    })
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Every slice's `*.sql` functions in this checkout, and the name under which `migrations` remembers exactly these. */
export async function functionsOfRelease(): Promise<{ text: string; digest: string }> {
  const files = (await readdir(source, { recursive: true }))
    .filter((name) => name.endsWith('.sql') && !name.includes('migrations'))
    .sort()
  const text = (await Promise.all(files.map((name) => readFile(join(source, name), 'utf8')))).join('\n')
  return { text, digest: `functions ${createHash('sha256').update(text).digest('hex')}` }
}

/** The numbered migrations of this checkout, in the order they are applied. */
export async function migrationsOfRelease(): Promise<string[]> {
  return (await readdir(migrations)).filter((name) => name.endsWith('.sql')).sort()
}

async function whatIsPending(sql: postgres.Sql): Promise<string[]> {
  const [there] = await sql<{ there: boolean }[]>`select to_regclass('migrations') is not null as there`
  const applied = there!.there ? await namesIn(sql) : new Set()
  const { digest } = await functionsOfRelease()
  return [
    ...(await migrationsOfRelease()).filter((name) => !applied.has(name)),
    ...(applied.has(digest) ? [] : ['functions']),
  ]
}

async function namesIn(ask: postgres.ISql): Promise<Set<string>> {
  return new Set((await ask<{ name: string }[]>`select name from migrations`).map((row) => row.name))
}

/** Functions are code, not data: they are replaced whenever their text changed, so two releases never mix. */
async function recreateFunctions(tx: postgres.TransactionSql, force: boolean): Promise<void> {
  const { text, digest } = await functionsOfRelease()
  const current = await tx`select 1 from migrations where name = ${digest}`
  if (current.length > 0 && !force) return
  // Bodies are checked when they run, so that no file has to come before another.
  await tx`set local check_function_bodies = off`
  await tx.unsafe(text)
  await tx`delete from migrations where name like 'functions %'`
  await tx`insert into migrations (name) values (${digest})`
}
