import { istTime } from '../clock.ts'
import type { SandboxContext } from '../context.ts'
import { cfId } from '../entities.ts'
import {
  authorisationDetails,
  authorisationName,
  chargeTime,
  customerDetails,
  planEntity,
  scheduleTime,
} from '../mandate-entities.ts'
import type { Charge, ChargeRefund, Mandate } from '../mandate-model.ts'
import { Rupees } from '../money.ts'

export type ChargeEvent =
  | 'SUBSCRIPTION_AUTH_STATUS'
  | 'SUBSCRIPTION_PAYMENT_NOTIFICATION_INITIATED'
  | 'SUBSCRIPTION_PAYMENT_SUCCESS'
  | 'SUBSCRIPTION_PAYMENT_FAILED'
  | 'SUBSCRIPTION_PAYMENT_CANCELLED'

/** `data` of SUBSCRIPTION_STATUS_CHANGED: the mandate is nested, its times carry no offset. */
export function mandateData(context: SandboxContext, mandate: Mandate) {
  const local = (moment: number) => istTime(moment).slice(0, 19)
  const { authorisation } = mandate
  return {
    subscription_details: {
      cf_subscription_id: eventId(context, mandate.cfId),
      subscription_id: mandate.id,
      subscription_status: mandate.status,
      subscription_expiry_time: local(mandate.expiresAt),
      subscription_first_charge_time: null,
      subscription_tags: mandate.tags,
      next_schedule_date: null,
    },
    customer_details: customerDetails(mandate),
    plan_details: { ...planEntity(mandate.plan, null), plan_max_cycles: mandate.plan.maxCycles ?? 0 },
    [authorisationName(context)]: {
      ...authorisationDetails(context, mandate, 'event'),
      authorization_time: authorisation.at === null ? null : local(authorisation.at),
      approve_by_time: authorisation.at === null ? '' : local(authorisation.at + context.settings.authorisationTtlMs),
    },
    payment_gateway_details: {
      ...gateway(mandate),
      gateway_plan_id: mandate.plan.id,
      gateway_auth_id: authorisation.reference,
    },
  }
}

/** `data` of the events about a charge: all of it lies flat. */
export function chargeData(context: SandboxContext, type: ChargeEvent, mandate: Mandate, charge: Charge) {
  const hasNoMoney = type === 'SUBSCRIPTION_PAYMENT_NOTIFICATION_INITIATED' || type === 'SUBSCRIPTION_PAYMENT_CANCELLED'
  const authorisation = authorisationDetails(context, mandate, 'event')
  return {
    payment_id: charge.id,
    cf_payment_id: eventId(context, charge.cfId),
    cf_txn_id: charge.txnId,
    cf_order_id: charge.txnId ?? '',
    subscription_id: mandate.id,
    cf_subscription_id: eventId(context, mandate.cfId),
    payment_type: charge.type,
    [authorisationName(context)]: hasNoMoney ? allNull(authorisation) : { ...authorisation, approve_by_time: '' },
    payment_amount: new Rupees(charge.amountPaise),
    payment_currency: 'INR',
    payment_schedule_date: scheduleTime(context, charge),
    payment_initiated_date: chargeTime(context, charge.createdAt),
    payment_remarks: charge.remarks,
    retry_attempts: charge.retries,
    failure_details: { failure_reason: charge.failureReason },
    payment_status: charge.status,
    payment_gateway_details: { ...gateway(mandate), gateway_payment_id: charge.cfId },
  }
}

/** `data` of SUBSCRIPTION_REFUND_STATUS. */
export function chargeRefundData(context: SandboxContext, charge: Charge, refund: ChargeRefund) {
  return {
    payment_id: charge.id,
    cf_payment_id: eventId(context, charge.cfId),
    refund_id: refund.id,
    cf_refund_id: refund.cfId,
    refund_amount: new Rupees(refund.amountPaise),
    refund_speed: 'STANDARD',
    refund_note: refund.note,
    refund_status: refund.status,
    // A string, where every other event has an object.
    failure_details: '',
    refund_gateway_details: {
      gateway_name: 'CASHFREE',
      gateway_payment_id: charge.cfId,
      gateway_refund_id: refund.cfId,
    },
  }
}

/** `data` of REFUND_STATUS_WEBHOOK: refunds of an authorisation are announced like those of an order. */
export function authorisationRefundData(context: SandboxContext, charge: Charge, refund: ChargeRefund) {
  return {
    refund: {
      cf_refund_id: refund.cfId,
      cf_payment_id: eventId(context, charge.cfId),
      refund_id: refund.id,
      order_id: charge.txnId,
      refund_amount: new Rupees(refund.amountPaise),
      refund_currency: 'INR',
      entity: 'Refund',
      refund_type: 'MERCHANT_INITIATED',
      refund_status: refund.status,
      created_at: istTime(refund.createdAt),
      processed_at: istTime(context.clock.now()),
      refund_note: refund.note,
    },
  }
}

function eventId(context: SandboxContext, id: string): string | bigint {
  return cfId(context, id, context.settings.mandateNumericIds)
}

function gateway(mandate: Mandate) {
  return { gateway_name: 'CASHFREE', gateway_subscription_id: mandate.cfId }
}

function allNull(details: object) {
  return Object.fromEntries(Object.keys(details).map((name) => [name, null]))
}
