import { randomUUID } from 'node:crypto'
import { rupeesForGateway } from '../../platform/money.ts'
import type { Answer, Call } from './cashfree-http.ts'
import { noteFor, readRefund } from './cashfree-refunds.ts'
import { GatewayRefused } from './gateway.ts'
import type { MandateGateway, NewCharge, NewChargeRefund, RemoteCharge } from './mandate-gateway.ts'
import { isAbsent, refusalOrOutage, refuseOurKeys } from './read-answer.ts'
import { readCharge } from './read-mandate.ts'
import type { RemoteRefund } from './remote-refund.ts'

type Charges = Pick<MandateGateway, 'charge' | 'cancelCharge' | 'fetchCharge' | 'createRefund' | 'fetchRefund'>

/** The debits of the Cashfree client, and their refunds. */
export function cashfreeCharges(call: (call: Call) => Promise<Answer>): Charges {
  async function charge(asked: NewCharge, within?: number): Promise<RemoteCharge> {
    const { subscriptionId, paymentId, idempotencyKey } = asked
    const body = chargeBody(asked)
    const answer = await call({
      method: 'POST',
      path: '/subscriptions/pay',
      body,
      idempotencyKey,
      within,
      patient: true,
    })
    if (answer.status === 200) return readCharge(answer.body)
    refuseOurKeys(answer)
    // How Cashfree says that an id is taken nobody has measured: after every refusal what is there decides, for it may be a lost reply.
    const existing = await fetchCharge(subscriptionId, paymentId, within)
    if (!existing) throw new GatewayRefused(answer.status, answer.code)
    const wanted = ['CHARGE', subscriptionId, paymentId, asked.amountPaise]
    const found = [existing.type, existing.subscriptionId, existing.paymentId, existing.amountPaise]
    if (found.some((value, at) => value !== null && value !== wanted[at]))
      throw new GatewayRefused(409, 'charge_differs')
    return existing
  }

  async function cancelCharge(subscriptionId: string, paymentId: string, within?: number): Promise<RemoteCharge> {
    const body = { subscription_id: subscriptionId, payment_id: paymentId, action: 'CANCEL' }
    const path = `${pathOf(subscriptionId, paymentId)}/manage`
    const answer = await call({ method: 'POST', path, body, idempotencyKey: randomUUID(), within })
    refuseOurKeys(answer)
    // One that was tried meanwhile may answer with a 4xx: what counts is what the charge is now.
    const now = await fetchCharge(subscriptionId, paymentId, within)
    if (!now) throw new GatewayRefused(404, answer.code || 'payment_not_found')
    return now
  }

  async function fetchCharge(subscriptionId: string, paymentId: string, within?: number): Promise<RemoteCharge | null> {
    const answer = await call({ method: 'GET', path: pathOf(subscriptionId, paymentId), within })
    if (isAbsent(answer)) return null
    if (answer.status !== 200) throw refusalOrOutage(answer)
    return readCharge(answer.body)
  }

  async function createRefund(refund: NewChargeRefund, within?: number): Promise<RemoteRefund> {
    const { subscriptionId, refundId, idempotencyKey } = refund
    const body = {
      subscription_id: subscriptionId,
      ...('paymentId' in refund ? { payment_id: refund.paymentId } : { cf_payment_id: numberIn(refund.cfPaymentId) }),
      refund_id: refundId,
      refund_amount: rupeesForGateway(refund.amountPaise),
      refund_note: noteFor(refund.note),
      refund_speed: 'STANDARD',
    }
    const path = `/subscriptions/${encodeURIComponent(subscriptionId)}/refunds`
    const answer = await call({ method: 'POST', path, body, idempotencyKey, within })
    if (answer.status === 200) return readRefund(answer.body)
    refuseOurKeys(answer)
    const existing = await fetchRefund(subscriptionId, refundId, within)
    if (!existing) throw new GatewayRefused(answer.status, answer.code)
    if (existing.amountPaise !== refund.amountPaise) throw new GatewayRefused(409, 'refund_differs')
    return existing
  }

  async function fetchRefund(subscriptionId: string, refundId: string, within?: number): Promise<RemoteRefund | null> {
    const path = `/subscriptions/${encodeURIComponent(subscriptionId)}/refunds/${encodeURIComponent(refundId)}`
    const answer = await call({ method: 'GET', path, within })
    if (isAbsent(answer)) return null
    if (answer.status !== 200) throw refusalOrOutage(answer)
    return readRefund(answer.body)
  }

  return { charge, cancelCharge, fetchCharge, createRefund, fetchRefund }
}

function pathOf(subscriptionId: string, paymentId: string): string {
  return `/subscriptions/${encodeURIComponent(subscriptionId)}/payments/${encodeURIComponent(paymentId)}`
}

/** Cashfree takes its own ids of payments as numbers. One that is none, or too long for one, goes as it came. */
function numberIn(cfPaymentId: string): number | string {
  return /^\d{1,15}$/.test(cfPaymentId) ? Number(cfPaymentId) : cfPaymentId
}

function chargeBody(asked: NewCharge): Record<string, unknown> {
  return {
    subscription_id: asked.subscriptionId,
    payment_id: asked.paymentId,
    payment_type: 'CHARGE',
    payment_amount: rupeesForGateway(asked.amountPaise),
    // Only the Indian day counts: noon stays on it, whichever clock it is read by.
    payment_schedule_date: `${asked.scheduledOn}T12:00:00+05:30`,
    payment_remarks: asked.remarks,
  }
}
