import { istTime } from '../clock.ts'
import type { SandboxContext } from '../context.ts'
import { BANK_REFERENCE, cfId, disputedPayment, errorDetails, gatewayDetails } from '../entities.ts'
import type { Attempt, Dispute, Order, Refund } from '../model.ts'
import { Rupees } from '../money.ts'

export type PaymentEvent = 'PAYMENT_SUCCESS_WEBHOOK' | 'PAYMENT_FAILED_WEBHOOK' | 'PAYMENT_USER_DROPPED_WEBHOOK'

/** `data` of a payment event. Not the API's entity: fewer fields, and they depend on the event. */
export function paymentData(context: SandboxContext, type: PaymentEvent, order: Order, attempt: Attempt) {
  const common = {
    order: {
      order_id: order.id,
      order_amount: new Rupees(order.amountPaise),
      order_currency: order.currency,
      order_tags: order.tags,
    },
    payment: webhookPayment(context, order, attempt),
    customer_details: {
      customer_name: order.customer.name,
      customer_id: order.customer.id,
      customer_email: order.customer.email,
      customer_phone: order.customer.phone,
    },
  }
  if (type === 'PAYMENT_USER_DROPPED_WEBHOOK') return { ...common, terminal_details: null }
  return {
    ...common,
    ...(type === 'PAYMENT_FAILED_WEBHOOK' ? { error_details: errorDetails(attempt) } : {}),
    payment_gateway_details: gatewayDetails(order, attempt),
    payment_offers: null,
    terminal_details: null,
  }
}

/** `data` of REFUND_STATUS_WEBHOOK. */
export function refundData(context: SandboxContext, order: Order, refund: Refund) {
  const numeric = context.settings.refundWebhookNumericIds
  return {
    refund: {
      cf_refund_id: cfId(context, refund.cfId, numeric),
      cf_payment_id: cfId(context, refund.attemptId, numeric),
      refund_id: refund.id,
      order_id: order.id,
      refund_amount: new Rupees(refund.amountPaise),
      refund_currency: order.currency,
      entity: 'Refund',
      refund_type: 'MERCHANT_INITIATED',
      refund_arn: refund.arn,
      refund_status: refund.status,
      status_description: refund.status === 'SUCCESS' ? 'Refund processed successfully' : `Refund ${refund.status}`,
      created_at: istTime(refund.createdAt),
      processed_at: refund.processedAt === null ? null : istTime(refund.processedAt),
      refund_charge: 0,
      refund_note: refund.note,
      refund_splits: null,
      metadata: null,
      refund_mode: 'STANDARD',
      requested_speed: refund.speed,
      processed_speed: 'STANDARD',
      service_charge: new Rupees(0),
      service_tax: new Rupees(0),
      charges_currency: order.currency,
    },
  }
}

/** `data` of AUTO_REFUND_STATUS_WEBHOOK: the merchant asked for nothing, so there is no refund_id. */
export function autoRefundData(context: SandboxContext, order: Order, refund: Refund) {
  const numeric = context.settings.refundWebhookNumericIds
  return {
    auto_refund: {
      order_id: order.id,
      cf_payment_id: cfId(context, refund.attemptId, numeric),
      cf_refund_id: cfId(context, refund.cfId, numeric),
      refund_type: 'PAYMENT_AUTO_REFUND',
      refund_status: refund.status,
      refund_amount: new Rupees(refund.amountPaise),
      refund_currency: order.currency,
      refund_reason: 'Payment received after the transaction time limit',
      status_description: refund.status === 'SUCCESS' ? 'Refund processed successfully' : `Refund ${refund.status}`,
      refund_arn: refund.arn,
      initiated_at: istTime(refund.createdAt),
      processed_at: refund.processedAt === null ? null : istTime(refund.processedAt),
    },
  }
}

/** `data` of DISPUTE_CREATED, _UPDATED and _CLOSED. `update` is what changed, where something did. */
export function disputeData(order: Order, dispute: Dispute, update: string | null) {
  return {
    dispute: {
      dispute_id: dispute.id,
      dispute_type: dispute.type,
      reason_code: dispute.reasonCode,
      reason_description: dispute.reason,
      dispute_amount: new Rupees(dispute.amountPaise),
      dispute_amount_currency: order.currency,
      created_at: istTime(dispute.createdAt),
      updated_at: istTime(dispute.updatedAt),
      respond_by: istTime(dispute.respondBy),
      resolved_at: dispute.resolvedAt === null ? undefined : istTime(dispute.resolvedAt),
      dispute_status: dispute.status,
      cf_dispute_remarks: dispute.remarks,
      dispute_update: update ?? undefined,
      dispute_action_on: dispute.resolvedAt === null ? 'MERCHANT' : undefined,
    },
    ...disputedPayment(order, dispute),
  }
}

/** `data` of the dashboard's "Test" button. */
export const PING = { test_object: { test_key: 'test_value' } }

function webhookPayment(context: SandboxContext, order: Order, attempt: Attempt) {
  const succeeded = attempt.status === 'SUCCESS'
  return {
    cf_payment_id: cfId(context, attempt.id),
    payment_status: attempt.status,
    payment_amount: new Rupees(attempt.amountPaise),
    payment_currency: order.currency,
    payment_message: succeeded ? '00::Transaction success' : attempt.message,
    payment_time: istTime(attempt.startedAt),
    bank_reference: succeeded ? BANK_REFERENCE : 'NA',
    // Cashfree really sends the word "null" with a failure.
    auth_id: succeeded ? null : 'null',
    payment_method: { [attempt.method.key]: attempt.method.detail },
    payment_group: attempt.method.group,
    international_payment: { international: false },
    payment_surcharge: null,
  }
}
