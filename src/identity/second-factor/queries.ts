import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A stored second factor; `enrolledAt` is null while its secret was shown and not yet proved. `sealedSecret` is encrypted. */
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

/** Stores a secret that was not proved yet, unless there is one already. */
export async function insertSecondFactor(sql: Sql, userId: string, sealedSecret: Buffer): Promise<void> {
  await sql`
    insert into second_factors (user_id, sealed_secret) values (${userId}, ${sealedSecret})
    on conflict (user_id) do nothing
  `
}

/** Deletes a secret that was not proved yet, if it is still this one. */
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

/** Replaces what was read by the same secret, encrypted with another key. False: it is another one by now. */
export async function replaceEncryptedSecret(
  sql: Sql,
  userId: string,
  read: Buffer,
  encrypted: Buffer,
): Promise<boolean> {
  const rows = await sql`
    update second_factors set sealed_secret = ${encrypted} where user_id = ${userId} and sealed_secret = ${read}
  `
  return rows.count > 0
}

/** The first code was right: from now on one is asked for, and these recovery codes work once each. False: it was enrolled already. */
export async function enrol(sql: Sql, userId: string, step: number, codeHashes: Buffer[]): Promise<boolean> {
  const [row] = await sql<{ enrolled: boolean }[]>`
    select enrol_second_factor(${userId}, ${step}, ${hexOf(sql, codeHashes)}) as enrolled
  `
  return row!.enrolled
}

/**
 * Reserves an attempt at an account's codes before the code is checked, so that guesses sent side by side all count: the fifth
 * in a row that is not followed by a right one blocks codes for a quarter of an hour. Undefined: they are blocked, or no
 * second factor is enrolled.
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

/** Uses a code's thirty-second step, once, and confirms this session with it. False: that step or a later one was used. */
export async function useStep(sql: Sql, userId: string, step: number, confirms: string | null): Promise<boolean> {
  const [row] = await sql<{ used: boolean }[]>`select use_code_step(${userId}, ${step}, ${confirms}) as used`
  return row!.used
}

/** Uses a recovery code, once, and confirms this session with it. False: there is none like it, or it was used. */
export async function useRecoveryCode(
  sql: Sql,
  userId: string,
  codeHash: Buffer,
  confirms: string | null,
): Promise<boolean> {
  const [row] = await sql<{ used: boolean }[]>`select use_recovery_code(${userId}, ${codeHash}, ${confirms}) as used`
  return row!.used
}

/** What administrators see of their own second factor. `version` counts its changes. */
export type SecondFactorStatus = { enrolledAt: Date; codesLeft: number; version: number }

/** The state of an account's second factor; undefined when none is in use. */
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

/** Replaces all recovery codes by new ones and sends a notice. False: the second factor changed meanwhile. */
export async function replaceRecoveryCodes(
  sql: Sql,
  by: Actor,
  { userId, handle, seen }: Change,
  codeHashes: Buffer[],
): Promise<boolean> {
  const [row] = await sql<{ changed: boolean }[]>`
    select renew_recovery_codes(${userId}, ${handle}, ${seen}, ${hexOf(sql, codeHashes)}, ${by.actor},
                                ${originJson(sql, by)}) as changed
  `
  return row!.changed
}

/**
 * Replaces the secret in use by another app's, ends the account's other sessions and sends a notice. The recovery codes stay.
 * False: the second factor changed meanwhile.
 */
export async function replaceSecret(
  sql: Sql,
  by: Actor,
  { userId, handle, seen }: Change,
  next: { sealedSecret: Buffer; step: number },
): Promise<boolean> {
  const [row] = await sql<{ changed: boolean }[]>`
    select change_authenticator(${userId}, ${handle}, ${seen}, ${next.sealedSecret}, ${next.step}, ${by.actor},
                                ${originJson(sql, by)}) as changed
  `
  return row!.changed
}

function hexOf(sql: Sql, hashes: Buffer[]) {
  return sql.json(hashes.map((hash) => hash.toString('hex')))
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
  const [row] = await sql<{ isReset: boolean }[]>`select reset_second_factor(${userId}, ${actor}) as is_reset`
  return row!.isReset
}
