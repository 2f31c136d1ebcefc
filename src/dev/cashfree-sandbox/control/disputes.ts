import type { SandboxContext } from '../context.ts'
import { closeDispute, DISPUTE_TYPES, openDispute, updateDispute } from '../disputes.ts'
import { disputeEntity } from '../entities.ts'
import { toJson } from '../json.ts'
import type { Dispute } from '../model.ts'
import { toPaise } from '../money.ts'
import { ControlError, findOrder } from './find.ts'

const DAY_MS = 86_400_000

export type DisputeOptions = {
  /** Rupees; all of the payment when absent. */
  amount?: number
  /** CHARGEBACK when absent; an unknown one is sent as it is. */
  type?: string
  reason?: string
  /** Days until an answer is due, by the sandbox's clock. */
  respondInDays?: number
  /** The attempt it is about; the first paid one when absent. */
  cfPaymentId?: string
  /** Cashfree's dispute_status, for an update. */
  status?: string
  remarks?: string
}

/** Opens, moves and closes disputes. Every call answers with the dispute as the API shows it. */
export function disputeControl(context: SandboxContext) {
  return {
    /** A payer asks their bank for the money of a paid order. */
    dispute(orderId: string, options: DisputeOptions = {}) {
      const order = findOrder(context, orderId)
      const { cfPaymentId, type = 'CHARGEBACK', reason = 'Goods or Services Not Provided', respondInDays = 7 } = options
      const attempt = order.attempts.find(({ id, status }) => (cfPaymentId ? id === cfPaymentId : status === 'SUCCESS'))
      if (!attempt) throw new ControlError(404, 'There is no such payment to dispute')
      const amountPaise = options.amount === undefined ? attempt.amountPaise : toPaise(options.amount)
      if (amountPaise === null) throw new ControlError(400, 'amount is rupees, with two decimals at most')
      const respondBy = context.clock.now() + respondInDays * DAY_MS
      return asShown(
        context,
        openDispute(context, order, attempt, { type, amountPaise, reasonCode: '4855', reason, respondBy }),
      )
    },

    /** Moves a dispute on; to `…_UNDER_REVIEW` when neither status, type nor remarks are given. */
    updateDispute(disputeId: string, { amount, type, status, remarks, respondInDays }: DisputeOptions = {}) {
      const dispute = findDispute(context, disputeId)
      const amountPaise = amount === undefined ? dispute.amountPaise : toPaise(amount)
      if (amountPaise === null) throw new ControlError(400, 'amount is rupees, with two decimals at most')
      updateDispute(context, dispute, {
        amountPaise,
        ...(type === undefined ? {} : { type }),
        ...(status === undefined ? (type || remarks ? {} : { status: `${dispute.type}_UNDER_REVIEW` }) : { status }),
        ...(remarks === undefined ? {} : { remarks }),
        ...(respondInDays === undefined ? {} : { respondBy: context.clock.now() + respondInDays * DAY_MS }),
      })
      return asShown(context, dispute)
    },

    /** Takes it to the next stage, as a bank does that does not accept the outcome. */
    escalateDispute(disputeId: string) {
      const dispute = findDispute(context, disputeId)
      const next = DISPUTE_TYPES[DISPUTE_TYPES.indexOf(dispute.type) + 1]
      if (!next) throw new ControlError(400, `There is nothing after ${dispute.type}`)
      updateDispute(context, dispute, { type: next, respondBy: context.clock.now() + 7 * DAY_MS })
      return asShown(context, dispute)
    },

    /** Ends a dispute at its stage. */
    closeDispute(disputeId: string, outcome: 'won' | 'lost' | 'accepted') {
      const outcomeName = ({ won: 'WON', lost: 'LOST', accepted: 'ACCEPTED' } as const)[outcome]
      if (!outcomeName) throw new ControlError(400, 'A dispute is won, lost or accepted')
      const dispute = findDispute(context, disputeId)
      closeDispute(context, dispute, outcomeName)
      return asShown(context, dispute)
    },
  }
}

function findDispute(context: SandboxContext, id: string): Dispute {
  const dispute = context.ledger.disputes.get(id)
  if (!dispute) throw new ControlError(404, `There is no dispute ${id}`)
  return dispute
}

/** Its id is text here, as the other calls expect it. */
function asShown(context: SandboxContext, dispute: Dispute) {
  const entity = disputeEntity(findOrder(context, dispute.orderId), dispute)
  return { ...(JSON.parse(toJson(entity)) as { dispute_status: string; dispute_type: string }), dispute_id: dispute.id }
}
