import { setTimeout as pause } from 'node:timers/promises'
import type postgres from 'postgres'

/** Begins a copy of the data folder of a running server; the same connection must end it. */
export async function beginCopy(sql: postgres.Sql): Promise<void> {
  await sql`select pg_backup_start('cluster trial', true)`
}

/** Ends it, and returns the file that the copy needs to start from. */
export async function endCopy(sql: postgres.Sql): Promise<string> {
  const [row] = await sql<{ labelfile: string }[]>`select labelfile from pg_backup_stop(false)`
  return row!.labelfile
}

/** A role without special rights, and the database that it owns. */
export async function createOwner(sql: postgres.Sql, password: string): Promise<void> {
  await sql.unsafe(`create role etf login password '${password}'`)
  await sql.unsafe('create database etf owner etf')
}

/** Whether commits wait for a replica. A server that follows another keeps this for the day on which it leads. */
export async function waitForReplicas(sql: postgres.Sql, waits: boolean): Promise<void> {
  await sql.unsafe(`alter system set synchronous_standby_names = '${waits ? '*' : ''}'`)
  await sql`select pg_reload_conf()`
}

/** Resolves when a replica receives the log, or with `inStep` when commits wait for one. Throws after a minute. */
export async function untilFollowed(sql: postgres.Sql, { inStep }: { inStep: boolean }): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(50)) {
    const rows = await sql`
      select from pg_stat_replication where state = 'streaming' and (not ${inStep} or sync_state in ('sync', 'quorum'))`
    if (rows.length > 0) return
  }
  throw new Error('the replica does not follow the primary')
}

/** Makes a replica the primary; resolves when it takes writes. */
export async function promoteReplica(sql: postgres.Sql): Promise<void> {
  await sql`select pg_promote(true, 50)`
  for (const end = Date.now() + 50_000; Date.now() < end; await pause(20)) {
    const [row] = await sql<{ follows: boolean }[]>`select pg_is_in_recovery() as follows`
    if (!row!.follows) return
  }
  throw new Error('the replica was not promoted')
}
