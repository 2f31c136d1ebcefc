import { settle } from '../checkout/settle.ts'
import type { Deps } from '../deps.ts'
import { GatewayRefused, GatewayUnavailable } from '../payments/gateway.ts'
import { listOrdersToLookAt, postponeLook } from '../payments/queries.ts'

const aRound = 120
const abreast = 3
const jobLimitMs = 15_000

/**
 * Asks Cashfree about orders nobody came back for: the browser was closed, the webhook was lost, we were down. Oldest
 * look first. When Cashfree asks to be left alone (429) or refuses our keys, the round ends there. Returns how many were asked about.
 */
export async function reconcile(deps: Deps): Promise<number> {
  const due = await listOrdersToLookAt(deps.sql, aRound, deps.config.reconcile.minAgeMs)
  let asked = 0
  let stop = false
  const look = async (orderId: string) => {
    try {
      await settle(deps, orderId, 'reconciler', jobLimitMs)
      asked++
    } catch (error) {
      const pauseS = pauseAfter(error)
      if (pauseS === null) throw error
      stop ||= (error as GatewayUnavailable).retryAfterS != null || error instanceof GatewayRefused
      deps.log.warn({ orderId, err: error }, 'the reconciler could not ask')
      await postponeLook(deps.sql, orderId, pauseS)
    }
  }
  for (let i = 0; i < due.length && !stop; i += abreast) await Promise.all(due.slice(i, i + abreast).map(look))
  return asked
}

function pauseAfter(error: unknown): number | null {
  if (error instanceof GatewayUnavailable) return error.retryAfterS ?? 60
  return error instanceof GatewayRefused ? 300 : null
}
