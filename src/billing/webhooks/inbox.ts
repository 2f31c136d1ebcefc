import { setTimeout as pause } from 'node:timers/promises'
import type { Actor } from '../../platform/audit-context.ts'
import { AppError } from '../../platform/errors.ts'
import { together } from '../../platform/together.ts'
import { settleUnnumbered } from '../checkout/settle.ts'
import { settleDisputes } from '../disputes/disputes.ts'
import { refreshPatiently } from '../mandates/charging.ts'
import { type BillingServices, isGatewayFailure } from '../payments/gateway.ts'
import { parseGatewayJson } from '../payments/gateway-json.ts'
import { settleDebitRefunds, settleRefunds } from '../refunds/refunds.ts'
import { readMandateEvent } from './mandate-event.ts'
import {
  findOrderOfDebit,
  isMandate,
  leaseOrdersToSettle,
  listRefundEvents,
  markSettled,
  postponeSettling,
  reopenEvent,
  type WaitingOrder,
} from './queries.ts'

/** Days after which no delivery is kept, as the privacy notice says: the job `clean` drops them by the month. */
export const eventDays = 180

/** Orders that the webhook endpoint settles at once in a process, and the job as many besides. */
const settlingAtOnce = 16
/** Deliveries that wait for them at most: at 50 ms an order they are settled within two seconds. What comes then is the job’s. */
const longestLine = 500
/** Seconds in which a process settles what it stored, before the job may. */
const headStartS = 10

/** Time a job may wait for Cashfree, in milliseconds: nobody waits for a page. */
const jobLimitMs = 15_000
/** The same where somebody does. */
const pageLimitMs = 4_000

/**
 * Settles the order or mandate that stored deliveries are about. Resolves once that is over; the deliveries are `marked` done when its
 * receipt has its number, together with others. Neither ever rejects: the rows wait for the job.
 */
async function settleEvent(
  services: BillingServices,
  waiting: WaitingOrder,
  withinMs = jobLimitMs,
): Promise<{ marked: Promise<unknown> }> {
  const { orderId } = waiting
  const postpone = async (error: unknown) => {
    services.log.warn({ orderId, err: error }, 'a delivery could not be settled yet')
    const away = isGatewayFailure(error)
    await postponeSettling(services.sql, waiting, away ? `Cashfree: ${error.message}` : 'failed').catch(() => {})
  }
  try {
    const { outcome, numbered, isUnverified } = await (isMandate(waiting)
      ? settleMandateOf(services, waiting)
      : settleOrderOf(services, waiting, withinMs))
    if (isUnverified) await postponeSettling(services.sql, waiting, 'unverified')
    else return { marked: numbered.then(() => mark(services.sql, { ...waiting, outcome })).catch(postpone) }
  } catch (error) {
    await postpone(error)
  }
  return { marked: Promise.resolve() }
}

/** `isUnverified`: Cashfree left open what it was asked, and has to be asked again. */
type Came = { outcome: string; numbered: Promise<void>; isUnverified: boolean }

async function settleOrderOf(
  services: BillingServices,
  { orderId, refunds, disputes }: WaitingOrder,
  withinMs: number,
): Promise<Came> {
  const { settlement, numbered } = await settleUnnumbered(services, orderId, 'webhook', withinMs)
  const { outcome } = settlement
  const back = refunds ? await settleRefunds(services, orderId, 'webhook', withinMs) : null
  const disputed = disputes ? await settleDisputes(services, orderId, 'webhook', withinMs) : null
  return { outcome, numbered, isUnverified: [outcome, back, disputed].includes('unverified') }
}

async function settleMandateOf(services: BillingServices, waiting: WaitingOrder): Promise<Came> {
  const outcome = await refreshPatiently(services, waiting.orderId, 'webhook')
  const back = waiting.refunds ? await settleNamedRefunds(services, waiting) : []
  return { outcome, numbered: Promise.resolve(), isUnverified: [outcome, ...back].includes('unverified') }
}

