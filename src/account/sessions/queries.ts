import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
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

/** Which of a person's sessions are meant. */
export type Meant = { only: string } | { allBut: string } | 'all'

/** Ends sessions of one person, nobody else's, and notes it. Returns how many there were. */
export async function deleteSessionsOf(sql: Sql, userId: string, meant: Meant, by: Actor): Promise<number> {
  const { only, allBut } = { only: null, allBut: null, ...(meant === 'all' ? {} : meant) }
  const [row] = await sql<{ ended: number }[]>`
    with origin as materialized (${auditContextOf(sql, by)}), ended as (
      delete from sessions
      where user_id = ${userId}
        and (${only}::uuid is null or handle = ${only}::uuid)
        and handle is distinct from ${allBut}::uuid
      returning handle
    ), counted as (
      select count(*)::int as ended from ended
    ), noted as (
      insert into audit (actor, action, user_id, details)
      select ${by.actor}, 'sessions.ended', ${userId}::uuid, jsonb_build_object('sessions', counted.ended)
      from origin, counted
      where counted.ended > 0
    )
    select ended from counted
  `
  return row!.ended
}
