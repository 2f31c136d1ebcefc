import { openChargeRefund, refundableOf } from '../charge-refunds.ts'
import type { SandboxContext } from '../context.ts'
import { chargeRefundEntity } from '../mandate-entities.ts'
import type { Charge, Mandate } from '../mandate-model.ts'
import type { Call, Endpoint } from './authentication.ts'
import { optionalText, paise, text } from './fields.ts'
import { mandateOf } from './mandate-routes.ts'
import { invalid, Refusal, refusals } from './refusal.ts'

/** Create and read refunds of charges. */
export function chargeRefundEndpoints(context: SandboxContext): Endpoint[] {
  return [
    {
      name: 'charge-refunds.create',
      method: 'POST',
      path: '/subscriptions/:subscriptionId/refunds',
      handle(call) {
        const charge = refundedCharge(mandateOf(context, call), call)
        return chargeRefundEntity(context, charge, openChargeRefund(context, charge, readRefund(context, charge, call)))
      },
    },
    {
      name: 'charge-refunds.get',
      method: 'GET',
      path: '/subscriptions/:subscriptionId/refunds/:refundId',
      handle(call) {
        const mandate = mandateOf(context, call)
        const refund = context.ledger.chargeRefunds.get(call.params.refundId ?? '')
        const charge = mandate.charges.find(({ id }) => id === refund?.chargeId)
        if (!refund || !charge) throw new Refusal(404, 'refund_not_found', 'refund not found')
        return chargeRefundEntity(context, charge, refund)
      },
    },
  ]
}

/** The charge is named by the merchant's id or by Cashfree's number. */
function refundedCharge(mandate: Mandate, { fields }: Call): Charge {
  const charge = mandate.charges.find(
    ({ id, cfId }) => id === fields.payment_id || cfId === String(fields.cf_payment_id ?? ''),
  )
  if (!charge) throw refusals.chargeNotFound()
  return charge
}

function readRefund(context: SandboxContext, charge: Charge, { fields }: Call) {
  const id = text(fields, 'refund_id', { max: 40, pattern: /^[A-Za-z0-9_-]+$/ })
  const amountPaise = paise(fields, 'refund_amount', { min: 1 })
  const speed = optionalText(fields, 'refund_speed') ?? 'STANDARD'
  // INSTANT is for bank mandates only.
  if (speed !== 'STANDARD') throw invalid('refund_speed', 'is not valid for UPI.', speed)
  const note = optionalText(fields, 'refund_note', { max: 100 })
  if (context.ledger.chargeRefunds.has(id)) throw refusals.alreadyThere('refund')
  if (charge.status !== 'SUCCESS') throw new Refusal(400, 'payment_not_successful', 'Payment is not successful')
  if (amountPaise > refundableOf(charge)) {
    throw new Refusal(400, 'refund_post_failed', 'Total amount of refunds cannot be greater than the payment amount.')
  }
  return { id, amountPaise, note }
}
