import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A stored second factor; `enrolledAt` is null while its secret was shown and not yet proved. */
export type StoredFactor = { sealedSecret: Buffer; enrolledAt: Date | null; lastStep: number; waitS: number }

/** An administrator's second factor, and how many seconds wrong codes have made them wait. */
export async function findSecondFactor(sql: Sql, userId: string): Promise<StoredFactor | undefined> {
  const [row] = await sql<StoredFactor[]>`
    select sealed_secret, enrolled_at, last_step::int as last_step,
           coalesce(ceil(extract(epoch from greatest(blocked_until - now(), interval '0'))), 0)::int as wait_s
    from second_factors
    where user_id = ${userId}
  `
  return row
}

/** Keeps a secret that was not proved yet; one that is there already stays. */
export async function insertSecondFactor(sql: Sql, userId: string, sealedSecret: Buffer): Promise<void> {
  await sql`
    insert into second_factors (user_id, sealed_secret) values (${userId}, ${sealedSecret})
    on conflict (user_id) do nothing
  `
}

/** Takes away a secret that was not proved yet, if it is still this one. */
export async function deleteUnproved(sql: Sql, userId: string, sealedSecret: Buffer): Promise<void> {
  await sql`
    delete from second_factors where user_id = ${userId} and enrolled_at is null and sealed_secret = ${sealedSecret}
  `
}

/** Every stored secret, and whose it is. There are as many as administrators. */
export async function listEncryptedSecrets(
  sql: Sql,
): Promise<{ userId: string; username: string; sealedSecret: Buffer }[]> {
  return sql`
    select f.user_id, u.username, f.sealed_secret
    from second_factors f join users u on u.id = f.user_id
    order by lower(u.username)
  `
}

/** Puts the same secret, sealed with another key, in the place of what was read. False: it is another one by now. */
export async function replaceEncryptedSecret(sql: Sql, userId: string, read: Buffer, sealed: Buffer): Promise<boolean> {
  const rows = await sql`
    update second_factors set sealed_secret = ${sealed} where user_id = ${userId} and sealed_secret = ${read}
  `
  return rows.count > 0
}

/** The first code was right: from now on one is asked for, and these recovery codes work once each. False: it was enrolled already. */
export async function enrol(sql: Sql, userId: string, step: number, codeHashes: Buffer[]): Promise<boolean> {
  const rows = await sql`
    with enrolled as (
      update second_factors
      set enrolled_at = now(), last_step = ${step}, failures = 0, blocked_until = null
      where user_id = ${userId} and enrolled_at is null
      returning user_id
    ), codes as (
      insert into recovery_codes (user_id, code_hash)
      select enrolled.user_id, decode(value, 'hex')
      from enrolled, jsonb_array_elements_text(${sql.json(codeHashes.map((hash) => hash.toString('hex')))}) as value
    )
    insert into audit (actor, action, user_id) select 'user:' || user_id, 'second-factor.enrolled', user_id from enrolled
    returning id
  `
  return rows.count > 0
}

/**
 * Takes a try at an account's codes before the code is looked at, so that guesses sent side by side all count: the fifth in
 * a row that is not followed by a right one shuts the door for a quarter of an hour. Undefined: it is shut, or none enrolled.
 */
export async function reserveCodeAttempt(sql: Sql, userId: string): Promise<{ sealedSecret: Buffer } | undefined> {
  const [row] = await sql<{ sealedSecret: Buffer }[]>`
    update second_factors
    set failures = case when blocked_until is null then failures + 1 else 1 end,
        blocked_until = case when blocked_until is null and failures + 1 >= 5 then now() + interval '15 minutes' end
    where user_id = ${userId}
      and enrolled_at is not null
      and (blocked_until is null or blocked_until <= now())
    returning sealed_secret
  `
  return row
}

/**
 * Takes a code's thirty-second step, once: a code that was seen over somebody's shoulder opens nothing again. The session
 * it confirms is marked in the same statement, so that the second half of a double click finds it confirmed.
 */
export async function takeStep(sql: Sql, userId: string, step: number, confirms: string | null): Promise<boolean> {
  const rows = await sql`
    with taken as (
      update second_factors
      set last_step = ${step}, failures = 0, blocked_until = null
      where user_id = ${userId} and last_step < ${step}
      returning user_id
    ), confirmed as (
      update sessions set confirmed_at = now() where handle = ${confirms} and user_id in (select user_id from taken)
    )
    select user_id from taken
  `
  return rows.count > 0
}

