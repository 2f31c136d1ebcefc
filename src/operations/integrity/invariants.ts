/**
 * What must be true of the database at every instant. `says` puts it in a sentence, `broken` names the SQL function that
 * returns the ids of rows for which it is not, `of` is what is checked.
 */
export type Invariant = { id: string; says: string; broken: string; of: Subject }

/** What is checked, as book_counts() counts it. */
export type Subject =
  | 'accounts'
  | 'subscriptions'
  | 'orders'
  | 'paid orders'
  | 'payments'
  | 'periods'
  | 'receipts'
  | 'refunds'
  | 'disputes'
  | 'mails'
  | 'deliveries'
  | 'audit rows'

const invariant = (id: string, broken: string, of: Subject, says: string): Invariant => ({ id, says, broken, of })

/** Everything SQL can check, in the order it is printed. */
export const invariants: readonly Invariant[] = [
  invariant(
    'I1',
    'broken_i1_paid_not_granted',
    'orders',
    'what Cashfree calls paid is granted, or an incident names it, within 15 minutes',
  ),
  invariant(
    'I2',
    'broken_i2_periods',
    'paid orders',
    'one period for every paid order, as long as its plan, and none for any other',
  ),
  invariant(
    'I2',
    'broken_i2_voided',
    'periods',
    'a period is ended early exactly when its whole price went back or was lost, by a paid switch, or by an administrator who says why',
  ),
  invariant(
    'I2',
    'broken_i2_gifts',
    'paid orders',
    'a gift is paid with its order, a redeemed one is one period of its plan, and one whose price went back is void',
  ),
  invariant('I2', 'broken_i2_by_hand', 'periods', 'what was granted or cancelled by hand is on record with its reason'),
  invariant(
    'I2',
    'broken_i2_false_grants',
    'subscriptions',
    'nobody has access without a period that was paid for, or granted with a reason',
  ),
  invariant('I3', 'broken_i3_overlaps', 'periods', 'the periods of one person do not overlap'),
  invariant(
    'I3',
    'broken_i3_subscriptions',
    'accounts',
    'every account has one subscription, and it ends with its last period',
  ),
  invariant(
    'I4',
    'broken_i4_missing_money',
    'payments',
    'every captured paisa is applied, going back, lost in a dispute, or in an incident',
  ),
  invariant(
    'I5',
    'broken_i5_applied_payment',
    'orders',
    'a paid order has exactly one applied payment, a success; no other order has one',
  ),
  invariant('I6', 'broken_i6_receipts', 'receipts', 'one receipt for every paid order, over its price, to its buyer'),
  invariant('I6', 'broken_i6_due', 'paid orders', 'no receipt waits longer than a minute for its number'),
  invariant(
    'I6',
    'broken_i6_numbering',
    'receipts',
    'receipts and credit notes are numbered without a gap in every financial year',
  ),
  invariant('I6', 'broken_i6_mails', 'mails', 'one mail for every receipt and for every refund that arrived'),
  invariant(
    'I6',
    'broken_i6_credit_notes',
    'refunds',
    'what went back of a receipt is in its credit notes, and never more than it',
  ),
  invariant(
    'I6',
    'broken_i6_credit_note_parts',
    'refunds',
    'the credit notes of a receipt take back each tax head in its proportion, and all of it once all is refunded',
  ),
  invariant(
    'I6',
    'broken_i6_as_sold',
    'receipts',
    'a receipt says what was taken off its price and which period was sold',
  ),
  invariant(
    'I6',
    'broken_i6_tax',
    'receipts',
    'the parts of a receipt add up to its total, and its tax is that of the place of supply',
  ),
  invariant(
    'I6',
    'broken_i6_credit_note_parties',
    'refunds',
    'a credit note is between the seller and the buyer of its receipt, and adds up',
  ),
  invariant(
    'I7',
    'broken_i7_audit',
    'orders',
    'every change of an order’s, refund’s or dispute’s state has its audit row, payment exactly one',
  ),
  invariant(
    'I8',
    'broken_i8_amounts',
    'orders',
    'an order costs what its plan’s key costs, less discount and credit, and the applied payment covers it',
  ),
  invariant(
    'I8',
    'broken_i8_credits',
    'orders',
    'a switch is credited what it took of each period, and no money is both credited and given back',
  ),
  invariant(
    'I8',
    'broken_i8_coupons',
    'orders',
    'a discount is what a coupon gave; its claim counts while the order is open or paid, and no longer',
  ),
  invariant(
    'I9',
    'broken_i9_refunds',
    'refunds',
    'no order gives back more than it brought; one refund here for one at Cashfree',
  ),
  invariant(
    'I9',
    'broken_i9_disputes',
    'disputes',
    'a dispute is of a payment of its order; what went back twice has an incident',
  ),
  invariant(
    'I10',
    'broken_i10_webhooks',
    'deliveries',
    'accepted deliveries are kept with body and verdict; none of them was badly signed',
  ),
  invariant('I11', 'broken_i11_forgotten', 'deliveries', 'every accepted delivery is settled or waits for a job'),
  invariant(
    'I12',
    'broken_i12_strangers',
    'deliveries',
    'no success and no dispute is reported for an order that is not ours without an incident',
  ),
  invariant('I13', 'broken_i13_open_orders', 'orders', 'one open order per person, plan and purpose'),
  invariant('I20', 'broken_i20_watched', 'orders', 'whatever has a next step has its time, and no lease is too long'),
  invariant('I20', 'broken_i20_overdue', 'mails', 'no work has been due for an hour'),
  invariant('I24', 'broken_i24_untold_disputes', 'disputes', 'a person is told of every dispute that asks or takes'),
  invariant(
    'I25',
    'broken_i25_mandate_orders',
    'orders',
    'an order that a mandate pays has its one debit, of its amount',
  ),
  invariant(
    'I26',
    'broken_i26_debits',
    'orders',
    'one mandate a person; nothing is debited after the wish to end it, or above its ceiling',
  ),
]

