import type { Sql } from '../../platform/db.ts'

/** What an attempt is counted under: `browser` is the hash of the browser's id, the keys are hashes, `network` is plain. */
export type AttemptKeys = { account: string; browser: Buffer; accountKey: Buffer; browserKey: Buffer; network: string }

/** Reserves an attempt. `waitS` above 0: it was refused and not counted; `isKnown`: the browser is counted by itself. */
export async function reserveAttempt(
  sql: Sql,
  keys: AttemptKeys,
  free: { account: number; network: number },
): Promise<{ waitS: number; isKnown: boolean }> {
  const [row] = await sql<{ waitS: number; isKnown: boolean }[]>`
    select wait_s, is_known
    from reserve_password_attempt(${keys.account}, ${keys.browser}, ${keys.accountKey}, ${keys.browserKey}, ${keys.network},
                                  ${free.account}, ${free.network})
  `
  return row!
}

/** The password was right: forgets this counter's failures. */
export async function forgetFailedAttempts(sql: Sql, counter: Buffer, network: string | null): Promise<void> {
  await sql`select forget_password_attempts(${counter}, ${network})`
}

/** Counts a wrong password of any account; from `alarming` within an hour on it is an incident (password-attempts.sql). */
export async function countWrongPassword(sql: Sql, alarming: number): Promise<void> {
  await sql`select count_wrong_password(${alarming})`
}

/** The password was not checked: gives the one attempt back. */
export async function returnAttempt(sql: Sql, counter: Buffer, network: string | null): Promise<void> {
  await sql`select return_password_attempt(${counter}, ${network})`
}

/** Forgets failures of more than a day ago. Returns how many counters. */
export async function deleteOldAttempts(sql: Sql): Promise<number> {
  const old = await sql`delete from login_throttle where last_failed_at < now() - interval '1 day'`
  return old.count
}
