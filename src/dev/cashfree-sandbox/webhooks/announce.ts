import { createHash } from 'node:crypto'
import { istTime } from '../clock.ts'
import type { SandboxContext } from '../context.ts'
import { toJson } from '../json.ts'
import type { Attempt, Delivery, Dispute, Order, Refund } from '../model.ts'
import { autoRefundData, disputeData, type PaymentEvent, PING, paymentData, refundData } from './payloads.ts'

/** What an event is about; nothing, for a ping. */
type About = { orderId?: string; mandateId?: string }

const KEPT_DELIVERIES = 2_000
const AFTER_REDIRECT_MS = 5_000

/** Writes the webhook of a payment, once, and schedules its deliveries. */
export function announcePayment(context: SandboxContext, type: PaymentEvent, order: Order, attempt: Attempt) {
  announce(context, type, order, paymentData(context, type, order, attempt))
}

/** Writes the webhook of a refund; automatic ones have a type of their own. */
export function announceRefund(context: SandboxContext, refund: Refund) {
  const order = context.ledger.orders.get(refund.orderId)!
  if (refund.automatic) announce(context, 'AUTO_REFUND_STATUS_WEBHOOK', order, autoRefundData(context, order, refund))
  else announce(context, 'REFUND_STATUS_WEBHOOK', order, refundData(context, order, refund))
}

/** Writes the webhook of a dispute; `update` names what changed. */
export function announceDispute(
  context: SandboxContext,
  type: 'DISPUTE_CREATED' | 'DISPUTE_UPDATED' | 'DISPUTE_CLOSED',
  dispute: Dispute,
  update: string | null,
) {
  const order = context.ledger.orders.get(dispute.orderId)!
  announce(context, type, order, disputeData(order, dispute, update))
}

/** The dashboard's test ping, or an event of any other type; null when no endpoint is configured. */
export function announcePing(context: SandboxContext, type = 'WEBHOOK', data: unknown = PING): Delivery | null {
  if (!context.webhookUrl) return null
  const delivery = plan(context, type, {}, context.webhookUrl, write(context, type, data))
  context.changed()
  return delivery
}

/** Sends the webhooks that were held back, the last first; all of them, or those to one address. */
export function releaseHeld(context: SandboxContext, url?: string) {
  const held = context.ledger.deliveries.filter((delivery) => isHeld(delivery, url)).reverse()
  held.forEach((delivery, place) => {
    delivery.state = 'waiting'
    // A little apart, so that the second does not overtake the first on the wire.
    delivery.dueAt = context.clock.now() + place * 100
    context.ledger.openDeliveries.add(delivery)
  })
  if (held.length > 0) context.changed()
}

/** Writes an event to the addresses that are set, once, and schedules its deliveries; faults may double or hold them. */
export function announceTo(
  context: SandboxContext,
  urls: (string | null)[],
  type: string,
  about: About,
  data: unknown,
) {
  const body = write(context, type, data)
  const copies = context.faults.take('duplicateWebhooks') ? 2 : 1
  for (const url of urls) {
    if (!url) continue
    for (let copy = 0; copy < copies; copy++) plan(context, type, about, url, body)
    if (context.ledger.deliveries.filter((delivery) => isHeld(delivery, url)).length >= 2) releaseHeld(context, url)
  }
  context.changed()
}

function announce(context: SandboxContext, type: string, order: Order, data: unknown) {
  announceTo(context, [context.webhookUrl, order.notifyUrl], type, { orderId: order.id }, data)
}

function isHeld(delivery: Delivery, url?: string): boolean {
  return delivery.state === 'held' && (url === undefined || delivery.url === url)
}

function write(context: SandboxContext, type: string, data: unknown): string {
  return toJson({ data, event_time: istTime(context.clock.now()), type })
}

function plan(context: SandboxContext, type: string, about: About, url: string, body: string): Delivery {
  const { ledger, faults, clock } = context
  const now = clock.now()
  ledger.lastDelivery += 1
  const delivery: Delivery = {
    n: ledger.lastDelivery,
    type,
    orderId: about.orderId ?? null,
    mandateId: about.mandateId ?? null,
    url,
    body,
    idempotencyKey: createHash('sha256').update(body).digest('base64'),
    createdAt: now,
    dueAt: now + delayMs(context),
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
  if (ledger.deliveries.length > KEPT_DELIVERIES) forgetOldest(context)
  return delivery
}

function delayMs(context: SandboxContext): number {
  const after = context.faults.take('webhookAfterRedirect')
  if (after) return after.ms ?? AFTER_REDIRECT_MS
  return context.faults.isOn('webhookBeforeRedirect') ? 0 : context.settings.webhookDelayMs
}

function forgetOldest({ ledger }: SandboxContext) {
  const oldest = ledger.deliveries.findIndex((delivery) => delivery.dueAt === null && delivery.state !== 'sending')
  if (oldest >= 0) ledger.deliveries.splice(oldest, 1)
}
