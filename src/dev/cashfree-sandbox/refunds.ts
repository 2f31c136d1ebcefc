import type { SandboxContext } from './context.ts'
import { nextCfId } from './ids.ts'
import { addRefund } from './ledger.ts'
import type { Attempt, Order, Refund, RefundStatus } from './model.ts'
import { announceRefund } from './webhooks/announce.ts'

/** How much of an order can still be refunded, in paise. */
export function refundable(order: Order): number {
  const captured = order.attempts
    .filter((attempt) => attempt.status === 'SUCCESS')
    .map((attempt) => attempt.amountPaise)
  return sum(captured) - sum(unfailedRefunds(order).map((refund) => refund.amountPaise))
}

/** Opens a refund that the merchant asked for; it is PENDING and settles by itself. */
export function openRefund(
  context: SandboxContext,
  order: Order,
  asked: { id: string; amountPaise: number; note: string | null; speed: string },
): Refund {
  return open(context, order, payerOf(order, asked.amountPaise), { ...asked, automatic: false })
}

/** Refunds a success that came after the time limit. */
export function refundAutomatically(context: SandboxContext, order: Order, attempt: Attempt) {
  const { amountPaise } = attempt
  open(context, order, attempt, {
    id: `auto_${attempt.id}`,
    amountPaise,
    note: null,
    speed: 'STANDARD',
    automatic: true,
  })
}

/** Gives a refund its status. PENDING and ONHOLD send no webhook. */
export function settleRefund(context: SandboxContext, refund: Refund, status: RefundStatus) {
  refund.status = status
  refund.settlesAt = null
  context.ledger.liveRefunds.delete(refund)
  if (status === 'SUCCESS') {
    refund.processedAt = context.clock.now()
    refund.arn = `2104${refund.cfId.slice(-11)}`
  }
  if (status !== 'PENDING' && status !== 'ONHOLD') announceRefund(context, refund)
  context.changed()
}

function open(
  context: SandboxContext,
  order: Order,
  attempt: Attempt,
  asked: Pick<Refund, 'id' | 'amountPaise' | 'note' | 'speed' | 'automatic'>,
): Refund {
  const now = context.clock.now()
  const refund: Refund = {
    ...asked,
    cfId: nextCfId(context),
    orderId: order.id,
    attemptId: attempt.id,
    status: 'PENDING',
    createdAt: now,
    settlesAt: now + context.settings.refundDelayMs,
    processedAt: null,
    arn: null,
  }
  addRefund(context.ledger, order, refund)
  context.changed()
  return refund
}

/** The successful attempt that a refund of this size is taken from: an order paid twice has two. */
function payerOf(order: Order, amountPaise: number): Attempt {
  const paid = order.attempts.filter((attempt) => attempt.status === 'SUCCESS')
  const left = (attempt: Attempt) =>
    attempt.amountPaise -
    sum(unfailedRefunds(order).flatMap((refund) => (refund.attemptId === attempt.id ? [refund.amountPaise] : [])))
  return paid.find((attempt) => left(attempt) >= amountPaise) ?? paid[0]!
}

function unfailedRefunds(order: Order): Refund[] {
  return order.refunds.filter((refund) => !refund.automatic && !['FAILED', 'CANCELLED'].includes(refund.status))
}

function sum(amounts: number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0)
}
