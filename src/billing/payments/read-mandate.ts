import { dayInIndia } from '../../platform/dates.ts'
import { paiseFromRupees } from '../../platform/money.ts'
import { matches, type Static, Type } from '../../platform/schema.ts'
import { GatewayUnavailable } from './gateway.ts'
import type { RemoteCharge, RemoteMandate } from './mandate-gateway.ts'
import { fieldsOf, idText, indianInstant, spelt, textOf } from './read-answer.ts'

const Id = Type.Union([Type.String({ minLength: 1 }), Type.Number()])
const Word = Type.String({ minLength: 1 })
const Anything = Type.Optional(Type.Unknown())

// What money depends on is validated strictly. The rest is descriptive: of an unexpected type it is read as absent.
const Mandate = Type.Object({
  subscription_id: Anything,
  cf_subscription_id: Anything,
  subscription_status: Word,
  plan_details: Anything,
  authorization_details: Anything,
  subscription_session_id: Anything,
  subscription_expiry_time: Anything,
})

const Charge = Type.Object({
  payment_id: Anything,
  cf_payment_id: Id,
  subscription_id: Anything,
  payment_type: Word,
  payment_status: Word,
  payment_amount: Anything,
  payment_currency: Anything,
  payment_schedule_date: Anything,
  payment_initiated_date: Anything,
  retry_attempts: Anything,
  failure_details: Anything,
  cf_txn_id: Anything,
})

/** A mandate in Cashfree's words. Its charges come by another call. Throws GatewayUnavailable for anything else. */
export function readMandate(body: unknown): Omit<RemoteMandate, 'charges'> & { currency: string | null } {
  const mandate = spelt(body)
  if (!matches(Mandate, mandate))
    throw new GatewayUnavailable('the gateway answered something that is not a subscription')
  const plan = fieldsOf(mandate.plan_details)
  const authorisation = spelt(mandate.authorization_details)
  return {
    subscriptionId: idText(mandate.subscription_id),
    cfSubscriptionId: idText(mandate.cf_subscription_id),
    status: mandate.subscription_status.toUpperCase(),
    planId: idText(plan.plan_id),
    maxAmountPaise: amountIn(plan.plan_max_amount),
    currency: textOf(plan.plan_currency),
    authorisationAmountPaise: amountIn(authorisation.authorization_amount),
    authorisationRefund: truthIn(authorisation.authorization_amount_refund),
    authorisationStatus: textOf(authorisation.authorization_status)?.toUpperCase() ?? null,
    reference: textOf(authorisation.authorization_reference),
    payerAddress: maskedAddress(fieldsOf(fieldsOf(authorisation.payment_method).upi).upi_id),
    sessionId: textOf(mandate.subscription_session_id, 2_000),
    expiresAt: indianInstant(mandate.subscription_expiry_time),
  }
}

/** Null unless every entry could be read: half a list must not look like the whole. */
export function readCharges(body: unknown): RemoteCharge[] | null {
  if (!Array.isArray(body)) return null
  const payments = body.map(spelt)
  return payments.every((payment) => matches(Charge, payment)) ? payments.map(chargeIn) : null
}

/** One debit in Cashfree's words. Throws GatewayUnavailable for anything else. */
export function readCharge(body: unknown): RemoteCharge {
  const payment = spelt(body)
  if (!matches(Charge, payment)) throw new GatewayUnavailable('the gateway answered something that is not a charge')
  return chargeIn(payment)
}

function chargeIn(payment: Static<typeof Charge>): RemoteCharge {
  const status = payment.payment_status.toUpperCase()
  const scheduled = indianInstant(payment.payment_schedule_date)
  const failure = spelt(payment.failure_details)
  return {
    paymentId: idText(payment.payment_id),
    cfPaymentId: String(payment.cf_payment_id),
    subscriptionId: idText(payment.subscription_id),
    type: payment.payment_type.toUpperCase(),
    status,
    amountPaise: amountIn(payment.payment_amount),
    currency: textOf(payment.payment_currency),
    scheduledOn: scheduled && dayInIndia(new Date(scheduled)),
    startedAt: indianInstant(payment.payment_initiated_date),
    retries: countIn(payment.retry_attempts),
    failureReason: status === 'SUCCESS' ? null : (textOf(failure.failure_reason) ?? textOf(payment.failure_details)),
    cfTxnId: textOf(payment.cf_txn_id),
  }
}

/** Zero or less is no amount that somebody paid. */
function amountIn(rupees: unknown): number | null {
  const paise = paiseFromRupees(rupees)
  return paise !== null && paise > 0 ? paise : null
}

function truthIn(value: unknown): boolean | null {
  const word = String(value).toLowerCase()
  return word === 'true' ? true : word === 'false' ? false : null
}

function countIn(value: unknown): number {
  const count = Number(textOf(value) ?? 0)
  return Number.isSafeInteger(count) && count >= 0 ? count : 0
}

/** Enough of a UPI ID for its owner to know it: "98…@ybl". */
function maskedAddress(value: unknown): string | null {
  const [, beginning, bank] = /^(.{1,2}).*@([^@]+)$/u.exec(textOf(value) ?? '') ?? []
  return beginning && bank ? `${beginning}…@${bank}` : null
}
