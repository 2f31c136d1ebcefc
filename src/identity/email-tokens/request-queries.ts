import { type Actor, type AuditContext, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { Purpose } from './email-tokens.ts'

/**
 * Notes that somebody forgot the password of this address. The same work whether or not an account has it; nothing is
 * noted when this network has asked `allowed` times and an hour has not passed since, or the address waits already.
 */
export async function insertResetRequest(
  sql: Sql,
  asked: { email: string; networkKey: string; allowed: number; origin: AuditContext },
): Promise<void> {
  await sql`
    with counted as (
      insert into rate_counters as seen (key, count, resets_at)
      values (${asked.networkKey}, 1, now() + interval '1 hour')
      on conflict (key) do update
      set count = case when seen.resets_at <= now() then 1 else seen.count + 1 end,
          resets_at = case
            when seen.resets_at <= now() or seen.count < ${asked.allowed} then excluded.resets_at
            else seen.resets_at
          end
      returning count
    )
    insert into reset_requests (email, origin)
    select lower(${asked.email}), ${sql.json(asked.origin)}
    from counted
    where count <= ${asked.allowed}
    on conflict (email) do nothing
  `
}

/** Turns the noted addresses into links and mails: none for an unknown address, three an hour for a known one. */
export async function issueRequestedResets(sql: Sql): Promise<void> {
  await sql`
    with asked as (
      delete from reset_requests returning email, origin
    ), account as (
      select u.id, u.name, u.email, asked.origin
      from asked
      join users u on lower(u.email) = asked.email
      where u.deleted_at is null
        and u.suspended_at is null
        and ${isWithinLimit(sql, sql`u.id`, 'reset-password')}
    ), older as (
      update account_links set ended_at = now()
      where user_id in (select id from account) and purpose = 'reset-password' and used_at is null and ended_at is null
      returning id
    ), link as (
      insert into account_links (user_id, purpose, email)
      select id, 'reset-password', email from account
      where (select count(*) from older) >= 0
      on conflict (user_id, purpose) where used_at is null and ended_at is null do nothing
      returning id, user_id, email
    ), mail as (
      insert into mails (kind, subject_key, user_id, to_name, to_email)
      select 'reset-password', link.id::text, link.user_id, account.name, link.email
      from link
      join account on account.id = link.user_id
    )
    insert into audit (actor, action, user_id, details, origin)
    select 'visitor', 'password.forgotten', link.user_id, jsonb_build_object('link', link.id), account.origin
    from link
    join account on account.id = link.user_id
  `
}

/** Sends the link that confirms an account's address once more. Returns whether it was within three an hour. */
export async function insertVerification(sql: Sql, by: Actor, userId: string): Promise<boolean> {
  const [row] = await sql<{ allowed: boolean }[]>`
    with origin as materialized (${auditContextOf(sql, by)}), allowed as (
      select id, name, email
      from users
      where id = ${userId}
        and email_verified_at is null
        and ${isWithinLimit(sql, sql`users.id`, 'verify-email')}
    ), older as (
      update account_links set ended_at = now()
      where user_id in (select id from allowed) and purpose = 'verify-email' and used_at is null and ended_at is null
      returning id
    ), link as (
      insert into account_links (user_id, purpose, email, expires_at)
      select id, 'verify-email', email, now() + interval '3 days' from allowed
      where (select count(*) from older) >= 0
      on conflict (user_id, purpose) where used_at is null and ended_at is null do nothing
      returning id, user_id, email
    ), mail as (
      insert into mails (kind, subject_key, user_id, to_name, to_email)
      select 'verify-email', link.id::text, link.user_id, allowed.name, link.email from link, allowed
    ), noted as (
      insert into audit (actor, action, user_id, details)
      select ${by.actor}, 'email.verification-sent', link.user_id, jsonb_build_object('link', link.id) from link, origin
    )
    select exists (select from allowed) as allowed
  `
  return row!.allowed
}

/**
 * Sends a link to the address an account wants to have from now on, and tells the present one. Whether somebody else has
 * that address makes no difference here. Returns whether it was within three an hour.
 */
export async function insertEmailChange(
  sql: Sql,
  by: Actor,
  change: { userId: string; email: string; shown: { before: string; after: string } },
): Promise<boolean> {
  const [row] = await sql<{ allowed: boolean }[]>`
    with origin as materialized (${auditContextOf(sql, by)}), allowed as (
      select id, name, email
      from users
      where id = ${change.userId}
        and ${isWithinLimit(sql, sql`users.id`, 'change-email')}
    ), older as (
      update account_links set ended_at = now()
      where user_id in (select id from allowed) and purpose = 'change-email' and used_at is null and ended_at is null
      returning id
    ), link as (
      insert into account_links (user_id, purpose, email)
      select id, 'change-email', ${change.email} from allowed
      where (select count(*) from older) >= 0
      on conflict (user_id, purpose) where used_at is null and ended_at is null do nothing
      returning id, user_id
    ), mail as (
      insert into mails (kind, subject_key, user_id, to_name, to_email)
      select 'change-email', link.id::text, link.user_id, allowed.name, ${change.email} from link, allowed
    ), noted as (
      insert into audit (actor, action, user_id, details)
      select ${by.actor}, 'email.change-asked', link.user_id, ${sql.json(change.shown)} from link, origin
      returning id, user_id
    ), told as (
      insert into mails (kind, subject_key, user_id, to_name, to_email)
      select 'email-changed', noted.id::text, noted.user_id, allowed.name, allowed.email from noted, allowed
    )
    select exists (select from allowed) as allowed
  `
  return row!.allowed
}

/**
 * Gives an account that never confirmed its address another one at once (correct-email.sql). Throws the violation of
 * `one_account_per_email` when somebody else has it.
 */
export async function correctUnconfirmedEmail(
  sql: Sql,
  by: Actor,
  change: { userId: string; email: string; shown: { before: string; after: string } },
): Promise<'corrected' | 'confirmed' | 'busy'> {
  const [row] = await sql<{ outcome: 'corrected' | 'confirmed' | 'busy' }[]>`
    with origin as materialized (${auditContextOf(sql, by)})
    select correct_unconfirmed_email(${change.userId}, ${change.email}, ${by.actor}, ${sql.json(change.shown)}) as outcome
    from origin
  `
  return row!.outcome
}

/** Fewer than three links of this purpose in the last hour. */
function isWithinLimit(sql: Sql, userId: ReturnType<Sql>, purpose: Purpose) {
  return sql`(
    select count(*) from account_links l
    where l.user_id = ${userId} and l.purpose = ${purpose} and l.created_at > now() - interval '1 hour'
  ) < 3`
}

/** An account's address as long as it is not confirmed. */
export async function findUnconfirmedEmail(sql: Sql, userId: string): Promise<string | null> {
  const [row] = await sql<{ email: string }[]>`
    select email from users where id = ${userId} and email_verified_at is null
  `
  return row?.email ?? null
}

/** The address an account asked to have and did not confirm yet. */
export async function findAskedEmail(sql: Sql, userId: string): Promise<string | null> {
  const [row] = await sql<{ email: string }[]>`
    select email
    from account_links
    where user_id = ${userId}
      and purpose = 'change-email'
      and used_at is null
      and ended_at is null
      and expires_at > now()
  `
  return row?.email ?? null
}
