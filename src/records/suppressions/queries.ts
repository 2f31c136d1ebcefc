import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { MailEvent } from './notifications.ts'

/** An address that gets no mail, or no mail that it did not ask for, and what its provider said. */
export type Suppression = {
  id: number
  email: string
  kind: 'hard-bounce' | 'complaint'
  reason: string
  provider: string
  since: Date
}

/** How many events were new, came again, or were about addresses that we never wrote to. */
type Taken = { news: number; repeated: number; unknown: number }

/** Stores what a provider reports, each event once, and suppresses addresses by it; see take-notification.sql. */
export async function takeNotification(
  sql: Sql,
  provider: string,
  { key, events }: { key: string; events: readonly MailEvent[] },
): Promise<Taken> {
  const [row] = await sql<{ taken: Taken }[]>`
    select take_mail_notification(${provider}, ${key.replaceAll('\0', '').slice(0, 200).toWellFormed()}, ${sql.json([...events])}) as taken
  `
  return row!.taken
}

/** The suppression of an address; undefined where there is none. */
export async function findSuppression(sql: Sql, email: string): Promise<Suppression | undefined> {
  const [row] = await sql<Suppression[]>`
    select id, email, kind, reason, provider, since from mail_suppressions where email = lower(${email})
  `
  return row
}

/** Sends mails to an address again because a person says so; the audit says who. False: it is not suppressed (any more). */
export async function liftSuppression(sql: Sql, email: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ lifted: boolean }[]>`
    select lift_suppression(lower(${email}), ${by.actor}, ${originJson(sql, by)}) as lifted
  `
  return row!.lifted
}
