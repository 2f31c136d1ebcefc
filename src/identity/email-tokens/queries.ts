import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { OpenToken, Purpose, UsedToken } from './email-tokens.ts'

/** Whose open link has this secret? */
export async function findOpenToken(sql: Sql, secretHash: Buffer): Promise<OpenToken | undefined> {
  const [link] = await sql<OpenToken[]>`
    select l.id, l.purpose, l.email, l.user_id, u.username, u.name, u.email as present_email
    from account_links l
    join users u on u.id = l.user_id
    where l.secret_hash = ${secretHash}
      and l.used_at is null
      and l.ended_at is null
      and l.expires_at > now()
      and u.deleted_at is null
  `
  return link
}

/**
 * Whose link had this secret and does not work any more? Done is one whose address the account has and has confirmed, by
 * this link or another, or with a new password; of links for a new password, one that was used.
 */
export async function findUsedToken(sql: Sql, secretHash: Buffer): Promise<UsedToken | undefined> {
  const [link] = await sql<UsedToken[]>`
    select l.purpose, l.email,
           case l.purpose
             when 'reset-password' then l.used_at is not null
             else lower(u.email) = lower(l.email) and u.email_verified_at is not null
           end as is_done
    from account_links l
    join users u on u.id = l.user_id
    where l.secret_hash = ${secretHash}
      and (l.used_at is not null or l.ended_at is not null or l.expires_at <= now())
      and u.deleted_at is null
  `
  return link
}

/** What a mail about a link says of it, if the link is still wanted. Somebody else's address gets no link. */
export async function findRequestedToken(sql: Sql, id: string): Promise<{ purpose: Purpose } | undefined> {
  const [link] = await sql<{ purpose: Purpose }[]>`
    select l.purpose from account_links l where l.id = ${id} and ${isWanted(sql)}
  `
  return link
}

/** Gives a link that is still wanted its secret, and the time it works for from now on. */
export async function activateToken(
  sql: Sql,
  id: string,
  secretHash: Buffer,
): Promise<{ purpose: Purpose } | undefined> {
  const [link] = await sql<{ purpose: Purpose }[]>`
    update account_links l
    set secret_hash = ${secretHash},
        expires_at = now() + case purpose when 'verify-email' then interval '3 days' else interval '30 minutes' end
    where l.id = ${id} and ${isWanted(sql)}
    returning l.purpose
  `
  return link
}

function isWanted(sql: Sql) {
  return sql`
    l.used_at is null
    and l.ended_at is null
    and exists (select from users u where u.id = l.user_id and u.deleted_at is null)
    and (l.purpose <> 'change-email' or not exists (select from users u where lower(u.email) = lower(l.email)))
  `
}

/** Confirms the address an account still has. The link works once. Returns whether it did. */
export async function useVerification(sql: Sql, by: Actor, secretHash: Buffer): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), used as (
      ${usedLink(sql, secretHash, 'verify-email')}
    ), account as (
      update users set email_verified_at = coalesce(email_verified_at, now())
      from used
      where users.id = used.user_id and lower(users.email) = lower(used.email) and users.deleted_at is null
      returning users.id, used.id as link_id
    )
    insert into audit (actor, action, user_id, details)
    select ${by.actor}, 'email.verified', account.id, jsonb_build_object('link', account.link_id) from account, origin
    returning id
  `
  return rows.count > 0
}

/**
 * Gives an account the address its link was sent to, ends its other links, and tells the old address. The link works
 * once. Returns whether it did. Throws the violation of `one_account_per_email` when somebody took the address meanwhile.
 */
export async function useEmailChange(
  sql: Sql,
  by: Actor,
  secretHash: Buffer,
  shown: { before: string; after: string },
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), used as (
      ${usedLink(sql, secretHash, 'change-email')}
    ), before as (
      select u.id, u.name, u.email, used.id as link_id, used.email as new_email
      from users u join used on used.user_id = u.id
      where u.deleted_at is null
    ), account as (
      update users set email = before.new_email, email_verified_at = now()
      from before
      where users.id = before.id
      returning users.id
    ), others as (
      update account_links set ended_at = now()
      from before
      where user_id = before.id and account_links.id <> before.link_id and used_at is null and ended_at is null
    ), noted as (
      insert into audit (actor, action, user_id, details)
      select ${by.actor}, 'email.changed', account.id, ${sql.json(shown)} from account, origin
      returning id
    )
    insert into mails (kind, subject_key, user_id, to_name, to_email)
    select 'email-changed', noted.id::text, before.id, before.name, before.email from noted, before
    returning id
  `
  return rows.count > 0
}

/**
 * Gives an account its new password: every session, other link and remembered browser of it ends, failed log-ins
 * (`counters`) are forgiven, and its address is told. The link works once. Returns whether it did.
 */
export async function usePasswordReset(
  sql: Sql,
  by: Actor,
  secretHash: Buffer,
  { passwordHash, counters }: { passwordHash: string; counters: [Buffer, Buffer] },
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), used as (
      ${usedLink(sql, secretHash, 'reset-password')}
    ), account as (
      update users
      set password_hash = ${passwordHash},
          email_verified_at = case when lower(users.email) = lower(used.email) then coalesce(email_verified_at, now()) else email_verified_at end
      from used
      where users.id = used.user_id and users.deleted_at is null
      returning users.id, users.name, users.email, used.id as link_id
    ), others as (
      update account_links set ended_at = now()
      from account
      where user_id = account.id and account_links.id <> account.link_id and used_at is null and ended_at is null
    ), ended as (
      delete from sessions where user_id in (select id from account)
    ), forgotten as (
      delete from known_devices where user_id in (select id from account)
    ), forgiven as (
      delete from login_throttle
      where key_hash in (${counters[0]}, ${counters[1]}) and exists (select from account)
    ), noted as (
      insert into audit (actor, action, user_id, details)
      select ${by.actor}, 'password.reset', account.id, jsonb_build_object('link', account.link_id) from account, origin
      returning id
    )
    insert into mails (kind, subject_key, user_id, to_name, to_email)
    select 'password-changed', noted.id::text, account.id, account.name, account.email from noted, account
    returning id
  `
  return rows.count > 0
}

/** The one update that uses a link: whoever comes second finds it used. */
function usedLink(sql: Sql, secretHash: Buffer, purpose: Purpose) {
  return sql`
    update account_links set used_at = now()
    where secret_hash = ${secretHash}
      and purpose = ${purpose}
      and used_at is null
      and ended_at is null
      and expires_at > now()
    returning id, user_id, email
  `
}

/** What a notice tells of: an act on an account, when, from where, and the addresses as the audit shows them. */
export type SecurityChange = { action: string; at: Date; address: string; before: string | null; after: string | null }

/** The act that a notice is about. */
export async function findSecurityChange(sql: Sql, auditId: string): Promise<SecurityChange | undefined> {
  const [act] = await sql<SecurityChange[]>`
    select action, at, coalesce(origin ->> 'address', '') as address,
           details ->> 'before' as before, details ->> 'after' as after
    from audit
    where id = ${auditId}
  `
  return act
}
