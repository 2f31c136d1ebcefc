import { instantIn } from '../../platform/dates.ts'
import { paiseFromRupees } from '../../platform/money.ts'
import { parseGatewayJson } from '../payments/gateway-json.ts'
import { fieldsOf } from '../payments/read-answer.ts'
import { isSignedBy } from '../payments/signature.ts'

/** One POST to the webhook endpoint, as it came. */
export type Delivery = { headers: Record<string, string>; body: Buffer }

/** What a delivery says of itself. None of it is believed: it only says which order to ask Cashfree about. */
export type Hint = {
  type: string | null
  orderId: string | null
  /** Another order that it names as well, which contradicts the first: that one is asked about too. */
  otherOrderId: string | null
  customerId: string | null
  cfPaymentId: string | null
  eventTime: string | null
  amountPaise: number | null
  currency: string | null
  /** The dispute it is about (`unnamed` where it does not say), with what a person must know of one that is not of our orders. */
  dispute: { id: string; amountPaise: number | null; reason: string | null; respondBy: string | null } | null
}

/** Why a delivery was accepted or refused. */
export type Verdict =
  | 'verified'
  | 'too-old'
  | 'unreadable'
  | 'test-ping'
  | 'missing-signature'
  | 'missing-timestamp'
  | 'wrong-signature'

/** `now` in milliseconds since 1970. */
export type Rules = { secrets: readonly string[]; maxAgeS: number; now: number }

export type Judgement<Said = Hint> = { accepted: boolean; verdict: Verdict; hint: Said; answer: 200 | 401 }

/** The hint of a delivery in which nothing could be read. */
export const emptyHint: Hint = {
  type: null,
  orderId: null,
  otherOrderId: null,
  customerId: null,
  cfPaymentId: null,
  eventTime: null,
  amountPaise: null,
  currency: null,
  dispute: null,
}
const futureAllowedS = 300
const longestPing = 2_048

/**
 * Judges a delivery by its signature over the exact bytes, and only then looks inside. Fails closed. An unsigned body
 * of the exact shape that Cashfree's dashboard posts as a test is answered 200 and otherwise treated as refused.
 */
export function judge(delivery: Delivery, rules: Rules): Judgement {
  const { content, ...judgement } = verify(delivery, rules)
  const hint =
    judgement.verdict === 'test-ping' ? { ...emptyHint, type: 'WEBHOOK' } : content ? hintIn(content) : emptyHint
  return { ...judgement, hint }
}

/** The same without a hint: the content is there only where the signature proves it, and it could be read. */
export function verify(delivery: Delivery, rules: Rules): Omit<Judgement, 'hint'> & { content?: unknown } {
  const { headers, body } = delivery
  const timestamp = headers['x-webhook-timestamp']
  const signature = headers['x-webhook-signature']
  if (!signature || !timestamp) {
    // Anybody may have sent this: parsing more than the few bytes of a ping would be work done for a flood.
    if (body.length <= longestPing && isTestPing(read(body)))
      return { accepted: false, verdict: 'test-ping', answer: 200 }
    return { accepted: false, verdict: signature ? 'missing-timestamp' : 'missing-signature', answer: 401 }
  }
  if (!isSignedBy(rules.secrets, timestamp, body, signature))
    return { accepted: false, verdict: 'wrong-signature', answer: 401 }

  const content = read(body)
  if (content === undefined) return { accepted: true, verdict: 'unreadable', answer: 200 }
  const verdict = isTestPing(content) ? 'test-ping' : isFresh(timestamp, rules) ? 'verified' : 'too-old'
  return { accepted: true, verdict, answer: 200, content }
}

/** Milliseconds by the contract; seconds are understood too. Text that is no number is old. */
function isFresh(timestamp: string, rules: Rules): boolean {
  const value = Number(timestamp)
  const ms = value < 1e11 ? value * 1000 : value
  const ageS = (rules.now - ms) / 1000
  return Number.isFinite(ageS) && ageS <= rules.maxAgeS && ageS >= -futureAllowedS
}

function read(body: Buffer): unknown {
  try {
    return parseGatewayJson(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function isTestPing(content: unknown): boolean {
  const { type, data } = fieldsOf(content)
  return type === 'WEBHOOK' && Object.hasOwn(fieldsOf(data), 'test_object')
}

function hintIn(content: unknown): Hint {
  const { type, data, event_time } = fieldsOf(content)
  const { order, order_details, payment, refund, auto_refund, dispute, order_id, cf_payment_id, customer_details } =
    fieldsOf(data)
  const ofOrder = fieldsOf(order ?? order_details)
  const ofPayment = fieldsOf(payment ?? order_details)
  const ofRefund = fieldsOf(refund ?? auto_refund)
  const named = [ofOrder.order_id, ofRefund.order_id, order_id, ofPayment.order_id].map((id) => text(id, 100))
  const orderId = named.find((id) => id !== null) ?? null
  return {
    type: text(type, 100),
    orderId,
    otherOrderId: named.find((id) => id !== null && id !== orderId) ?? null,
    customerId: text(fieldsOf(customer_details).customer_id, 100),
    cfPaymentId: text(ofPayment.cf_payment_id ?? ofRefund.cf_payment_id ?? cf_payment_id, 100),
    eventTime: instantIn(event_time),
    amountPaise: paiseFromRupees(ofOrder.order_amount),
    currency: text(ofOrder.order_currency, 10),
    dispute: /DISPUTE|CHARGEBACK/i.test(String(type)) || dispute ? disputeIn(fieldsOf(dispute)) : null,
  }
}

function disputeIn({ dispute_id, dispute_amount, reason_description, respond_by }: Record<string, unknown>) {
  return {
    id: text(dispute_id, 100) || 'unnamed',
    amountPaise: paiseFromRupees(dispute_amount),
    reason: text(reason_description, 300),
    respondBy: instantIn(respond_by),
  }
}

function text(value: unknown, longest: number): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  return String(value).replaceAll('\0', '').slice(0, longest).toWellFormed()
}
