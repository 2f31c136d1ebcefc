import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { User } from '../users/queries.ts'

/**
 * A living session. `handle` names it on pages; `isFresh`: password and code were given in the last ten minutes. `unconfirmedEmail`:
 * the account's address as long as it is not confirmed.
 */
export type Session = {
  handle: string
  user: User
  secondFactorAt: Date | null
  isFresh: boolean
  unconfirmedEmail: string | null
}

/** What is stored of a new session. */
type NewSession = { idHash: Buffer; userAgent: string; network: string }

/**
 * Subscribers stay signed in for 30 days at most; admins have ten minutes for their second factor. False: the account was deleted, or
 * its password is not that of `passwordHash` any more, where one was given. A reset that is going on is waited for.
 */
export async function insertSession(
  sql: Sql,
  session: NewSession & { userId: string; passwordHash: string | null },
): Promise<boolean> {
  const inserted = await sql`
    insert into sessions (id_hash, user_id, user_agent, network, expires_at)
    select ${session.idHash}, id, ${session.userAgent}, ${session.network},
           now() + case role when 'subscriber' then interval '30 days' else interval '10 minutes' end
    from users
    where id = ${session.userId} and deleted_at is null
      and password_hash = coalesce(${session.passwordHash}, password_hash)
    for share
  `
  return inserted.count > 0
}

/**
 * Replaces an admin's session that waited for its second factor: 8 hours at most. It is fresh for actions about money for
 * ten minutes from when the password was given. False: none waits.
 */
export async function insertProvenSession(
  sql: Sql,
  session: NewSession & { before: Buffer },
  by: Actor,
): Promise<boolean> {
  const [row] = await sql<{ proven: boolean }[]>`
    select prove_session(${session.before}, ${session.idHash}, ${session.userAgent}, ${session.network},
                         ${originJson(sql, by)}) as proven
  `
  return row!.proven
}

/** The live session with this hash. That it was used is noted at most once a minute. */
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
           case when u.email_verified_at is null then u.email end as unconfirmed_email,
           alive.handle, alive.second_factor_at, alive.is_fresh
    from alive
    join users u on u.id = alive.user_id
  `
  if (!row) return undefined
  const { handle, secondFactorAt, isFresh, unconfirmedEmail, ...user } = row
  return { handle, secondFactorAt, isFresh, unconfirmedEmail, user }
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

/** Whether password and code were given in this session in the last ten minutes, by the database's clock. */
export async function isConfirmed(sql: Sql, handle: string): Promise<boolean> {
  const rows = await sql`
    select from sessions where handle = ${handle} and confirmed_at > now() - interval '10 minutes'
  `
  return rows.count > 0
}
