import { paiseFromRupees } from '../../platform/money.ts'
import { fieldsOf, indianInstant, spelt, textOf } from '../payments/read-answer.ts'
import { type Delivery, type Judgement, type Rules, verify } from './delivery.ts'

/**
 * What an event of a mandate says of itself. None of it is believed: it only says which mandate to ask Cashfree about. Types and
 * statuses are Cashfree's words; what is missing or odd is null.
 */
export type MandateEvent = {
  type: string | null
  /** Whether Cashfree documents an event of this type: others are kept and answered, and nothing more. */
  isKnown: boolean
  /** A refund names none: its charge's id leads to it. */
  subscriptionId: string | null
  cfSubscriptionId: string | null
  paymentId: string | null
  cfPaymentId: string | null
  refundId: string | null
  /** AUTH or CHARGE. */
  paymentType: string | null
  /** Of the refund, the charge or the mandate, whichever it is about. */
  status: string | null
  amountPaise: number | null
  currency: string | null
  retries: number
  failureReason: string | null
  /** When the card of the mandate ends, as it came. */
  cardExpiresOn: string | null
  eventTime: string | null
  /** The same for every copy of one event. */
  dedupeKey: string
}

const known = [
  'SUBSCRIPTION_STATUS_CHANGED',
  'SUBSCRIPTION_AUTH_STATUS',
  'SUBSCRIPTION_PAYMENT_NOTIFICATION_INITIATED',
  'SUBSCRIPTION_PAYMENT_SUCCESS',
  'SUBSCRIPTION_PAYMENT_FAILED',
  'SUBSCRIPTION_PAYMENT_CANCELLED',
  'SUBSCRIPTION_REFUND_STATUS',
  'SUBSCRIPTION_CARD_EXPIRY_REMINDER',
  'SUBSCRIPTION_CONTROLLED_NOTIFICATION_STATUS',
  'SUBSCRIPTION_CONTROLLED_EXECUTION_STATUS',
]

/**
 * Judges a delivery of the Subscriptions API as `judge` does those of orders, and reads it. The unsigned forms of its first version
 * (`cf_event=…`) are answered 200, so that they are not repeated, and otherwise treated as refused.
 */
export function judgeMandateDelivery(delivery: Delivery, rules: Rules): Judgement<MandateEvent> {
  const { content, ...judgement } = verify(delivery, rules)
  const answer = /^cf_\w+=/.test(delivery.body.toString('latin1', 0, 100)) ? 200 : judgement.answer
  return { ...judgement, answer, hint: readMandateEvent(content) }
}

/** Reads the content of an event in any shape: flat (debits, refunds) or nested (mandates, cards). Never throws. */
export function readMandateEvent(content: unknown): MandateEvent {
  const { data, event_time, ...envelope } = fieldsOf(content)
  const flat = spelt(data)
  const nested = spelt(spelt(flat.subscription_status_webhook ?? data).subscription_details)
  const type = textOf(envelope.type, 100)
  const status =
    textOf(flat.refund_status ?? flat.payment_status ?? nested.subscription_status, 100)?.toUpperCase() ?? null
  const subscriptionId = textOf(flat.subscription_id ?? nested.subscription_id)
  const paymentId = textOf(flat.payment_id)
  const refundId = textOf(flat.refund_id)
  const retries = Number(textOf(flat.retry_attempts) ?? 0)
  const eventTime = indianInstant(event_time)
  const which = refundId ?? paymentId ?? textOf(event_time)
  return {
    type,
    isKnown: type !== null && known.includes(type),
    subscriptionId,
    cfSubscriptionId: textOf(flat.cf_subscription_id ?? nested.cf_subscription_id),
    paymentId,
    cfPaymentId: textOf(flat.cf_payment_id),
    refundId,
    paymentType: textOf(flat.payment_type, 100)?.toUpperCase() ?? null,
    status,
    amountPaise: paiseFromRupees(flat.refund_amount ?? flat.payment_amount),
    currency: textOf(flat.payment_currency, 10),
    retries: Number.isSafeInteger(retries) ? retries : 0,
    failureReason: textOf(spelt(flat.failure_details).failure_reason) ?? textOf(flat.failure_details),
    cardExpiresOn: textOf(flat.card_expiry_date, 40),
    eventTime,
    dedupeKey: JSON.stringify([type, subscriptionId, which, status, retries]),
  }
}
