import { firstId } from './ids.ts'

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

/** One try at paying an order. */
export type Attempt = {
  id: string
  orderId: string
  amountPaise: number
  status: PaymentStatus
  method: Method
  startedAt: number
  finishedAt: number | null
  ttlEndsAt: number
  /** When an attempt nobody acts on is counted as abandoned; null once the bank has it. */
  dropsAt: number | null
  /** A test VPA answers by itself. */
  settles: { at: number; as: 'SUCCESS' | 'FAILED' | 'USER_DROPPED'; reason?: Reason } | null
  message: string | null
  reason: Reason | null
  /** Names the simulator page of this attempt. */
  token: string
  /** The visit to the hosted page it belongs to; null when it was started through the API. */
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

/** A payer who asked their bank for the money back. `status` is Cashfree's word, the type in front of it. */
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

/** One webhook to one address: the bytes are fixed at birth, every sending is recorded. */
export type Delivery = {
  n: number
  type: string
  orderId: string | null
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

/** A customer's visit to the hosted page: what the merchant's form asked for. */
export type PageSession = {
  token: string
  orderId: string
  returnUrl: string | null
  framed: boolean
  createdAt: number
}

export type Remembered = { fingerprint: string; status: number; body: string }
export type Simulation = { id: string; entity: string; entityId: string; status: string; errorCode: string | null }

export type Snapshot = {
  version: 1
  clockOffsetMs: number
  lastId: number
  lastDelivery: number
  orders: Order[]
  visits: PageSession[]
  deliveries: Delivery[]
  remembered: [string, Remembered][]
  simulations: Simulation[]
}

/** The books, with the indexes that the snapshot does not carry. */
export type Ledger = {
  lastId: number
  lastDelivery: number
  orders: Map<string, Order>
  sessions: Map<string, Order>
  attempts: Map<string, Attempt>
  tokens: Map<string, Attempt>
  refunds: Map<string, Refund>
  disputes: Map<string, Dispute>
  visits: Map<string, PageSession>
  deliveries: Delivery[]
  remembered: Map<string, Remembered>
  simulations: Map<string, Simulation>
  /** What time will still change: few, so that the agenda need not read every order. */
  liveAttempts: Set<Attempt>
  liveRefunds: Set<Refund>
  openDeliveries: Set<Delivery>
}

/** Empty books, or those of a snapshot. */
export function openLedger(snapshot?: Snapshot): Ledger {
  const ledger: Ledger = {
    lastId: Math.max(snapshot?.lastId ?? 0, firstId()),
    lastDelivery: snapshot?.lastDelivery ?? 0,
    orders: new Map(),
    sessions: new Map(),
    attempts: new Map(),
    tokens: new Map(),
    refunds: new Map(),
    disputes: new Map(),
    visits: new Map(snapshot?.visits.map((visit) => [visit.token, visit])),
    deliveries: snapshot?.deliveries ?? [],
    remembered: new Map(snapshot?.remembered),
    simulations: new Map(snapshot?.simulations.map((simulation) => [simulation.id, simulation])),
    liveAttempts: new Set(),
    liveRefunds: new Set(),
    openDeliveries: new Set(),
  }
  for (const order of snapshot?.orders ?? []) {
    addOrder(ledger, order)
    for (const attempt of order.attempts) indexAttempt(ledger, attempt)
    for (const refund of order.refunds) indexRefund(ledger, refund)
    order.disputes ??= [] // books of before there were any
    for (const dispute of order.disputes) ledger.disputes.set(dispute.id, dispute)
  }
  for (const delivery of ledger.deliveries) {
    // The process ended in the middle of a sending: nobody knows whether it arrived, so it is sent again.
    if (delivery.state === 'sending') delivery.state = 'waiting'
    if (delivery.state === 'waiting') ledger.openDeliveries.add(delivery)
  }
  return ledger
}

/** Everything worth keeping across a restart. */
export function snapshotOf(ledger: Ledger, clockOffsetMs: number): Snapshot {
  return {
    version: 1,
    clockOffsetMs,
    lastId: ledger.lastId,
    lastDelivery: ledger.lastDelivery,
    orders: [...ledger.orders.values()],
    visits: [...ledger.visits.values()].slice(-500),
    deliveries: ledger.deliveries,
    remembered: [...ledger.remembered].slice(-2_000),
    simulations: [...ledger.simulations.values()].slice(-500),
  }
}

/** Books a new order and makes it findable by its session. */
export function addOrder(ledger: Ledger, order: Order) {
  ledger.orders.set(order.id, order)
  ledger.sessions.set(order.sessionId, order)
}

/** Books a new attempt of an order. */
export function addAttempt(ledger: Ledger, order: Order, attempt: Attempt) {
  order.attempts.push(attempt)
  indexAttempt(ledger, attempt)
}

/** Books a new refund of an order. */
export function addRefund(ledger: Ledger, order: Order, refund: Refund) {
  order.refunds.push(refund)
  indexRefund(ledger, refund)
}

/** Books a new dispute of an order. */
export function addDispute(ledger: Ledger, order: Order, dispute: Dispute) {
  order.disputes.push(dispute)
  ledger.disputes.set(dispute.id, dispute)
}

/** Whether an attempt may still come to anything. */
export function isLive(attempt: Attempt): boolean {
  return attempt.status === 'NOT_ATTEMPTED' || attempt.status === 'PENDING' || attempt.status === 'FLAGGED'
}

function indexAttempt(ledger: Ledger, attempt: Attempt) {
  ledger.attempts.set(attempt.id, attempt)
  ledger.tokens.set(attempt.token, attempt)
  if (isLive(attempt)) ledger.liveAttempts.add(attempt)
}

function indexRefund(ledger: Ledger, refund: Refund) {
  ledger.refunds.set(refund.id, refund)
  if (refund.settlesAt !== null) ledger.liveRefunds.add(refund)
}
