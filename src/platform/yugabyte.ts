import type postgres from 'postgres'

/** Whether this is YugabyteDB, which says so in its version: `PostgreSQL 15.2-YB-2.25.0.0-b0 …`. */
export async function isYugabyte(sql: postgres.ISql): Promise<boolean> {
  const [row] = await sql<{ version: string }[]>`select version() as version`
  return /-YB-/.test(row!.version)
}

/**
 * A migration for YugabyteDB, without what its documentation says it does not have (docs/distributed.md): a table without a
 * log is an ordinary one there, and a BRIN index a plain one.
 */
export function forYugabyte(text: string): string {
  return text.replace(/\bcreate unlogged table\b/gi, 'create table').replace(/\busing brin\b/gi, '')
}
