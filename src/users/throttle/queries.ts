import type { Sql } from '../../platform/db.ts'

/** What a try is counted under: `device` is the hash of the browser's id, the keys are hashes, `network` is plain. */
export type TryKeys = { account: string; device: Buffer; accountKey: Buffer; deviceKey: Buffer; network: string }

/** Takes a try (take-try.sql). `waitS` above 0: it was refused and not counted; `isKnown`: the browser counts by itself. */
export async function takeTry(
  sql: Sql,
  keys: TryKeys,
  free: { account: number; network: number },
): Promise<{ waitS: number; isKnown: boolean }> {
  const [row] = await sql<{ waitS: number; isKnown: boolean }[]>`
    select wait_s, is_known
    from take_password_try(${keys.account}, ${keys.device}, ${keys.accountKey}, ${keys.deviceKey}, ${keys.network},
                           ${free.account}, ${free.network})
  `
  return row!
}

/** The password was right: forgets this counter's failures. */
export async function forgiveTries(sql: Sql, counter: Buffer, network: string | null): Promise<void> {
  await sql`select forgive_password_tries(${counter}, ${network})`
}

/** The password was not looked at: gives the one try back. */
export async function returnTry(sql: Sql, counter: Buffer, network: string | null): Promise<void> {
  await sql`select return_password_try(${counter}, ${network})`
}

/** Forgets failures of more than a day ago. Returns how many counters. */
export async function deleteOldTries(sql: Sql): Promise<number> {
  const old = await sql`delete from login_throttle where last_failed_at < now() - interval '1 day'`
  return old.count
}
