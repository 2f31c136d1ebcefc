import type { Actor } from '../../platform/audit-context.ts'
import { AppError } from '../../platform/errors.ts'
import { paise } from '../../platform/money.ts'
import { type BillingServices, GatewayRefused, isGatewayFailure } from '../payments/gateway.ts'
import type { RemoteRefund } from '../payments/remote-refund.ts'
import { logRefund } from './log-refund.ts'
import type { Refund } from './queries.ts'
import {
  findDisputeInTheWay,
  findRefund,
  hastenRefund,
  leaseRefunds,
  postponeRefund,
  refuseRefund,
  settleRefundRows,
} from './queries.ts'
import { settleDebitRefunds, settleRefunds } from './refunds.ts'

/** Refunds get the longest time limit, in milliseconds: Cashfree's slowest call, and nobody waits. */
const limitMs = 30_000
/** While Cashfree is silent, the first of many are due again before the last was asked about. */
const maxPerRun = 200

/** The job: asks Cashfree for refunds that were promised and looks after those under way. Returns how many it handled. */
export async function sendRefunds(services: BillingServices): Promise<number> {
  let handled = 0
  while (handled < maxPerRun) {
    const due = await leaseRefunds(services.sql, 4)
    if (due.length === 0) break
    await Promise.all(due.map((refund) => handle(services, refund)))
    handled += due.length
  }
  return handled
}

/**
 * Asks Cashfree about one refund because a person wants to know, sending it first where that was not done yet. Harmless
 * beside the job: both ask under one id and key. Never throws because Cashfree is away; `lastError` says so then.
 */
export async function askAboutRefund(services: BillingServices, id: string, by: Actor): Promise<Refund> {
  const refund = await hastenRefund(services.sql, id, by)
  if (refund) await handle(services, refund, services.config.cashfree.timeoutMs)
  const now = await findRefund(services.sql, id)
  if (!now) throw new AppError('not-found', 'There is no such refund.')
  return now
}

async function handle(services: BillingServices, refund: Refund, within = limitMs): Promise<void> {
  try {
    if (refund.status === 'requested') await send(services, refund, within)
    else if ((await settleAll(services, refund, within)) === 'unchanged')
      await postponeRefund(services.sql, refund.id, 'not finished at Cashfree')
  } catch (error) {
    if (error instanceof GatewayRefused && error.status !== 401 && error.status !== 403) {
      services.log.error({ event: 'refund failed', orderId: refund.orderId, err: error }, 'refund failed')
      await refuseRefund(services.sql, refund.id, `Cashfree refused: ${error.code}`)
      return
    }
    if (!isGatewayFailure(error)) {
      // One refund that trips over an error of ours must not stop the others; its lease runs out and it is tried again.
      services.log.error({ orderId: refund.orderId, err: error }, 'a refund could not be handled')
      return
    }
    services.log.warn({ orderId: refund.orderId, err: error }, 'a refund could not be asked for yet')
    const answered = error instanceof GatewayRefused || error.answered
    await postponeRefund(services.sql, refund.id, `Cashfree: ${error.message}`, answered)
  }
}

/**
 * Asked under our own id and one key, so that a repeat after a lost reply is the same refund. Money that the payer asks their
 * bank for meanwhile is not sent as well: it waits for the end of the dispute, and fails when the bank took it.
 */
async function send(services: BillingServices, refund: Refund, within: number): Promise<void> {
  const way = await findDisputeInTheWay(services.sql, refund)
  if (way) {
    // An earlier try may have reached Cashfree although its reply was lost.
    await settleAll(services, refund, within)
    if (way === 'lost') await refuseRefund(services.sql, refund.id, 'The payer’s bank took the money in a dispute.')
    else
      await postponeRefund(services.sql, refund.id, 'The payer disputes this payment at their bank: the refund waits.')
    return
  }
  const remote = await askFor(services, refund, within)
  await settleRefundRows(services.sql, refund.orderId, [remote], { actor: 'refunds', seller: services.config.seller })
  logRefund(services, refund.orderId, [remote], 'refunds')
  services.wake('deliver-mails')
}

/** What is refunded is an order at Cashfree, or a debit under a mandate. */
function askFor({ gateway }: BillingServices, refund: Refund, within: number): Promise<RemoteRefund> {
  const { id, orderId, cfPaymentId, debit, idempotencyKey, reason } = refund
  const asked = { refundId: id, idempotencyKey, amountPaise: paise(refund.amountPaise), note: reason }
  if (!debit) return gateway.createRefund({ orderId, ...asked }, within)
  const { subscriptionId, paymentId } = debit
  const which = paymentId === null ? { cfPaymentId } : { paymentId }
  return gateway.mandates.createRefund({ subscriptionId, ...which, ...asked }, within)
}

function settleAll(services: BillingServices, { orderId, debit }: Refund, within: number): Promise<string> {
  if (!debit) return settleRefunds(services, orderId, 'refunds', within)
  return settleDebitRefunds(services, { orderId, subscriptionId: debit.subscriptionId }, 'refunds', within)
}
