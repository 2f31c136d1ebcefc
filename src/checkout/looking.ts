import { setTimeout as pause } from 'node:timers/promises'
import type { Deps } from '../deps.ts'
import { GatewayRefused, GatewayUnavailable } from '../payments/gateway.ts'
import type { Order } from '../payments/payments.ts'
import { type Actor, settle } from './settle.ts'

/** Fewest milliseconds between two questions about one order that people's browsers can cause. */
const spacingMs = 2_000
const lastReturn = new Map<string, number>()

/**
 * Asks about an order because its payer came back. The first time at once; a reload waits its turn rather than show
 * an old answer, because it may be the second return, after a second attempt.
 */
export async function askForReturn(deps: Deps, orderId: string): Promise<void> {
  const turn = Math.max(Date.now(), (lastReturn.get(orderId) ?? 0) + spacingMs)
  const wait = turn - Date.now()
  if (wait <= spacingMs) {
    lastReturn.delete(orderId)
    lastReturn.set(orderId, turn)
    if (lastReturn.size > 10_000) lastReturn.delete(lastReturn.keys().next().value!)
    if (wait > 0) await pause(wait)
  } else await pause(spacingMs)
  await ask(deps, orderId, 'return')
}

/** Asks about an unpaid order unless somebody did within the last `freshMs`. Never throws because Cashfree is away. */
export async function lookUnlessFresh(deps: Deps, order: Order, actor: Actor, freshMs: number): Promise<void> {
  if (order.status === 'paid') return
  if (order.askedAt && Date.now() - order.askedAt.getTime() < freshMs) return
  await ask(deps, order.id, actor)
}

async function ask(deps: Deps, orderId: string, actor: Actor): Promise<void> {
  try {
    await settle(deps, orderId, actor)
  } catch (error) {
    if (!(error instanceof GatewayUnavailable || error instanceof GatewayRefused)) throw error
    deps.log.warn({ orderId, err: error }, 'Cashfree could not be asked')
  }
}
