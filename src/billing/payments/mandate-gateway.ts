import type { Paise } from '../../platform/money.ts'
import type { RemoteRefund } from './remote-refund.ts'

/**
 * What the gateway says of one mandate (Cashfree: subscription) now. Statuses are its own words in upper case, ABSENT where it has
 * no such mandate; unknown ones are kept. `charges` is null when the list could not be read: unknown, not empty.
 */
export type RemoteMandate = {
  subscriptionId: string | null
  cfSubscriptionId: string | null
  status: string
  planId: string | null
  /** The ceiling of one debit. */
  maxAmountPaise: number | null
  authorisationAmountPaise: number | null
  /** Whether the amount of the authorisation is given back. */
  authorisationRefund: boolean | null
  authorisationStatus: string | null
  /** The UMN, by which the person's bank and UPI app know the mandate. */
  reference: string | null
  /** The UPI address, masked: its first two characters, "…", and what follows @ in full. */
  payerAddress: string | null
  /** Opens the hosted page; lives for two hours, and differs at each call. */
  sessionId: string | null
  expiresAt: string | null
  charges: RemoteCharge[] | null
}

/**
 * One debit under a mandate (Cashfree: payment). `type` is AUTH at its start, CHARGE later; types and statuses are Cashfree's words in
 * upper case, unknown ones kept. `amountPaise` is null where what came is no amount that somebody can pay. `currency` is what the
 * charge says, else what the mandate's plan says where that was asked too, else null.
 */
export type RemoteCharge = {
  /** Ours for a CHARGE; Cashfree chooses that of an authorisation on its hosted page. */
  paymentId: string | null
  cfPaymentId: string
  subscriptionId: string | null
  type: string
  status: string
  amountPaise: number | null
  currency: string | null
  /** The Indian day on which the debit is tried, "2026-12-09". */
  scheduledOn: string | null
  startedAt: string | null
  retries: number
  failureReason: string | null
  cfTxnId: string | null
}

/** A ceiling under which mandates are opened. Cashfree shows the name to the person, and can neither change nor delete a plan. */
export type MandatePlan = { planId: string; name: string; maxAmountPaise: Paise }

/** What we ask the gateway to open. The id is ours and stored before the call; the key makes repeats harmless. */
export type NewMandate = {
  subscriptionId: string
  idempotencyKey: string
  planId: string
  customer: { name: string; email: string; phone: string }
  authorisationPaise: Paise
  refundAuthorisation: boolean
  /** Cannot be moved later. */
  expiresAt: Date
  returnUrl: string
  tags: Record<string, string>
}

/** A debit we ask for. The id is ours and stored before the call; `scheduledOn` is the Indian day, "2026-12-09". */
export type NewCharge = {
  subscriptionId: string
  paymentId: string
  idempotencyKey: string
  amountPaise: Paise
  scheduledOn: string
  remarks: string
}

/**
 * A refund of a debit we ask for. The id is ours and stored before the call. A charge goes by our payment id; an authorisation, whose id
 * Cashfree's page chose, by Cashfree's number.
 */
export type NewChargeRefund = ({ paymentId: string } | { cfPaymentId: string }) & {
  subscriptionId: string
  refundId: string
  idempotencyKey: string
  amountPaise: Paise
  note: string
}

/**
 * The gateway's mandates as the rest of the product knows them. `within` is the time limit of a call in milliseconds. Every call
 * throws GatewayUnavailable when nothing is known, and GatewayRefused when the gateway understood and said no.
 */
export type MandateGateway = {
  /** Makes the plan, or finds it made. Throws GatewayRefused (409 `plan_differs`) when one under this id has another ceiling or type. */
  ensurePlan(plan: MandatePlan, within?: number): Promise<void>
  /** Opens the mandate, or finds the one already open under our id. */
  createMandate(mandate: NewMandate, within?: number): Promise<RemoteMandate>
  /**
   * The mandate and its charges; status ABSENT when there is no such mandate. `light` spares the second call (`charges` is null then)
   * while nobody has authorised it. `patient` does too, and leaves the last tenth of the rate limit to calls that people wait for.
   */
  fetchMandate(subscriptionId: string, within?: number, manner?: 'full' | 'light' | 'patient'): Promise<RemoteMandate>
  /** Asks to end the mandate. The answer's status decides: the person may have been quicker. */
  cancelMandate(subscriptionId: string, within?: number): Promise<RemoteMandate>
  /** Asks for a debit, or finds the one already asked for under our id. Accepted is not paid: it usually answers INITIALIZED. */
  charge(charge: NewCharge, within?: number): Promise<RemoteCharge>
  /** Asks to call a debit off. The answer's status decides: the bank may have been quicker. */
  cancelCharge(subscriptionId: string, paymentId: string, within?: number): Promise<RemoteCharge>
  /** One charge by our id; null when there is none. */
  fetchCharge(subscriptionId: string, paymentId: string, within?: number): Promise<RemoteCharge | null>
  /** Asks for a refund of a charge, or finds the one already asked for under our id. */
  createRefund(refund: NewChargeRefund, within?: number): Promise<RemoteRefund>
  /** One refund by our id; null when there is none. */
  fetchRefund(subscriptionId: string, refundId: string, within?: number): Promise<RemoteRefund | null>
}
