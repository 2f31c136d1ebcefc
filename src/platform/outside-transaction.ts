import { setTimeout as pause } from 'node:timers/promises'
import type postgres from 'postgres'
import { splitStatements } from './sql-statements.ts'

/**
 * Whether a migration runs outside of a transaction, by its first line `-- no transaction`: indexes that are built, and constraints
 * that are validated, while everybody reads and writes. Each of its statements may be repeated after a failure.
 */
export function isOutsideTransaction(text: string): boolean {
  return /^-- no transaction\b/.test(text)
}

/** The same migration for a database that nobody uses yet: what is built concurrently elsewhere is built at once. */
export function withinTransaction(text: string): string {
  return isOutsideTransaction(text) ? text.replace(/(\bindex) concurrently\b/gi, '$1') : text
}

/**
 * Runs such a migration, one statement after the other. An index that an earlier run left unfinished is dropped and built again.
 * Throws when a statement fails; what was done before it stays, and the next run goes on from there.
 */
export async function runOutsideTransaction(sql: postgres.Sql, text: string): Promise<void> {
  for (const statement of splitStatements(text)) {
    const [, index] = /^create (?:unique )?index concurrently if not exists (\w+)/i.exec(statement) ?? []
    if (index && (await isUnfinished(sql, index))) {
      // The server goes on building for a process that was killed: dropping it then would only wait for the end.
      while (await isBeingBuilt(sql, index)) await pause(500)
      if (await isUnfinished(sql, index)) await sql.unsafe(`drop index concurrently if exists ${index}`)
    }
    await sql.unsafe(statement)
  }
}

async function isUnfinished(sql: postgres.Sql, index: string): Promise<boolean> {
  return (await sql`select from pg_index where indexrelid = to_regclass(${index}) and not indisvalid`).length > 0
}

async function isBeingBuilt(sql: postgres.Sql, index: string): Promise<boolean> {
  return (await sql`select from pg_stat_progress_create_index where index_relid = to_regclass(${index})`).length > 0
}