/** Takes a recovery code, once, and marks the session it confirms. */
export async function takeRecoveryCode(
  sql: Sql,
  userId: string,
  codeHash: Buffer,
  confirms: string | null,
): Promise<boolean> {
  const rows = await sql`
    with taken as (
      update recovery_codes set used_at = now()
      where user_id = ${userId} and code_hash = ${codeHash} and used_at is null
      returning user_id
    ), forgiven as (
      update second_factors set failures = 0, blocked_until = null where user_id in (select user_id from taken)
    ), confirmed as (
      update sessions set confirmed_at = now() where handle = ${confirms} and user_id in (select user_id from taken)
    )
    insert into audit (actor, action, user_id) select 'user:' || user_id, 'recovery-code.used', user_id from taken
    returning id
  `
  return rows.count > 0
}

/** What administrators read of their own second factor. `version` counts its changes. */
export type SecondFactorStatus = { enrolledAt: Date; codesLeft: number; version: number }

/** How an account's second factor stands; undefined when none is in use. */
export async function findSecondFactorStatus(sql: Sql, userId: string): Promise<SecondFactorStatus | undefined> {
  const [row] = await sql<SecondFactorStatus[]>`
    select f.enrolled_at, f.version,
           (select count(*)::int from recovery_codes c where c.user_id = f.user_id and c.used_at is null) as codes_left
    from second_factors f
    where f.user_id = ${userId} and f.enrolled_at is not null
  `
  return row
}

/** Whose second factor changes, in which session, and which version of it they saw. */
export type Change = { userId: string; handle: string; seen: number }

/** Puts new recovery codes in the place of all old ones, and tells the account's address. False: it changed meanwhile. */
export async function replaceRecoveryCodes(
  sql: Sql,
  by: Actor,
  change: Change,
  codeHashes: Buffer[],
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), factor as (
      update second_factors set version = version + 1
      where ${isAsSeen(sql, change)}
      returning user_id
    ), old as (
      delete from recovery_codes where user_id in (select user_id from factor)
    ), codes as (
      insert into recovery_codes (user_id, code_hash)
      select factor.user_id, decode(value, 'hex')
      from factor, jsonb_array_elements_text(${sql.json(codeHashes.map((hash) => hash.toString('hex')))}) as value
    ), ${notedAndTold(sql, by, 'recovery-codes.renewed')}
  `
  return rows.count > 0
}

/**
 * Puts another app's secret in the place of the one in use, ends the account's other sessions and tells its address. The
 * recovery codes stay. False: it changed meanwhile.
 */
export async function replaceSecret(
  sql: Sql,
  by: Actor,
  change: Change,
  next: { sealedSecret: Buffer; step: number },
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), factor as (
      update second_factors
      set sealed_secret = ${next.sealedSecret}, enrolled_at = now(), last_step = ${next.step}, failures = 0,
          blocked_until = null, version = version + 1
      where ${isAsSeen(sql, change)}
      returning user_id
    ), ended as (
      delete from sessions where user_id in (select user_id from factor) and handle is distinct from ${change.handle}::uuid
    ), ${notedAndTold(sql, by, 'second-factor.changed')}
  `
  return rows.count > 0
}

function isAsSeen(sql: Sql, { userId, handle, seen }: Change) {
  return sql`
    user_id = ${userId}
    and enrolled_at is not null
    and version = ${seen}
    and exists (select from sessions s where s.handle = ${handle} and s.user_id = second_factors.user_id)
  `
}

/** The end of a statement that changed what `factor` returns. */
function notedAndTold(sql: Sql, by: Actor, action: string) {
  return sql`noted as (
      insert into audit (actor, action, user_id) select ${by.actor}, ${action}, factor.user_id from factor, origin
      returning id, user_id
    )
    insert into mails (kind, subject_key, user_id, to_name, to_email)
    select 'authenticator-changed', noted.id::text, u.id, u.name, u.email from noted join users u on u.id = noted.user_id
    returning id`
}

/** Recovery codes that were not used yet. */
export async function countRecoveryCodes(sql: Sql, userId: string): Promise<number> {
  const [row] = await sql<{ left: number }[]>`
    select count(*)::int as left from recovery_codes where user_id = ${userId} and used_at is null
  `
  return row!.left
}

/** Forgets an account's second factor and ends its sessions: the next log-in enrols anew. False: no such account. */
export async function deleteSecondFactor(sql: Sql, userId: string, actor: string): Promise<boolean> {
  const rows = await sql`
    with account as (
      select id from users where id = ${userId}
    ), factor as (
      delete from second_factors where user_id in (select id from account)
    ), codes as (
      delete from recovery_codes where user_id in (select id from account)
    ), ended as (
      delete from sessions where user_id in (select id from account)
    )
    insert into audit (actor, action, user_id) select ${actor}, 'second-factor.reset', id from account returning id
  `
  return rows.count > 0
}

/** Whether password and code were given in this session in the last ten minutes, by the database's clock. */
export async function isConfirmed(sql: Sql, handle: string): Promise<boolean> {
  const rows = await sql`
    select from sessions where handle = ${handle} and confirmed_at > now() - interval '10 minutes'
  `
  return rows.count > 0
}
