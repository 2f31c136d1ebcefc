import type { Sql } from '../platform/db.ts'
import type { SignedIn, User } from './users.ts'

type NewUser = Omit<User, 'id' | 'role'> & { passwordHash: string }

/** Writes an account and its pending subscription together, so that neither is ever seen without the other. */
export async function insertUser(sql: Sql, user: NewUser): Promise<User> {
  const [row] = await sql<User[]>`
    with account as (
      insert into users (username, email, name, phone, state_code, password_hash)
      values (${user.username}, ${user.email}, ${user.name}, ${user.phone}, ${user.stateCode}, ${user.passwordHash})
      returning id, username, email, name, phone, state_code, role
    ), pending as (
      insert into subscriptions (user_id) select id from account
    ), noted as (
      insert into audit (actor, action, user_id) select 'user:' || id, 'user.registered', id from account
    )
    select id, username, email, name, phone, state_code, role from account
  `
  return row!
}

/** Who logs in with this username or e-mail, whatever its case? */
export async function findCredentials(
  sql: Sql,
  login: string,
): Promise<{ user: User; passwordHash: string } | undefined> {
  const rows = await sql<(User & { passwordHash: string })[]>`
    select id, username, email, name, phone, state_code, role, password_hash
    from users
    where lower(username) = lower(${login})
       or lower(email) = lower(${login})
    limit 1
  `
  if (!rows[0]) return undefined
  const { passwordHash, ...user } = rows[0]
  return { user, passwordHash }
}

/** Subscribers stay signed in for 30 days at most, 7 without a visit; admins 8 hours, 20 minutes without one. */
export async function insertSession(
  sql: Sql,
  session: { idHash: Buffer; userId: string; userAgent: string; network: string },
) {
  await sql`
    insert into sessions (id_hash, user_id, user_agent, network, expires_at)
    select ${session.idHash}, id, ${session.userAgent}, ${session.network},
           now() + case role when 'subscriber' then interval '30 days' else interval '8 hours' end
    from users
    where id = ${session.userId}
  `
}

/** Whose live session is this? Being seen is written at most once a minute. */
export async function findSession(sql: Sql, idHash: Buffer): Promise<SignedIn | undefined> {
  const [row] = await sql<(User & Omit<SignedIn, 'user'>)[]>`
    with alive as (
      select s.id_hash, s.user_id, s.last_seen_at, s.handle, s.second_factor_at,
             s.confirmed_at is not null and s.confirmed_at > now() - interval '10 minutes' as is_fresh
      from sessions s
      join users u on u.id = s.user_id
      where s.id_hash = ${idHash}
        and now() < s.expires_at
        and now() < s.last_seen_at + case u.role when 'subscriber' then interval '7 days' else interval '20 minutes' end
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

/** Writes an admin account unless one of that username exists. Returns whether it was written. */
export async function insertAdmin(sql: Sql, user: NewUser): Promise<boolean> {
  const rows = await sql`
    with account as (
      insert into users (username, email, name, phone, state_code, role, password_hash)
      values (${user.username}, ${user.email}, ${user.name}, ${user.phone}, ${user.stateCode}, 'admin', ${user.passwordHash})
      on conflict do nothing
      returning id
    )
    insert into subscriptions (user_id) select id from account returning user_id
  `
  return rows.count > 0
}

/** Makes an account an administrator's and ends its sessions, which were opened with less power. False: no such account. */
export async function promoteToAdmin(sql: Sql, login: string): Promise<boolean> {
  const rows = await sql`
    with promoted as (
      update users set role = 'admin'
      where lower(email) = lower(${login}) or lower(username) = lower(${login})
      returning id
    ), ended as (
      delete from sessions where user_id in (select id from promoted)
    )
    insert into audit (actor, action, user_id) select 'command', 'user.promoted', id from promoted returning user_id
  `
  return rows.count > 0
}
