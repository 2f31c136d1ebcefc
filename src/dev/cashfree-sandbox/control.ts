import { setTimeout as sleep } from 'node:timers/promises'
import { istTime } from './clock.ts'
import type { SandboxContext } from './context.ts'
import { closeDispute, DISPUTE_TYPES, openDispute, updateDispute } from './disputes.ts'
import { disputeEntity, orderEntity, paymentEntity, refundEntity } from './entities.ts'
import type { ActiveFault, FaultSwitches } from './faults.ts'
import { toJson } from './json.ts'
import {
  type Attempt,
  type Delivery,
  type Dispute,
  isLive,
  type Method,
  type Order,
  openLedger,
  type RefundStatus,
} from './ledger.ts'
import { toPaise } from './money.ts'
import { expireNow, type OrderStatus, statusOf } from './orders.ts'
import { cardMethod, netbankingMethod, TEST_CARDS, upiMethod } from './payment-methods.ts'
import { drop, fail, flag, leavePending, startAttempt, succeed, succeedTooLate } from './payments.ts'
import { reasonNamed } from './reasons.ts'
import { settleRefund } from './refunds.ts'
import type { ScheduledEvents } from './scheduled-events.ts'
import type { Settings } from './settings.ts'
import { announcePing, releaseHeld } from './webhooks/announce.ts'
import { startSending } from './webhooks/deliver.ts'

export type PayOptions = {
  method?: 'upi' | 'card' | 'netbanking'
  /** Rupees; the order's amount when absent. */
  amount?: number
  status?: 'SUCCESS' | 'FAILED' | 'USER_DROPPED' | 'PENDING' | 'FLAGGED' | 'CANCELLED'
  /** A key of REASONS, for FAILED. */
  reason?: string
  /** after-expiry: the order expires first. after-ttl: the attempt times out first and the money goes back. */
  when?: 'now' | 'after-expiry' | 'after-ttl'
  /** Makes a new attempt although one is open. */
  newAttempt?: boolean
}

export type DisputeOptions = {
  /** Rupees; all of the payment when absent. */
  amount?: number
  /** CHARGEBACK when absent; a word nobody knows is sent as it is. */
  type?: string
  reason?: string
  /** Days until an answer is due, by the sandbox's clock. */
  respondInDays?: number
  /** The attempt it is about; the first that was paid when absent. */
  cfPaymentId?: string
  /** Cashfree's word for where it stands, for an update. */
  status?: string
  remarks?: string
}

/** What a call did, as Cashfree's API would show it, plus the numbers of the deliveries it caused. */
export type Outcome = { order: unknown; payment: unknown; deliveries: number[] }

/** An order of the books with its status at this moment. */
export type OrderState = Order & { orderId: string; status: OrderStatus }

export type ControlState = {
  clock: { now: string; nowMs: number; offsetMs: number }
  webhooks: { url: string | null; paused: boolean }
  settings: Settings
  faults: ActiveFault[]
  /** Newest first, as the deliveries are. */
  orders: OrderState[]
  deliveries: Delivery[]
}

/** Refused because the order, refund or delivery does not exist, or cannot do that now. */
export class ControlError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export type Control = ReturnType<typeof createControl>

