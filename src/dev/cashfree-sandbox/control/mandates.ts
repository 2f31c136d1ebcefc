import { approve, bankDecides, decline, startAuthorisation } from '../authorisations.ts'
import { settleChargeRefund } from '../charge-refunds.ts'
import { cancelCharge, fail, leaveOpen, mandateOf, succeed } from '../charges.ts'
import type { SandboxContext } from '../context.ts'
import { toJson } from '../json.ts'
import { chargeEntity, chargeRefundEntity, mandateEntity } from '../mandate-entities.ts'
import type { Charge, ChargeRefund, ChargeStatus, Mandate, MandateStatus, Script } from '../mandate-model.ts'
import { changeInApp, runOut } from '../mandates.ts'
import { ControlError } from './find.ts'

const MINUTE_MS = 60_000
const DEBITS: Script['debits'][] = ['ok', 'low-balance', 'closed-account', 'opt-out', 'no-answer']

export type InApp = {
  does: 'pause' | 'resume' | 'cancel'
  /** Minutes until Cashfree hears of it; 30 to 45, by chance, when absent. */
  heardAfterMinutes?: number
}
export type Settlement = { status?: Exclude<ChargeStatus, 'INITIALIZED'>; reason?: string }

/** A mandate or a charge as Cashfree's API would show it, plus the numbers of the deliveries that the call caused. */
export type MandateOutcome = { mandate: unknown; charge: unknown; deliveries: number[] }

/** What people, their banks and their UPI apps do with mandates. */
export function mandateControl(context: SandboxContext) {
  /** Runs what acts on a mandate, and shows what it did. */
  const act = (mandateId: string, from: MandateStatus[] | null, work: (mandate: Mandate) => Charge | undefined) => {
    const mandate = findMandate(context, mandateId)
    if (from && !from.includes(mandate.status)) throw new ControlError(400, `The mandate is ${mandate.status}`)
    const before = context.ledger.lastDelivery
    return outcome(context, mandate, work(mandate) ?? null, before)
  }

  return {
    mandate: (mandateId: string): Mandate => findMandate(context, mandateId),

    /** The customer approves on the hosted page; with `bankPending` the bank takes its time. */
    approveMandate: (mandateId: string, { bankPending = false } = {}) =>
      act(mandateId, ['INITIALIZED'], (mandate) => approve(context, mandate, { bankPending })),

    /** The customer declines on the hosted page. */
    declineMandate: (mandateId: string, { reason }: { reason?: string } = {}) =>
      act(mandateId, ['INITIALIZED'], (mandate) => decline(context, mandate, reason)),

    /** The customer starts, and never answers in the UPI app. */
    ignoreMandate: (mandateId: string) =>
      act(mandateId, ['INITIALIZED'], (mandate) => startAuthorisation(context, mandate)),

    /** The bank decides about a mandate that waits for it. */
    bankDecides: (mandateId: string, { approves = true } = {}) =>
      act(mandateId, ['BANK_APPROVAL_PENDING'], (mandate) => bankDecides(context, mandate, approves)),

    /** What debits meet from now on. */
    script: (mandateId: string, { debits = 'ok', times = null }: Partial<Script> = {}) =>
      act(mandateId, null, (mandate) => {
        if (!DEBITS.includes(debits)) throw new ControlError(400, `Debits are one of ${DEBITS.join(', ')}`)
        mandate.script = { debits, times }
        context.changed()
      }),

    /** The person pauses, resumes or cancels in the UPI app. */
    inApp: (mandateId: string, { does, heardAfterMinutes = 30 + Math.random() * 15 }: InApp) =>
      act(mandateId, ['ACTIVE', 'CUSTOMER_PAUSED'], (mandate) => {
        const to = ({ pause: 'paused', resume: 'active', cancel: 'cancelled' } as const)[does]
        if (!to) throw new ControlError(400, 'In the app one can pause, resume or cancel')
        if (mandate.inApp === 'cancelled') throw new ControlError(400, 'The mandate is cancelled in the app already')
        changeInApp(context, mandate, to, heardAfterMinutes * MINUTE_MS)
      }),

    /** Lets the mandate's time be over now. */
    expireMandate: (mandateId: string) =>
      act(mandateId, ['INITIALIZED', 'BANK_APPROVAL_PENDING', 'ACTIVE', 'PAUSED', 'CUSTOMER_PAUSED'], (mandate) => {
        runOut(context, mandate)
      }),

    /** Gives a charge its status, whatever it was before. */
    settleCharge(paymentId: string, { status = 'SUCCESS', reason = 'DEBIT HAS BEEN FAILED' }: Settlement = {}) {
      const charge = context.ledger.charges.get(paymentId)
      if (!charge) throw new ControlError(404, `There is no charge ${paymentId}`)
      if (charge.type === 'AUTH')
        throw new ControlError(400, 'An authorisation ends when its mandate is approved or declined')
      return act(charge.mandateId, null, () => {
        if (status === 'SUCCESS') succeed(context, charge)
        else if (status === 'FAILED') fail(context, charge, reason)
        else if (status === 'CANCELLED') cancelCharge(context, charge)
        else if (status === 'PENDING') leaveOpen(context, charge)
        else throw new ControlError(400, `A charge cannot become ${status}`)
        return charge
      })
    },

    settleChargeRefund(refundId: string, status: Exclude<ChargeRefund['status'], 'PENDING'> = 'SUCCESS') {
      const refund = context.ledger.chargeRefunds.get(refundId)
      if (!refund) throw new ControlError(404, `There is no refund ${refundId} of a charge`)
      settleChargeRefund(context, refund, status)
      return JSON.parse(toJson(chargeRefundEntity(context, context.ledger.charges.get(refund.chargeId)!, refund)))
    },
  }
}

function findMandate(context: SandboxContext, mandateId: string): Mandate {
  const mandate = context.ledger.mandates.get(mandateId)
  if (!mandate) throw new ControlError(404, `There is no mandate ${mandateId}`)
  return mandate
}

function outcome(context: SandboxContext, mandate: Mandate, charge: Charge | null, before: number): MandateOutcome {
  return JSON.parse(
    toJson({
      mandate: mandateEntity(context, mandate),
      charge: charge && chargeEntity(context, mandateOf(context, charge), charge),
      deliveries: context.ledger.deliveries.flatMap(({ n }) => (n > before ? [n] : [])),
    }),
  )
}
