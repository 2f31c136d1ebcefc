import type { SettlementOutcome } from '../../billing/checkout/queries.ts'
import { settle, settleWith } from '../../billing/checkout/settle.ts'
import { settleDisputes } from '../../billing/disputes/disputes.ts'
import { refreshMandate } from '../../billing/mandates/mandates.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { settleDebitRefunds, settleRefunds } from '../../billing/refunds/refunds.ts'
import type { Actor } from '../../platform/audit-context.ts'
import { AppError } from '../../platform/errors.ts'
import { type Notice, noticeInTime } from '../in-time.ts'
import { askTermination, recordSettleAsked } from './order-queries.ts'

/** Asks Cashfree about an order, its refunds and its disputes and writes the answer. Harmless, any number of times. Throws `not-found`. */
export async function settleNow(services: BillingServices, orderId: string, actor: Actor): Promise<Notice> {
  const asked = await recordSettleAsked(services.sql, orderId, actor)
  if (!asked) throw new AppError('not-found', 'There is no such order.')
  const { mandate } = asked
  if (mandate !== null) return noticeInTime(services, { orderId }, () => settleDebit(services, orderId, mandate))
  return noticeInTime(services, { orderId }, async () => {
    const { outcome, order } = await settle(services, orderId, 'admin')
    const broughtMoney = order!.paidAt !== null || order!.heldAt !== null || outcome === 'given-back'
    const refunds = broughtMoney ? await settleRefunds(services, orderId, 'admin') : 'unchanged'
    const disputes = broughtMoney ? await settleDisputes(services, orderId, 'admin') : 'unchanged'
    const more =
      (refunds === 'changed' ? ' A refund was updated.' : '') +
      (disputes === 'changed' ? ' A dispute was updated.' : '')
    return { ...settled(outcome), text: settled(outcome).text + more }
  })
}

/** The same where a mandate pays: Cashfree has no order of this id, and is asked about the mandate and the refunds that we know. */
async function settleDebit(services: BillingServices, orderId: string, subscriptionId: string): Promise<Notice> {
  const { outcome, settled: debits } = await refreshMandate(services, subscriptionId, 'admin')
  const came = outcome === 'settled' ? debits.find((debit) => debit.orderId === orderId)?.outcome : outcome
  const notice: Notice = came ? settled(came) : { kind: 'info', text: 'Cashfree says nothing new about this debit.' }
  const refunds = await settleDebitRefunds(services, { orderId, subscriptionId }, 'admin')
  return { ...notice, text: notice.text + (refunds === 'changed' ? ' A refund was updated.' : '') }
}

/**
 * Ends an open order at Cashfree, so that it cannot be paid any more. A payment that came first is settled, never lost.
 * `key` is the form's: pressing twice is one action. Throws `not-found`, and `conflict` when the order is not open.
 */
export async function terminate(
  services: BillingServices,
  orderId: string,
  key: string,
  actor: Actor,
): Promise<Notice> {
  const asked = await askTermination(services.sql, orderId, key, actor)
  if (asked === 'unknown-order') throw new AppError('not-found', 'There is no such order.')
  if (asked === 'closed') throw new AppError('conflict', 'This order is no longer open; nothing was done.')
  return noticeInTime(services, { orderId }, async () => {
    const { outcome } = await settleWith(services, orderId, await services.gateway.terminateOrder(orderId), 'admin')
    if (outcome === 'closed') return { kind: 'good', text: 'The order is closed. It can no longer be paid.' }
    if (outcome === 'paid' || outcome === 'already-paid')
      return { kind: 'warn', text: 'A payment came first, so nothing was ended: the order is paid and settled.' }
    return { kind: 'warn', text: `Cashfree did not end it. ${settled(outcome).text}` }
  })
}

const outcomes: Record<SettlementOutcome, Notice> = {
  paid: { kind: 'good', text: 'Cashfree says it is paid: the plan is active, and the receipt is on its way.' },
  'already-paid': { kind: 'good', text: 'Cashfree agrees: this order was paid and settled before.' },
  waiting: { kind: 'info', text: 'Cashfree says: nobody has paid yet. The order stays open.' },
  closed: { kind: 'info', text: 'Cashfree says: the order is over and was not paid.' },
  'given-back': {
    kind: 'info',
    text: 'Cashfree says it was paid; the money went back before it counted. Nothing was granted.',
  },
  held: {
    kind: 'bad',
    text: 'Nothing was granted: Cashfree’s answer does not agree with our order, the account may not be given what it paid for, or the money is on its way back. See the incident.',
  },
  'to-end': {
    kind: 'warn',
    text: 'The order is closed on our side, or its account may not be given what it buys. Cashfree was asked to end it and has not done so yet.',
  },
  unverified: {
    kind: 'warn',
    text: 'Cashfree says paid, but its list of payments could not be read. Nothing was granted yet; we ask again.',
  },
  'unknown-order': { kind: 'bad', text: 'There is no such order in our books. Nothing was done.' },
}

function settled(outcome: string): Notice {
  return (
    (outcomes as Record<string, Notice | undefined>)[outcome] ?? {
      kind: 'info',
      text: `Cashfree was asked: ${outcome}.`,
    }
  )
}