/** Every power over the sandbox: the console, the control API and in-process tests all use these. */
export function createControl(world: SandboxContext, agenda: ScheduledEvents) {
  return {
    state: (): ControlState => ({
      clock: { now: istTime(world.clock.now()), nowMs: world.clock.now(), offsetMs: world.clock.offsetMs() },
      webhooks: { url: world.webhookUrl, paused: world.webhooksPaused },
      settings: world.settings,
      faults: world.faults.active(),
      orders: [...world.ledger.orders.values()].map((order) => summary(world, order)).reverse(),
      deliveries: world.ledger.deliveries.toReversed(),
    }),

    order: (orderId: string) => summary(world, find(world, orderId)),

    deliveries: (orderId?: string): Delivery[] =>
      world.ledger.deliveries.filter((delivery) => !orderId || delivery.orderId === orderId).toReversed(),

    /** Moves the clock and lives through that time, retries of webhooks included. */
    advance: (ms: number) => agenda.advance(ms),

    /** Puts the clock back to the wall's time. */
    resetClock() {
      world.clock.setOffset(0)
      world.changed()
    },

    /** Resolves when every webhook that is due has been sent and answered. */
    settled: () => agenda.settled(),

    faults(switches: FaultSwitches): ActiveFault[] {
      world.faults.set(switches)
      if (switches.outOfOrderWebhooks === false) releaseHeld(world)
      return world.faults.active()
    },

    clearFaults() {
      world.faults.clear()
      releaseHeld(world)
    },

    settings(changes: Partial<Settings>): Settings {
      const unknown = Object.keys(changes).find((name) => !Object.hasOwn(world.settings, name))
      if (unknown) throw new ControlError(400, `There is no setting called ${unknown}`)
      Object.assign(world.settings, changes)
      world.changed()
      return world.settings
    },

    /** Brings an attempt to its end at once: the open one, or a new one when there is none. */
    pay: (orderId: string, options: PayOptions = {}) => settle(world, orderId, options),
    fail: (orderId: string, options: PayOptions = {}) => settle(world, orderId, { ...options, status: 'FAILED' }),
    drop: (orderId: string, options: PayOptions = {}) => settle(world, orderId, { ...options, status: 'USER_DROPPED' }),
    pending: (orderId: string, options: PayOptions = {}) => settle(world, orderId, { ...options, status: 'PENDING' }),

    /** Lets the order expire now. */
    expire(orderId: string) {
      const order = find(world, orderId)
      expireNow(world, order)
      return summary(world, order)
    },

    settleRefund(refundId: string, status: RefundStatus) {
      const refund = world.ledger.refunds.get(refundId)
      if (!refund) throw new ControlError(404, `There is no refund ${refundId}`)
      settleRefund(world, refund, status)
      return JSON.parse(toJson(refundEntity(world, find(world, refund.orderId), refund)))
    },

    /** A payer asks their bank for the money of a paid order. Answers the dispute as the API shows it. */
    dispute(orderId: string, options: DisputeOptions = {}) {
      const order = find(world, orderId)
      const { cfPaymentId, type = 'CHARGEBACK', reason = 'Goods or Services Not Provided', respondInDays = 7 } = options
      const attempt = order.attempts.find(({ id, status }) => (cfPaymentId ? id === cfPaymentId : status === 'SUCCESS'))
      if (!attempt) throw new ControlError(404, 'There is no such payment to dispute')
      const amountPaise = options.amount === undefined ? attempt.amountPaise : toPaise(options.amount)
      if (amountPaise === null) throw new ControlError(400, 'amount is rupees, with two decimals at most')
      const respondBy = world.clock.now() + respondInDays * DAY_MS
      return asShown(
        world,
        openDispute(world, order, attempt, { type, amountPaise, reasonCode: '4855', reason, respondBy }),
      )
    },

    /** Moves a dispute on; without a word of where to, the bank has our documents and looks at them. */
    updateDispute(disputeId: string, { amount, type, status, remarks, respondInDays }: DisputeOptions = {}) {
      const dispute = findDispute(world, disputeId)
      const amountPaise = amount === undefined ? dispute.amountPaise : toPaise(amount)
      if (amountPaise === null) throw new ControlError(400, 'amount is rupees, with two decimals at most')
      updateDispute(world, dispute, {
        amountPaise,
        ...(type === undefined ? {} : { type }),
        ...(status === undefined ? (type || remarks ? {} : { status: `${dispute.type}_UNDER_REVIEW` }) : { status }),
        ...(remarks === undefined ? {} : { remarks }),
        ...(respondInDays === undefined ? {} : { respondBy: world.clock.now() + respondInDays * DAY_MS }),
      })
      return asShown(world, dispute)
    },

    /** Takes it to the next stage, as a bank does that is not content. */
    escalateDispute(disputeId: string) {
      const dispute = findDispute(world, disputeId)
      const next = DISPUTE_TYPES[DISPUTE_TYPES.indexOf(dispute.type) + 1]
      if (!next) throw new ControlError(400, `There is nothing after ${dispute.type}`)
      updateDispute(world, dispute, { type: next, respondBy: world.clock.now() + 7 * DAY_MS })
      return asShown(world, dispute)
    },

    /** Ends a dispute at its stage. */
    closeDispute(disputeId: string, outcome: 'won' | 'lost' | 'accepted') {
      const word = ({ won: 'WON', lost: 'LOST', accepted: 'ACCEPTED' } as const)[outcome]
      if (!word) throw new ControlError(400, 'A dispute is won, lost or accepted')
      const dispute = findDispute(world, disputeId)
      closeDispute(world, dispute, word)
      return asShown(world, dispute)
    },

    /** Sends a delivery again, whatever became of it, and waits for the answer. */
    async redeliver(n: number): Promise<Delivery> {
      const delivery = world.ledger.deliveries.find((candidate) => candidate.n === n)
      if (!delivery) throw new ControlError(404, `There is no delivery ${n}`)
      if (delivery.state === 'sending') await Promise.all(world.inFlight)
      await startSending(world, delivery)
      return delivery
    },

    /** Sends the dashboard's test ping, or an event of any type; null when no endpoint is set. */
    async ping(type?: string, data?: unknown): Promise<Delivery | null> {
      const delivery = announcePing(world, type, data)
      if (delivery?.state === 'waiting') await startSending(world, delivery)
      return delivery
    },

    /** The merchant's key from now on, as if the one before were deleted in the dashboard; webhooks are signed with it. */
    credentials({ clientId, clientSecret }: Pick<SandboxContext, 'clientId' | 'clientSecret'>) {
      Object.assign(world, { clientId, clientSecret })
    },
    webhooks(changes: { paused?: boolean; url?: string | null }) {
      if (changes.paused !== undefined) world.webhooksPaused = changes.paused
      if (changes.url !== undefined) world.webhookUrl = changes.url
      world.changed()
      return { url: world.webhookUrl, paused: world.webhooksPaused }
    },

    /** Forgets everything: orders, deliveries, faults, the clock. Settings and the webhook address stay. */
    async reset() {
      // What is on the wire still writes into its own delivery; the new books do not know it.
      await Promise.race([Promise.all(world.inFlight), sleep(200)])
      const { lastId } = world.ledger
      world.ledger = openLedger()
      world.ledger.lastId = Math.max(lastId, world.ledger.lastId)
      world.webhooksPaused = false
      world.clock.setOffset(0)
      world.faults.clear()
      world.changed()
    },
  }
}

