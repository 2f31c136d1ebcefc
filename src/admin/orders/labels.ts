type Tone = 'info' | 'good' | 'warn' | 'bad'
type Choice = { value: string; label: string }

/** How an order's status reads in the filter and on a chip. */
export const orderStatuses: Record<string, { label: string; tone: Tone }> = {
  created: { label: 'Not at Cashfree yet', tone: 'warn' },
  active: { label: 'Open', tone: 'info' },
  paid: { label: 'Paid', tone: 'good' },
  expired: { label: 'Expired', tone: 'info' },
  terminating: { label: 'Being ended', tone: 'warn' },
  terminated: { label: 'Ended', tone: 'info' },
}

/** How an attempt's status, Cashfree's own, reads. An unknown one is shown as it came. */
export const paymentStatuses: Record<string, { label: string; tone: Tone }> = {
  SUCCESS: { label: 'Paid', tone: 'good' },
  PENDING: { label: 'At the bank', tone: 'warn' },
  NOT_ATTEMPTED: { label: 'Not tried', tone: 'info' },
  USER_DROPPED: { label: 'Left by the payer', tone: 'info' },
  FAILED: { label: 'Failed', tone: 'bad' },
  CANCELLED: { label: 'Cancelled', tone: 'bad' },
  VOID: { label: 'Taken back', tone: 'bad' },
  FLAGGED: { label: 'Looked at by Cashfree', tone: 'warn' },
  AUTHORISED: { label: 'Only authorised', tone: 'warn' },
}

/** Why payments fail, as the database groups them (`failure_group`). */
export const failureGroups: Record<string, string> = {
  funds: 'Not enough money',
  credentials: 'Wrong PIN, OTP or details',
  time: 'Too slow, or the bank was away',
  customer: 'Stopped by the payer',
  blocked: 'Limit, risk or blocked',
  bank: 'Declined by the bank',
  other: 'Something else',
}

/** What asked Cashfree, or heard from it: the audit's actors that are no person. */
export const machineLabels: Record<string, string> = {
  webhook: 'webhook',
  return: 'return page',
  poll: 'waiting page',
  reconciler: 'reconciler',
  checkout: 'checkout',
  api: 'API',
  admin: 'administrator',
  refunds: 'refund job',
  disputes: 'dispute job',
  clock: 'clock',
}

/** The choices of a filter. */
export function choicesOf(labels: Record<string, string | { label: string }>): Choice[] {
  return Object.entries(labels).map(([value, label]) => ({
    value,
    label: typeof label === 'string' ? label : label.label,
  }))
}

const actions: Record<string, { title: string; tone?: Tone }> = {
  'order.opened': { title: 'Opened' },
  'order.active': { title: 'Cashfree holds it open' },
  'order.paid': { title: 'Paid: period, receipt and mail were made', tone: 'good' },
  'order.expired': { title: 'Expired without payment' },
  'order.terminating': { title: 'Cashfree is ending it' },
  'order.terminated': { title: 'Ended' },
  'order.held': { title: 'Held: nothing was granted', tone: 'bad' },
  'order.set-aside': { title: 'Its payer said that the pending attempt failed, and pays again', tone: 'warn' },
  'order.unverified': { title: 'Paid, says Cashfree, without a payment that can be read', tone: 'warn' },
  'order.settle-asked': { title: 'Asked to settle now' },
  'order.termination-asked': { title: 'Asked to end the order', tone: 'warn' },
  'webhook.replayed': { title: 'A webhook was replayed' },
  'incident.resolved': { title: 'An incident was resolved', tone: 'good' },
  'dispute.open': { title: 'The payer disputes the payment; an answer is due', tone: 'bad' },
  'dispute.under-review': { title: 'The dispute is with the bank', tone: 'warn' },
  'dispute.won': { title: 'The dispute was won: the money stays', tone: 'good' },
  'dispute.lost': { title: 'The dispute was lost: the bank took the money', tone: 'bad' },
  'dispute.unclear': { title: 'The dispute says something unknown; a person has to look', tone: 'warn' },
  'refund.requested': { title: 'A refund was promised', tone: 'warn' },
  'refund.asked': { title: 'Cashfree was asked about a refund' },
  'refund.pending': { title: 'Cashfree has the refund' },
  'refund.onhold': { title: 'Cashfree holds the refund back', tone: 'warn' },
  'refund.succeeded': { title: 'The refund reached the bank', tone: 'good' },
  'refund.failed': { title: 'The refund failed', tone: 'bad' },
  'refund.cancelled': { title: 'The refund was cancelled', tone: 'bad' },
}

/** How an action of the audit reads on the order's page; an unknown one is its own label. */
export function actionLabel(action: string): { title: string; tone: Tone } {
  return { tone: 'info', title: action, ...actions[action] }
}
