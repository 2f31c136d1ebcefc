import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { closeIncident, insertAlertMails, insertIncident } from './queries.ts'

/** Something that did not agree, with both sides in `details`, until a person says what was done about it. */
export type Incident = {
  id: number
  kind: string
  subjectKey: string
  /** 1, or more when it came again with other facts after it had been resolved. */
  occurrence: number
  orderId: string | null
  userId: string | null
  details: Record<string, unknown>
  openedAt: Date
  resolvedAt: Date | null
  resolvedBy: string | null
  resolution: string | null
}

/** What each kind means and what to do, for mails and the panel. */
export const meanings: Record<string, string> = {
  'order-mismatch':
    'Cashfree’s answer is about another order than ours: its amount, currency, customer or number differs. It granted nothing.',
  'payment-mismatch':
    'What came, or is left of it after refunds, is less than the price, in another currency, or tells of another price. It granted nothing.',
  'paid-twice': 'One order was paid twice. A refund of the second payment is prepared; confirm it.',
  'two-orders-paid':
    'Two open orders of one person were both paid. Both periods were given; ask whether that was meant.',
  'entitlement-refused':
    'Money came for an account that may not be given what it paid for, because it is suspended or deleted. Nothing was granted; a refund is prepared.',
  'paid-after-deletion':
    'Money came for an account that was deleted meanwhile. It is booked and nothing was granted; refund it.',
  'paid-unverified': 'Cashfree says paid, but its list of payments cannot be read. Nothing was granted yet.',
  'success-unpaid':
    'A payment went through, says Cashfree, and for ten minutes it has not called the order paid. Nothing was granted; the payer is asked to wait.',
  'books-broken': 'The nightly check found books that do not agree. Run `npm run invariants`.',
  'payment-reversed': 'Cashfree took back a payment that had been granted.',
  'payment-on-two-orders':
    'Cashfree lists a payment under one order that belongs to another. It granted nothing here; the other order is asked about by itself.',
  'unknown-order': 'Cashfree reports a successful payment for an order that is not in our books.',
  'webhook-differs':
    'A signed webhook names another amount, currency or customer than our order, or a second order. Cashfree’s API decides.',
  'settling-fails': 'An order cannot be settled because of an error of ours. It is tried again; see the log.',
  'refunded-twice': 'More went back than the payment brought. Ask Cashfree, and the customer.',
  'refund-mismatch': 'Cashfree’s refund differs from the one we asked for.',
  'refund-failed': 'A refund failed. The customer still waits for the money.',
  'refund-onhold': 'Cashfree holds a refund back, usually for lack of balance.',
  'dispute-opened':
    'A payer asks their bank for the money back. Answer with documents, or accept it, in Cashfree’s dashboard before the deadline: without an answer it is lost. Access goes on meanwhile, and this payment cannot be refunded.',
  'dispute-lost':
    'The payer’s bank took the money back. When the whole price is gone, the period it paid for has ended. No credit note was written.',
  'dispute-unclear':
    'Cashfree tells something of a dispute that is not understood here, or that does not fit the payment. No money was booked and no access was taken.',
  'dispute-turned':
    'Cashfree calls a dispute won or open that it had called lost, or says that it took less. If the period was ended, it stays ended until somebody grants the days again.',
  'dispute-mismatch': 'Cashfree lists a dispute under an order that it does not belong to. Nothing was done.',
  'dispute-unconfirmed':
    'A signed webhook tells of a dispute that Cashfree’s API does not show, or Cashfree cannot be asked. Nothing was booked.',
  'unknown-dispute': 'Cashfree reports a dispute of an order that is not in our books.',
  'report-held':
    'E-mail reports are due and held back: the prices they need are missing, half imported or wait for a decision. Import them, or decide the held import; the reports then go out by themselves for three days.',
  'password-guessing':
    '300 wrong passwords came within an hour, for all accounts together: somebody may be trying a list. Each account and each network is slowed down by itself.',
  'gateway-keys': 'Cashfree refuses our keys (401). Check CASHFREE_CLIENT_ID, CASHFREE_CLIENT_SECRET and CASHFREE_ENV.',
}

/** Closes an incident with a note. Throws AppError `invalid` without a note, `conflict` when it is closed already. */
export async function resolveIncident(sql: Sql, id: number, by: Actor & { resolution: string }): Promise<void> {
  const resolution = by.resolution.trim()
  if (resolution === '')
    throw new AppError('invalid', 'Please say what was done.', { fields: { resolution: 'Please say what was done.' } })
  if (!(await closeIncident(sql, id, { ...by, resolution })))
    throw new AppError('conflict', 'This incident was closed meanwhile.')
}

/** Notes that Cashfree refuses our keys: once an Indian day, however many calls fail. */
export async function noteRefusedKeys(sql: Sql, status: number, today = new Date()): Promise<void> {
  await insertIncident(sql, 'gateway-keys', dayInIndia(today), { status })
}

function dayInIndia(instant: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Kolkata' }).format(instant)
}

/** Notes that reports are held back, and why: once an Indian day, however many subscribers wait. */
export async function noteHeldReports(sql: Sql, about: { issue: string; reason: string }): Promise<void> {
  await insertIncident(sql, 'report-held', dayInIndia(new Date()), about)
}

/** Writes the operator's alert mails for what is new, when there is an address to write to. Returns how many. */
export async function queueAlertMails(sql: Sql, to: string | null): Promise<number> {
  return to === null ? 0 : insertAlertMails(sql, to)
}
