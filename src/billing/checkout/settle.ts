import type { BillingServices, RemoteOrder } from '../payments/gateway.ts'
import { logSettlement } from './log-settlement.ts'
import { settleOrder } from './queries.ts'

/**
 * What settling came to. `paid` is said exactly once per order, `already-paid` ever after; `given-back` when the money
 * went back before it could count; `to-end` when Cashfree was asked to end the order and still holds it open.
 */
export type KnownSettlement =
  | 'paid'
  | 'already-paid'
  | 'waiting'
  | 'closed'
  | 'held'
  | 'unverified'
  | 'given-back'
  | 'to-end'
  | 'unknown-order'

/** While a newer release takes over, its functions may answer what this one has no word for. */
export type Settlement = KnownSettlement | (string & {})

/** Who asks; it is what the audit row says. */
export type SettlementSource = 'return' | 'webhook' | 'poll' | 'reconciler' | 'checkout' | 'api' | 'admin'

/** Looks that come again and again spare Cashfree; the others also want to hear of attempts that failed. */
const manners: Partial<Record<SettlementSource, 'light' | 'patient'>> = { poll: 'light', reconciler: 'patient' }

/**
 * Makes our books agree with the gateway's, for one order. Return page, webhook, status poll and reconciler all call
 * this, any number of times and at once; one call changes anything. The answer always comes from a look that began
 * after the call. Throws GatewayUnavailable when nothing could be learned, and what the database throws.
 */
export function settle(
  deps: BillingServices,
  orderId: string,
  actor: SettlementSource,
  within?: number,
): Promise<Settlement> {
  return oneLookAtATime(orderId, async () => {
    const remote = await deps.gateway.fetchOrder(orderId, within, manners[actor] ?? 'full')
    return settleWith(deps, orderId, remote, actor)
  })
}

/**
 * Writes an answer of the gateway that is already at hand, and wakes the jobs that go on from it. Where Cashfree still takes
 * money for somebody who may not be given what it buys, the order is ended there, and what comes of that is written as well.
 */
export async function settleWith(
  deps: BillingServices,
  orderId: string,
  remote: RemoteOrder,
  actor: SettlementSource,
): Promise<Settlement> {
  const outcome = await write(deps, orderId, remote, actor)
  if (outcome !== 'to-end') return outcome
  return write(deps, orderId, await deps.gateway.terminateOrder(orderId), actor)
}

async function write(
  deps: BillingServices,
  orderId: string,
  remote: RemoteOrder,
  actor: SettlementSource,
): Promise<Settlement> {
  const outcome = await settleOrder(deps.sql, orderId, remote, { actor, seller: deps.config.seller })
  logSettlement(deps, orderId, remote, outcome, actor)
  if (outcome === 'paid') deps.wake('deliver-mails')
  else if (actor !== 'reconciler' && speaksOfMoney(remote, outcome)) deps.wake('reconcile')
  if (outcome === 'unverified') deps.log.warn({ event: 'paid but unverified', orderId, actor }, 'paid but unverified')
  return outcome
}

/** Money that does not count yet, of this order or of another that the answer names: the reconciler is to look again soon. */
function speaksOfMoney({ attempts }: RemoteOrder, outcome: Settlement): boolean {
  if (outcome === 'held' || outcome === 'unverified') return true
  return outcome !== 'already-paid' && (attempts ?? []).some(({ status }) => status === 'SUCCESS')
}

type Looks = { running: Promise<unknown>; next: Promise<Settlement> | null }
const looks = new Map<string, Looks>()

/**
 * Fifty deliveries for one order need two looks, not fifty: callers that arrive while a look is running share the
 * next one. Each process limits only itself; across processes the order's row lock does the rest.
 */
function oneLookAtATime(orderId: string, look: () => Promise<Settlement>): Promise<Settlement> {
  const current = looks.get(orderId)
  if (!current) {
    const running = look()
    looks.set(orderId, { running, next: null })
    running.finally(() => forgetIfIdle(orderId, running)).catch(() => {})
    return running
  }
  current.next ??= current.running
    .catch(() => {})
    .then(() => {
      const running = look()
      looks.set(orderId, { running, next: null })
      running.finally(() => forgetIfIdle(orderId, running)).catch(() => {})
      return running
    })
  return current.next
}

function forgetIfIdle(orderId: string, running: Promise<unknown>) {
  const current = looks.get(orderId)
  if (current?.running === running && current.next === null) looks.delete(orderId)
}
