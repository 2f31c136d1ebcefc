import type { IncidentKind } from '../../records/incidents/kinds.ts'

/** What a person does about each kind, step by step; `meanings` (src/records/incidents) says what it is. */
export const whatToDo: Partial<Record<IncidentKind, string>> = {
  'order-mismatch':
    'Open the order in Cashfree’s dashboard and compare. If money came, refund it there; then write here what you did.',
  'payment-mismatch':
    'The customer paid less than the price. Refund it, or ask for the rest and grant the days by hand.',
  'paid-twice': 'Look at the refund below and confirm it. Then resolve this.',
  'entitlement-refused':
    'Look at the refund below and confirm it: then the money goes back whatever happens to the account. Or lift the suspension first, and the payment counts at once.',
  'two-orders-paid': 'Ask the customer whether both were meant. If not, refund one; its period ends by itself.',
  'paid-unverified':
    'Usually it settles by itself within the hour. If it stays, send the order number to Cashfree’s support.',
  'success-unpaid':
    'Usually it settles by itself, or Cashfree takes the money back by itself. If it stays, send the order number to Cashfree’s support and tell the customer.',
  'books-broken': 'Run `npm run invariants` and follow what it prints. Nothing is repaired by itself.',
  'payment-reversed': 'Ask Cashfree why. If the money is gone for good, cancel the subscription on the person’s page.',
  'payment-on-two-orders':
    'Usually it passes, and both orders settle by themselves. If it stays, send both order numbers and the payment to Cashfree’s support: one of them is wrong there.',
  'unknown-order':
    'If another site uses the same Cashfree account, nothing. Else look whether a database was restored from an old backup.',
  'webhook-differs':
    'Look at the order: what Cashfree’s API said counts. If the order is settled, nothing more is to do.',
  'settling-fails':
    'Look into the log for the error and write to the developer. The customer’s money is safe at Cashfree.',
  'refunded-twice': 'Ask Cashfree which refund was not meant, and tell the customer before anybody else does.',
  'credited-money-gone':
    'The person keeps the plan they changed to for less than was agreed. Ask them for the difference, or let it be, and write down which.',
  'switch-not-undone': 'Grant the unused days of what they had before, from the person’s page.',
  'refund-mismatch': 'Compare with Cashfree’s dashboard. The credit note was written for our amount.',
  'refund-failed': 'Ask the customer for another account, or refund again from the order’s page.',
  'refund-onhold': 'Add balance in Cashfree’s dashboard, or answer what they ask there. It goes on by itself.',
  'dispute-opened':
    'Open Cashfree’s dashboard, Disputes, and answer it: receipt, terms, and when the person logged in and read what they paid for. If part of it was refunded already, the refund’s bank reference is the proof. Then write here what you sent.',
  'dispute-lost':
    'Tell your accountant: the receipt stands and no credit note was written; whether tax may be taken back is theirs to say. If you know the payer, ask why.',
  'dispute-unclear':
    'Read the dispute in Cashfree’s dashboard. If the money is gone for good, cancel the subscription on the person’s page; if not, nothing.',
  'dispute-turned':
    'Look in Cashfree’s dashboard whether the money came back. If it did and the period was ended, grant the days that were left on the person’s page.',
  'dispute-mismatch': 'Send the dispute’s number and both orders to Cashfree’s support.',
  'dispute-unconfirmed':
    'Look for it in Cashfree’s dashboard. If it is there, answer it there and ask Cashfree’s support why the API hides it. Resolving this ends the asking.',
  'unknown-dispute':
    'If another site uses the same Cashfree account, tell its people of the deadline. Else look whether a database was restored from an old backup.',
  'report-held': 'Import the prices of that day, or decide the held import. What is due then goes out by itself.',
  'prices-late':
    'Market, Feed says what the source answers. Meanwhile you can import the day’s file yourself under Imports. This closes by itself when the prices are in.',
  'prices-held': 'Open the import, answer what it asks, then commit or discard it. This then closes by itself.',
  'prices-refused':
    'Read the reason. Put a correct file into the folder, or delete this one from refused/, and resolve this.',
  'prices-folder':
    'Check that the folder exists and that the service’s account may read and write it. This then closes by itself.',
  'password-guessing':
    'Look in the log for the networks of `log-in refused`. Few of them: block them at the proxy. Many: wait, each is slowed down by itself; make sure that administrators’ passwords are used nowhere else.',
  'gateway-keys': 'Correct the keys and restart. Until then nobody can pay.',
}
