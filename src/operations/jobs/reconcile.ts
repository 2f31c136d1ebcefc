import { settle } from '../../billing/checkout/settle.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { GatewayRefused, GatewayUnavailable } from '../../billing/payments/gateway.ts'
import { leaseOrdersToLookAt, msToSoonestLook, postponeLook } from '../../billing/payments/queries.ts'
import { settleRefunds } from '../../billing/refunds/refunds.ts'
import { isDatabaseDown } from '../../platform/db.ts'
import { noteRefusedKeys } from '../../records/incidents/incidents.ts'
import { insertIncident } from '../../records/incidents/queries.ts'

const aRound = 60
const abreast = 3
const jobLimitMs = 15_000
/** With a run every 30 s that is 300 a minute; Cashfree allows 400 in production, and less is told by its headers. */
const mostARun = 150

/**
 * Asks Cashfree about orders nobody came back for: the browser was closed, the webhook was lost, we were down. Goes on
 * until nothing is due, a run's share is used up, or Cashfree asks to be left alone (429, or its limit runs low) or
 * refuses our keys. Returns how many were asked about.
 */
export async function reconcile(deps: BillingServices): Promise<number> {
  let asked = 0
  for (;;) {
    const limit = Math.min(aRound, mostARun - asked)
    const due = await leaseOrdersToLookAt(deps.sql, limit, deps.config.reconcile.minAgeMs)
    const round = await askAbout(deps, due)
    asked += round.asked
    if (round.stop || asked >= mostARun) return asked
    if (due.length < limit) return wakeForSoonestLook(deps).then(() => asked)
  }
}

let alarm: NodeJS.Timeout | undefined

/** Some looks are wanted sooner than the next run: of this process's runs, the last one says when it begins. */
async function wakeForSoonestLook(deps: BillingServices): Promise<void> {
  const ms = await msToSoonestLook(deps.sql)
  clearTimeout(alarm)
  if (ms === null || ms >= deps.config.reconcile.intervalMs) return
  alarm = setTimeout(() => deps.wake('reconcile'), Math.max(ms, 250)).unref()
}

/** A few at a time. One that cannot be asked about waits; when it is Cashfree that is away, the round ends. */
async function askAbout(deps: BillingServices, orderIds: string[]): Promise<{ asked: number; stop: boolean }> {
  let asked = 0
  let stop = false
  const look = async (orderId: string) => {
    if (stop) return postponeLook(deps.sql, orderId, 10)
    try {
      const outcome = await settle(deps, orderId, 'reconciler', jobLimitMs)
      // What went back in Cashfree's dashboard, its webhook lost, is found by the last looks at an order that brought money.
      if (outcome === 'already-paid' || outcome === 'held' || outcome === 'given-back')
        await settleRefunds(deps, orderId, 'reconciler', jobLimitMs)
      asked++
    } catch (error) {
      const pauseS = pauseAfter(error)
      if (pauseS === null) return setAside(deps, orderId, error)
      stop ||= error instanceof GatewayRefused || (error as GatewayUnavailable).retryAfterS !== null
      deps.log.warn({ orderId, err: error }, 'the reconciler could not ask')
      if (error instanceof GatewayRefused) await noteRefusedKeys(deps.sql, error.status)
      await postponeLook(deps.sql, orderId, pauseS)
    }
  }
  for (let i = 0; i < orderIds.length; i += abreast) await Promise.all(orderIds.slice(i, i + abreast).map(look))
  return { asked, stop }
}

/** One order that cannot be settled must not stop the others: it waits longer, and a person is told of it. */
async function setAside(deps: BillingServices, orderId: string, error: unknown): Promise<void> {
  deps.log.error({ orderId, err: error }, 'an order could not be settled')
  if (isDatabaseDown(error)) return
  // With its time: once a person resolved it, failing again is news.
  await insertIncident(deps.sql, 'settling-fails', orderId, { orderId, at: new Date().toISOString() })
  await postponeLook(deps.sql, orderId, 600)
}

/** Seconds until this order is asked about again; null for what is not Cashfree's doing. */
function pauseAfter(error: unknown): number | null {
  if (error instanceof GatewayUnavailable) return error.retryAfterS ?? 60
  return error instanceof GatewayRefused ? 300 : null
}
