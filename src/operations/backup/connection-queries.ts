import type postgres from 'postgres'
import { openOneConnection } from '../../platform/database-driver.ts'

/** One connection to one database; names of columns and values stay as they are. */
export type Connection = postgres.Sql

/** Opens one connection; throws when it cannot be made. `settings` of the server hold for this connection. */
export async function openConnection(
  url: string,
  application: 'etf-backup' | 'etf-restore',
  settings: Record<string, string> = {},
): Promise<Connection> {
  const sql = openOneConnection(url, application, settings)
  try {
    await sql`select 1`
    return sql
  } catch (error) {
    await sql.end({ timeout: 1 })
    throw error
  }
}

/** Does some work on one connection, which is closed afterwards. */
export async function withConnection<T>(
  url: string,
  application: 'etf-backup' | 'etf-restore',
  work: (sql: Connection) => Promise<T>,
): Promise<T> {
  const sql = await openConnection(url, application)
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** A name as an SQL identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
