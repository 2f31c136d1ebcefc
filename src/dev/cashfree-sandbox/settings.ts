export type Settings = {
  /** How long after a collect request to testsuccess@gocash the payment settles by itself. */
  collectSettleMs: number
  /** Headless collect to a failing test VPA: stays NOT_ATTEMPTED, as measured, or fails. The hosted page always fails. */
  failingVpas: 'stay' | 'fail'
  /** How long an attempt may take before it is closed (Cashfree's transaction time limit). */
  attemptTtlMs: number
  /** What an attempt still open at its time limit becomes. */
  ttlEnds: 'USER_DROPPED' | 'FAILED'
  /** How long an attempt lives that the customer never acts on. */
  dropAfterMs: number
  refundDelayMs: number
  /** What a refund becomes after the delay; PENDING leaves it as it is. */
  refundOutcome: 'SUCCESS' | 'FAILED' | 'ONHOLD' | 'CANCELLED' | 'PENDING'
  /** From a success to its settlement. */
  settlementDelayMs: number
  /** From a change of state to its first webhook. */
  webhookDelayMs: number
  webhookTimeoutMs: number
  /** When unanswered webhooks are sent again, counted from the first sending. */
  webhookRetriesMs: number[]
  /** Whether a retry carries a new timestamp and signature. */
  restampRetries: boolean
  /** Which clock x-webhook-timestamp is read from: real time (`wall`), since the receiver's clock does not move with the sandbox's, or the sandbox's own. */
  webhookStamp: 'wall' | 'own'
  webhookVersion: string
  /** Refund webhooks carry cf ids as JSON numbers, as Cashfree's documentation shows. */
  refundWebhookNumericIds: boolean
  /** Whether the limits announced in the rate-limit headers are enforced. */
  enforceRateLimits: boolean
  /** Whether a refused call is remembered under its idempotency key as well. */
  idempotencyKeepsErrors: boolean

  /** Whether Cashfree switched subscriptions on for this account; if not, every call that writes is refused. */
  subscriptionsActive: boolean
  mandateSessionMs: number
  /** How long an authorisation may stay unanswered. */
  authorisationTtlMs: number
  /** How long a bank takes that does not approve a mandate at once. */
  bankApprovalMs: number
  /** From a pre-debit notice to the first debit. */
  noticeBeforeDebitMs: number
  /** From a debit to the bank's answer. */
  debitAnswerMs: number
  /** Whether every failed try of a charge is announced and shown, or only the last: nobody knows which of them Cashfree does. */
  failedTries: 'announced' | 'silent'
  /** What a charge becomes of which its payer opted out: Cashfree does not say. */
  optOutEnds: 'CANCELLED' | 'FAILED'
  chargeRefundDelayMs: number
  /** The order in which events of one moment are sent; Cashfree promises none. */
  mandateEventOrder: 'random' | 'fixed' | 'reversed'
  /** How the customer's browser returns: with a form, as documented, or with the same fields in the address. */
  mandateReturn: 'post' | 'get'
  /** `authorization_details` of API and events, as samples have it, or `authorisation_details`, as the schema does. */
  mandateSpelling: 'authorization' | 'authorisation'
  /** `payment_method` of mandates: a string in the API and an object in events, as documented, or one of them in both. */
  mandatePaymentMethod: 'documented' | 'string' | 'object'
  /** Events of mandates carry cf ids as JSON numbers. */
  mandateNumericIds: boolean
  /** How times of charges end. */
  mandateOffset: '+05:30' | '+0530'
}

export const DEFAULT_SETTINGS: Settings = {
  collectSettleMs: 30_000,
  failingVpas: 'stay',
  attemptTtlMs: 20 * 60_000,
  ttlEnds: 'USER_DROPPED',
  dropAfterMs: 10 * 60_000,
  refundDelayMs: 1_500,
  refundOutcome: 'SUCCESS',
  settlementDelayMs: 24 * 3_600_000,
  webhookDelayMs: 300,
  webhookTimeoutMs: 10_000,
  webhookRetriesMs: [2 * 60_000, 10 * 60_000, 30 * 60_000],
  restampRetries: true,
  webhookStamp: 'wall',
  webhookVersion: '2025-01-01',
  refundWebhookNumericIds: true,
  enforceRateLimits: false,
  idempotencyKeepsErrors: true,

  subscriptionsActive: true,
  mandateSessionMs: 2 * 3_600_000,
  authorisationTtlMs: 30 * 60_000,
  bankApprovalMs: 3_600_000,
  noticeBeforeDebitMs: 25 * 3_600_000,
  debitAnswerMs: 60_000,
  failedTries: 'announced',
  optOutEnds: 'CANCELLED',
  chargeRefundDelayMs: 3_600_000,
  mandateEventOrder: 'random',
  mandateReturn: 'post',
  mandateSpelling: 'authorization',
  mandatePaymentMethod: 'documented',
  mandateNumericIds: false,
  mandateOffset: '+05:30',
}
