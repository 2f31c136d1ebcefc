import { settle } from '../../billing/checkout/settle.ts'
import { type BillingServices, GatewayRefused, GatewayUnavailable } from '../../billing/payments/gateway.ts'
import { leaseOrdersToLookAt, msToSoonestLook, postponeLook } from '../../billing/payments/queries.ts'
import { settleRefunds } from '../../billing/refunds/refunds.ts'
import { isDatabaseDown } from '../../platform/db.ts'
import { noteRefusedKeys } from '../../records/incidents/incidents.ts'
import { insertIncident } from '../../records/incidents/queries.ts'

const batchSize = 60
const concurrency = 3
const jobLimitMs = 15_000
/** With a run every 30 s, 300 calls a minute. Cashfree allows 400 in production, or less as its headers say. */
const maxPerRun = 150

/**
 * Asks Cashfree about orders whose payment neither page nor webhook reported: the browser was closed, the webhook was
 * lost, the product was down. Goes on until nothing is due, `maxPerRun` is reached, or Cashfree limits the rate (429, or
 * its limit runs low) or refuses the keys. Returns how many orders it asked about.
 */
export async function reconcile(services: BillingServices): Promise<number> {
  let asked = 0
  // Counted by what was tried: while Cashfree is silent, orders are due again before all were tried, and that would never end.
  for (let tried = 0; tried < maxPerRun; ) {
    const limit = Math.min(batchSize, maxPerRun - tried)
    const due = await leaseOrdersToLookAt(services.sql, limit, services.config.reconcile.minAgeMs)
    const batch = await settleBatch(services, due)
    asked += batch.asked
    tried += due.length
    if (batch.stop) return asked
    if (due.length < limit) return wakeForNextDue(services).then(() => asked)
  }
  return asked
}

let timer: NodeJS.Timeout | undefined

/** Wakes the job when an order is due before its next run. A later call in this process replaces the timer. */
async function wakeForNextDue(services: BillingServices): Promise<void> {
  const ms = await msToSoonestLook(services.sql)
  clearTimeout(timer)
  if (ms === null || ms >= services.config.reconcile.intervalMs) return
  timer = setTimeout(() => services.wake('reconcile'), Math.max(ms, 250)).unref()
}

/** Settles a few orders at a time. One that fails is postponed, and so are the rest once Cashfree refuses or limits the calls. */
async function settleBatch(services: BillingServices, orderIds: string[]): Promise<{ asked: number; stop: boolean }> {
  let asked = 0
  let stop = false
  const settleOne = async (orderId: string) => {
    if (stop) return postponeLook(services.sql, orderId, 10)
    try {
      const { outcome } = await settle(services, orderId, 'reconciler', jobLimitMs)
      // Finds refunds made in Cashfree's dashboard whose webhook was lost.
      if (outcome === 'already-paid' || outcome === 'held' || outcome === 'given-back')
        await settleRefunds(services, orderId, 'reconciler', jobLimitMs)
      asked++
    } catch (error) {
      const retryS = retryAfter(error)
      if (retryS === null) return postponeFailing(services, orderId, error)
      stop ||= error instanceof GatewayRefused || (error as GatewayUnavailable).retryAfterS !== null
      services.log.warn({ orderId, err: error }, 'the reconciler could not settle an order')
      if (error instanceof GatewayRefused) await noteRefusedKeys(services.sql, error.status)
      await postponeLook(services.sql, orderId, retryS)
    }
  }
  for (let i = 0; i < orderIds.length; i += concurrency)
    await Promise.all(orderIds.slice(i, i + concurrency).map(settleOne))
  return { asked, stop }
}

/** An order that cannot be settled does not stop the others: it waits longer, and an incident is opened. */
async function postponeFailing(services: BillingServices, orderId: string, error: unknown): Promise<void> {
  services.log.error({ orderId, err: error }, 'an order could not be settled')
  if (isDatabaseDown(error)) return
  // `at` makes a later failure differ from one that was resolved.
  await insertIncident(services.sql, 'settling-fails', orderId, { orderId, at: new Date().toISOString() })
  await postponeLook(services.sql, orderId, 600)
}

/** Seconds until this order is asked about again; null when Cashfree is not the cause. */
function retryAfter(error: unknown): number | null {
  if (error instanceof GatewayUnavailable) return error.retryAfterS ?? 60
  return error instanceof GatewayRefused ? 300 : null
}
