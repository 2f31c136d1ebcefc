export type PaymentStatus =
  | 'NOT_ATTEMPTED'
  | 'PENDING'
  | 'SUCCESS'
  | 'FAILED'
  | 'USER_DROPPED'
  | 'CANCELLED'
  | 'VOID'
  | 'FLAGGED'

export type Reason = { code: string; description: string; reason: string; source: string; rawCode?: string }

export type Method = { key: 'upi' | 'card' | 'netbanking' | 'app'; group: string; detail: Record<string, unknown> }

/** One attempt at paying an order. */
export type Attempt = {
  id: string
  orderId: string
  amountPaise: number
  status: PaymentStatus
  method: Method
  startedAt: number
  finishedAt: number | null
  ttlEndsAt: number
  /** When an attempt that nobody acts on counts as abandoned; null once the bank has it. */
  dropsAt: number | null
  /** What a test VPA answers by itself, and when. */
  settles: { at: number; as: 'SUCCESS' | 'FAILED' | 'USER_DROPPED'; reason?: Reason } | null
  message: string | null
  reason: Reason | null
  /** Names the simulator page of this attempt. */
  token: string
  /** Token of the page session it was started from; null for an attempt made through the API. The control API calls it so. */
  visit: string | null
  otp: 'none' | 'wanted' | 'given'
  otpTries: number
}

export type RefundStatus = 'PENDING' | 'SUCCESS' | 'FAILED' | 'ONHOLD' | 'CANCELLED'

export type Refund = {
  id: string
  cfId: string
  orderId: string
  attemptId: string
  amountPaise: number
  status: RefundStatus
  automatic: boolean
  note: string | null
  speed: string
  createdAt: number
  settlesAt: number | null
  processedAt: number | null
  arn: string | null
}

/** A payer who asked their bank for the money back. `status` is Cashfree's, with the type in front of it. */
export type Dispute = {
  id: string
  orderId: string
  attemptId: string
  type: string
  status: string
  amountPaise: number
  reasonCode: string
  reason: string
  remarks: string
  respondBy: number
  createdAt: number
  updatedAt: number
  resolvedAt: number | null
}

export type Customer = {
  id: string
  phone: string
  email: string | null
  name: string | null
  uid: string | null
}

/** Its status is never stored: `statusOf` reads it from these facts and the clock. */
export type Order = {
  id: string
  cfId: string
  sessionId: string
  amountPaise: number
  currency: string
  customer: Customer
  returnUrl: string | null
  notifyUrl: string | null
  paymentMethods: string | null
  paymentMethodsFilters: unknown
  note: string | null
  tags: Record<string, string> | null
  /** order_splits, cart_details, products: stored and echoed, without effect. */
  extras: { splits: unknown; cart: unknown; products: unknown }
  createdAt: number
  expiresAt: number
  paidAt: number | null
  terminationAskedAt: number | null
  attempts: Attempt[]
  refunds: Refund[]
  disputes: Dispute[]
}

export type Sending = { at: number; attempt: number; status: number | null; answer: string; ms: number }

/** One webhook to one address: its bytes never change, and every sending is recorded. */
export type Delivery = {
  n: number
  type: string
  orderId: string | null
  /** Of an event about a mandate; absent in older snapshots. */
  mandateId?: string | null
  url: string
  body: string
  idempotencyKey: string
  createdAt: number
  /** When it is sent next; null when nothing is planned. */
  dueAt: number | null
  attempt: number
  firstSentAt: number | null
  firstStamp: string | null
  state: 'waiting' | 'held' | 'sending' | 'delivered' | 'gave up' | 'muted'
  sendings: Sending[]
}

/** One opening of the hosted page: what the merchant's form asked for. */
export type PageSession = {
  token: string
  orderId: string
  returnUrl: string | null
  framed: boolean
  createdAt: number
}

export type Remembered = { fingerprint: string; status: number; body: string }
export type Simulation = { id: string; entity: string; entityId: string; status: string; errorCode: string | null }

/** Whether an attempt has not ended yet. */
export function isLive(attempt: Attempt): boolean {
  return attempt.status === 'NOT_ATTEMPTED' || attempt.status === 'PENDING' || attempt.status === 'FLAGGED'
}
