import { mandateOf } from './charges.ts'
import type { SandboxContext } from './context.ts'
import { nextCfId } from './ids.ts'
import { addChargeRefund } from './ledger.ts'
import type { Charge, ChargeRefund } from './mandate-model.ts'
import { announceChargeRefund } from './webhooks/announce-mandates.ts'

/** How much of a charge can still be refunded, in paise. */
export function refundableOf(charge: Charge): number {
  if (charge.status !== 'SUCCESS') return 0
  const refunds = charge.refunds.filter(({ status }) => status === 'PENDING' || status === 'SUCCESS')
  return charge.amountPaise - refunds.reduce((total, { amountPaise }) => total + amountPaise, 0)
}

/** Opens a refund of a charge; it is PENDING and settles by itself. */
export function openChargeRefund(
  context: SandboxContext,
  charge: Charge,
  asked: Pick<ChargeRefund, 'id' | 'amountPaise' | 'note'>,
): ChargeRefund {
  const now = context.clock.now()
  const refund: ChargeRefund = {
    ...asked,
    cfId: `SUB_${nextCfId(context)}`,
    chargeId: charge.id,
    status: 'PENDING',
    createdAt: now,
    settlesAt: now + context.settings.chargeRefundDelayMs,
  }
  addChargeRefund(context.ledger, charge, refund)
  context.changed()
  return refund
}

/** Gives a refund its last status, and announces it. */
export function settleChargeRefund(
  context: SandboxContext,
  refund: ChargeRefund,
  status: Exclude<ChargeRefund['status'], 'PENDING'>,
) {
  refund.status = status
  refund.settlesAt = null
  context.ledger.liveChargeRefunds.delete(refund)
  const charge = context.ledger.charges.get(refund.chargeId)!
  announceChargeRefund(context, mandateOf(context, charge), charge, refund)
  context.changed()
}
