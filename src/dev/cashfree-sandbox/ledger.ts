import { type Charge, type ChargeRefund, hasEnded, type Mandate, type Plan } from './mandate-model.ts'
import {
  type Attempt,
  type Delivery,
  type Dispute,
  isLive,
  type Order,
  type PageSession,
  type Refund,
  type Remembered,
  type Simulation,
} from './model.ts'

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
  /** Absent in older snapshots, as mandates are. */
  plans?: Plan[]
  mandates?: Mandate[]
}

/** All that happened, with the indexes that the snapshot does not carry. */
export type Ledger = {
  lastId: number
  lastDelivery: number
  orders: Map<string, Order>
  sessions: Map<string, Order>
  attempts: Map<string, Attempt>
  tokens: Map<string, Attempt>
  refunds: Map<string, Refund>
  disputes: Map<string, Dispute>
  pageSessions: Map<string, PageSession>
  deliveries: Delivery[]
  remembered: Map<string, Remembered>
  simulations: Map<string, Simulation>
  plans: Map<string, Plan>
  mandates: Map<string, Mandate>
  mandateTokens: Map<string, Mandate>
  charges: Map<string, Charge>
  chargeRefunds: Map<string, ChargeRefund>
  /** What still changes as time passes: few, so that the schedule need not read every order. */
  liveAttempts: Set<Attempt>
  liveRefunds: Set<Refund>
  liveMandates: Set<Mandate>
  liveCharges: Set<Charge>
  liveChargeRefunds: Set<ChargeRefund>
  openDeliveries: Set<Delivery>
}

/** An empty ledger, or that of a snapshot. */
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
    pageSessions: new Map(snapshot?.visits.map((pageSession) => [pageSession.token, pageSession])),
    deliveries: snapshot?.deliveries ?? [],
    remembered: new Map(snapshot?.remembered),
    simulations: new Map(snapshot?.simulations.map((simulation) => [simulation.id, simulation])),
    plans: new Map(snapshot?.plans?.map((plan) => [plan.id, plan])),
    mandates: new Map(),
    mandateTokens: new Map(),
    charges: new Map(),
    chargeRefunds: new Map(),
    liveAttempts: new Set(),
    liveRefunds: new Set(),
    liveMandates: new Set(),
    liveCharges: new Set(),
    liveChargeRefunds: new Set(),
    openDeliveries: new Set(),
  }
  for (const order of snapshot?.orders ?? []) {
    addOrder(ledger, order)
    for (const attempt of order.attempts) indexAttempt(ledger, attempt)
    for (const refund of order.refunds) indexRefund(ledger, refund)
    order.disputes ??= [] // older snapshots have none
    for (const dispute of order.disputes) ledger.disputes.set(dispute.id, dispute)
  }
  for (const mandate of snapshot?.mandates ?? []) {
    addMandate(ledger, mandate)
    for (const charge of mandate.charges) {
      indexCharge(ledger, charge)
      for (const refund of charge.refunds) indexChargeRefund(ledger, refund)
    }
  }
  for (const delivery of ledger.deliveries) {
    // The process ended while this was being sent: whether it arrived is unknown, so it is sent again.
    if (delivery.state === 'sending') delivery.state = 'waiting'
    if (delivery.state === 'waiting') ledger.openDeliveries.add(delivery)
  }
  return ledger
}

/** What survives a restart. */
export function snapshotOf(ledger: Ledger, clockOffsetMs: number): Snapshot {
  return {
    version: 1,
    clockOffsetMs,
    lastId: ledger.lastId,
    lastDelivery: ledger.lastDelivery,
    orders: [...ledger.orders.values()],
    visits: [...ledger.pageSessions.values()].slice(-500),
    deliveries: ledger.deliveries,
    remembered: [...ledger.remembered].slice(-2_000),
    simulations: [...ledger.simulations.values()].slice(-500),
    plans: [...ledger.plans.values()],
    mandates: [...ledger.mandates.values()],
  }
}

/** Adds a new order, to be found by its id and its session. */
export function addOrder(ledger: Ledger, order: Order) {
  ledger.orders.set(order.id, order)
  ledger.sessions.set(order.sessionId, order)
}

/** Adds a new attempt of an order. */
export function addAttempt(ledger: Ledger, order: Order, attempt: Attempt) {
  order.attempts.push(attempt)
  indexAttempt(ledger, attempt)
}

/** Adds a new refund of an order. */
export function addRefund(ledger: Ledger, order: Order, refund: Refund) {
  order.refunds.push(refund)
  indexRefund(ledger, refund)
}

/** Adds a new dispute of an order. */
export function addDispute(ledger: Ledger, order: Order, dispute: Dispute) {
  order.disputes.push(dispute)
  ledger.disputes.set(dispute.id, dispute)
}

/** Adds a new mandate, to be found by its id and its token. */
export function addMandate(ledger: Ledger, mandate: Mandate) {
  ledger.mandates.set(mandate.id, mandate)
  ledger.mandateTokens.set(mandate.token, mandate)
  if (!hasEnded(mandate)) ledger.liveMandates.add(mandate)
}

/** Adds a new charge of a mandate. */
export function addCharge(ledger: Ledger, mandate: Mandate, charge: Charge) {
  mandate.charges.push(charge)
  indexCharge(ledger, charge)
}

/** Adds a new refund of a charge. */
export function addChargeRefund(ledger: Ledger, charge: Charge, refund: ChargeRefund) {
  charge.refunds.push(refund)
  indexChargeRefund(ledger, refund)
}

function indexCharge(ledger: Ledger, charge: Charge) {
  ledger.charges.set(charge.id, charge)
  if (charge.next) ledger.liveCharges.add(charge)
}

function indexChargeRefund(ledger: Ledger, refund: ChargeRefund) {
  ledger.chargeRefunds.set(refund.id, refund)
  if (refund.settlesAt !== null) ledger.liveChargeRefunds.add(refund)
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

/**
 * Where a run starts to count: thirteen digits, later than any earlier run's, because the shop's database may
 * outlive the sandbox's ledger and must not meet an id twice.
 */
function firstId(): number {
  return Math.floor(Date.now() / 1000) * 1000
}
