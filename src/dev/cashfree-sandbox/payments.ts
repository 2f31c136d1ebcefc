import type { SandboxContext } from './context.ts'
import { newToken, nextCfId } from './ids.ts'
import { addAttempt } from './ledger.ts'
import { type Attempt, isLive, type Method, type Order, type PaymentStatus, type Reason } from './model.ts'
import { expireNow } from './orders.ts'
import { reasonNamed } from './reasons.ts'
import { refundAutomatically } from './refunds.ts'
import { announcePayment } from './webhooks/announce.ts'

const TEST_OTP = '111000'

/** Starts an attempt. Every call makes a new one, silently, as Order Pay does. */
export function startAttempt(
  context: SandboxContext,
  order: Order,
  method: Method,
  { pageSession = null, amountPaise = order.amountPaise }: { pageSession?: string | null; amountPaise?: number } = {},
): Attempt {
  const now = context.clock.now()
  const attempt: Attempt = {
    id: nextCfId(context),
    orderId: order.id,
    amountPaise,
    status: 'NOT_ATTEMPTED',
    method,
    startedAt: now,
    finishedAt: null,
    ttlEndsAt: now + context.settings.attemptTtlMs,
    dropsAt: now + context.settings.dropAfterMs,
    settles: null,
    message: null,
    reason: null,
    token: newToken(),
    visit: pageSession,
    otp: method.key === 'card' ? 'wanted' : 'none',
    otpTries: 0,
  }
  addAttempt(context.ledger, order, attempt)
  context.changed()
  return attempt
}

/** The bank accepts. Within the time limit this pays the order, even one that has expired meanwhile. */
export function succeed(context: SandboxContext, attempt: Attempt) {
  const order = orderOf(context, attempt)
  if (context.faults.take('successAfterExpiry')) expireNow(context, order)
  if (context.faults.take('successAfterTtl')) return succeedTooLate(context, attempt)
  pay(context, order, attempt)
  if (context.faults.take('doubleSuccess')) {
    pay(context, order, startAttempt(context, order, attempt.method, { amountPaise: attempt.amountPaise }))
  }
}

/** The bank accepts after the time limit: Cashfree cancels the payment and refunds it. */
export function succeedTooLate(context: SandboxContext, attempt: Attempt) {
  if (isLive(attempt)) close(context, attempt)
  finish(context, attempt, 'CANCELLED', 'Payment received after the time limit, refunded')
  refundAutomatically(context, orderOf(context, attempt), attempt)
}

/** The bank or the customer declines; the order stays open for another attempt. */
export function fail(context: SandboxContext, attempt: Attempt, reason: Reason = reasonNamed('bank_rejected')) {
  attempt.reason = reason
  finish(context, attempt, 'FAILED', reason.description)
  announcePayment(context, 'PAYMENT_FAILED_WEBHOOK', orderOf(context, attempt), attempt)
}

/** The customer abandoned the attempt. */
export function drop(context: SandboxContext, attempt: Attempt) {
  finish(context, attempt, 'USER_DROPPED', 'User dropped and did not complete the two factor authentication')
  announcePayment(context, 'PAYMENT_USER_DROPPED_WEBHOOK', orderOf(context, attempt), attempt)
}

/** The bank has it and has not decided; only the time limit ends it now. */
export function leavePending(context: SandboxContext, attempt: Attempt) {
  attempt.status = 'PENDING'
  attempt.dropsAt = null
  attempt.message = 'Transaction is pending at the bank'
  context.changed()
}

/** Cashfree's risk team holds the payment: neither paid nor failed, a status that few clients expect. */
export function flag(context: SandboxContext, attempt: Attempt) {
  leavePending(context, attempt)
  attempt.status = 'FLAGGED'
}

/** The time limit of an attempt has passed. */
export function close(context: SandboxContext, attempt: Attempt) {
  if (context.settings.ttlEnds === 'FAILED') fail(context, attempt, reasonNamed('bank_timeout'))
  else drop(context, attempt)
}

/** Applies a test VPA's answer, which was scheduled with the collect request. */
export function answerByItself(context: SandboxContext, attempt: Attempt) {
  const { as, reason } = attempt.settles!
  if (as === 'SUCCESS') succeed(context, attempt)
  else if (as === 'FAILED') fail(context, attempt, reason)
  else drop(context, attempt)
}

/** Whether that is the right OTP; the third wrong one fails the attempt. */
export function takeOtp(context: SandboxContext, attempt: Attempt, otp: string): boolean {
  if (otp.trim() === TEST_OTP) {
    attempt.otp = 'given'
    context.changed()
    return true
  }
  attempt.otpTries += 1
  if (attempt.otpTries >= 3) fail(context, attempt, reasonNamed('invalid_pin'))
  context.changed()
  return false
}

/** The order an attempt belongs to. */
function orderOf(context: SandboxContext, attempt: Attempt): Order {
  return context.ledger.orders.get(attempt.orderId)!
}

function pay(context: SandboxContext, order: Order, attempt: Attempt) {
  finish(context, attempt, 'SUCCESS', 'Simulated response message')
  order.paidAt ??= context.clock.now()
  announcePayment(context, 'PAYMENT_SUCCESS_WEBHOOK', order, attempt)
}

function finish(context: SandboxContext, attempt: Attempt, status: PaymentStatus, message: string) {
  Object.assign(attempt, { status, message, finishedAt: context.clock.now(), settles: null, dropsAt: null })
  if (status === 'SUCCESS' || status === 'CANCELLED') attempt.reason = null
  context.ledger.liveAttempts.delete(attempt)
  context.changed()
}
