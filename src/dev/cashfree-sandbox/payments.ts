import type { SandboxContext } from './context.ts'
import { newToken, nextCfId } from './ids.ts'
import { type Attempt, addAttempt, isLive, type Method, type Order, type PaymentStatus, type Reason } from './ledger.ts'
import { expireNow } from './orders.ts'
import { reasonNamed } from './reasons.ts'
import { refundAutomatically } from './refunds.ts'
import { announcePayment } from './webhooks/announce.ts'

const TEST_OTP = '111000'

/** Starts an attempt. Every call makes a new one, silently, as Order Pay does. */
export function startAttempt(
  world: SandboxContext,
  order: Order,
  method: Method,
  { visit = null, amountPaise = order.amountPaise }: { visit?: string | null; amountPaise?: number } = {},
): Attempt {
  const now = world.clock.now()
  const attempt: Attempt = {
    id: nextCfId(world),
    orderId: order.id,
    amountPaise,
    status: 'NOT_ATTEMPTED',
    method,
    startedAt: now,
    finishedAt: null,
    ttlEndsAt: now + world.settings.attemptTtlMs,
    dropsAt: now + world.settings.dropAfterMs,
    settles: null,
    message: null,
    reason: null,
    token: newToken(),
    visit,
    otp: method.key === 'card' ? 'wanted' : 'none',
    otpTries: 0,
  }
  addAttempt(world.ledger, order, attempt)
  world.changed()
  return attempt
}

/** The bank says yes. Within the time limit this pays the order, even one that has expired meanwhile. */
export function succeed(world: SandboxContext, attempt: Attempt) {
  const order = orderOf(world, attempt)
  if (world.faults.take('successAfterExpiry')) expireNow(world, order)
  if (world.faults.take('successAfterTtl')) return succeedTooLate(world, attempt)
  pay(world, order, attempt)
  if (world.faults.take('doubleSuccess')) {
    pay(world, order, startAttempt(world, order, attempt.method, { amountPaise: attempt.amountPaise }))
  }
}

/** The bank says yes after the time limit: Cashfree cancels the payment and sends the money back. */
export function succeedTooLate(world: SandboxContext, attempt: Attempt) {
  if (isLive(attempt)) close(world, attempt)
  finish(world, attempt, 'CANCELLED', 'Payment received after the time limit, refunded')
  refundAutomatically(world, orderOf(world, attempt), attempt)
}

/** The bank or the customer says no; the order stays open for another attempt. */
export function fail(world: SandboxContext, attempt: Attempt, reason: Reason = reasonNamed('bank_rejected')) {
  attempt.reason = reason
  finish(world, attempt, 'FAILED', reason.description)
  announcePayment(world, 'PAYMENT_FAILED_WEBHOOK', orderOf(world, attempt), attempt)
}

/** The customer walked away. */
export function drop(world: SandboxContext, attempt: Attempt) {
  finish(world, attempt, 'USER_DROPPED', 'User dropped and did not complete the two factor authentication')
  announcePayment(world, 'PAYMENT_USER_DROPPED_WEBHOOK', orderOf(world, attempt), attempt)
}

/** The bank has it and has not decided; only the time limit ends this now. */
export function leavePending(world: SandboxContext, attempt: Attempt) {
  attempt.status = 'PENDING'
  attempt.dropsAt = null
  attempt.message = 'Transaction is pending at the bank'
  world.changed()
}

/** Cashfree's risk desk holds the payment: neither paid nor failed, a status that few clients expect. */
export function flag(world: SandboxContext, attempt: Attempt) {
  leavePending(world, attempt)
  attempt.status = 'FLAGGED'
}

/** The time limit of an attempt is over. */
export function close(world: SandboxContext, attempt: Attempt) {
  if (world.settings.ttlEnds === 'FAILED') fail(world, attempt, reasonNamed('bank_timeout'))
  else drop(world, attempt)
}

/** A test VPA's own answer, planned when the collect request was sent. */
export function answerByItself(world: SandboxContext, attempt: Attempt) {
  const { as, reason } = attempt.settles!
  if (as === 'SUCCESS') succeed(world, attempt)
  else if (as === 'FAILED') fail(world, attempt, reason)
  else drop(world, attempt)
}

/** Whether that is the right OTP; the third wrong one fails the attempt. */
export function takeOtp(world: SandboxContext, attempt: Attempt, otp: string): boolean {
  if (otp.trim() === TEST_OTP) {
    attempt.otp = 'given'
    world.changed()
    return true
  }
  attempt.otpTries += 1
  if (attempt.otpTries >= 3) fail(world, attempt, reasonNamed('invalid_pin'))
  world.changed()
  return false
}

/** The order an attempt belongs to. */
export function orderOf(world: SandboxContext, attempt: Attempt): Order {
  return world.ledger.orders.get(attempt.orderId)!
}

function pay(world: SandboxContext, order: Order, attempt: Attempt) {
  finish(world, attempt, 'SUCCESS', 'Simulated response message')
  order.paidAt ??= world.clock.now()
  announcePayment(world, 'PAYMENT_SUCCESS_WEBHOOK', order, attempt)
}

function finish(world: SandboxContext, attempt: Attempt, status: PaymentStatus, message: string) {
  Object.assign(attempt, { status, message, finishedAt: world.clock.now(), settles: null, dropsAt: null })
  if (status === 'SUCCESS' || status === 'CANCELLED') attempt.reason = null
  world.ledger.liveAttempts.delete(attempt)
  world.changed()
}
