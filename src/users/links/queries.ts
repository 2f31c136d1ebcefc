import type { Sql } from '../../platform/db.ts'
import { type By, knownOrigin, type Origin } from '../../platform/origin.ts'
import type { OpenLink, Purpose } from './links.ts'

/**
 * Notes that somebody forgot the password of this address. The same work whether or not an account has it; nothing is
 * noted when this network has asked `allowed` times and an hour has not passed since, or the address waits already.
 */
export async function insertResetRequest(
  sql: Sql,
  asked: { email: string; networkKey: string; allowed: number; origin: Origin },
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
export async function answerResetRequests(sql: Sql): Promise<void> {
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
export async function insertVerification(sql: Sql, by: By, userId: string): Promise<boolean> {
  const [row] = await sql<{ allowed: boolean }[]>`
    with origin as materialized (${knownOrigin(sql, by)}), allowed as (
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
  by: By,
  change: { userId: string; email: string; shown: { before: string; after: string } },
): Promise<boolean> {
  const [row] = await sql<{ allowed: boolean }[]>`
    with origin as materialized (${knownOrigin(sql, by)}), allowed as (
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

/** Fewer than three links of this purpose in the last hour. */
function isWithinLimit(sql: Sql, userId: ReturnType<Sql>, purpose: Purpose) {
  return sql`(
    select count(*) from account_links l
    where l.user_id = ${userId} and l.purpose = ${purpose} and l.created_at > now() - interval '1 hour'
  ) < 3`
}

/** Whose open link has this secret? */
export async function findOpenLink(sql: Sql, secretHash: Buffer): Promise<OpenLink | undefined> {
  const [link] = await sql<OpenLink[]>`
    select l.id, l.purpose, l.email, l.user_id, u.username, u.email as present_email
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

/** What a mail about a link says of it, if the link is still wanted. Somebody else's address gets no link. */
export async function findWantedLink(sql: Sql, id: string): Promise<{ purpose: Purpose } | undefined> {
  const [link] = await sql<{ purpose: Purpose }[]>`
    select l.purpose from account_links l where l.id = ${id} and ${isWanted(sql)}
  `
  return link
}

/** Gives a link that is still wanted its secret, and the time it works for from now on. */
export async function armLink(sql: Sql, id: string, secretHash: Buffer): Promise<{ purpose: Purpose } | undefined> {
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
export async function useVerification(sql: Sql, by: By, secretHash: Buffer): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${knownOrigin(sql, by)}), used as (
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
  by: By,
  secretHash: Buffer,
  shown: { before: string; after: string },
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${knownOrigin(sql, by)}), used as (
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
  by: By,
  secretHash: Buffer,
  { passwordHash, counters }: { passwordHash: string; counters: [Buffer, Buffer] },
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${knownOrigin(sql, by)}), used as (
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

/** What a notice tells of: an act on an account, when, from where, and the addresses as the audit shows them. */
export type NoticedAct = { action: string; at: Date; address: string; before: string | null; after: string | null }

/** The act that a notice is about. */
export async function findNoticedAct(sql: Sql, auditId: string): Promise<NoticedAct | undefined> {
  const [act] = await sql<NoticedAct[]>`
    select action, at, coalesce(origin ->> 'address', '') as address,
           details ->> 'before' as before, details ->> 'after' as after
    from audit
    where id = ${auditId}
  `
  return act
}
