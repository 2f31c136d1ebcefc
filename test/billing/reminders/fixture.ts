import { subscriber } from '../../account/people.ts'
import type { TestApp } from '../../support/app.ts'

/** Whatever the hour, reminders may go now, or may not. */
export async function atAnHour(app: TestApp, isDaytime: boolean) {
  await app.sql.unsafe(
    `create or replace function reminders_may_go_now() returns boolean language sql stable as 'select ${isDaytime}'`,
  )
}

/** A subscriber whose last period ends at noon so many Indian days from today; what was mailed before is forgotten. */
export async function endingIn(app: TestApp, days: number) {
  const person = await subscriber(app)
  await endsIn(app, person.userId, days)
  await app.run('deliver-mails')
  return person
}

/** Moves somebody's end to noon so many Indian days from today, and their status along. */
export async function endsIn(app: TestApp, userId: string, days: number) {
  await app.sql`
    with moved as (
      select ((now() at time zone 'Asia/Kolkata')::date + ${days}::int + time '12:00') at time zone 'Asia/Kolkata' as at
    ), periods as (
      update subscription_periods set starts_at = moved.at - (ends_at - starts_at), ends_at = moved.at from moved where user_id = ${userId}
    )
    update subscriptions set current_period_end = moved.at, current_period_start = moved.at - interval '30 days', status = 'active'
    from moved where user_id = ${userId}`
  await app.run('keep-statuses')
}

/** Reminders that were written and sent before count as yesterday's. */
export const nextDay = (app: TestApp) => app.sql`
  with sent as (update mails set sent_at = sent_at - interval '1 day' where kind in ('renewal', 'rescue'))
  update reminders set queued_at = queued_at - interval '1 day'`

/** Writes and delivers what is due; answers the mails of a kind to this address, oldest first. */
export async function mailed(app: TestApp, email: string, subject: RegExp) {
  await app.run('remind')
  await app.run('deliver-mails')
  const mails = (await app.mailbox.list()).filter(
    (mail) => mail.recipients.includes(email) && subject.test(mail.subject),
  )
  return mails.sort((one, other) => one.receivedAt.localeCompare(other.receivedAt))
}

/** The path of the link in a mail's text. */
export function pathIn(app: TestApp, text: string | null | undefined, path: string): string {
  const link = new RegExp(`${app.config.baseUrl}(/${path}/[\\w-]+)$`, 'm').exec(text ?? '')?.[1]
  if (!link) throw new Error(`no link to /${path} in the mail`)
  return link
}
