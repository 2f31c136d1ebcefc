import type { Reason } from './model.ts'

/** Reasons of failed payments, in the order in which the simulator page offers them. */
export const REASONS: Record<string, { label: string } & Reason> = {
  bank_rejected: {
    label: 'Declined by the bank',
    code: 'TRANSACTION_DECLINED',
    description: 'Transaction was declined by the bank',
    reason: 'bank_rejected',
    source: 'bank',
  },
  auth_declined: {
    label: 'Customer declined',
    code: 'TRANSACTION_DECLINED',
    description: 'Authentication was declined by the customer',
    reason: 'auth_declined',
    source: 'customer',
  },
  insufficient_funds: {
    label: 'Not enough money in the account',
    code: 'TRANSACTION_DECLINED',
    description: 'Insufficient funds in the account',
    reason: 'insufficient_funds',
    source: 'customer',
    rawCode: 'U30',
  },
  invalid_pin: {
    label: 'Wrong UPI PIN or OTP',
    code: 'TRANSACTION_DECLINED',
    description: 'Incorrect PIN or OTP entered',
    reason: 'invalid_pin',
    source: 'customer',
    rawCode: 'ZM',
  },
  request_expired: {
    label: 'Request expired',
    code: 'TRANSACTION_DECLINED',
    description: 'Collect request expired',
    reason: 'request_expired',
    source: 'customer',
    rawCode: 'U69',
  },
  bank_timeout: {
    label: 'Bank did not answer',
    code: 'GATEWAY_ERROR',
    description: 'Bank did not respond in time',
    reason: 'bank_timeout',
    source: 'bank',
    rawCode: 'U68',
  },
  debit_failed: {
    label: 'Debit failed',
    code: 'GATEWAY_ERROR',
    description: 'Debit has failed at the remitter bank',
    reason: 'debit_failed',
    source: 'bank',
    rawCode: 'U30',
  },
  fraud: {
    label: 'Suspected fraud',
    code: 'TRANSACTION_DECLINED',
    description: 'Transaction declined: suspected fraud',
    reason: 'suspected_fraud',
    source: 'bank',
  },
  invalid_amount: {
    label: 'Invalid amount',
    code: 'GATEWAY_ERROR',
    description: 'Invalid amount',
    reason: 'invalid_amount',
    source: 'cashfree',
    rawCode: 'U09',
  },
}

/** The reason of that name; `bank_rejected` for an unknown name. */
export function reasonNamed(name: string | undefined): Reason {
  const { label: _, ...reason } = REASONS[name ?? ''] ?? REASONS.bank_rejected!
  return reason
}
