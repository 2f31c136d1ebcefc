import type { IncidentKind } from '../../records/incidents/kinds.ts'
import { sentenceCase } from '../labels.ts'

/** What the panel calls each kind. */
const titles: Record<IncidentKind, string> = {
  'order-mismatch': 'Cashfree’s order differs from ours',
  'payment-mismatch': 'Wrong amount was paid',
  'paid-twice': 'One order was paid twice',
  'two-orders-paid': 'Two orders of one person were paid',
  'entitlement-refused': 'Paid for a suspended or deleted account',
  'paid-after-deletion': 'Paid after the account was deleted',
  'paid-unverified': 'Paid, but the payment cannot be read',
  'success-unpaid': 'Payment went through, order not paid',
  'books-broken': 'The nightly check found errors',
  'payment-reversed': 'Cashfree took a payment back',
  'payment-on-two-orders': 'One payment under two orders',
  'mandate-mismatch': 'Autopay at Cashfree differs from ours',
  'unknown-order': 'Payment for an order we do not know',
  'webhook-differs': 'A webhook differs from our order',
  'settling-fails': 'An order cannot be settled',
  'refunded-twice': 'More was refunded than was paid',
  'credited-money-gone': 'Credited money was refunded',
  'switch-not-undone': 'A refunded plan change was not undone',
  'refund-mismatch': 'Cashfree’s refund differs from ours',
  'refund-failed': 'A refund failed',
  'refund-onhold': 'Cashfree holds a refund',
  'dispute-opened': 'A payment is disputed',
  'dispute-lost': 'A dispute was lost',
  'dispute-unclear': 'A dispute we cannot read',
  'dispute-turned': 'A dispute changed after its end',
  'dispute-mismatch': 'A dispute under the wrong order',
  'dispute-unconfirmed': 'A dispute Cashfree does not confirm',
  'unknown-dispute': 'Dispute of an order we do not know',
  'report-held': 'E-mail reports are held back',
  'prices-late': 'Closing prices are late',
  'prices-held': 'New prices need a decision',
  'prices-refused': 'A price file cannot be read',
  'prices-folder': 'The price folder cannot be used',
  'mails-paused': 'The mail server refuses us',
  'receipts-unnumbered': 'Receipts wait for numbers since a failover',
  'password-guessing': 'Somebody is guessing passwords',
  'gateway-keys': 'Cashfree refuses our keys',
}

/** The title of a kind; one that this release does not know is its own name. */
export function incidentTitle(kind: string): string {
  return Object.hasOwn(titles, kind) ? titles[kind as IncidentKind] : sentenceCase(kind)
}

