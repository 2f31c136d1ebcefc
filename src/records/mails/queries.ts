import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/**
 * A row of the outbox. `subjectKey` is what it is about, e.g. a receipt's number; `copy` is 0 for what the product wrote by
 * itself and counts up for what an admin sent again.
 */
export type Mail = {
  id: number
  kind: string
  subjectKey: string
  copy: number
  toName: string
  toEmail: string
  attempts: number
}

/**
 * A mail that this worker has for a minute. `bulk`: one of many that go out together; it is never sent twice. `stoppedBy`: why its
 * address gets no such mail.
 */
export type LeasedMail = Mail & { bulk: boolean; stoppedBy: 'hard-bounce' | 'complaint' | null }

/**
 * What this worker may send now. `waitS`: seconds until more may be sent, null where no limit says so. A probe is sent alone, after
 * a pause, and answered with resumeQueue, pauseQueue or probeQueueNow.
 */
type Claim = { mails: LeasedMail[]; waitS: number | null; isProbe: boolean; isPaused: boolean }

/** Leases due mails for a minute, bulk mails last and only `withBulk`; see claim-mails.sql. */
export async function claimMails(
  sql: Sql,
  { limit, withBulk, perSecond }: { limit: number; withBulk: boolean; perSecond: number | null },
): Promise<Claim> {
  const [row] = await sql<{ claim: Claim }[]>`select claim_mails(${limit}, ${withBulk}, ${perSecond}) as claim`
  return row!.claim
}

/** Makes mails due again that were leased and not begun. */
export async function releaseMails(sql: Sql, ids: readonly number[]): Promise<void> {
  await sql`
    update mails
    set attempts = attempts - 1, leased_until = null, next_attempt_at = now()
    where id in (${those(sql, ids)}) and status = 'queued'
  `
}

/**
 * Makes a mail due again that was refused for a reason that is not its own: at once, and not as an attempt; or `inSeconds`, where it
 * should let others try first.
 */
export async function releaseRefused(
  sql: Sql,
  id: number,
  { reason, inSeconds = 0 }: { reason: string; inSeconds?: number },
): Promise<void> {
  await sql`
    update mails
    set attempts = attempts - ${inSeconds === 0 ? 1 : 0}, leased_until = null, handed_at = null, last_error = ${reason},
        next_attempt_at = now() + make_interval(secs => ${inSeconds})
    where id = ${id} and status = 'queued'
  `
}

/** Bulk mails are about to be given to the mail server. From here on only a known failure makes them due again. */
export async function markHanded(sql: Sql, ids: readonly number[]): Promise<void> {
  await sql`update mails set handed_at = now() where id in (${those(sql, ids)}) and status = 'queued'`
}

/** Gives up on bulk mails whose process died before the mail server answered: they may have arrived. */
export async function skipHanded(sql: Sql): Promise<void> {
  await sql`
    update mails
    set status = 'skipped', leased_until = null,
        last_error = 'The process ended while the mail server had it; it may have arrived, so it was not sent twice.'
    where status = 'queued' and bulk and next_attempt_at <= now() and handed_at is not null
  `
}

/** The mail server accepted them. */
export async function markSent(sql: Sql, ids: readonly number[]): Promise<void> {
  await sql`
    update mails set status = 'sent', sent_at = now(), leased_until = null, last_error = null
    where id in (${those(sql, ids)})
  `
}

function those(sql: Sql, ids: readonly number[]) {
  return sql`select value::bigint from jsonb_array_elements_text(${sql.json([...ids])})`
}

/** It is not sent: what it was about is no longer so, or for the `reason`. */
export async function markSkipped(sql: Sql, id: number, reason: string | null = null): Promise<void> {
  await sql`
    update mails
    set status = 'skipped', leased_until = null, last_error = coalesce(${reason}, last_error)
    where id = ${id} and status = 'queued'
  `
}

/** It is tried again in `seconds`; or, when it is older than `daysUntilDead`, given up on (dead) until a person looks at it. */
export async function postponeMail(
  sql: Sql,
  id: number,
  failure: { reason: string; seconds: number; daysUntilDead: number },
): Promise<void> {
  await sql`
    update mails
    set status = case
          when coalesce(retried_at, created_at) < now() - make_interval(days => ${failure.daysUntilDead}) then 'dead'
          else 'queued'
        end,
        next_attempt_at = now() + make_interval(secs => ${failure.seconds}),
        leased_until = null,
        handed_at = null,
        last_error = ${failure.reason}
    where id = ${id}
      and status = 'queued'
  `
}

/** The mail server refuses it for good (550): no more attempts. */
export async function markDead(sql: Sql, id: number, reason: string): Promise<void> {
  await sql`
    update mails set status = 'dead', leased_until = null, last_error = ${reason} where id = ${id} and status = 'queued'
  `
}

/** Writes the next copy of a mail (resend-mail.sql). Null when it is not the next one, or somebody else writes it right now. */
export async function insertCopy(
  sql: Sql,
  id: number,
  { by, copy }: { by: Actor; copy: number },
): Promise<number | null> {
  const [row] = await sql<{ id: number | null }[]>`
    select resend_mail(${id}, ${copy}, ${by.actor}, ${originJson(sql, by)}) as id
  `
  return row!.id
}

/** The copy with this number of the mail behind a row; its id is null when there is none, undefined without such a row. */
export async function findCopy(sql: Sql, id: number, copy: number): Promise<{ id: number | null } | undefined> {
  const [row] = await sql<{ id: number | null }[]>`
    select c.id
    from mails m
    left join mails c on c.kind = m.kind and c.subject_key = m.subject_key and c.copy = ${copy}
    where m.id = ${id}
  `
  return row
}

/** Queues a mail again that was given up on, with three more days to try. False: it is not given up (any more). */
export async function retryMail(sql: Sql, id: number, by: Actor): Promise<boolean> {
  const rows = await sql`
    with queued as (
      update mails
      set status = 'queued', next_attempt_at = now(), retried_at = now(), attempts = 0, handed_at = null
      where id = ${id} and status = 'dead'
      returning id, kind, user_id, last_error
    )
    select record_audit(${by.actor}, 'mail.retried', p_user_id => user_id, p_origin => ${originJson(sql, by)},
                        p_details => jsonb_build_object('mail', id, 'kind', kind, 'before', 'dead', 'after', 'queued',
                                                        'error', last_error))
    from queued
  `
  return rows.count > 0
}
