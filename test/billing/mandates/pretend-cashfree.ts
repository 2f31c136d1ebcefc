import { GatewayRefused, GatewayUnavailable } from '../../../src/billing/payments/gateway.ts'
import type {
  MandateGateway,
  NewCharge,
  NewMandate,
  RemoteCharge,
  RemoteMandate,
} from '../../../src/billing/payments/mandate-gateway.ts'

type Held = Omit<RemoteMandate, 'charges'> & { charges: RemoteCharge[] }
const over = ['CANCELLED', 'CUSTOMER_CANCELLED', 'COMPLETED', 'EXPIRED', 'LINK_EXPIRED', 'CARD_EXPIRED']
const decided = ['SUCCESS', 'FAILED', 'CANCELLED']

/** Cashfree's numbers, which are nobody else's. */
let next = 1000

/**
 * What Cashfree knows of mandates, in memory, behind the client's interface: for histories whose instants and answers a test chooses one
 * by one. Its HTTP, spellings and clock are the look-alike's.
 */
export class PretendCashfree implements MandateGateway {
  readonly mandates = new Map<string, Held>()
  /** Each call with what it was made with, in order. */
  readonly calls: { name: string; with: unknown }[] = []
  /** The next calls: fail before anything happened, lose their answers, or leave out the list of debits. */
  away = 0
  replyLost = 0
  unread = 0
  refuse: string | null = null

  /** A person approves at the hosted page: the debit, then the mandate. */
  approve(subscriptionId: string, more: Partial<RemoteCharge> = {}): RemoteCharge {
    const mandate = this.mandates.get(subscriptionId)!
    Object.assign(mandate, {
      status: 'ACTIVE',
      authorisationStatus: 'ACTIVE',
      reference: `${subscriptionId.slice(4, 12)}@upi`,
    })
    return this.debit(mandate, {
      type: 'AUTH',
      status: 'SUCCESS',
      amountPaise: mandate.authorisationAmountPaise,
      ...more,
    })
  }

  /** A debit that nobody asked for through `charge`. */
  debit(mandate: Held, more: Partial<RemoteCharge>): RemoteCharge {
    const cfPaymentId = String(next++)
    const charge: RemoteCharge = {
      ...{ paymentId: `their_${cfPaymentId}`, cfPaymentId, subscriptionId: mandate.subscriptionId, type: 'CHARGE' },
      ...{
        status: 'PENDING',
        amountPaise: null,
        currency: 'INR',
        scheduledOn: null,
        startedAt: new Date().toISOString(),
      },
      ...{ retries: 0, failureReason: null, cfTxnId: null, ...more },
    }
    mandate.charges.push(charge)
    return charge
  }

  /** The charge of ours with this id. */
  chargeOf(paymentId: string): RemoteCharge {
    return [...this.mandates.values()].flatMap(({ charges }) => charges).find((one) => one.paymentId === paymentId)!
  }

  async ensurePlan() {}

  async createMandate(mandate: NewMandate): Promise<RemoteMandate> {
    this.begin('createMandate', mandate)
    const { subscriptionId, planId, authorisationPaise, refundAuthorisation, expiresAt } = mandate
    if (!this.mandates.has(subscriptionId))
      this.mandates.set(subscriptionId, {
        ...{ subscriptionId, cfSubscriptionId: String(next++), status: 'INITIALIZED', planId },
        ...{ maxAmountPaise: Number(planId.split('_').at(-1)), authorisationAmountPaise: authorisationPaise },
        ...{
          authorisationRefund: refundAuthorisation,
          authorisationStatus: null,
          reference: null,
          payerAddress: 'as…@upi',
        },
        ...{ sessionId: 'session', expiresAt: expiresAt.toISOString(), charges: [] },
      })
    return this.answer(subscriptionId)
  }

  async fetchMandate(subscriptionId: string): Promise<RemoteMandate> {
    this.begin('fetchMandate', subscriptionId)
    return this.answer(subscriptionId)
  }

  async cancelMandate(subscriptionId: string): Promise<RemoteMandate> {
    this.begin('cancelMandate', subscriptionId)
    const mandate = this.mandates.get(subscriptionId)
    if (mandate && !over.includes(mandate.status)) mandate.status = 'CANCELLED'
    return this.answer(subscriptionId)
  }

  async charge(asked: NewCharge): Promise<RemoteCharge> {
    this.begin('charge', asked)
    const mandate = this.mandates.get(asked.subscriptionId)!
    const known = mandate.charges.find(({ paymentId }) => paymentId === asked.paymentId)
    if (!known && mandate.status !== 'ACTIVE') throw new GatewayRefused(400, 'subscription_not_active')
    const { paymentId, amountPaise, scheduledOn } = asked
    const charge = known ?? this.debit(mandate, { paymentId, amountPaise, scheduledOn, status: 'INITIALIZED' })
    this.lose()
    return { ...charge }
  }

  async cancelCharge(_: string, paymentId: string): Promise<RemoteCharge> {
    this.begin('cancelCharge', paymentId)
    const charge = this.chargeOf(paymentId)
    if (!decided.includes(charge.status)) charge.status = 'CANCELLED'
    this.lose()
    return { ...charge }
  }

  async fetchCharge(_: string, paymentId: string): Promise<RemoteCharge | null> {
    this.begin('fetchCharge', paymentId)
    const charge = this.chargeOf(paymentId)
    return charge ? { ...charge } : null
  }

  async createRefund(): Promise<never> {
    throw new Error('no refunds here')
  }
  async fetchRefund() {
    return null
  }

  private begin(name: string, asked: unknown): void {
    this.calls.push({ name, with: asked })
    if (this.away-- > 0) throw new GatewayUnavailable('away')
    this.away = 0
    if (this.refuse !== null && name !== 'fetchMandate' && name !== 'fetchCharge')
      throw new GatewayRefused(400, this.refuse)
  }

  private lose(): void {
    if (this.replyLost-- > 0) throw new GatewayUnavailable('reply lost')
    this.replyLost = 0
  }

  private answer(subscriptionId: string): RemoteMandate {
    this.lose()
    const mandate = this.mandates.get(subscriptionId)
    const isUnread = this.unread-- > 0
    if (!isUnread) this.unread = 0
    if (mandate) return structuredClone(isUnread ? { ...mandate, charges: null } : mandate)
    const nothing = { cfSubscriptionId: null, planId: null, maxAmountPaise: null, authorisationAmountPaise: null }
    const unsaid = { authorisationRefund: null, authorisationStatus: null, reference: null, payerAddress: null }
    return { subscriptionId, status: 'ABSENT', ...nothing, ...unsaid, sessionId: null, expiresAt: null, charges: [] }
  }
}
