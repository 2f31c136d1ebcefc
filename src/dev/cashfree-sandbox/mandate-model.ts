// What Cashfree calls a subscription is a mandate here, and a payment under it a charge; AUTH is the one at its start.

export type Plan = {
  id: string
  name: string
  type: 'PERIODIC' | 'ON_DEMAND'
  maxAmountPaise: number
  recurringPaise: number | null
  intervals: number | null
  intervalType: string | null
  maxCycles: number | null
  note: string | null
}

export type MandateStatus =
  | 'INITIALIZED'
  | 'BANK_APPROVAL_PENDING'
  | 'ACTIVE'
  | 'PAUSED'
  | 'CUSTOMER_PAUSED'
  | 'CANCELLED'
  | 'CUSTOMER_CANCELLED'
  | 'COMPLETED'
  | 'EXPIRED'
  | 'LINK_EXPIRED'

/** What debits meet at the person's bank: for ever, or `times` more, then `ok` again. */
export type Script = {
  debits: 'ok' | 'low-balance' | 'closed-account' | 'opt-out' | 'no-answer'
  times: number | null
}

export type Mandate = {
  id: string
  cfId: string
  /** Part of every session of it, and of the address of its page. */
  token: string
  plan: Plan
  customer: { name: string | null; email: string; phone: string }
  authorisation: {
    amountPaise: number
    refund: boolean
    status: 'INITIALIZED' | 'PENDING' | 'ACTIVE' | 'FAILED' | null
    /** The UMN, by which the bank knows the mandate. */
    reference: string | null
    at: number | null
    paymentId: string | null
  }
  returnUrl: string | null
  note: string | null
  tags: Record<string, string> | null
  status: MandateStatus
  createdAt: number
  expiresAt: number
  /** When the bank decides about a mandate that waits for it. */
  bankDecidesAt: number | null
  /** The mandate as the UPI app has it; Cashfree hears of a change later. */
  inApp: 'active' | 'paused' | 'cancelled'
  heardAt: number | null
  script: Script
  /** Oldest first, authorisations included. */
  charges: Charge[]
}

export type ChargeStatus = 'INITIALIZED' | 'PENDING' | 'SUCCESS' | 'FAILED' | 'CANCELLED'

/** What happens to a charge by itself: the person reads the notice, the bank is asked, it answers, … */
export type NextStep = { at: number; does: 'read-notice' | 'debit' | 'answer' | 'succeed' | 'give-up'; reason?: string }

export type Charge = {
  id: string
  cfId: string
  mandateId: string
  type: 'AUTH' | 'CHARGE'
  amountPaise: number
  status: ChargeStatus
  remarks: string | null
  /** The day of the debit in India, yyyy-mm-dd; null for an authorisation. */
  scheduledOn: string | null
  createdAt: number
  finishedAt: number | null
  retries: number
  failureReason: string | null
  /** Set by a success. */
  txnId: string | null
  next: NextStep | null
  refunds: ChargeRefund[]
}

export type ChargeRefund = {
  id: string
  cfId: string
  chargeId: string
  amountPaise: number
  note: string | null
  status: 'PENDING' | 'SUCCESS' | 'FAILED' | 'CANCELLED'
  createdAt: number
  settlesAt: number | null
}

const ENDED: MandateStatus[] = ['CANCELLED', 'CUSTOMER_CANCELLED', 'COMPLETED', 'EXPIRED', 'LINK_EXPIRED']

/** Whether a mandate has ended for good. */
export function hasEnded({ status }: Mandate): boolean {
  return ENDED.includes(status)
}
