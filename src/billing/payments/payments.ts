import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { findOrder, type Order } from './queries.ts'

/** Days after a payment in which all of it is given back to who asks, without a reason. */
export const refundDays = 7

const orderId = /^[A-Za-z0-9_-]{3,45}$/

/** Whether a text can be an order id of ours; anything else in a URL is not looked up. */
export function isOrderId(text: string): boolean {
  return orderId.test(text)
}

/** A user's own order. Throws AppError `not-found` for every other id, existing or not, in the same words. */
export async function orderOf(sql: Sql, userId: string, id: string): Promise<Order> {
  const order = isOrderId(id) ? await findOrder(sql, id) : undefined
  if (order?.userId !== userId) throw new AppError('not-found', 'There is no such order in your account.')
  return order
}

/** The page where this order is paid, or that shows it once it is. A plan's page shows its purchase without being told which. */
export function checkoutPathOf({ id, purpose, planName }: Order): string {
  if (purpose === 'gift') return `/checkout/gift/${id}`
  return `/checkout/${planName}${purpose === 'period' ? '' : `?order=${id}`}`
}

/** Whether an order waits to be paid, as far as we know. */
export function isOpen({ status }: Pick<Order, 'status'>): boolean {
  return status === 'created' || status === 'active'
}

const failed = ['FAILED', 'CANCELLED', 'VOID', 'USER_DROPPED', 'NOT_ATTEMPTED']

/**
 * What Cashfree's status of an attempt comes to: `moving` is at the bank, being reviewed, or a status that we do not know, as
 * in attempt-states.sql.
 */
export function outcomeOf(status: string): 'paid' | 'moving' | 'failed' {
  return status === 'SUCCESS' ? 'paid' : failed.includes(status) ? 'failed' : 'moving'
}

const methods: Record<string, string> = {
  upi: 'UPI',
  upi_ppi: 'UPI wallet',
  upi_credit_card: 'UPI credit card',
  credit_card: 'Credit card',
  debit_card: 'Debit card',
  prepaid_card: 'Prepaid card',
  net_banking: 'Netbanking',
  wallet: 'Wallet',
  pay_later: 'Pay later',
  paypal: 'PayPal',
  bank_transfer: 'Bank transfer',
}

/** "UPI", "Credit card": how a payment group reads on a page; an unknown one is shown with its underscores opened. */
export function methodTitle(group: string | null): string {
  return group === null ? 'Not chosen' : (methods[group] ?? group.replaceAll('_', ' '))
}
