import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** What is stored of an account's password now: the mark by which a change of it is noticed. */
export async function findPasswordHash(sql: Sql, userId: string): Promise<string | undefined> {
  const [row] = await sql<{ passwordHash: string }[]>`select password_hash from users where id = ${userId}`
  return row?.passwordHash
}

/**
 * Gives an account another password, ends its links and its sessions but this one, and tells its address. Returns false
 * when the password is not `before` any more, or this session ended meanwhile.
 */
export async function updatePassword(
  sql: Sql,
  by: Actor,
  change: { userId: string; handle: string; before: string; after: string },
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), account as (
      update users set password_hash = ${change.after}
      where id = ${change.userId}
        and password_hash = ${change.before}
        and deleted_at is null
        and exists (select from sessions s where s.handle = ${change.handle} and s.user_id = users.id)
      returning id, name, email
    ), links as (
      update account_links set ended_at = now()
      where user_id in (select id from account) and used_at is null and ended_at is null and purpose <> 'verify-email'
    ), ended as (
      delete from sessions where user_id in (select id from account) and handle <> ${change.handle}
    ), noted as (
      insert into audit (actor, action, user_id) select ${by.actor}, 'password.changed', account.id from account, origin
      returning id
    )
    insert into mails (kind, subject_key, user_id, to_name, to_email)
    select 'password-changed', noted.id::text, account.id, account.name, account.email from noted, account
    returning id
  `
  return rows.count > 0
}
