import type { Actor } from '../../platform/audit-context.ts'
import { AppError } from '../../platform/errors.ts'
import { settle } from '../checkout/settle.ts'
import { settleDisputes } from '../disputes/disputes.ts'
import { type BillingServices, isGatewayFailure } from '../payments/gateway.ts'
import { settleRefunds } from '../refunds/refunds.ts'
import { leaseOrdersToSettle, markSettled, postponeSettling, reopenEvent, type WaitingOrder } from './queries.ts'

/** Days after which no delivery is kept, as the privacy notice says: the job `clean` drops them by the month. */
export const eventDays = 180

/** Orders that the webhook endpoint settles at once in a process, and the job as many besides. */
export const settlingAtOnce = 8

/** Time a job may wait for Cashfree, in milliseconds: nobody waits for a page. */
const jobLimitMs = 15_000
/** The same where somebody does. */
const pageLimitMs = 4_000

/** Settles the order that stored deliveries are about, and marks them done. Never throws: the rows wait for the job. */
export async function settleEvent(
  services: BillingServices,
  waiting: WaitingOrder,
  withinMs = jobLimitMs,
): Promise<void> {
  const { orderId, refunds, disputes } = waiting
  try {
    const { outcome } = await settle(services, orderId, 'webhook', withinMs)
    const back = refunds ? await settleRefunds(services, orderId, 'webhook', withinMs) : null
    const disputed = disputes ? await settleDisputes(services, orderId, 'webhook', withinMs) : null
    if ([outcome, back, disputed].includes('unverified')) await postponeSettling(services.sql, waiting, 'unverified')
    else await markSettled(services.sql, waiting, outcome)
  } catch (error) {
    services.log.warn({ orderId, err: error }, 'a delivery could not be settled yet')
    const away = isGatewayFailure(error)
    await postponeSettling(services.sql, waiting, away ? `Cashfree: ${error.message}` : 'failed').catch(() => {})
  }
}

/** While Cashfree is silent, the first of many wait again before the last was tried. */
const maxPerRun = 1_000

/** The job: settles what was not settled when it arrived, in this process or in one that died. Returns how many orders. */
export async function settleWaitingEvents(services: BillingServices): Promise<number> {
  let settled = 0
  while (settled < maxPerRun) {
    const due = await leaseOrdersToSettle(services.sql, 100)
    if (due.length === 0) break
    settled += due.length
    const next = due.values()
    const lane = async () => {
      for (const waiting of next) await settleEvent(services, waiting)
    }
    await Promise.all(Array.from({ length: settlingAtOnce }, lane))
  }
  return settled
}

/**
 * Settles again what a stored delivery is about, because a person asked; the audit says who. Harmless however often, for
 * settling asks Cashfree. Throws AppError `not-found` for a delivery that was refused or names no order of ours.
 */
export async function replayEvent(services: BillingServices, eventId: number, by: Actor): Promise<void> {
  const waiting = await reopenEvent(services.sql, eventId, by)
  if (!waiting)
    throw new AppError('not-found', 'This delivery cannot be replayed: it was refused, or it names no order of ours.')
  await settleEvent(services, waiting, pageLimitMs)
}
