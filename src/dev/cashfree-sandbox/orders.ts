import type { SandboxContext } from './context.ts'
import { isLive, type Order } from './ledger.ts'

export type OrderStatus = 'ACTIVE' | 'PAID' | 'EXPIRED' | 'TERMINATED' | 'TERMINATION_REQUESTED'

/** What an order is at this moment: read from what happened to it, so that it can never disagree with that. */
export function statusOf(order: Order, now: number): OrderStatus {
  if (order.paidAt !== null) return 'PAID'
  if (order.terminationAskedAt !== null) return order.attempts.some(isLive) ? 'TERMINATION_REQUESTED' : 'TERMINATED'
  return order.expiresAt <= now ? 'EXPIRED' : 'ACTIVE'
}

/** Asks for the end of an order. A paid or expired order keeps its status; an attempt under way may still pay it. */
export function terminate(world: SandboxContext, order: Order) {
  if (statusOf(order, world.clock.now()) !== 'ACTIVE') return
  order.terminationAskedAt = world.clock.now()
  world.changed()
}

/** Lets an order expire now instead of later. */
export function expireNow(world: SandboxContext, order: Order) {
  order.expiresAt = Math.min(order.expiresAt, world.clock.now())
  world.changed()
}
