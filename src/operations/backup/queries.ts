import type { Readable, Writable } from 'node:stream'
import type postgres from 'postgres'
import { markerIn } from '../../platform/release.ts'
import { openConnection, quoted } from './connection-queries.ts'

/** One transaction on a connection of its own: a backup reads in it, a restore writes. */
export type Session = { sql: postgres.Sql; pid: number }

export type Table = { name: string; columns: string[] }

/**
 * Opens a transaction on a connection of its own. When the driver loses its connection it silently makes another one,
 * outside the transaction: call `assertSameConnection` before relying on a result.
 */
export async function openSession(url: string, mode: 'snapshot' | 'write'): Promise<Session> {
  const sql = await openConnection(url, 'etf-backup', {
    statement_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    // Rows are hashed, so every session must print them alike.
    DateStyle: 'ISO',
    TimeZone: 'UTC',
    IntervalStyle: 'postgres',
    bytea_output: 'hex',
    // One worker: a backup leaves the server to the site.
    max_parallel_workers_per_gather: '0',
  })
  try {
    await sql.unsafe(mode === 'snapshot' ? 'begin isolation level repeatable read read only' : 'begin')
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
    return { sql, pid: row!.pid }
  } catch (error) {
    await sql.end({ timeout: 1 })
    throw error
  }
}

/** Throws when the connection is not the one the transaction began on. */
export async function assertSameConnection({ sql, pid }: Session): Promise<void> {
  const [row] = await sql<{ pid: number; open: boolean }[]>`select pg_backend_pid() as pid`
  if (row!.pid !== pid) throw new Error('the connection to the database was lost on the way')
}

/** Commits or rolls back the session's transaction and closes its connection. */
export async function closeSession({ sql }: Session, how: 'commit' | 'rollback'): Promise<void> {
  try {
    await sql.unsafe(how)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Version of the server, and the id under which other connections can use this snapshot. */
export async function describeServer({ sql }: Session): Promise<{ version: string; major: number; snapshot: string }> {
  const [row] = await sql<{ version: string; number: number; snapshot: string }[]>`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
           pg_export_snapshot() as snapshot
  `
  return { version: row!.version.split(' ')[0]!, major: Math.floor(row!.number / 10_000), snapshot: row!.snapshot }
}

/**
 * The product's tables with their columns, without generated ones; a partitioned one is one table, whatever its parts. The job queue's
 * tables are left out: it creates them itself.
 */
export async function listTables({ sql }: Session): Promise<Table[]> {
  return sql<Table[]>`
    select c.relname as name, jsonb_agg(a.attname order by a.attnum) as columns
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    group by c.relname
    order by c.relname
  `
}

/** Applied migrations, oldest first. */
export async function listMigrations({ sql }: Session): Promise<string[]> {
  const rows = await sql<
    { name: string }[]
  >`select name from migrations where name not like 'functions %' order by name`
  return rows.map((row) => row.name)
}

/** Revision of the SQL functions in this database; 0 when there are none or they have no revision yet. */
export async function readRevision({ sql }: Session): Promise<number> {
  const rows = await sql<{ name: string }[]>`select name from migrations where name like 'functions %'`
  return markerIn(rows.map(({ name }) => name))?.revision ?? 0
}

/** Last number of every sequence, as text since it may be long; null when none was given yet. */
export async function listSequences({ sql }: Session): Promise<Record<string, string | null>> {
  const rows = await sql<{ name: string; last: string | null }[]>`
    select sequencename as name, last_value::text as last from pg_sequences where schemaname = 'public' order by 1
  `
  return Object.fromEntries(rows.map(({ name, last }) => [name, last]))
}

/** Sets every sequence to its last number. */
export async function setSequences({ sql }: Session, sequences: Record<string, string | null>): Promise<void> {
  for (const [name, last] of Object.entries(sequences))
    if (last !== null) await sql`select setval(quote_ident(${name})::regclass, ${last}::text::bigint)`
}

/** Rows of each table as this session sees them. */
export async function countRows(
  { sql }: Session,
  tables: readonly { name: string }[],
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { name } of tables) {
    const [row] = await sql<{ number: string }[]>`select count(*) as number from ${sql(name)}`
    counts[name] = Number(row!.number)
  }
  return counts
}

/** All rows of a table, one line each, as COPY writes them. */
export async function copyOut({ sql }: Session, { name, columns }: Table): Promise<Readable> {
  // A query, for a partitioned table alone cannot be copied before PostgreSQL 18.
  const rows = await sql
    .unsafe(`copy (select ${columns.map(quoted).join(', ')} from ${quoted(name)}) to stdout`)
    .readable()
  // The driver pauses its socket while the reader is behind and resumes when the stream asks for more. A stream that has
  // ended no longer asks, so what follows the last row (that the copy is complete) might never be read.
  return rows.once('end', () => rows._read(0))
}

/** Writes lines that `copyOut` gave. */
export function copyIn({ sql }: Session, { name, columns }: Table): Promise<Writable> {
  return sql.unsafe(`copy ${quoted(name)} (${columns.map(quoted).join(', ')}) from stdin`).writable()
}

/** Whether the database has no table yet. */
export async function isEmpty({ sql }: Session): Promise<boolean> {
  return (
    (await sql`select 1 from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' limit 1`).length ===
    0
  )
}

/** Drops everything, the job queue's tables included. */
export async function removeEverything({ sql }: Session): Promise<void> {
  await sql.unsafe('drop schema if exists pgboss cascade; drop schema public cascade; create schema public')
}

/** Applies a migration and records it. */
export async function applyMigration({ sql }: Session, name: string, text: string): Promise<void> {
  await sql`create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())`
  await sql.unsafe(text)
  await sql`insert into migrations (name) values (${name})`
}

/** Empties new tables and switches off their triggers and foreign keys. Returns the statements that restore those. */
export async function prepareTables({ sql }: Session, tables: readonly Table[]): Promise<string[]> {
  const references = await sql<{ drop: string; add: string }[]>`
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
           format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as add
    from pg_constraint
    where contype = 'f' and connamespace = 'public'::regnamespace
  `
  for (const { drop } of references) await sql.unsafe(drop)
  for (const { name } of tables)
    await sql.unsafe(`alter table ${quoted(name)} disable trigger user; delete from ${quoted(name)}`)
  return [
    ...references.map(({ add }) => add),
    ...tables.map(({ name }) => `alter table ${quoted(name)} enable trigger user`),
  ]
}

/** Runs the statements that `prepareTables` returned. */
export async function runAll({ sql }: Session, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.unsafe(statement)
}

/** Removes the marker of the SQL functions, so that the next migration creates those of this release. */
export async function clearFunctionMarker({ sql }: Session): Promise<void> {
  await sql`delete from migrations where name like 'functions %'`
}

/** Makes unpaid orders of the last days and unfinished refunds due for the reconciler. Returns how many orders. */
export async function scheduleRecheck({ sql }: Session, days: number): Promise<number> {
  const rows = await sql`
    update orders set next_look_at = now()
    where paid_at is null and mandate_id is null and created_at > now() - make_interval(days => ${days})
    returning id
  `
  await sql`update refunds set next_look_at = now() where finished_at is null`
  return rows.length
}
