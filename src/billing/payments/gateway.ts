import type { Paise } from '../../platform/money.ts'
import type { Services } from '../../platform/services.ts'
import type { MandateGateway } from './mandate-gateway.ts'
import type { RemoteRefund } from './remote-refund.ts'

/** Cashfree's statuses in its own upper-case words. Open on purpose: an unknown word is kept, counted, never fatal. */
export type OrderStatus =
  | 'ACTIVE'
  | 'PAID'
  | 'EXPIRED'
  | 'TERMINATED'
  | 'TERMINATION_REQUESTED'
  | 'ABSENT'
  | (string & {})

/**
 * One attempt to pay, and what it says of its order (null where it says nothing). `amountPaise` is null where Cashfree's value
 * is no amount that somebody can pay; `orderAmountPaise` then keeps the value as it came, because it contradicts ours.
 */
export type Attempt = {
  cfPaymentId: string
  orderId: string | null
  orderAmountPaise: number | string | null
  orderCurrency: string | null
  status: string
  amountPaise: number | null
  currency: string | null
  method: string | null
  bankReference: string | null
  failureReason: string | null
  startedAt: string | null
  completedAt: string | null
}

/** What the gateway says of one order now. `attempts` is null when the list could not be read: unknown, not empty. */
export type RemoteOrder = {
  orderId: string | null
  status: OrderStatus
  amountPaise: number | null
  currency: string | null
  customerId: string | null
  cfOrderId: string | null
  sessionId: string | null
  expiresAt: string | null
  attempts: Attempt[] | null
}

/** What we ask the gateway to open. The order id is ours and stored before the call; the key makes repeats harmless. */
export type NewOrder = {
  orderId: string
  idempotencyKey: string
  amountPaise: Paise
  currency: string
  expiresAt: Date
  customer: { id: string; name: string; email: string; phone: string }
  planKey: string
  returnUrl: string
  notifyUrl: string | null
}

/** A refund we ask for. The id is ours and stored before the call, like an order's. */
export type NewRefund = {
  orderId: string
  refundId: string
  idempotencyKey: string
  amountPaise: Paise
  note: string
}

/** One dispute of an order as the gateway has it: the payer asked their bank for the money back. Statuses in its own words. */
export type RemoteDispute = {
  disputeId: string
  orderId: string | null
  cfPaymentId: string | null
  type: string
  status: string
  /** May be a part of what was paid; null when what came was no amount. */
  amountPaise: number | null
  currency: string | null
  reasonCode: string | null
  reason: string | null
  remarks: string | null
  respondBy: string | null
  openedAt: string | null
  updatedAt: string | null
}

/** The gateway could not be asked, or answered nonsense: nothing is known about the order, money least of all. */
export class GatewayUnavailable extends Error {
  override name = 'GatewayUnavailable'
  /** Seconds to leave it alone, when it said so (429). */
  readonly retryAfterS: number | null
  /** True when it did answer, with an error of its own (5xx): it may repeat that answer under the same idempotency key. */
  readonly answered: boolean
  constructor(message: string, more: { retryAfterS?: number; answered?: boolean } = {}) {
    super(message)
    this.retryAfterS = more.retryAfterS ?? null
    this.answered = more.answered ?? false
  }
}

/** The gateway understood and said no. `code` is its machine-readable word, e.g. `order_amount_invalid`. */
export class GatewayRefused extends Error {
  override name = 'GatewayRefused'
  readonly status: number
  readonly code: string
  constructor(status: number, code: string) {
    super(`the gateway refused: ${status} ${code}`)
    this.status = status
    this.code = code
  }
}

/** Whether the gateway is the cause: it could not be asked, or said no. Anything else that is thrown is an error of ours. */
export function isGatewayFailure(error: unknown): error is GatewayUnavailable | GatewayRefused {
  return error instanceof GatewayUnavailable || error instanceof GatewayRefused
}

/** The payment gateway as the rest of the product knows it. `within` is the time limit of a call in milliseconds. */
export type Gateway = {
  /** Opens the order, or finds the one already open under our id. Throws GatewayRefused or GatewayUnavailable. */
  createOrder(order: NewOrder, within?: number): Promise<RemoteOrder>
  /**
   * The order and its attempts; status ABSENT when the gateway has no such order. Throws GatewayUnavailable.
   * `light` spares the second call (the attempts, null then) while the order is merely open: Cashfree allows far fewer of
   * those. `patient` does too, and leaves the last tenth of the rate limit to calls that people wait for.
   */
  fetchOrder(orderId: string, within?: number, manner?: 'full' | 'light' | 'patient'): Promise<RemoteOrder>
  /** Asks to end the order. The answer's status decides: it may have been PAID meanwhile. */
  terminateOrder(orderId: string, within?: number): Promise<RemoteOrder>
  /** Asks for a refund, or finds the one already asked for under our id. Throws GatewayRefused or GatewayUnavailable. */
  createRefund(refund: NewRefund, within?: number): Promise<RemoteRefund>
  /** All refunds of an order. Throws GatewayUnavailable; an order without any has an empty list. */
  listRefunds(orderId: string, within?: number): Promise<RemoteRefund[]>
  /** All disputes of an order. Throws GatewayRefused or GatewayUnavailable; an order without any has an empty list. */
  listDisputes(orderId: string, within?: number): Promise<RemoteDispute[]>
  /** UPI Autopay. */
  mandates: MandateGateway
}

/**
 * What slices that move money are given: Cashfree too, and whether subscriptions are sold at the moment (absent: always), which
 * rooms above decide.
 */
export type BillingServices = Services & { gateway: Gateway; isOnSale?: () => Promise<boolean> }
