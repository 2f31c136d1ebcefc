import type { SandboxContext } from './context.ts'
import { nextCfId } from './ids.ts'
import { type Attempt, addRefund, type Order, type Refund, type RefundStatus } from './ledger.ts'
import { announceRefund } from './webhooks/announce.ts'

/** What can still be refunded of an order, in paise. */
export function refundable(order: Order): number {
  const captured = order.attempts
    .filter((attempt) => attempt.status === 'SUCCESS')
    .map((attempt) => attempt.amountPaise)
  return sum(captured) - sum(standing(order).map((refund) => refund.amountPaise))
}

/** Opens a refund that the merchant asked for; it is PENDING and settles by itself. */
export function openRefund(
  world: SandboxContext,
  order: Order,
  asked: { id: string; amountPaise: number; note: string | null; speed: string },
): Refund {
  return open(world, order, payerOf(order, asked.amountPaise), { ...asked, automatic: false })
}

/** Sends back a success that came after the time limit. */
export function refundAutomatically(world: SandboxContext, order: Order, attempt: Attempt) {
  const { amountPaise } = attempt
  open(world, order, attempt, { id: `auto_${attempt.id}`, amountPaise, note: null, speed: 'STANDARD', automatic: true })
}

/** Brings a refund to an end, or parks it (ONHOLD, which is announced to nobody). */
export function settleRefund(world: SandboxContext, refund: Refund, status: RefundStatus) {
  refund.status = status
  refund.settlesAt = null
  world.ledger.liveRefunds.delete(refund)
  if (status === 'SUCCESS') {
    refund.processedAt = world.clock.now()
    refund.arn = `2104${refund.cfId.slice(-11)}`
  }
  if (status !== 'PENDING' && status !== 'ONHOLD') announceRefund(world, refund)
  world.changed()
}

function open(
  world: SandboxContext,
  order: Order,
  attempt: Attempt,
  asked: Pick<Refund, 'id' | 'amountPaise' | 'note' | 'speed' | 'automatic'>,
): Refund {
  const now = world.clock.now()
  const refund: Refund = {
    ...asked,
    cfId: nextCfId(world),
    orderId: order.id,
    attemptId: attempt.id,
    status: 'PENDING',
    createdAt: now,
    settlesAt: now + world.settings.refundDelayMs,
    processedAt: null,
    arn: null,
  }
  addRefund(world.ledger, order, refund)
  world.changed()
  return refund
}

/** The success that a refund of this size is taken from: an order paid twice has two. */
function payerOf(order: Order, amountPaise: number): Attempt {
  const paid = order.attempts.filter((attempt) => attempt.status === 'SUCCESS')
  const left = (attempt: Attempt) =>
    attempt.amountPaise -
    sum(standing(order).flatMap((refund) => (refund.attemptId === attempt.id ? [refund.amountPaise] : [])))
  return paid.find((attempt) => left(attempt) >= amountPaise) ?? paid[0]!
}

function standing(order: Order): Refund[] {
  return order.refunds.filter((refund) => !refund.automatic && !['FAILED', 'CANCELLED'].includes(refund.status))
}

function sum(amounts: number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0)
}
