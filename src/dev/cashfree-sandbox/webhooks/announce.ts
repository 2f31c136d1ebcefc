import { createHash } from 'node:crypto'
import { istTime } from '../clock.ts'
import type { SandboxContext } from '../context.ts'
import { toJson } from '../json.ts'
import type { Attempt, Delivery, Dispute, Order, Refund } from '../ledger.ts'
import { autoRefundData, disputeData, type PaymentEvent, PING, paymentData, refundData } from './payloads.ts'

const KEPT_DELIVERIES = 2_000
const AFTER_REDIRECT_MS = 5_000

/** Writes the webhook of a payment, once, and plans its deliveries. */
export function announcePayment(world: SandboxContext, type: PaymentEvent, order: Order, attempt: Attempt) {
  announce(world, type, order, paymentData(world, type, order, attempt))
}

/** Writes the webhook of a refund; automatic ones have a type of their own. */
export function announceRefund(world: SandboxContext, refund: Refund) {
  const order = world.ledger.orders.get(refund.orderId)!
  if (refund.automatic) announce(world, 'AUTO_REFUND_STATUS_WEBHOOK', order, autoRefundData(world, order, refund))
  else announce(world, 'REFUND_STATUS_WEBHOOK', order, refundData(world, order, refund))
}

/** Writes the webhook of a dispute; `update` says what of it changed. */
export function announceDispute(
  world: SandboxContext,
  type: 'DISPUTE_CREATED' | 'DISPUTE_UPDATED' | 'DISPUTE_CLOSED',
  dispute: Dispute,
  update: string | null,
) {
  const order = world.ledger.orders.get(dispute.orderId)!
  announce(world, type, order, disputeData(order, dispute, update))
}

/** The dashboard's test ping, or an event of any other type; null when no endpoint is configured. */
export function announcePing(world: SandboxContext, type = 'WEBHOOK', data: unknown = PING): Delivery | null {
  if (!world.webhookUrl) return null
  const delivery = plan(world, type, null, world.webhookUrl, write(world, type, data))
  world.changed()
  return delivery
}

/** Sends on the webhooks that were held back, last one first; all of them, or those of one address. */
export function releaseHeld(world: SandboxContext, url?: string) {
  const held = world.ledger.deliveries.filter((delivery) => isHeld(delivery, url)).reverse()
  held.forEach((delivery, place) => {
    delivery.state = 'waiting'
    // A little apart, so that the second does not overtake the first on the wire.
    delivery.dueAt = world.clock.now() + place * 100
    world.ledger.openDeliveries.add(delivery)
  })
  if (held.length > 0) world.changed()
}

function announce(world: SandboxContext, type: string, order: Order, data: unknown) {
  const body = write(world, type, data)
  const copies = world.faults.take('duplicateWebhooks') ? 2 : 1
  for (const url of [world.webhookUrl, order.notifyUrl]) {
    if (!url) continue
    for (let copy = 0; copy < copies; copy++) plan(world, type, order.id, url, body)
    if (world.ledger.deliveries.filter((delivery) => isHeld(delivery, url)).length >= 2) releaseHeld(world, url)
  }
  world.changed()
}

function isHeld(delivery: Delivery, url?: string): boolean {
  return delivery.state === 'held' && (url === undefined || delivery.url === url)
}

function write(world: SandboxContext, type: string, data: unknown): string {
  return toJson({ data, event_time: istTime(world.clock.now()), type })
}

function plan(world: SandboxContext, type: string, orderId: string | null, url: string, body: string): Delivery {
  const { ledger, faults, clock } = world
  const now = clock.now()
  ledger.lastDelivery += 1
  const delivery: Delivery = {
    n: ledger.lastDelivery,
    type,
    orderId,
    url,
    body,
    idempotencyKey: createHash('sha256').update(body).digest('base64'),
    createdAt: now,
    dueAt: now + delayMs(world),
    attempt: 0,
    firstSentAt: null,
    firstStamp: null,
    state: 'waiting',
    sendings: [],
  }
  if (faults.take('webhooksMuted')) Object.assign(delivery, { state: 'muted', dueAt: null })
  else if (faults.take('outOfOrderWebhooks')) Object.assign(delivery, { state: 'held', dueAt: null })
  else ledger.openDeliveries.add(delivery)
  ledger.deliveries.push(delivery)
  if (ledger.deliveries.length > KEPT_DELIVERIES) forgetOldest(world)
  return delivery
}

function delayMs(world: SandboxContext): number {
  const after = world.faults.take('webhookAfterRedirect')
  if (after) return after.ms ?? AFTER_REDIRECT_MS
  return world.faults.isOn('webhookBeforeRedirect') ? 0 : world.settings.webhookDelayMs
}

function forgetOldest({ ledger }: SandboxContext) {
  const oldest = ledger.deliveries.findIndex((delivery) => delivery.dueAt === null && delivery.state !== 'sending')
  if (oldest >= 0) ledger.deliveries.splice(oldest, 1)
}
