import type { Sql } from '../../platform/db.ts'

/** Notes a visit to the dashboard of a session (visits.sql). Answers the session seen before; null on the first visit. */
export async function noteVisit(sql: Sql, userId: string, session: string): Promise<string | null> {
  const [row] = await sql<{ since: string | null }[]>`select note_visit(${userId}, ${session})::text as since`
  return row!.since
}
