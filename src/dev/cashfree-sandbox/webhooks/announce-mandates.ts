import type { SandboxContext } from '../context.ts'
import type { Charge, ChargeRefund, Mandate } from '../mandate-model.ts'
import { announceTo } from './announce.ts'
import {
  authorisationRefundData,
  type ChargeEvent,
  chargeData,
  chargeRefundData,
  mandateData,
} from './mandate-payloads.ts'

/** Writes the event of a mandate's status. */
export function announceMandate(context: SandboxContext, mandate: Mandate) {
  announce(context, 'SUBSCRIPTION_STATUS_CHANGED', mandate, mandateData(context, mandate))
}

/** Writes an event about a charge or an authorisation. */
export function announceCharge(context: SandboxContext, type: ChargeEvent, mandate: Mandate, charge: Charge) {
  announce(context, type, mandate, chargeData(context, type, mandate, charge))
}

/** Writes the event of a refund; that of an authorisation goes to the endpoint for orders. */
export function announceChargeRefund(context: SandboxContext, mandate: Mandate, charge: Charge, refund: ChargeRefund) {
  if (charge.type === 'CHARGE') {
    return announce(context, 'SUBSCRIPTION_REFUND_STATUS', mandate, chargeRefundData(context, charge, refund))
  }
  const data = authorisationRefundData(context, charge, refund)
  announceTo(context, [context.webhookUrl], 'REFUND_STATUS_WEBHOOK', { mandateId: mandate.id }, data)
}

/** Runs what announces the events of one moment: shuffled, as given or the other way round, as the setting says. */
export function inEventOrder({ settings }: SandboxContext, given: (() => void)[]) {
  let announcements = given
  const order = settings.mandateEventOrder
  if (order === 'random') announcements = shuffled(announcements)
  if (order === 'reversed') announcements = announcements.toReversed()
  for (const announceOne of announcements) announceOne()
}

function announce(context: SandboxContext, type: string, mandate: Mandate, data: unknown) {
  announceTo(context, [context.subscriptionWebhookUrl], type, { mandateId: mandate.id }, data)
}

function shuffled<T>(list: T[]): T[] {
  return list
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item)
}