/** Cashfree lists no refunds of a debit, so those that the deliveries name are asked about: it may have made them in its dashboard. */
async function settleNamedRefunds(services: BillingServices, waiting: WaitingOrder): Promise<string[]> {
  const outcomes: string[] = []
  for (const body of await listRefundEvents(services.sql, waiting)) {
    const event = readMandateEvent(parseGatewayJson(body.toString('utf8')))
    const orderId = await findOrderOfDebit(services.sql, event)
    if (orderId === undefined || event.refundId === null) continue
    const refund = { orderId, subscriptionId: waiting.orderId, named: event.refundId }
    outcomes.push(await settleDebitRefunds(services, refund, 'webhook', jobLimitMs))
  }
  return outcomes
}

/**
 * Marks deliveries done, many by one statement: the numbers that they wait for come together as well. Nobody waits for this, so a slow
 * statement is no reason to leave the line.
 */
const mark = together(
  async (sql: BillingServices['sql'], settled: (WaitingOrder & { outcome: string })[]) => {
    await markSettled(sql, settled)
    return settled
  },
  { lanes: 1, most: 100, patienceMs: 60_000 },
)

/** What becomes of a delivery that is about to be stored: the job leaves it alone for `headStartS`, and `settle` is told of it, or of nothing. */
type Place = { headStartS: number; settle(waiting: WaitingOrder | null): void }

/** Settles what the webhook endpoint stores, in the order it came, while few wait for that; in a rush the rest is the job's, which is woken. */
export function settlingLanes(services: BillingServices): { takePlace(): Place } {
  const line: { waiting: WaitingOrder; until: number }[] = []
  lines.set(services.sql, line)
  let taken = 0
  let free = settlingAtOnce
  let waking: NodeJS.Timeout | undefined

  async function settleNext(): Promise<void> {
    if (free === 0) return
    free--
    for (let next = line.shift(); next; next = line.shift()) {
      // Cashfree was slow, and the job may have begun with it.
      if (performance.now() > next.until) leaveToJob()
      else await settleEvent(services, next.waiting)
      taken--
    }
    free++
  }

  /** Hundreds are one wake. */
  function leaveToJob(): void {
    if (waking) return
    waking = setTimeout(() => {
      waking = undefined
      services.wake('settle-events')
    }, 100).unref()
  }

  return {
    takePlace() {
      if (taken >= settlingAtOnce + longestLine)
        return { headStartS: 0, settle: (waiting) => void (waiting && leaveToJob()) }
      taken++
      const until = performance.now() + headStartS * 1000
      return {
        headStartS,
        settle(waiting) {
          if (waiting === null) taken--
          else line.push({ waiting, until })
          void settleNext()
        },
      }
    },
  }
}

/** Deliveries of a pool's process that wait in line. */
const lines = new WeakMap<BillingServices['sql'], readonly unknown[]>()
/** Longest time for which others give way to them, in milliseconds. */
const givingWayMs = 1_000

/**
 * Payments before papers: waits until no delivery that this process stored waits for a lane, a second at most. What is made of payments
 * afterwards takes the same processors. Never rejects.
 */
export async function giveWayToInbox({ sql }: Pick<BillingServices, 'sql'>): Promise<void> {
  const end = performance.now() + givingWayMs
  while ((lines.get(sql)?.length ?? 0) > 0 && performance.now() < end) await pause(20)
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
    const marked: Promise<unknown>[] = []
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
 * settling asks Cashfree. Throws AppError `not-found` for a delivery that was refused or names nothing of ours.
 */
export async function replayEvent(services: BillingServices, eventId: number, by: Actor): Promise<void> {
  const waiting = await reopenEvent(services.sql, eventId, by)
  if (!waiting)
    throw new AppError('not-found', 'This delivery cannot be replayed: it was refused, or it names no order of ours.')
  await (await settleEvent(services, waiting, pageLimitMs)).marked
}
