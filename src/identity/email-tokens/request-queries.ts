import { type Actor, type AuditContext, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** What somebody who is not signed in asks to be mailed. */
type Asked = { email: string; networkKey: string; allowed: number; origin: AuditContext }

/** Notes that somebody forgot the password of this address; see `insertRequest`. */
export async function insertResetRequest(sql: Sql, asked: Asked): Promise<void> {
  await insertRequest(sql, 'reset_requests', asked)
}

/** Notes that somebody wants a log-in link for this address; see `insertRequest`. */
export async function insertLoginRequest(sql: Sql, asked: Asked): Promise<void> {
  await insertRequest(sql, 'login_link_requests', asked)
}

/**
 * The same work whether or not an account has the address; nothing is noted when this network has asked `allowed` times and
 * an hour has not passed since, or the address waits already.
 */
async function insertRequest(sql: Sql, table: string, asked: Asked): Promise<void> {
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
    insert into ${sql(table)} (email, origin)
    select lower(${asked.email}), ${sql.json(asked.origin)}
    from counted
    where count <= ${asked.allowed}
    on conflict (email) do nothing
  `
}

/** Turns the noted addresses into mails with links (request-token.sql, log-in-by-token.sql). */
export async function issueRequestedTokens(sql: Sql): Promise<void> {
  await sql`select issue_requested_resets(), issue_requested_logins()`
}

/** Sends the link that confirms an account's address once more. Returns whether it was within three an hour. */
export async function insertVerification(sql: Sql, by: Actor, userId: string): Promise<boolean> {
  const [row] = await sql<{ allowed: boolean }[]>`
    select request_verification(${userId}, ${by.actor}, ${originJson(sql, by)}) as allowed
  `
  return row!.allowed
}

/** What became of a link that an administrator sends; see send-token.sql. */
export type SentLink = 'sent' | 'repeated' | 'unknown-user' | 'suspended' | 'confirmed' | 'busy'

/** Sends an account a link because an administrator says so; `seen` is what `newestToken` answered when they looked. */
export async function sendToken(
  sql: Sql,
  by: Actor,
  { userId, purpose, seen }: { userId: string; purpose: 'verify-email' | 'reset-password'; seen: string },
): Promise<SentLink> {
  const [row] = await sql<{ outcome: SentLink }[]>`
    select send_email_token(${userId}, ${purpose}, ${seen}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** The id of the token of a purpose that an account was sent last; '' when there is none. */
export async function newestToken(sql: Sql, userId: string, purpose: string): Promise<string> {
  const [row] = await sql<{ id: string | null }[]>`select newest_email_token(${userId}, ${purpose}) as id`
  return row?.id ?? ''
}

/** Another address for an account, and both addresses as the audit shows them. */
export type EmailChange = { userId: string; email: string; shown: { before: string; after: string } }

/**
 * Sends a link to the address an account wants to have from now on, and a notice to the present one. Whether
 * somebody else has that address makes no difference. Returns whether it was within three an hour.
 */
export async function insertEmailChange(sql: Sql, by: Actor, change: EmailChange): Promise<boolean> {
  const [row] = await sql<{ allowed: boolean }[]>`
    select request_email_change(${change.userId}, ${change.email}, ${sql.json(change.shown)}, ${by.actor},
                                ${originJson(sql, by)}) as allowed
  `
  return row!.allowed
}

/**
 * Gives an account that never confirmed its address another one at once (correct-unconfirmed-email.sql). Throws the
 * violation of `one_account_per_email` when somebody else has it.
 */
export async function correctUnconfirmedEmail(
  sql: Sql,
  by: Actor,
  change: EmailChange,
): Promise<'corrected' | 'confirmed' | 'busy'> {
  const [row] = await sql<{ outcome: 'corrected' | 'confirmed' | 'busy' }[]>`
    select correct_unconfirmed_email(${change.userId}, ${change.email}, ${sql.json(change.shown)}, ${by.actor},
                                     ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
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
