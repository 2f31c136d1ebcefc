import type { Sql } from '../platform/db.ts'
import type { Mail } from './mails.ts'

/** Takes due mails for a minute; other workers skip them. A lease that ran out (a crash) is due again. */
export async function leaseMails(sql: Sql, limit: number): Promise<Mail[]> {
  return sql<Mail[]>`
    update mails
    set attempts = attempts + 1,
        leased_until = now() + interval '1 minute',
        next_attempt_at = now() + interval '1 minute'
    where id in (
      select id
      from mails
      where status = 'queued'
        and next_attempt_at <= now()
      order by next_attempt_at
      limit ${limit}
      for update skip locked
    )
    returning id, kind, subject_key, to_name, to_email, attempts
  `
}

/** The server took it. */
export async function markSent(sql: Sql, id: number): Promise<void> {
  await sql`
    update mails set status = 'sent', sent_at = now(), leased_until = null, last_error = null where id = ${id}
  `
}

/** What the mail was to tell is no longer so; it is not sent. */
export async function markSkipped(sql: Sql, id: number): Promise<void> {
  await sql`update mails set status = 'skipped', leased_until = null where id = ${id} and status = 'queued'`
}

/** Try again later; given up on (dead, for a person to look at) when it is older than `daysUntilDead`. */
export async function postponeMail(
  sql: Sql,
  id: number,
  failure: { reason: string; seconds: number; daysUntilDead: number },
): Promise<void> {
  await sql`
    update mails
    set status = case when created_at < now() - make_interval(days => ${failure.daysUntilDead}) then 'dead' else 'queued' end,
        next_attempt_at = now() + make_interval(secs => ${failure.seconds}),
        leased_until = null,
        last_error = ${failure.reason}
    where id = ${id}
      and status = 'queued'
  `
}

/** The server says never (550): no more attempts. */
export async function markDead(sql: Sql, id: number, reason: string): Promise<void> {
  await sql`
    update mails set status = 'dead', leased_until = null, last_error = ${reason} where id = ${id} and status = 'queued'
  `
}
