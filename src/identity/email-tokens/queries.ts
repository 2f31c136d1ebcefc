import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { User } from '../users/queries.ts'

/** What the link in a mail is for. */
export type Purpose = 'verify-email' | 'change-email' | 'reset-password' | 'log-in'

/** A token that still works, and its account. `email` is where its link was sent, `presentEmail` the account's. */
export type OpenToken = {
  id: string
  purpose: Purpose
  email: string
  userId: string
  username: string
  name: string
  presentEmail: string
}

/** A token that does not work any more. `isDone`: what it was for has happened, by it or in another way. */
export type UsedToken = Pick<OpenToken, 'purpose' | 'email'> & { isDone: boolean }

/** The open token with this secret. */
export async function findOpenToken(sql: Sql, secretHash: Buffer): Promise<OpenToken | undefined> {
  const [token] = await sql<OpenToken[]>`
    select l.id, l.purpose, l.email, l.user_id, u.username, u.name, u.email as present_email
    from account_links l
    join users u on u.id = l.user_id
    where l.secret_hash = ${secretHash}
      and l.used_at is null
      and l.ended_at is null
      and l.expires_at > now()
      and u.deleted_at is null
  `
  return token
}

/**
 * The token that had this secret and does not work any more. Done is one whose address the account has and has confirmed, by
 * this link or another, or with a new password; of those for a new password, one that was used.
 */
export async function findUsedToken(sql: Sql, secretHash: Buffer): Promise<UsedToken | undefined> {
  const [token] = await sql<UsedToken[]>`
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
  return token
}

/** The purpose of a token that is still wanted. Nobody is sent a link to an address that is somebody else's by now. */
export async function findRequestedToken(sql: Sql, id: string): Promise<{ purpose: Purpose } | undefined> {
  const [token] = await sql<{ purpose: Purpose }[]>`
    select l.purpose from account_links l where l.id = ${id} and ${isWanted(sql)}
  `
  return token
}

/** Gives a token that is still wanted its secret, and the time it works for from now on. */
export async function activateToken(
  sql: Sql,
  id: string,
  secretHash: Buffer,
): Promise<{ purpose: Purpose } | undefined> {
  const [token] = await sql<{ purpose: Purpose }[]>`
    update account_links l
    set secret_hash = ${secretHash},
        expires_at = now() + email_token_lifetime(purpose)
    where l.id = ${id} and ${isWanted(sql)}
    returning l.purpose
  `
  return token
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
  const [row] = await sql<{ done: boolean }[]>`
    select confirm_email(${secretHash}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/**
 * Gives an account the address its link was sent to (use-token.sql); `shown` are both addresses as the audit shows them. The
 * link works once. Returns whether it did. Throws the violation of `one_account_per_email` when somebody took the address.
 */
export async function useEmailChange(
  sql: Sql,
  by: Actor,
  secretHash: Buffer,
  shown: { before: string; after: string },
): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select change_email(${secretHash}, ${sql.json(shown)}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/**
 * Gives an account its new password (use-token.sql); failed log-ins (`counters`) are forgotten. The link works once. Returns
 * whether it did.
 */
export async function usePasswordReset(
  sql: Sql,
  by: Actor,
  secretHash: Buffer,
  { passwordHash, counters }: { passwordHash: string; counters: Buffer[] },
): Promise<boolean> {
  const hexCounters = sql.json(counters.map((counter) => counter.toString('hex')))
  const [row] = await sql<{ done: boolean }[]>`
    select reset_password(${secretHash}, ${passwordHash}, ${hexCounters}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** A token of a reminder, with its account; `isOpen`: it still opens an order. */
export type RenewalToken = {
  userId: string
  planName: string
  reminderId: number
  email: string
  isOpen: boolean
}

/** The token of a reminder with this secret, whatever became of it. */
export async function findRenewalToken(sql: Sql, secretHash: Buffer): Promise<RenewalToken | undefined> {
  const [token] = await sql<RenewalToken[]>`
    select l.user_id, l.plan_name, l.reminder_id::float8 as reminder_id, l.email,
           l.ended_at is null and l.expires_at > now() and lower(l.email) = lower(u.email) and u.suspended_at is null as is_open
    from account_links l
    join users u on u.id = l.user_id
    where l.secret_hash = ${secretHash} and l.purpose = 'renew' and u.deleted_at is null
  `
  return token
}

/** Writes the token of a reminder whose mail is about to be sent (renewal-tokens.sql). */
export async function insertRenewalToken(
  sql: Sql,
  token: { userId: string; email: string; planName: string; reminderId: number; secretHash: Buffer },
): Promise<void> {
  const { userId, email, planName, reminderId, secretHash } = token
  await sql`select issue_renewal_token(${userId}, ${email}, ${planName}, ${reminderId}, ${secretHash})`
}

/** Uses a log-in link, once (log-in-by-token.sql). Undefined: it does not work (any more), or the account may not log in. */
export async function useLoginLink(sql: Sql, by: Actor, secretHash: Buffer): Promise<User | undefined> {
  const [user] = await sql<User[]>`
    select u.id, u.username, u.email, u.name, u.phone, u.state_code, u.role
    from users u, use_login_link(${secretHash}, ${by.actor}, ${originJson(sql, by)}) as used
    where u.id = used
  `
  return user
}

/**
 * What a notice is about: a change of an account, when, from where, and the addresses as the audit shows them. `bySupport`: an
 * administrator made it, whose network is nobody else's concern. `revokedKeys`: how many API keys ended with it.
 */
export type SecurityChange = {
  action: string
  at: Date
  address: string
  bySupport: boolean
  before: string | null
  after: string | null
  revokedKeys: number
}

/** The change that a notice is about, as the audit noted it. */
export async function findSecurityChange(sql: Sql, auditId: string): Promise<SecurityChange | undefined> {
  const [change] = await sql<SecurityChange[]>`
    select action, at, by_support, case when by_support then '' else coalesce(origin ->> 'address', '') end as address,
           details ->> 'before' as before, details ->> 'after' as after,
           coalesce((details ->> 'apiKeys')::int, 0) as revoked_keys
    from audit
    cross join lateral (select actor like 'user:%' and actor is distinct from 'user:' || user_id as by_support) x
    where id = ${auditId}
  `
  return change
}

/** Forgets tokens of more than 30 days ago. Returns how many. */
export async function deleteOldTokens(sql: Sql): Promise<number> {
  const old = await sql`delete from account_links where created_at < now() - interval '30 days'`
  return old.count
}
