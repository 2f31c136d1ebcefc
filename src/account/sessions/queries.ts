import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

export type SessionRow = {
  handle: string
  userAgent: string
  network: string
  createdAt: Date
  lastSeenAt: Date
  expiresAt: Date
}

/** A person's living sessions, the last seen first. */
export async function listSessionsOf(sql: Sql, userId: string): Promise<SessionRow[]> {
  return sql<SessionRow[]>`
    select s.handle, s.user_agent, s.network, s.created_at, s.last_seen_at, s.expires_at
    from sessions s
    join users u on u.id = s.user_id
    where s.user_id = ${userId}
      and now() < s.expires_at
      and now() < s.last_seen_at + case u.role when 'subscriber' then interval '7 days' else interval '20 minutes' end
    order by s.last_seen_at desc
    limit 100
  `
}

/** Which of a person's sessions. */
export type Which = { only: string } | { allBut: string } | 'all'

/** Ends sessions of one person, nobody else's, with a row in the audit. Returns how many there were. */
export async function deleteSessionsOf(sql: Sql, userId: string, which: Which, by: Actor): Promise<number> {
  const { only, allBut } = { only: null, allBut: null, ...(which === 'all' ? {} : which) }
  const [row] = await sql<{ ended: number }[]>`
    select sign_out(${userId}, ${only}, ${allBut}, ${by.actor}, ${originJson(sql, by)}) as ended
  `
  return row!.ended
}
