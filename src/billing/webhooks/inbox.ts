import type { Actor } from '../../platform/audit-context.ts'
import { AppError } from '../../platform/errors.ts'
import { together } from '../../platform/together.ts'
import { settleUnnumbered } from '../checkout/settle.ts'
import { settleDisputes } from '../disputes/disputes.ts'
import { type BillingServices, isGatewayFailure } from '../payments/gateway.ts'
import { settleRefunds } from '../refunds/refunds.ts'
import { leaseOrdersToSettle, markSettled, postponeSettling, reopenEvent, type WaitingOrder } from './queries.ts'

/** Days after which no delivery is kept, as the privacy notice says: the job `clean` drops them by the month. */
export const eventDays = 180

/** Orders that the webhook endpoint settles at once in a process, and the job as many besides. */
const settlingAtOnce = 16
/** Deliveries that wait for them at most: at 50 ms an order they are settled within a second. What comes then is the job's. */
const longestLine = 500
/** Seconds in which a process settles what it stored, before the job may. */
export const headStartS = 10

/** Time a job may wait for Cashfree, in milliseconds: nobody waits for a page. */
const jobLimitMs = 15_000
/** The same where somebody does. */
const pageLimitMs = 4_000

/**
 * Settles the order that stored deliveries are about. Resolves once that is over; the deliveries are `marked` done when its receipt has
 * its number, together with others. Neither ever rejects: the rows wait for the job.
 */
async function settleEvent(
  services: BillingServices,
  waiting: WaitingOrder,
  withinMs = jobLimitMs,
): Promise<{ marked: Promise<void> }> {
  const { orderId, refunds, disputes } = waiting
  const postpone = async (error: unknown) => {
    services.log.warn({ orderId, err: error }, 'a delivery could not be settled yet')
    const away = isGatewayFailure(error)
    await postponeSettling(services.sql, waiting, away ? `Cashfree: ${error.message}` : 'failed').catch(() => {})
  }
  try {
    const { settlement, numbered } = await settleUnnumbered(services, orderId, 'webhook', withinMs)
    const { outcome } = settlement
    const back = refunds ? await settleRefunds(services, orderId, 'webhook', withinMs) : null
    const disputed = disputes ? await settleDisputes(services, orderId, 'webhook', withinMs) : null
    if ([outcome, back, disputed].includes('unverified')) await postponeSettling(services.sql, waiting, 'unverified')
    else return { marked: numbered.then(() => markerOf(services.sql)({ ...waiting, outcome })).catch(postpone) }
  } catch (error) {
    await postpone(error)
  }
  return { marked: Promise.resolve() }
}

type Settled = WaitingOrder & { outcome: string }
const markers = new WeakMap<BillingServices['sql'], (settled: Settled) => Promise<void>>()

/** Marks deliveries done, many by one statement: the numbers that they wait for come together as well. */
function markerOf(sql: BillingServices['sql']): (settled: Settled) => Promise<void> {
  const all = async (settled: Settled[]) => {
    await markSettled(sql, settled)
    return settled.map(() => {})
  }
  const marker = markers.get(sql) ?? together(all, { lanes: 1, most: 100 })
  markers.set(sql, marker)
  return marker
}

/** A place among the deliveries that this process settles itself: what it stored, or null where nothing is to be settled. */
type Place = { use(waiting: WaitingOrder | null): void }

/** Settles what the webhook endpoint stored, in the order it came. */
export function settlingLanes(services: BillingServices): { take(): Place | null } {
  const line: { waiting: WaitingOrder; until: number }[] = []
  let taken = 0
  let free = settlingAtOnce

  async function settleNext(): Promise<void> {
    if (free === 0) return
    free--
    for (let next = line.shift(); next; next = line.shift()) {
      // Cashfree was slow, and the job may have begun with it.
      if (performance.now() > next.until) services.wake('settle-events')
      else await settleEvent(services, next.waiting)
      taken--
    }
    free++
  }

  return {
    /** Before the delivery is stored, for its row says how long the job leaves it alone. Null: it is the job's at once. */
    take() {
      if (taken >= settlingAtOnce + longestLine) return null
      taken++
      const until = performance.now() + headStartS * 1000
      return {
        use(waiting) {
          if (waiting === null) taken--
          else line.push({ waiting, until })
          void settleNext()
        },
      }
    },
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
    const marked: Promise<void>[] = []
    const lane = async () => {
      for (const waiting of next) marked.push((await settleEvent(services, waiting)).marked)
    }
    await Promise.all(Array.from({ length: settlingAtOnce }, lane))
    await Promise.all(marked)
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
  await (await settleEvent(services, waiting, pageLimitMs)).marked
}
