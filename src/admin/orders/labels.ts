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
  NOT_ATTEMPTED: { label: 'Not attempted', tone: 'info' },
  USER_DROPPED: { label: 'Abandoned by the payer', tone: 'info' },
  FAILED: { label: 'Failed', tone: 'bad' },
  CANCELLED: { label: 'Cancelled', tone: 'bad' },
  VOID: { label: 'Taken back', tone: 'bad' },
  FLAGGED: { label: 'In review at Cashfree', tone: 'warn' },
  AUTHORISED: { label: 'Only authorised', tone: 'warn' },
}

/** Why payments fail, as the database groups them (`failure_group`). */
export const failureGroups: Record<string, string> = {
  funds: 'Not enough money',
  credentials: 'Wrong PIN, OTP or details',
  time: 'Timed out, or the bank was unavailable',
  customer: 'Stopped by the payer',
  blocked: 'Limit, risk or blocked',
  bank: 'Declined by the bank',
  other: 'Other reason',
}

/** The choices of a filter. */
export function choicesOf(labels: Record<string, string | { label: string }>): Choice[] {
  return Object.entries(labels).map(([value, label]) => ({
    value,
    label: typeof label === 'string' ? label : label.label,
  }))
}
