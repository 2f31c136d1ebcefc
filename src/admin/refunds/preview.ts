import { methodTitle } from '../../billing/payments/payments.ts'
import { taxesOf } from '../../billing/receipts/paper.ts'
import type { RefundRequest, Rehearsal } from '../../billing/refunds/queries.ts'
import { rehearse } from '../../billing/refunds/rehearsal.ts'
import { AppError } from '../../platform/errors.ts'
import { paiseFromRupees, rupees } from '../../platform/money.ts'
import type { Services } from '../../platform/services.ts'
import { findNetRevenue, findRefundBasis, listRefundsOfPayment, type RefundBasis, type Sibling } from './queries.ts'

/** What will happen, in numbers, before anybody presses the button. Amounts in paise. */
export type RefundPreview = {
  basis: RefundBasis
  siblings: Sibling[]
  amountPaise: number
  method: string
  /** The reason, where the records already know it. */
  reason: string
  /** The amount is typed twice. */
  isLarge: boolean
  /** Null where nothing can be refunded; then `closed` is the reason. */
  outcome: null | {
    rehearsal: Rehearsal
    taxes: { label: string; amountPaise: number }[]
    revenue: { label: string; nowPaise: number; thenPaise: number }[]
  }
  closed: string | null
}

/**
 * The refund of so many rupees of a payment, all that is left when nothing is typed. An amount that cannot be is
 * previewed as all. Throws AppError `not-found` for an unknown payment.
 */
export async function previewRefund(services: Services, cfPaymentId: string, typed: string): Promise<RefundPreview> {
  const basis = await findRefundBasis(services.sql, cfPaymentId)
  if (!basis) throw new AppError('not-found', 'There is no such payment.')
  const siblings = await listRefundsOfPayment(services.sql, cfPaymentId)
  const closed = closedBecause(basis)
  const asked = typed.trim() === '' ? null : amountIn(typed)
  const amountPaise = asked !== null && asked <= basis.leftPaise ? asked : basis.leftPaise
  const outcome = closed ? null : await outcomeOf(services, cfPaymentId, amountPaise)
  return {
    basis,
    siblings,
    amountPaise,
    method: methodTitle(basis.method),
    reason: reasonFor(basis),
    isLarge: amountPaise >= basis.largePaise,
    outcome,
    closed,
  }
}

async function outcomeOf(
  services: Services,
  cfPaymentId: string,
  amountPaise: number,
): Promise<RefundPreview['outcome']> {
  const [rehearsal, net] = await Promise.all([
    rehearse(services, cfPaymentId, amountPaise),
    findNetRevenue(services.sql),
  ])
  const note = rehearsal!.creditNote
  const less = note?.amountPaise ?? 0
  return {
    rehearsal: rehearsal!,
    taxes: note ? taxesOf(note, services.config.seller.stateCode) : [],
    revenue: [
      { label: 'Revenue today, net', nowPaise: net.todayPaise, thenPaise: net.todayPaise - less },
      { label: 'Revenue this month, net', nowPaise: net.monthPaise, thenPaise: net.monthPaise - less },
    ],
  }
}

function reasonFor({ appliedAt, orderPaidAt, refusal }: RefundBasis): string {
  if (appliedAt !== null) return ''
  if (orderPaidAt !== null) return 'Paid twice; the second payment goes back.'
  return refusal === null ? '' : `Paid while the account was ${refusal}; nothing was granted.`
}

function closedBecause({ status, leftPaise, creditedPaise, isTooOld, isDisputed }: RefundBasis): string | null {
  if (status !== 'SUCCESS') return 'This payment brought no money, so there is nothing to refund.'
  if (isDisputed)
    return 'The payer disputes this payment at their bank. A refund now could be lost twice: answer or accept the dispute in Cashfree’s dashboard.'
  if (leftPaise <= 0 && creditedPaise > 0)
    return `Nothing is left of this payment: ${rupees(creditedPaise)} of it were credited towards another plan. To give that back, refund the order of that plan.`
  if (leftPaise <= 0)
    return 'Nothing is left of this payment: all of it went back, is on its way, or was lost in a dispute.'
  if (isTooOld) return 'Cashfree refunds payments of the last six months only. Pay this one back by bank transfer.'
  return null
}

/** The fields of the form that asks for a refund. The middle two are what its page showed. */
export const refundFields = ['amount', 'ordinal', 'left', 'amount_again', 'reason'] as const
type RefundForm = Record<(typeof refundFields)[number], string>

/** Reads the form. Throws AppError `invalid` with a sentence per field. `largePaise` as in `RefundBasis`. */
export function readRefund(
  form: RefundForm,
  largePaise: number,
): Pick<RefundRequest, 'ordinal' | 'amountPaise' | 'reason'> & { leftPaise: number } {
  const amountPaise = amountIn(form.amount)
  const reason = form.reason.trim()
  const [ordinal, leftPaise] = [wholeIn(form.ordinal), wholeIn(form.left)]
  if (ordinal === null || leftPaise === null) throw new AppError('invalid', 'Please check again what will happen.')
  const errors = {
    ...amountErrors(amountPaise, leftPaise),
    ...(amountPaise !== null && amountPaise >= largePaise && amountIn(form.amount_again) !== amountPaise
      ? { amount_again: 'This is a large refund: please type the amount again.' }
      : {}),
    ...(reason.length < 3 ? { reason: 'Say why, in a few words.' } : {}),
    ...(reason.length > 300 ? { reason: 'At most 300 characters.' } : {}),
  }
  if (Object.keys(errors).length > 0)
    throw new AppError('invalid', 'Nothing was done yet. Please check the highlighted fields.', { fields: errors })
  return { ordinal, leftPaise, amountPaise: amountPaise!, reason }
}

/** What is wrong with an amount, as the field's sentence. */
export function amountErrors(amountPaise: number | null, leftPaise: number): Record<string, string> {
  if (amountPaise === null) return { amount: 'Please enter an amount in rupees, like 499 or 499.50.' }
  return amountPaise > leftPaise ? { amount: 'That is more than what is left of this payment.' } : {}
}

/** "4,990.50" or "₹499" in paise; null for what is no amount above nothing. */
export function amountIn(text: string): number | null {
  const paise = paiseFromRupees(text.replace(/[₹,\s]/g, ''))
  return paise !== null && paise > 0 ? paise : null
}

function wholeIn(text: string): number | null {
  return /^\d{1,12}$/.test(text) ? Number(text) : null
}
