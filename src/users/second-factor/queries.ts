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
export async function takeCodeTry(sql: Sql, userId: string): Promise<{ sealedSecret: Buffer } | undefined> {
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
