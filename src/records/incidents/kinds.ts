/** Every kind of incident, and what it means, for mails and the panel; the panel adds what to do (admin/incidents/labels.ts). */
export const meanings = {
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
    'Money came for an account that was deleted in the meantime. It is booked and nothing was granted; refund it.',
  'paid-unverified': 'Cashfree says paid, but its list of payments cannot be read. Nothing was granted yet.',
  'success-unpaid':
    'A payment went through, says Cashfree, and for ten minutes it has not called the order paid. Nothing was granted; the payer is asked to wait.',
  'books-broken':
    'The nightly check found records that do not agree with each other. Nothing is repaired automatically.',
  'payment-reversed': 'Cashfree took back a payment that had been granted.',
  'payment-on-two-orders':
    'Cashfree lists a payment under one order that belongs to another. It granted nothing here; the other order is asked about by itself.',
  'mandate-mismatch':
    'What Cashfree says of an Autopay mandate, or money under one, is not what we asked for. It granted nothing.',
  'unknown-order': 'Cashfree reports a successful payment for an order that is not in our books.',
  'webhook-differs':
    'A signed webhook names another amount, currency or customer than our order, or a second order. Cashfree’s API decides.',
  'settling-fails': 'An order cannot be settled because of an error of ours. It is tried again; see the log.',
  'refunded-twice': 'More went back than the payment brought. Ask Cashfree, and the customer.',
  'credited-money-gone':
    'Money of an order went back although its unused days had been credited towards another plan. The other plan runs on.',
  'switch-not-undone':
    'All of the price of a change of plan went back, and its period ended. The days it had credited were not given back: other time runs by now.',
  'refund-mismatch': 'Cashfree’s refund differs from the one we asked for.',
  'refund-failed': 'A refund failed. The customer still waits for the money.',
  'refund-onhold': 'Cashfree holds a refund back, usually for lack of balance.',
  'dispute-opened':
    'A payer asks their bank for the money back. Answer with documents, or accept it, in Cashfree’s dashboard before the deadline: without an answer it is lost. Access continues in the meantime, and this payment cannot be refunded.',
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
  'prices-late':
    'A session ended hours ago and its closing prices are not here. Subscribers see the ranks of the session before, and reports wait.',
  'prices-held':
    'Prices were fetched and are not live yet: something in them needs a decision. Until then subscribers see earlier ranks.',
  'prices-refused': 'A file in the price folder cannot be read. It was moved to refused/, with the reason beside it.',
  'prices-folder': 'The price folder (PRICE_FOLDER) cannot be read or written, so nothing is fetched from it.',
  'mails-paused':
    'The mail server has refused us for a quarter of an hour, whoever a mail is for. All mails wait; one tries every ten minutes at most.',
  'receipts-unnumbered':
    'The database was failed over to a replica that may lack the last numbers of receipts and credit notes. No number is given until somebody says which were mailed; payments are settled, and their receipts wait.',
  'password-guessing':
    '300 wrong passwords came within an hour, for all accounts together: somebody may be trying a list. Each account and each network is slowed down by itself.',
  'gateway-keys': 'Cashfree refuses our keys (401). Check CASHFREE_CLIENT_ID, CASHFREE_CLIENT_SECRET and CASHFREE_ENV.',
}

export type IncidentKind = keyof typeof meanings

/** What an incident of this kind means; of a kind that this release does not know, that something did not agree. */
export function meaningOf(kind: string): string {
  return Object.hasOwn(meanings, kind) ? meanings[kind as IncidentKind] : 'Something did not agree.'
}
