import type { SandboxContext } from '../context.ts'
import { orderEntity, paymentEntity, refundEntity } from '../entities.ts'
import { toJson } from '../json.ts'
import { type Attempt, isLive, type Method, type Order, type RefundStatus } from '../model.ts'
import { toPaise } from '../money.ts'
import { expireNow } from '../orders.ts'
import { cardMethod, netbankingMethod, TEST_CARDS, upiMethod } from '../payment-methods.ts'
import { drop, fail, flag, leavePending, startAttempt, succeed, succeedTooLate } from '../payments.ts'
import { reasonNamed } from '../reasons.ts'
import { settleRefund } from '../refunds.ts'
import { ControlError, findOrder } from './find.ts'

export type PayOptions = {
  method?: 'upi' | 'card' | 'netbanking'
  /** Rupees; the order's amount when absent. */
  amount?: number
  status?: 'SUCCESS' | 'FAILED' | 'USER_DROPPED' | 'PENDING' | 'FLAGGED' | 'CANCELLED'
  /** A key of REASONS, for FAILED. */
  reason?: string
  /** after-expiry: the order expires first. after-ttl: the attempt times out first and the money goes back. */
  when?: 'now' | 'after-expiry' | 'after-ttl'
  /** Makes a new attempt although one is open. */
  newAttempt?: boolean
}

/** What a call did, as Cashfree's API would show it, plus the numbers of the deliveries it caused. */
export type Outcome = { order: unknown; payment: unknown; deliveries: number[] }

/** Ends attempts and refunds. */
export function paymentControl(context: SandboxContext) {
  return {
    /** Ends an attempt at once: the open one, or a new one when there is none. */
    pay: (orderId: string, options: PayOptions = {}) => settle(context, orderId, options),
    fail: (orderId: string, options: PayOptions = {}) => settle(context, orderId, { ...options, status: 'FAILED' }),
    drop: (orderId: string, options: PayOptions = {}) =>
      settle(context, orderId, { ...options, status: 'USER_DROPPED' }),
    pending: (orderId: string, options: PayOptions = {}) => settle(context, orderId, { ...options, status: 'PENDING' }),

    settleRefund(refundId: string, status: RefundStatus) {
      const refund = context.ledger.refunds.get(refundId)
      if (!refund) throw new ControlError(404, `There is no refund ${refundId}`)
      settleRefund(context, refund, status)
      return JSON.parse(toJson(refundEntity(context, findOrder(context, refund.orderId), refund)))
    },
  }
}

function settle(context: SandboxContext, orderId: string, options: PayOptions): Outcome {
  const order = findOrder(context, orderId)
  const before = context.ledger.lastDelivery
  const attempt = attemptFor(context, order, options)
  decide(context, order, attempt, options)
  const deliveries = context.ledger.deliveries.flatMap(({ n }) => (n > before ? [n] : []))
  const shown = { order: orderEntity(context, order), payment: paymentEntity(context, order, attempt), deliveries }
  return JSON.parse(toJson(shown)) as Outcome
}

function attemptFor(
  context: SandboxContext,
  order: Order,
  { method = 'upi', amount, newAttempt }: PayOptions,
): Attempt {
  const amountPaise = amount === undefined ? order.amountPaise : toPaise(amount)
  if (amountPaise === null) throw new ControlError(400, 'amount is rupees, with two decimals at most')
  const open = order.attempts.findLast(isLive)
  if (open && !newAttempt) {
    if (amount !== undefined) open.amountPaise = amountPaise
    return open
  }
  return startAttempt(context, order, METHODS[method](), { amountPaise })
}

function decide(
  context: SandboxContext,
  order: Order,
  attempt: Attempt,
  { status = 'SUCCESS', reason, when }: PayOptions,
) {
  if (when === 'after-expiry') expireNow(context, order)
  if (status === 'CANCELLED' || when === 'after-ttl') succeedTooLate(context, attempt)
  else if (status === 'SUCCESS') succeed(context, attempt)
  else if (status === 'FAILED') fail(context, attempt, reasonNamed(reason))
  else if (status === 'USER_DROPPED') drop(context, attempt)
  else if (status === 'PENDING') leavePending(context, attempt)
  else if (status === 'FLAGGED') flag(context, attempt)
  else throw new ControlError(400, `An attempt cannot become ${status}`)
}

const METHODS: Record<NonNullable<PayOptions['method']>, () => Method> = {
  upi: () => upiMethod('collect', 'testsuccess@gocash'),
  card: () => cardMethod(TEST_CARDS[0]!.number, 'link')!,
  netbanking: () => netbankingMethod(),
}
