import type { SandboxContext } from '../context.ts'
import { paymentEntity, settlementEntity } from '../entities.ts'
import type { Attempt, Order } from '../model.ts'
import { statusOf } from '../orders.ts'
import { leavePending, startAttempt, takeOtp } from '../payments.ts'
import type { Call, Endpoint } from './authentication.ts'
import { objectAt, text } from './fields.ts'
import { orderOf } from './order-routes.ts'
import { payOrderEntity, readMethod } from './pay-request.ts'
import { invalid, Refusal, refusals } from './refusal.ts'

/** Attempts of an order, Order Pay with its one-time password, and the settlement. */
export function paymentEndpoints(context: SandboxContext): Endpoint[] {
  return [
    {
      name: 'payments.list',
      method: 'GET',
      path: '/orders/:orderId/payments',
      handle(call) {
        const borrowed = context.faults.take('borrowedPayments', 'payments.list')
        const order = context.ledger.orders.get(borrowed?.orderId ?? '') ?? orderOf(context, call)
        // Newest first, as observed; Cashfree promises no order.
        const [newest, ...others] = order.attempts
          .toReversed()
          .map((attempt) => shown(context, order, attempt, 'payments.list'))
        if (!newest) return []
        // One fault at a time: a borrowed payment that named the borrowing order would look like that order's own.
        return [borrowed ? newest : falsified(context, newest), ...others]
      },
    },
    {
      name: 'payments.get',
      method: 'GET',
      path: '/orders/:orderId/payments/:paymentId',
      handle(call) {
        const { paymentId = '' } = call.params
        if (!/^\d+$/.test(paymentId)) throw invalid('payment_id', 'should be numeric.', paymentId)
        const order = orderOf(context, call)
        const attempt = order.attempts.find(({ id }) => id === paymentId)
        if (!attempt) throw refusals.paymentNotFound()
        return shown(context, order, attempt, 'payments.get')
      },
    },
    {
      name: 'orders.pay',
      method: 'POST',
      path: '/orders/sessions',
      credentials: false,
      handle({ fields }) {
        const order = context.ledger.sessions.get(String(fields.payment_session_id ?? ''))
        if (!order) throw refusals.sessionInvalid()
        if (statusOf(order, context.clock.now()) !== 'ACTIVE') throw refusals.orderInactive()
        const { method, plan } = readMethod(objectAt(fields, 'payment_method'))
        const attempt = startAttempt(context, order, method)
        plan(context, attempt)
        return payOrderEntity(context, attempt)
      },
    },
    {
      name: 'orders.authenticate',
      method: 'POST',
      path: '/orders/pay/authenticate/:paymentId',
      handle: (call) => authenticate(context, call),
    },
    {
      name: 'settlements.get',
      method: 'GET',
      path: '/orders/:orderId/settlements',
      handle(call) {
        const order = orderOf(context, call)
        const paid = order.attempts.find(({ status }) => status === 'SUCCESS')
        const settledAt = (paid?.finishedAt ?? Number.POSITIVE_INFINITY) + context.settings.settlementDelayMs
        if (!paid || settledAt > context.clock.now()) {
          throw new Refusal(404, 'settlement_get_not_found', 'settlement not found')
        }
        return settlementEntity(context, order, paid, settledAt)
      },
    },
  ]
}

/** Native OTP of a card paid with channel `post`: three wrong ones fail the attempt. */
function authenticate(context: SandboxContext, { params, fields }: Call) {
  const attempt = context.ledger.attempts.get(params.paymentId ?? '')
  if (!attempt) throw refusals.paymentNotFound()
  const action = text(fields, 'action')
  if (action !== 'SUBMIT_OTP' && action !== 'RESEND_OTP') throw invalid('action', 'is not valid.', action)
  if (attempt.status !== 'NOT_ATTEMPTED') throw invalid('payment_id', 'is already processed.', attempt.id)
  const answer = (authenticate_status: string, payment_message: string) => ({
    cf_payment_id: attempt.id,
    action,
    authenticate_status,
    payment_message,
  })
  if (action === 'RESEND_OTP') return answer('SUCCESS', 'OTP sent again')
  if (takeOtp(context, attempt, text(fields, 'otp'))) {
    leavePending(context, attempt)
    // The bank decides shortly after; /simulate or the control API can decide otherwise while this is pending.
    attempt.settles = { at: context.clock.now() + 500, as: 'SUCCESS' }
    return answer('SUCCESS', 'OTP accepted')
  }
  return answer('FAILED', 'Incorrect OTP entered')
}

function falsified(context: SandboxContext, entity: ReturnType<typeof paymentEntity>) {
  const foreign = context.faults.take('foreignPayment', 'payments.list')
  if (foreign) entity.order_id = foreign.orderId ?? `${entity.order_id}_other`
  if (context.faults.take('wrongPaymentOrder', 'payments.list'))
    Object.assign(entity.order_amount, { paise: entity.order_amount.paise + 100 })
  if (context.faults.take('wrongPaymentCurrency', 'payments.list')) entity.payment_currency = 'USD'
  return entity
}

function shown(context: SandboxContext, order: Order, attempt: Attempt, endpoint: string) {
  const entity = paymentEntity(context, order, attempt)
  if (attempt.status !== 'SUCCESS' && context.faults.take('unknownEnums', endpoint)) {
    entity.payment_status = 'FLAGGED'
    entity.payment_group = 'quantum_wallet'
  }
  return entity
}