/** The audit's chain is verified in pieces (records/audit/verifying.ts), not by one statement as the others. */
export const auditChain: Invariant = invariant(
  'I23',
  'broken_i23_audit_chain',
  'audit rows',
  'no row of the audit was changed, taken out or put in',
)

/** What no query can check, and what checks it instead. */
export const elsewhere: readonly { id: string; says: string; by: string }[] = [
  {
    id: 'I14',
    says: 'nobody sees another person’s orders or receipts',
    by: 'test/billing/checkout/polling.test.ts, test/billing/receipts/reading.test.ts, test/dev/chaos',
  },
  { id: 'I15', says: 'an old cookie opens nothing after logging out', by: 'test/identity/sessions.test.ts' },
  { id: 'I16', says: 'a wrong name and a wrong password look the same', by: 'test/identity/logging-in.test.ts' },
  {
    id: 'I17',
    says: 'no secret in a log line',
    by: 'test/processes/production.test.ts, src/platform/log.ts redaction',
  },
  {
    id: 'I18',
    says: 'pages answer while Cashfree, mail or the database is away',
    by: 'test/billing/webhooks/outage.test.ts, test/billing/checkout/gateway-away.test.ts',
  },
  {
    id: 'I19',
    says: 'no fault from outside ends the process',
    by: 'test/dev/chaos, npm run chaos, npm run cluster-trial',
  },
  {
    id: 'I21',
    says: 'administrators’ money actions are confirmed and on record',
    by: 'test/billing/refunds/refunding.test.ts (the record); the confirmation is a matter of the panel',
  },
  {
    id: 'I22',
    says: 'the database’s clock decides about access',
    by: 'test/billing/subscriptions/statuses.test.ts, and I2 above for every row',
  },
]
