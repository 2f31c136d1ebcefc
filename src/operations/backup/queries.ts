import type { Readable, Writable } from 'node:stream'
import postgres from 'postgres'
import { markerIn } from '../../platform/release.ts'

/** One connection, one transaction: what a backup reads from and a restore writes to. */
export type Session = { sql: postgres.Sql; pid: number }

export type Table = { name: string; columns: string[] }

/**
 * Opens a transaction on a connection of its own. A driver that loses its connection makes another one, outside the
 * transaction: `stillSame` must be asked before anything is believed.
 */
export async function openSession(url: string, mode: 'snapshot' | 'write'): Promise<Session> {
  const sql = postgres(url, {
    max: 1,
    fetch_types: false,
    prepare: false,
    connect_timeout: 5,
    max_lifetime: null,
    onnotice: () => {},
    // As text: the driver leaves out what is 0.
    connection: {
      application_name: 'etf-backup',
      ...({ statement_timeout: '0', idle_in_transaction_session_timeout: '0' } as object),
      // Rows in words that are the same in every session: they are hashed.
      DateStyle: 'ISO',
      TimeZone: 'UTC',
      IntervalStyle: 'postgres',
      bytea_output: 'hex',
      // One worker: a backup is in no hurry, and leaves the server to those who are.
      max_parallel_workers_per_gather: '0',
    },
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
export async function stillSame({ sql, pid }: Session): Promise<void> {
  const [row] = await sql<{ pid: number; open: boolean }[]>`select pg_backend_pid() as pid`
  if (row!.pid !== pid) throw new Error('the connection to the database was lost on the way')
}

/** Ends the session's transaction, keeping what it wrote or not. */
export async function closeSession({ sql }: Session, how: 'commit' | 'rollback'): Promise<void> {
  try {
    await sql.unsafe(how)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Version of the server, and the name under which other connections can look at this very snapshot. */
export async function describeServer({ sql }: Session): Promise<{ version: string; major: number; snapshot: string }> {
  const [row] = await sql<{ version: string; number: number; snapshot: string }[]>`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
           pg_export_snapshot() as snapshot
  `
  return { version: row!.version.split(' ')[0]!, major: Math.floor(row!.number / 10_000), snapshot: row!.snapshot }
}

/** Our tables with their columns, computed ones left out. The job queue's own tables are not ours: it makes them anew. */
export async function listTables({ sql }: Session): Promise<Table[]> {
  return sql<Table[]>`
    select c.relname as name, jsonb_agg(a.attname order by a.attnum) as columns
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
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

/** Revision of the SQL functions in this database; 0: from before revisions were counted, or none. */
export async function readRevision({ sql }: Session): Promise<number> {
  const rows = await sql<{ name: string }[]>`select name from migrations where name like 'functions %'`
  return markerIn(rows.map(({ name }) => name))?.revision ?? 0
}

/** Last number given by every sequence of ours; null: none yet. As text, for they may be long. */
export async function listSequences({ sql }: Session): Promise<Record<string, string | null>> {
  const rows = await sql<{ name: string; last: string | null }[]>`
    select sequencename as name, last_value::text as last from pg_sequences where schemaname = 'public' order by 1
  `
  return Object.fromEntries(rows.map(({ name, last }) => [name, last]))
}

/** Puts every sequence where it was. */
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

/** All rows of a table, one line each, as PostgreSQL writes them. */
export async function copyOut({ sql }: Session, { name, columns }: Table): Promise<Readable> {
  const rows = await sql.unsafe(`copy ${quoted(name)} (${columns.map(quoted).join(', ')}) to stdout`).readable()
  // The driver stops reading its socket while we are behind, and goes on when the stream asks for more. A stream at its
  // end asks no more, so what follows the last row (that the copy is complete) might never be read.
  return rows.once('end', () => rows._read(0))
}

/** Takes lines as `copyOut` gave them. */
export function copyIn({ sql }: Session, { name, columns }: Table): Promise<Writable> {
  return sql.unsafe(`copy ${quoted(name)} (${columns.map(quoted).join(', ')}) from stdin`).writable()
}

/** Whether there is any table in the database yet. */
export async function isEmpty({ sql }: Session): Promise<boolean> {
  return (
    (await sql`select 1 from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' limit 1`).length ===
    0
  )
}

/** Takes away everything, the job queue's tables included. */
export async function removeEverything({ sql }: Session): Promise<void> {
  await sql.unsafe('drop schema if exists pgboss cascade; drop schema public cascade; create schema public')
}

/** Applies a migration's text and notes it. */
export async function applyMigration({ sql }: Session, name: string, text: string): Promise<void> {
  await sql`create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())`
  await sql.unsafe(text)
  await sql`insert into migrations (name) values (${name})`
}

/** Makes fresh tables ready for their rows: empty, no triggers, no references. What it returns puts the references back. */
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

/** Runs statements that `prepareTables` gave. */
export async function runAll({ sql }: Session, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.unsafe(statement)
}

/** The functions of the release that made the backup are not kept: ours are written by the next migration. */
export async function forgetFunctions({ sql }: Session): Promise<void> {
  await sql`delete from migrations where name like 'functions %'`
}

/** Makes the reconciler ask Cashfree again about every unpaid order of the last days, and after refunds under way. */
export async function scheduleRecheck({ sql }: Session, days: number): Promise<number> {
  const rows = await sql`
    update orders set next_look_at = now()
    where paid_at is null and created_at > now() - make_interval(days => ${days})
    returning id
  `
  await sql`update refunds set next_look_at = now() where finished_at is null`
  return rows.length
}

/** Makes an empty database on the same server, or says that this account may not. */
export async function createScratch(url: string, name: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, fetch_types: false, connect_timeout: 5, onnotice: () => {} })
  try {
    await sql.unsafe(`create database ${quoted(name)}`)
    return true
  } catch (error) {
    if ((error as { code?: string }).code === '42501') return false
    throw error
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Takes it away again, whoever is still connected. */
export async function dropScratch(url: string, name: string): Promise<void> {
  const sql = postgres(url, { max: 1, fetch_types: false, connect_timeout: 5, onnotice: () => {} })
  try {
    await sql.unsafe(`drop database if exists ${quoted(name)} with (force)`)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
