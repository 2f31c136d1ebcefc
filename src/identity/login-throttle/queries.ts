import type { Sql } from '../../platform/db.ts'

/** What a try is counted under: `device` is the hash of the browser's id, the keys are hashes, `network` is plain. */
export type AttemptKeys = { account: string; device: Buffer; accountKey: Buffer; deviceKey: Buffer; network: string }

/** Takes a try (take-try.sql). `waitS` above 0: it was refused and not counted; `isKnown`: the browser counts by itself. */
export async function reserveAttempt(
  sql: Sql,
  keys: AttemptKeys,
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
export async function forgetFailedAttempts(sql: Sql, counter: Buffer, network: string | null): Promise<void> {
  await sql`select forgive_password_tries(${counter}, ${network})`
}

/**
 * Counts a wrong password, whoever's. From `alarming` within an hour on it is an incident, one an Indian day: passwords
 * are guessed where no single account or network notices. How many names were tried is told, none of them.
 */
export async function countFailure(sql: Sql, alarming: number): Promise<void> {
  await sql`
    with counted as (
      insert into rate_counters as r (key, count, resets_at) values ('wrong passwords of all', 1, now() + interval '1 hour')
      on conflict (key) do update
        set count     = case when r.resets_at <= now() then 1 else r.count + 1 end,
            resets_at = case when r.resets_at <= now() then excluded.resets_at else r.resets_at end
      returning count, resets_at - interval '1 hour' as since
    ), alarm as (
      select count, since, (now() at time zone 'Asia/Kolkata')::date::text as day from counted where count >= ${alarming}
    )
    insert into incidents (kind, subject_key, details)
    select 'password-guessing', day, jsonb_build_object('wrongPasswords', count, 'since', since, 'namesTried',
             (select count(*) from login_throttle where last_failed_at > now() - interval '1 hour'))
    from alarm
    where not exists (select from incidents i where i.kind = 'password-guessing' and i.subject_key = alarm.day)
    on conflict do nothing
  `
}

/** The password was not looked at: gives the one try back. */
export async function returnAttempt(sql: Sql, counter: Buffer, network: string | null): Promise<void> {
  await sql`select return_password_try(${counter}, ${network})`
}

/** Forgets failures of more than a day ago. Returns how many counters. */
export async function deleteOldAttempts(sql: Sql): Promise<number> {
  const old = await sql`delete from login_throttle where last_failed_at < now() - interval '1 day'`
  return old.count
}