function settle(world: SandboxContext, orderId: string, options: PayOptions): Outcome {
  const order = find(world, orderId)
  const before = world.ledger.lastDelivery
  const attempt = attemptFor(world, order, options)
  decide(world, order, attempt, options)
  const deliveries = world.ledger.deliveries.flatMap(({ n }) => (n > before ? [n] : []))
  const shown = { order: orderEntity(world, order), payment: paymentEntity(world, order, attempt), deliveries }
  return JSON.parse(toJson(shown)) as Outcome
}

function attemptFor(world: SandboxContext, order: Order, { method = 'upi', amount, newAttempt }: PayOptions): Attempt {
  const amountPaise = amount === undefined ? order.amountPaise : toPaise(amount)
  if (amountPaise === null) throw new ControlError(400, 'amount is rupees, with two decimals at most')
  const open = order.attempts.findLast(isLive)
  if (open && !newAttempt) {
    if (amount !== undefined) open.amountPaise = amountPaise
    return open
  }
  return startAttempt(world, order, METHODS[method](), { amountPaise })
}

function decide(
  world: SandboxContext,
  order: Order,
  attempt: Attempt,
  { status = 'SUCCESS', reason, when }: PayOptions,
) {
  if (when === 'after-expiry') expireNow(world, order)
  if (status === 'CANCELLED' || when === 'after-ttl') succeedTooLate(world, attempt)
  else if (status === 'SUCCESS') succeed(world, attempt)
  else if (status === 'FAILED') fail(world, attempt, reasonNamed(reason))
  else if (status === 'USER_DROPPED') drop(world, attempt)
  else if (status === 'PENDING') leavePending(world, attempt)
  else if (status === 'FLAGGED') flag(world, attempt)
  else throw new ControlError(400, `An attempt cannot become ${status}`)
}

const METHODS: Record<NonNullable<PayOptions['method']>, () => Method> = {
  upi: () => upiMethod('collect', 'testsuccess@gocash'),
  card: () => cardMethod(TEST_CARDS[0]!.number, 'link')!,
  netbanking: () => netbankingMethod(),
}

const DAY_MS = 86_400_000

function findDispute(world: SandboxContext, id: string): Dispute {
  const dispute = world.ledger.disputes.get(id)
  if (!dispute) throw new ControlError(404, `There is no dispute ${id}`)
  return dispute
}

/** With its id as text, which is how the other calls want it. */
function asShown(world: SandboxContext, dispute: Dispute) {
  const entity = disputeEntity(find(world, dispute.orderId), dispute)
  return { ...(JSON.parse(toJson(entity)) as { dispute_status: string; dispute_type: string }), dispute_id: dispute.id }
}

function find(world: SandboxContext, orderId: string): Order {
  const order = world.ledger.orders.get(orderId)
  if (!order) throw new ControlError(404, `There is no order ${orderId}`)
  return order
}

function summary(world: SandboxContext, order: Order): OrderState {
  return { ...order, orderId: order.id, status: statusOf(order, world.clock.now()) }
}
