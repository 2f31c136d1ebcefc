import { istTime } from './clock.ts'
import type { SandboxContext } from './context.ts'
import type { Attempt, Dispute, Order, Refund } from './model.ts'
import { Rupees } from './money.ts'
import { statusOf } from './orders.ts'

/** The sandbox proper gives every success the same reference. */
export const BANK_REFERENCE = '1234567890'

/** OrderEntity of version 2025-01-01. */
export function orderEntity(context: SandboxContext, order: Order) {
  return {
    cf_order_id: cfId(context, order.cfId),
    order_id: order.id,
    entity: 'order',
    order_currency: order.currency,
    order_amount: new Rupees(order.amountPaise),
    order_status: statusOf(order, context.clock.now()) as string,
    payment_session_id: order.sessionId,
    order_expiry_time: istTime(order.expiresAt),
    order_note: order.note,
    created_at: istTime(order.createdAt),
    order_splits: order.extras.splits ?? [],
    customer_details: {
      customer_id: order.customer.id,
      customer_name: order.customer.name,
      customer_email: order.customer.email,
      customer_phone: order.customer.phone,
      customer_uid: order.customer.uid,
    },
    order_meta: {
      return_url: order.returnUrl,
      notify_url: order.notifyUrl,
      payment_methods: order.paymentMethods,
      payment_methods_filters: order.paymentMethodsFilters,
    },
    order_tags: order.tags,
    cart_details: order.extras.cart,
    terminal_data: null,
    products: order.extras.products,
  }
}

/** PaymentEntity: one attempt. */
export function paymentEntity(context: SandboxContext, order: Order, attempt: Attempt) {
  const succeeded = attempt.status === 'SUCCESS' || attempt.status === 'CANCELLED'
  return {
    cf_payment_id: cfId(context, attempt.id),
    order_id: order.id,
    entity: 'payment',
    order_amount: new Rupees(order.amountPaise),
    order_currency: order.currency,
    payment_amount: new Rupees(attempt.amountPaise),
    payment_currency: order.currency,
    payment_status: attempt.status as string,
    payment_message: attempt.message,
    payment_time: istTime(attempt.startedAt),
    payment_completion_time: attempt.finishedAt === null ? null : istTime(attempt.finishedAt),
    is_captured: attempt.status === 'SUCCESS',
    bank_reference: succeeded ? BANK_REFERENCE : null,
    auth_id: null,
    payment_group: attempt.method.group,
    payment_method: { [attempt.method.key]: attempt.method.detail },
    authorization: null,
    error_details: errorDetails(attempt),
    payment_gateway_details: gatewayDetails(order, attempt),
    international_payment: { international: false },
    payment_surcharge: null,
    payment_offers: null,
  }
}

/** RefundEntity. */
export function refundEntity(context: SandboxContext, order: Order, refund: Refund) {
  return {
    cf_refund_id: cfId(context, refund.cfId),
    cf_payment_id: cfId(context, refund.attemptId),
    order_id: order.id,
    refund_id: refund.id,
    entity: 'refund',
    refund_amount: new Rupees(refund.amountPaise),
    refund_currency: order.currency,
    refund_note: refund.note,
    refund_status: refund.status as string,
    refund_type: refund.automatic ? 'PAYMENT_AUTO_REFUND' : 'MERCHANT_INITIATED',
    refund_mode: 'NORMAL',
    refund_arn: refund.arn,
    refund_charge: 0,
    charges_currency: order.currency,
    status_description: refundDescription(refund),
    metadata: null,
    refund_splits: [],
    // The sandbox accepts INSTANT and treats it as STANDARD.
    refund_speed: { requested: refund.speed, accepted: 'STANDARD', processed: null, message: null },
    forex_conversion_rate: 0,
    forex_conversion_handling_charge: 0,
    forex_conversion_handling_tax: 0,
    created_at: istTime(refund.createdAt),
    processed_at: refund.processedAt === null ? null : istTime(refund.processedAt),
  }
}

