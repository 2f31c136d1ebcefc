import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A pause of the whole queue, because the mail server refuses us. Over at `until`, when one mail tries again. */
export type QueuePause = { since: Date; until: Date; reason: string; isOver: boolean }

/** Stops all processes from sending for a while; see pause-mail-queue.sql. */
export async function pauseQueue(sql: Sql, given: { reason: string; isProbe: boolean }): Promise<void> {
  await sql`select pause_mail_queue(${given.reason}, ${given.isProbe})`
}

/** The mail server takes mails again. */
export async function resumeQueue(sql: Sql): Promise<void> {
  await sql`select resume_mail_queue()`
}

/** Gives the turn of a mail that was not sent to another. `perSecond`: the limit by which it was taken. */
export async function returnTurn(sql: Sql, perSecond: number): Promise<void> {
  await sql`update mail_queue set next_send_at = next_send_at - make_interval(secs => ${1 / perSecond}::float8)`
}

/** Lets the next mail try now whether the mail server takes mails again. */
export async function probeQueueNow(sql: Sql): Promise<void> {
  await sql`select probe_mail_queue_now()`
}

/** The same because a person asked; the audit says who. False: the queue does not pause. */
export async function cutPauseShort(sql: Sql, by: Actor): Promise<boolean> {
  const rows = await sql`
    with pause as (select paused_since, pause_reason from mail_queue where paused_since is not null)
    select probe_mail_queue_now(),
           record_audit(${by.actor}, 'mails.resumed', p_origin => ${originJson(sql, by)},
                        p_details => jsonb_build_object('pausedSince', paused_since, 'reason', pause_reason))
    from pause
  `
  return rows.count > 0
}

/** The pause that is under way, null when mails are sent as usual. */
export async function readQueuePause(sql: Sql): Promise<QueuePause | null> {
  const [row] = await sql<QueuePause[]>`
    select paused_since as since, paused_until as until, pause_reason as reason, paused_until <= now() as is_over
    from mail_queue
    where paused_since is not null
  `
  return row ?? null
}
