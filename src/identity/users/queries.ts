import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { Authenticated, Session, User } from './users.ts'

type NewUser = Omit<User, 'id' | 'role'> & { passwordHash: string }

/**
 * Writes an account, its pending subscription and the mail that asks to confirm its address together, so that none is ever
 * seen without the others.
 */
export async function insertUser(sql: Sql, user: NewUser & { consentedTo: string }): Promise<User> {
  const [row] = await sql<User[]>`
    with account as (
      insert into users (username, email, name, phone, state_code, password_hash, consented_to, consented_at)
      values (${user.username}, ${user.email}, ${user.name}, ${user.phone}, ${user.stateCode}, ${user.passwordHash},
              ${user.consentedTo}, now())
      returning id, username, email, name, phone, state_code, role
    ), pending as (
      insert into subscriptions (user_id) select id from account
    ), link as (
      insert into account_links (user_id, purpose, email, expires_at)
      select id, 'verify-email', email, now() + interval '3 days' from account
      returning id
    ), verification as (
      insert into mails (kind, subject_key, user_id, to_name, to_email)
      select 'verify-email', link.id::text, account.id, account.name, account.email from link, account
    ), noted as (
      insert into audit (actor, action, user_id) select 'user:' || id, 'user.registered', id from account
    )
    select id, username, email, name, phone, state_code, role from account
  `
  return row!
}

/** Who logs in with this username or e-mail? `login` is in small letters. */
export async function findCredentials(
  sql: Sql,
  login: string,
): Promise<(Authenticated & { passwordHash: string }) | undefined> {
  const [row] = await sql<(Authenticated & { passwordHash: string })[]>`
    select id, username, email, name, phone, state_code, role, password_hash, suspended_at is not null as is_suspended
    from users
    where (lower(username) = ${login} or lower(email) = ${login})
      and deleted_at is null
    limit 1
  `
  return row
}

/** Puts a better hash of the same password in the place of the one that was checked. */
export async function renewHash(sql: Sql, userId: string, checked: string, renewed: string): Promise<void> {
  await sql`update users set password_hash = ${renewed} where id = ${userId} and password_hash = ${checked}`
}

/** Subscribers stay signed in for 30 days at most; admins have ten minutes for their second factor. */
export async function insertSession(
  sql: Sql,
  session: { idHash: Buffer; userId: string; userAgent: string; network: string },
) {
  await sql`
    insert into sessions (id_hash, user_id, user_agent, network, expires_at)
    select ${session.idHash}, id, ${session.userAgent}, ${session.network},
           now() + case role when 'subscriber' then interval '30 days' else interval '10 minutes' end
    from users
    where id = ${session.userId}
  `
}

/**
 * Replaces an admin's session that waited for its second factor: 8 hours at most. It is fresh for acts about money for
 * ten minutes from when the password was given. False: there is none that waits.
 */
export async function insertProvenSession(
  sql: Sql,
  session: { before: Buffer; idHash: Buffer; userAgent: string; network: string },
  by: Actor,
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}),
    waiting as (
      delete from sessions
      where id_hash = ${session.before} and second_factor_at is null and expires_at > now()
      returning user_id, created_at
    ), proven as (
      insert into sessions (id_hash, user_id, user_agent, network, expires_at, second_factor_at, confirmed_at)
      select ${session.idHash}, user_id, ${session.userAgent}, ${session.network}, now() + interval '8 hours', now(), created_at
      from waiting
      returning user_id
    )
    insert into audit (actor, action, user_id)
    select 'user:' || user_id, 'admin.logged-in', user_id from proven, origin
    returning id
  `
  return rows.count > 0
}

/** Whose live session is this? Being seen is written at most once a minute. */
export async function findSession(sql: Sql, idHash: Buffer): Promise<Session | undefined> {
  const [row] = await sql<(User & Omit<Session, 'user'>)[]>`
    with alive as (
      select s.id_hash, s.user_id, s.last_seen_at, s.handle, s.second_factor_at,
             s.confirmed_at is not null and s.confirmed_at > now() - interval '10 minutes' as is_fresh
      from sessions s
      join users u on u.id = s.user_id
      where s.id_hash = ${idHash}
        and now() < s.expires_at
        and now() < s.last_seen_at + case u.role when 'subscriber' then interval '7 days' else interval '20 minutes' end
        and (u.role = 'subscriber' or s.second_factor_at is not null or now() < s.created_at + interval '10 minutes')
        and u.suspended_at is null
        and u.deleted_at is null
    ), seen as (
      update sessions set last_seen_at = now()
      where id_hash in (select id_hash from alive where last_seen_at < now() - interval '1 minute')
    )
    select u.id, u.username, u.email, u.name, u.phone, u.state_code, u.role,
           alive.handle, alive.second_factor_at, alive.is_fresh
    from alive
    join users u on u.id = alive.user_id
  `
  if (!row) return undefined
  const { handle, secondFactorAt, isFresh, ...user } = row
  return { handle, secondFactorAt, isFresh, user }
}

/** Ends one session. */
export async function deleteSession(sql: Sql, idHash: Buffer): Promise<void> {
  await sql`delete from sessions where id_hash = ${idHash}`
}

/** Forgets sessions that ended. Returns how many. */
export async function deleteEndedSessions(sql: Sql): Promise<number> {
  const ended = await sql`delete from sessions where expires_at < now() or last_seen_at < now() - interval '7 days'`
  return ended.count
}

/** Forgets links of more than 30 days ago. Returns how many. */
export async function deleteOldTokens(sql: Sql): Promise<number> {
  const old = await sql`delete from account_links where created_at < now() - interval '30 days'`
  return old.count
}