/** DisputesEntity: ids are numbers and times local, without an offset, as Cashfree answers; 9999 means never. */
export function disputeEntity(order: Order, dispute: Dispute) {
  const local = (moment: number) => istTime(moment).slice(0, 19)
  return {
    dispute_id: BigInt(dispute.id),
    dispute_type: dispute.type,
    reason_code: dispute.reasonCode,
    reason_description: dispute.reason,
    dispute_amount: new Rupees(dispute.amountPaise),
    dispute_amount_currency: order.currency,
    created_at: local(dispute.createdAt),
    respond_by: local(dispute.respondBy),
    updated_at: local(dispute.updatedAt),
    resolved_at: dispute.resolvedAt === null ? '9999-09-09T00:00:00' : local(dispute.resolvedAt),
    dispute_status: dispute.status,
    cf_dispute_remarks: dispute.remarks,
    preferred_evidence: [{ document_type: 'Delivery/Service Proof', document_description: 'Proof of the service.' }],
    dispute_evidence: [],
    ...disputedPayment(order, dispute),
  }
}

/** The payment and the payer of a dispute, the same in API and webhook. */
export function disputedPayment(order: Order, dispute: Dispute) {
  const attempt = order.attempts.find(({ id }) => id === dispute.attemptId)!
  return {
    order_details: {
      order_id: order.id,
      order_currency: order.currency,
      order_amount: new Rupees(order.amountPaise),
      cf_payment_id: BigInt(dispute.attemptId),
      payment_currency: order.currency,
      payment_amount: new Rupees(attempt.amountPaise),
    },
    customer_details: {
      customer_name: order.customer.name,
      customer_phone: order.customer.phone,
      customer_email: order.customer.email,
    },
  }
}

/** SettlementEntity of a paid order: less a charge of 1.95 % and 18 % tax on it, as on Cashfree's price list. */
export function settlementEntity(context: SandboxContext, order: Order, attempt: Attempt, settledAt: number) {
  const charge = Math.round(attempt.amountPaise * 0.0195)
  const tax = Math.round(charge * 0.18)
  return {
    cf_payment_id: cfId(context, attempt.id),
    cf_settlement_id: cfId(context, `${attempt.id}1`),
    settlement_currency: order.currency,
    order_id: order.id,
    entity: 'settlement',
    order_amount: new Rupees(order.amountPaise),
    order_currency: order.currency,
    payment_time: istTime(attempt.startedAt),
    service_charge: new Rupees(charge),
    service_tax: new Rupees(tax),
    settlement_amount: new Rupees(attempt.amountPaise - charge - tax),
    settlement_id: `${attempt.id}1`,
    transfer_id: `${attempt.id}2`,
    transfer_time: istTime(settledAt),
    transfer_utr: `CF${attempt.id}`,
  }
}

/** `error_details` of a failed attempt; null for every other. */
export function errorDetails(attempt: Attempt) {
  if (attempt.status !== 'FAILED' || !attempt.reason) return null
  const { code, description, reason, source, rawCode } = attempt.reason
  return {
    error_code: code,
    error_description: description,
    error_reason: reason,
    error_source: source,
    error_code_raw: rawCode ?? null,
    error_description_raw: null,
    error_subcode_raw: rawCode ?? null,
  }
}

/** `payment_gateway_details` as API and webhooks show them. */
export function gatewayDetails(order: Order, attempt: Attempt) {
  return {
    gateway_name: 'CASHFREE',
    gateway_order_id: order.cfId,
    gateway_payment_id: attempt.id,
    gateway_order_reference_id: null,
    gateway_settlement: 'CASHFREE',
    gateway_status_code: null,
  }
}

/** An id as a string of digits, or as a bare number while that fault is on. */
export function cfId(
  context: SandboxContext,
  id: string,
  numeric = context.faults.isOn('numericIds'),
): string | bigint {
  return numeric ? BigInt(id) : id
}

function refundDescription(refund: Refund): string {
  if (refund.status === 'SUCCESS') return 'Refund processed successfully'
  if (refund.status === 'PENDING') return 'In Progress'
  if (refund.status === 'ONHOLD') return 'Refund is on hold'
  return refund.status === 'CANCELLED' ? 'Refund was cancelled' : 'Refund failed at the bank'
}
