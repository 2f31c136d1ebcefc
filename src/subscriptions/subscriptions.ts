import type { Sql } from '../platform/db.ts'
import { findSubscriptionRow, insertRenewalMails, keepStatusesInStep as keepInStep } from './queries.ts'

/**
 * Where a subscription stands by the database's clock.
 * pending: never paid · active: until `currentPeriodEnd` · grace: three days more · expired · cancelled.
 */
export type Subscription = {
  userId: string
  status: 'pending' | 'active' | 'grace' | 'expired' | 'cancelled'
  isPaid: boolean
  /** The one question the rest of the house asks: may this person see the analyser now? */
  hasAccess: boolean
  planKey: string | null
  planName: string | null
  planTitle: string | null
  currentPeriodStart: Date | null
  currentPeriodEnd: Date | null
  graceEndsAt: Date | null
}

/** A user's subscription; every account has one from the moment it is opened. */
export async function subscriptionOf(sql: Sql, userId: string): Promise<Subscription> {
  const found = await findSubscriptionRow(sql, userId)
  if (!found) throw new Error('an account without a subscription row')
  return found
}

/** Writes down what the clock already decided (active → grace → expired) for those who query the table. Returns how many changed. */
export async function keepStatusesInStep(sql: Sql): Promise<number> {
  return keepInStep(sql)
}

/** Writes the mails that tell subscribers their period ends: 7 days and 1 day before. Once each, however often it runs. */
export async function queueRenewalMails(sql: Sql): Promise<number> {
  return insertRenewalMails(sql)
}
