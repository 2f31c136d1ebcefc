import { istTime } from './clock.ts'
import type { SandboxContext } from './context.ts'
import { cfId } from './entities.ts'
import type { Charge, ChargeRefund, Mandate, Plan } from './mandate-model.ts'
import { newMandateSession } from './mandate-sessions.ts'
import { Rupees } from './money.ts'

/** PlanEntity. An inline plan and the copy inside a mandate show no status. */
export function planEntity(plan: Plan, status: 'ACTIVE' | null = 'ACTIVE') {
  return {
    plan_currency: 'INR',
    plan_id: plan.id,
    plan_interval_type: plan.intervalType,
    plan_intervals: plan.intervals,
    plan_max_amount: new Rupees(plan.maxAmountPaise),
    plan_max_cycles: plan.maxCycles,
    plan_name: plan.name,
    plan_note: plan.note,
    plan_recurring_amount: new Rupees(plan.recurringPaise ?? 0),
    plan_status: status,
    plan_type: plan.type,
  }
}

/** SubscriptionEntity of version 2025-01-01, with a new session. */
export function mandateEntity(context: SandboxContext, mandate: Mandate) {
  return {
    [authorisationName(context)]: authorisationDetails(context, mandate, 'api'),
    cf_subscription_id: cfId(context, mandate.cfId),
    customer_details: customerDetails(mandate),
    plan_details: planEntity(mandate.plan, null),
    subscription_expiry_time: istTime(mandate.expiresAt),
    subscription_first_charge_time: null,
    subscription_id: mandate.id,
    subscription_meta: { return_url: mandate.returnUrl },
    subscription_note: mandate.note,
    subscription_payment_splits: null,
    subscription_session_id: newMandateSession(context, mandate),
    subscription_status: mandate.status as string,
    subscription_tags: mandate.tags,
  }
}

/** SubscriptionPaymentEntity: an authorisation or a charge. */
export function chargeEntity(context: SandboxContext, mandate: Mandate, charge: Charge) {
  return {
    [authorisationName(context)]: authorisationDetails(context, mandate, 'api'),
    cf_payment_id: cfId(context, charge.cfId),
    cf_subscription_id: cfId(context, mandate.cfId),
    cf_txn_id: charge.txnId,
    cf_order_id: charge.txnId,
    failure_details: { failure_reason: charge.failureReason },
    payment_amount: new Rupees(charge.amountPaise),
    payment_id: charge.id,
    payment_initiated_date: chargeTime(context, charge.createdAt),
    payment_remarks: charge.remarks,
    payment_schedule_date: scheduleTime(context, charge),
    payment_status: charge.status as string,
    payment_type: charge.type as string,
    retry_attempts: charge.retries,
    subscription_id: mandate.id,
  }
}

/** Refund of a charge. */
export function chargeRefundEntity(context: SandboxContext, charge: Charge, refund: ChargeRefund) {
  return {
    payment_id: charge.id,
    cf_payment_id: cfId(context, charge.cfId),
    refund_id: refund.id,
    cf_refund_id: refund.cfId,
    refund_amount: new Rupees(refund.amountPaise),
    refund_note: refund.note,
    refund_speed: 'STANDARD',
    refund_status: refund.status as string,
  }
}

/** The name of the object that tells how the mandate was authorised. */
export function authorisationName({ settings }: SandboxContext): string {
  return `${settings.mandateSpelling}_details`
}

/** That object; its payment method is a string in the API and an object in events, unless a setting says otherwise. */
export function authorisationDetails(context: SandboxContext, { authorisation, status }: Mandate, place: Place) {
  const { amountPaise, refund, reference, at, paymentId } = authorisation
  return {
    authorization_amount: new Rupees(amountPaise),
    authorization_amount_refund: refund,
    authorization_reference: status === 'BANK_APPROVAL_PENDING' && place === 'api' ? null : reference,
    authorization_time: at === null ? null : chargeTime(context, at),
    authorization_status: authorisation.status as string | null,
    payment_id: paymentId,
    ...paymentMethod(context, place, at !== null),
  }
}

/** Where an object is shown. */
export type Place = 'api' | 'event'

/** Whose mandate it is, the same in API and events. */
export function customerDetails({ customer }: Mandate) {
  return { customer_name: customer.name, customer_email: customer.email, customer_phone: customer.phone }
}

/** A time of a charge; some of Cashfree's answers write the offset without its colon. */
export function chargeTime({ settings }: SandboxContext, moment: number): string {
  return istTime(moment).replace('+05:30', settings.mandateOffset)
}

/** The day of the debit as a time; empty for an authorisation. */
export function scheduleTime({ settings }: SandboxContext, { scheduledOn }: Charge): string {
  return scheduledOn === null ? '' : `${scheduledOn}T12:00:00${settings.mandateOffset}`
}

const UPI = {
  channel: 'link',
  upi_id: '9910000000@ybl',
  upi_instrument: '',
  upi_instrument_number: '',
  upi_payer_account_number: '',
  upi_payer_ifsc: '',
}

function paymentMethod({ settings }: SandboxContext, place: Place, isKnown: boolean) {
  const wanted = settings.mandatePaymentMethod
  const asString = wanted === 'documented' ? place === 'api' : wanted === 'string'
  if (asString) return { payment_method: isKnown ? 'upi' : null, instrument_id: null }
  return { payment_method: isKnown ? { upi: UPI } : null, payment_group: isKnown ? 'upi' : null }
}
