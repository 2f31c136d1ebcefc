import type { Deps } from '../deps.ts'
import type { RemoteOrder } from '../payments/gateway.ts'
import { settleOrder } from './queries.ts'
import { tellSettled } from './telling.ts'

/** What settling came to. `paid` is said exactly once per order, `already-paid` ever after. */
export type Settlement =
  | 'paid'
  | 'already-paid'
  | 'waiting'
  | 'closed'
  | 'held'
  | 'unverified'
  | 'unknown-order'
  | (string & {})

/** Who asks; it is what the audit row says. */
export type Actor = 'return' | 'webhook' | 'poll' | 'reconciler' | 'checkout' | 'api' | 'admin'

/** Looks that come again and again spare Cashfree; the others also want to hear of attempts that failed. */
const manners: Partial<Record<Actor, 'light' | 'patient'>> = { poll: 'light', reconciler: 'patient' }

/**
 * Makes our books agree with the gateway's, for one order. Return page, webhook, status poll and reconciler all call
 * this, any number of times and at once; one call changes anything. The answer always comes from a look that began
 * after the call. Throws GatewayUnavailable when nothing could be learned, and what the database throws.
 */
export function settle(deps: Deps, orderId: string, actor: Actor, within?: number): Promise<Settlement> {
  return oneLookAtATime(orderId, async () => {
    const remote = await deps.gateway.fetchOrder(orderId, within, manners[actor] ?? 'full')
    return settleWith(deps, orderId, remote, actor)
  })
}

/** Writes an answer of the gateway that is already at hand, and wakes the mail job when it brought money. */
export async function settleWith(deps: Deps, orderId: string, remote: RemoteOrder, actor: Actor): Promise<Settlement> {
  const outcome = await settleOrder(deps.sql, orderId, remote, { actor, seller: deps.config.seller })
  tellSettled(deps, orderId, remote, outcome, actor)
  if (outcome === 'paid') deps.wake('deliver-mails')
  if (outcome === 'unverified') deps.log.warn({ event: 'paid but unverified', orderId, actor }, 'paid but unverified')
  return outcome
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
