import type { SandboxContext } from './context.ts'
import { isLive, type Order } from './model.ts'

export type OrderStatus = 'ACTIVE' | 'PAID' | 'EXPIRED' | 'TERMINATED' | 'TERMINATION_REQUESTED'

/** The status of an order at a moment, derived from what happened to it. */
export function statusOf(order: Order, now: number): OrderStatus {
  if (order.paidAt !== null) return 'PAID'
  if (order.terminationAskedAt !== null) return order.attempts.some(isLive) ? 'TERMINATION_REQUESTED' : 'TERMINATED'
  return order.expiresAt <= now ? 'EXPIRED' : 'ACTIVE'
}

/** Asks to terminate an order. A paid or expired order keeps its status; an attempt under way may still pay it. */
export function terminate(context: SandboxContext, order: Order) {
  if (statusOf(order, context.clock.now()) !== 'ACTIVE') return
  order.terminationAskedAt = context.clock.now()
  context.changed()
}

/** Lets an order expire now instead of later. */
export function expireNow(context: SandboxContext, order: Order) {
  order.expiresAt = Math.min(order.expiresAt, context.clock.now())
  context.changed()
}
