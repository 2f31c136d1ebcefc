import { AppError } from '../../platform/errors.ts'
import type { BillingServices } from '../payments/gateway.ts'
import { logRefund } from './log-refund.ts'
import { findRefund, type Refund, type RefundRequest, requestRefund, settleRefundRows } from './queries.ts'

const refusals: Record<string, string> = {
  'unknown-payment': 'There is no such payment.',
  'not-captured': 'This payment brought no money, so there is nothing to refund.',
  disputed:
    'The payer disputes this payment at their bank, and a refund could be lost twice. Answer or accept the dispute in Cashfree’s dashboard.',
  'too-late': 'Cashfree refunds payments of the last six months only.',
  'too-much': 'That is more than what is left of this payment.',
  differs: 'Another refund of this payment was made in the meantime. Please reload the page.',
}

/**
 * Promises a refund: the intent is written and a job asks Cashfree. Asking again with the same ordinal and amount is
 * the same refund. Throws AppError `conflict` with a sentence when it must not be.
 */
export async function refundPayment(services: BillingServices, request: RefundRequest): Promise<Refund> {
  if (!(request.amountPaise > 0))
    throw new AppError('invalid', 'Please enter the amount to refund.', { fields: { amount: 'More than ₹0.' } })
  const outcome = await requestRefund(services.sql, request)
  const refusal = refusals[outcome]
  if (refusal) throw new AppError(outcome === 'unknown-payment' ? 'not-found' : 'conflict', refusal)
  services.wake('send-refunds')
  const refund = (await findRefund(services.sql, `rf_${request.cfPaymentId}_${request.ordinal}`))!
  if (outcome === 'requested')
    services.log.info(
      { event: 'refund requested', orderId: refund.orderId, amountPaise: refund.amountPaise },
      'refund requested',
    )
  return refund
}

/** Makes our refunds of an order agree with Cashfree's, those made in its dashboard included. Any number of times. */
export async function settleRefunds(
  services: BillingServices,
  orderId: string,
  actor: string,
  within?: number,
): Promise<string> {
  const remote = await services.gateway.listRefunds(orderId, within)
  const outcome = await settleRefundRows(services.sql, orderId, remote, { actor, seller: services.config.seller })
  if (outcome === 'changed') {
    logRefund(services, orderId, remote, actor)
    services.wake('deliver-mails')
  }
  return outcome
}
