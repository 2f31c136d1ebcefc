import { AppError } from '../../platform/errors.ts'
import type { BillingServices } from '../payments/gateway.ts'
import type { RemoteRefund } from '../payments/remote-refund.ts'
import { logRefund } from './log-refund.ts'
import {
  findRefund,
  listUnfinishedRefunds,
  type Refund,
  type RefundRequest,
  requestRefund,
  settleRefundRows,
} from './queries.ts'

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
  return settleWith(services, orderId, await services.gateway.listRefunds(orderId, within), actor)
}

/**
 * The same for an order that a mandate pays. Cashfree lists no refunds of a debit, so it is asked about each that we know and that has not
 * arrived, and about `named`: one that an event of Cashfree's told of, made in its dashboard perhaps.
 */
export async function settleDebitRefunds(
  services: BillingServices,
  debit: { orderId: string; subscriptionId: string; named?: string },
  actor: string,
  within?: number,
): Promise<string> {
  const { orderId, subscriptionId, named } = debit
  const known = await listUnfinishedRefunds(services.sql, orderId)
  const asked = named === undefined || known.includes(named) ? known : [...known, named]
  const answers = await Promise.all(
    asked.map((id) => services.gateway.mandates.fetchRefund(subscriptionId, id, within)),
  )
  const remote = answers.filter((answer) => answer !== null)
  return remote.length === 0 ? 'unchanged' : settleWith(services, orderId, remote, actor)
}

async function settleWith(
  services: BillingServices,
  orderId: string,
  remote: RemoteRefund[],
  actor: string,
): Promise<string> {
  const outcome = await settleRefundRows(services.sql, orderId, remote, { actor, seller: services.config.seller })
  if (outcome === 'changed') {
    logRefund(services, orderId, remote, actor)
    services.wake('deliver-mails')
  }
  return outcome
}
