import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A reminder as its mail needs it. `isOvertaken`: a later step about the same was written, so that this one is not sent. */
export type Reminder = {
  id: number
  userId: string
  ladder: 'renewal' | 'rescue'
  about: string
  step: string
  planName: string
  isOvertaken: boolean
  isPaid: boolean
  mayBeReminded: boolean
}

/** Writes what is due of both ladders (ladder.sql); `isOnSale`: without it nothing unpaid is reminded of. Returns how many. */
export async function queueReminders(sql: Sql, isOnSale: boolean): Promise<number> {
  const [row] = await sql<{ written: number }[]>`
    select queue_renewal_reminders() + ${isOnSale ? sql`queue_rescue_reminders()` : sql`0`} as written
  `
  return row!.written
}

/** The reminder a mail is about, by the mail's subject key "user:about:step". */
export async function findReminder(
  sql: Sql,
  ladder: Reminder['ladder'],
  subjectKey: string,
): Promise<Reminder | undefined> {
  const [userId, about, step] = subjectKey.split(':')
  const [row] = await sql<Reminder[]>`
    select r.id, r.user_id, r.ladder, r.about, r.step, r.plan_name, r.paid_order_id is not null as is_paid,
           exists (select from reminders later where later.user_id = r.user_id and later.ladder = r.ladder and later.about = r.about
                     and later.id > r.id) as is_overtaken,
           may_be_reminded(u) as may_be_reminded
    from reminders r
    join users u on u.id = r.user_id
    where r.user_id = ${userId!} and r.ladder = ${ladder} and r.about = ${about!} and r.step = ${step!}
  `
  return row
}

/** Stops or resumes somebody's reminders. False: it was so already. */
export async function setReminders(sql: Sql, userId: string, isStopped: boolean, by: Actor): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select set_reminders(${userId}, ${isStopped}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** Whether somebody stopped their reminders. */
export async function areRemindersStopped(sql: Sql, userId: string): Promise<boolean> {
  const [row] = await sql<{ stopped: boolean }[]>`
    select reminders_stopped_at is not null as stopped from users where id = ${userId}
  `
  return row?.stopped ?? false
}

/** A person used the link of a reminder. */
export async function noteOpened(sql: Sql, reminderId: number): Promise<void> {
  await sql`select note_opened_reminder(${reminderId})`
}
