import { type Actor, auditContextOf } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'

/** Suspends an account with a reason, or lets it log in again without one; see standing.sql for the answers. */
export async function setSuspension(sql: Sql, userId: string, reason: string | null, by: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    with origin as materialized (${auditContextOf(sql, by)})
    select set_suspension(${userId}, ${reason}, ${by.actor}) as outcome from origin
  `
  return row!.outcome
}

/** Gives another role to an account that has the role `seen`; see standing.sql for the answers. */
export async function changeRole(sql: Sql, userId: string, role: { seen: string; becomes: string }, by: Actor) {
  const [row] = await sql<{ outcome: string }[]>`
    with origin as materialized (${auditContextOf(sql, by)})
    select change_role(${userId}, ${role.seen}, ${role.becomes}, ${by.actor}) as outcome from origin
  `
  return row!.outcome
}

/** Ends every session of a living account. Returns how many there were. */
export async function endSessions(sql: Sql, userId: string, by: Actor): Promise<number> {
  const [row] = await sql<{ ended: number }[]>`
    with origin as materialized (${auditContextOf(sql, by)}), ended as (
      delete from sessions where user_id = ${userId} returning handle
    ), counted as (
      select count(*)::int as ended from ended
    ), noted as (
      insert into audit (actor, action, user_id, details)
      select ${by.actor}, 'sessions.ended', ${userId}::uuid,
             jsonb_build_object('before', counted.ended, 'after', 0, 'sessions', counted.ended)
      from origin, counted
      where counted.ended > 0
    )
    select ended from counted
  `
  return row!.ended
}

/** The newest copy of a receipt's mail, and where the next one goes. */
export async function findReceiptMail(sql: Sql, userId: string, number: string) {
  const [row] = await sql<{ id: number; copy: number; email: string; sentAt: Date | null; amountPaise: number }[]>`
    select m.id, m.copy, u.email, m.sent_at, r.amount_paise
    from receipts r
    join users u on u.id = r.user_id
    join mails m on m.kind = 'receipt' and m.subject_key = r.number
    where r.number = ${number} and r.user_id = ${userId}
    order by m.copy desc
    limit 1
  `
  return row
}
