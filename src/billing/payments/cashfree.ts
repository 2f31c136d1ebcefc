import { instantIn, isoInIndia } from '../../platform/dates.ts'
import { paiseFromRupees, rupeesForGateway } from '../../platform/money.ts'
import { matches, type Static, type TSchema, Type } from '../../platform/schema.ts'
import { beginningOf } from '../../platform/text.ts'
import { cashfreeDisputes } from './cashfree-disputes.ts'
import { type Answer, type CashfreeSettings, cashfreeHttp } from './cashfree-http.ts'
import { cashfreeMandates } from './cashfree-mandates.ts'
import { cashfreeRefunds } from './cashfree-refunds.ts'
import {
  type Attempt,
  type Gateway,
  GatewayRefused,
  GatewayUnavailable,
  type NewOrder,
  type RemoteOrder,
} from './gateway.ts'
import { idText, isLeftOut, refusalOrOutage, textOf } from './read-answer.ts'

/** Our Gateway on Cashfree PG 2025-01-01. Only this file and its neighbours cashfree-*.ts know Cashfree's field names. */
export function cashfree(settings: CashfreeSettings): Gateway {
  const call = cashfreeHttp(settings)

  async function createOrder(order: NewOrder, within?: number): Promise<RemoteOrder> {
    const answer = await call({
      method: 'POST',
      path: '/orders',
      body: createBody(order),
      idempotencyKey: order.idempotencyKey,
      within,
    })
    if (answer.status === 200) return readOrder(answer, null)
    // The id is taken, or the key was used with other bytes: a lost reply, not a failure. Settling compares what is there.
    if (answer.status === 409 || (answer.status === 422 && answer.type === 'idempotency_error')) {
      const existing = await fetchOrder(order.orderId, within)
      if (existing.status !== 'ABSENT') return existing
    }
    throw new GatewayRefused(answer.status, answer.code)
  }

  async function fetchOrder(
    orderId: string,
    within?: number,
    manner: 'full' | 'light' | 'patient' = 'full',
  ): Promise<RemoteOrder> {
    const patient = manner === 'patient'
    const path = `/orders/${encodeURIComponent(orderId)}`
    const fetchPayments = () =>
      call({ method: 'GET', path: `${path}/payments`, within, patient }).catch((error: GatewayUnavailable) => {
        if (patient && error.retryAfterS !== null) throw error
        return null
      })
    const early = manner === 'full' ? fetchPayments() : null
    const order = await call({ method: 'GET', path, within, patient })
    if (order.status === 404 && order.code === 'order_not_found') return absent(orderId)
    if (order.status !== 200) throw refusalOrOutage(order)
    const known = readOrder(order, null)
    const payments = await (early ?? (known.status === 'ACTIVE' ? null : fetchPayments()))
    return { ...known, attempts: payments && readAttempts(payments) }
  }

  async function terminateOrder(orderId: string, within?: number): Promise<RemoteOrder> {
    const path = `/orders/${encodeURIComponent(orderId)}`
    const answer = await call({ method: 'PATCH', path, body: { order_status: 'TERMINATED' }, within })
    if (answer.status === 404 && answer.code === 'order_not_found') return absent(orderId)
    // Paid, expired and ended orders may answer with a 4xx: what counts is what the order is now.
    return fetchOrder(orderId, within)
  }

  const mandates = cashfreeMandates(call)
  return { createOrder, fetchOrder, terminateOrder, ...cashfreeRefunds(call), ...cashfreeDisputes(call), mandates }
}

const Id = Type.Union([Type.String({ minLength: 1 }), Type.Number()])
const Maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))

// What money depends on is validated strictly. The rest is descriptive: of an unexpected type it is read as absent, and stops no
// payment.
const Order = Type.Object({
  order_id: Maybe(Id),
  order_status: Type.String(),
  order_amount: Type.Unknown(),
  order_currency: Maybe(Type.String()),
  customer_details: Maybe(Type.Object({ customer_id: Type.Optional(Type.Unknown()) })),
  cf_order_id: Maybe(Type.Union([Id, Type.Literal('')])),
  payment_session_id: Type.Optional(Type.Unknown()),
  order_expiry_time: Type.Optional(Type.Unknown()),
})