/** What a person does about each kind, step by step; `meanings` (src/records/incidents) says what it is. */
export const whatToDo: Record<IncidentKind, string> = {
  'order-mismatch':
    'Open the order here and compare it with Cashfree, side by side. If money came, refund the payment from the order’s page; then write here what you did.',
  'payment-mismatch':
    'Refund the payment from the order’s page; or ask the customer for the rest, and grant the days on their page.',
  'paid-twice': 'Open the prepared refund below and confirm it. Then resolve this.',
  'entitlement-refused':
    'Open the prepared refund below and confirm it: the money then goes back, whatever happens to the account. Or lift the suspension, and the payment counts at once.',
  'two-orders-paid':
    'Ask the customer whether both were meant. If not, refund one from the order’s page; its period ends automatically.',
  'paid-after-deletion': 'Refund the payment from the order’s page. Then resolve this.',
  'paid-unverified': 'Usually this settles within the hour. If it stays, send the order number to Cashfree’s support.',
  'success-unpaid':
    'Usually this settles, or Cashfree returns the money. If it stays, send the order number to Cashfree’s support and tell the customer.',
  'books-broken':
    'See below what does not agree, and tell the developer. Once it is repaired, press Run now beside check-books under Jobs, and resolve this.',
  'payment-reversed': 'Ask Cashfree why. If the money is gone for good, cancel the subscription on the person’s page.',
  'payment-on-two-orders':
    'Usually this passes and both orders settle. If it stays, send both order numbers and the payment to Cashfree’s support: one of them is wrong there.',
  'mandate-mismatch':
    'Compare the subscription and its payments with Cashfree’s dashboard. If money came that is not ours to keep, refund it there; then write here what you did.',
  'unknown-order':
    'Nothing, if another site uses the same Cashfree account. Otherwise check whether the database was restored from an old backup.',
  'webhook-differs':
    'Open the order: Cashfree’s API decides, not the webhook. If the order is settled, there is nothing more to do.',
  'settling-fails': 'Find the error in the log and tell the developer. The customer’s money is safe at Cashfree.',
  'refunded-twice': 'Ask Cashfree which refund was made in error, and tell the customer before somebody else does.',
  'credited-money-gone':
    'The person keeps the plan they changed to for less than was agreed. Ask them for the difference or let it go, and write here which.',
  'switch-not-undone': 'Grant the unused days of what they had before, from the person’s page.',
  'refund-mismatch': 'Compare with Cashfree’s dashboard. The credit note was written for our amount.',
  'refund-failed':
    'Refund again from the order’s page; if that fails too, ask the customer for another account and pay it by bank transfer.',
  'refund-onhold': 'Add balance in Cashfree’s dashboard, or answer what they ask there. The refund then continues.',
  'dispute-opened':
    'Open Cashfree’s dashboard, Disputes, and answer it: receipt, terms, and when the person logged in and read what they paid for. If part of it was refunded already, the refund’s bank reference is the proof. Then write here what you sent.',
  'dispute-lost':
    'Tell your accountant: the receipt stands and no credit note was written; whether tax may be taken back is theirs to say. If you know the payer, ask them why.',
  'dispute-unclear':
    'Read the dispute in Cashfree’s dashboard. If the money is gone for good, cancel the subscription on the person’s page; otherwise there is nothing to do.',
  'dispute-turned':
    'Check in Cashfree’s dashboard whether the money came back. If it did and the period was ended, grant the remaining days on the person’s page.',
  'dispute-mismatch': 'Send the dispute’s number and both orders to Cashfree’s support.',
  'dispute-unconfirmed':
    'Look for it in Cashfree’s dashboard. If it is there, answer it there and ask Cashfree’s support why the API hides it. Once this is resolved, Cashfree is not asked about it any more.',
  'unknown-dispute':
    'If another site uses the same Cashfree account, tell its owner of the deadline. Otherwise check whether the database was restored from an old backup.',
  'report-held': 'Import the prices of that day, or decide the held import. The reports then go out automatically.',
  'prices-late':
    'See Market, Feed for what the source answers. You can also import the day’s file yourself under Imports. This closes when the prices are in.',
  'prices-held': 'Open the import, answer its questions, then commit or discard it. This then closes.',
  'prices-refused':
    'Read the reason. Put a correct file into the folder, or delete this one from refused/, and resolve this.',
  'prices-folder':
    'Check that the folder exists and that the service’s account may read and write it. This then closes.',
  'mails-paused':
    'Read the reason. Too fast: set MAIL_PER_SECOND to what your provider allows. A quota: raise it there. A suspended sender or a wrong password: settle it with the provider. Then press “Try now” under Mails.',
  'receipts-unnumbered':
    'Find the highest receipt and credit note that were mailed (in the mail server’s log, or the newest that a customer can show), and tell them to whoever runs the server: “Failover” in the operating manual says how numbers go on. Then resolve this.',
  'password-guessing':
    'Look in the log for the networks of `log-in refused`. If they are few, block them at the proxy. If they are many, wait: each is slowed down automatically. Make sure that administrators’ passwords are used nowhere else.',
  'gateway-keys': 'Correct the keys and restart. Until then nobody can pay.',
}
