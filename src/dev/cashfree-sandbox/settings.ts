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
}