const Payment = Type.Object({
  cf_payment_id: Id,
  order_id: Maybe(Type.Union([Type.String(), Type.Number()])),
  order_amount: Type.Optional(Type.Unknown()),
  order_currency: Maybe(Type.String()),
  payment_status: Type.String(),
  payment_amount: Type.Optional(Type.Unknown()),
  payment_currency: Maybe(Type.String()),
  payment_group: Type.Optional(Type.Unknown()),
  payment_message: Type.Optional(Type.Unknown()),
  payment_time: Type.Optional(Type.Unknown()),
  payment_completion_time: Type.Optional(Type.Unknown()),
  bank_reference: Type.Optional(Type.Unknown()),
  is_captured: Type.Optional(Type.Unknown()),
  error_details: Type.Optional(Type.Unknown()),
})
const ErrorDetails = Type.Object({
  error_description: Type.Optional(Type.Unknown()),
  error_reason: Type.Optional(Type.Unknown()),
})

function createBody(order: NewOrder): Record<string, unknown> {
  return {
    order_id: order.orderId,
    order_amount: rupeesForGateway(order.amountPaise),
    order_currency: order.currency,
    customer_details: {
      customer_id: order.customer.id,
      customer_name: order.customer.name,
      customer_email: order.customer.email,
      customer_phone: order.customer.phone,
    },
    order_meta: { return_url: order.returnUrl, ...(order.notifyUrl ? { notify_url: order.notifyUrl } : {}) },
    order_expiry_time: isoInIndia(order.expiresAt),
    order_tags: { plan: order.planKey },
  }
}

function readOrder(answer: Answer, attempts: Attempt[] | null): RemoteOrder {
  if (!matches(Order, answer.body)) throw new GatewayUnavailable('the gateway answered something that is not an order')
  const order: Static<typeof Order> = answer.body
  return {
    orderId: idText(order.order_id),
    status: order.order_status.toUpperCase(),
    amountPaise: paiseFromRupees(order.order_amount),
    currency: order.order_currency ?? null,
    customerId: idText(order.customer_details?.customer_id),
    cfOrderId: idText(order.cf_order_id),
    sessionId: textOf(order.payment_session_id),
    expiresAt: instantIn(order.order_expiry_time),
    attempts,
  }
}

/** Null unless every entry could be read: half a list must not look like the whole. */
function readAttempts(answer: Answer): Attempt[] | null {
  if (answer.status !== 200 || !Array.isArray(answer.body)) return null
  const attempts = answer.body.map((entry) => (matches(Payment, entry) ? readAttempt(entry) : null))
  return attempts.every((attempt) => attempt !== null) ? attempts : null
}

function readAttempt(payment: Static<typeof Payment>): Attempt {
  const status = payment.payment_status.toUpperCase()
  const error = matches(ErrorDetails, payment.error_details) ? payment.error_details : null
  const amountPaise = paiseFromRupees(payment.payment_amount)
  return {
    cfPaymentId: String(payment.cf_payment_id),
    // One that names no order was listed under the one we asked about.
    orderId: isLeftOut(payment.order_id) ? null : String(payment.order_id),
    orderAmountPaise: isLeftOut(payment.order_amount)
      ? null
      : (paiseFromRupees(payment.order_amount) ?? beginningOf(JSON.stringify(payment.order_amount), 100)),
    orderCurrency: payment.order_currency || null,
    // A success that was only authorised has brought no money yet.
    status: status === 'SUCCESS' && !isCaptured(payment.is_captured) ? 'AUTHORISED' : status,
    // Zero or less is no amount that somebody paid.
    amountPaise: amountPaise !== null && amountPaise > 0 ? amountPaise : null,
    currency: payment.payment_currency || null,
    method: textOf(payment.payment_group),
    bankReference: textOf(payment.bank_reference),
    failureReason:
      status === 'SUCCESS'
        ? null
        : (textOf(error?.error_description) ?? textOf(error?.error_reason) ?? textOf(payment.payment_message)),
    startedAt: instantIn(payment.payment_time),
    completedAt: instantIn(payment.payment_completion_time),
  }
}

/** Where Cashfree leaves it out, the status decides; anything but true means no. */
function isCaptured(value: unknown): boolean {
  return isLeftOut(value) || /^true$/i.test(String(value))
}

function absent(orderId: string): RemoteOrder {
  const nothing = {
    amountPaise: null,
    currency: null,
    customerId: null,
    cfOrderId: null,
    sessionId: null,
    expiresAt: null,
  }
  return { orderId, status: 'ABSENT', ...nothing, attempts: [] }
}
