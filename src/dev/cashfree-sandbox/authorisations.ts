import { randomBytes } from 'node:crypto'
import { finishCharge, newCharge } from './charges.ts'
import type { SandboxContext } from './context.ts'
import { nextCfId } from './ids.ts'
import { type Charge, hasEnded, type Mandate } from './mandate-model.ts'
import { changeStatus } from './mandates.ts'
import { announceCharge, announceMandate, inEventOrder } from './webhooks/announce-mandates.ts'

/** An authorisation that the customer has not answered; it fails when its time is over. */
export function startAuthorisation(context: SandboxContext, mandate: Mandate, id?: string): Charge {
  const now = context.clock.now()
  const cfId = nextCfId(context)
  mandate.authorisation.status = 'PENDING'
  return newCharge(context, mandate, {
    // The hosted page names its payment itself; the merchant never chose an id.
    id: id ?? cfId,
    cfId,
    type: 'AUTH',
    amountPaise: mandate.authorisation.amountPaise,
    status: 'PENDING',
    remarks: 'auth payment',
    scheduledOn: null,
    next: {
      at: now + context.settings.authorisationTtlMs,
      does: 'give-up',
      reason: 'No action performed by customer',
    },
  })
}

/** The customer approves with the PIN, and the bank at once, or later when it is `bankPending`. */
export function approve(context: SandboxContext, mandate: Mandate, { bankPending = false } = {}): Charge {
  const charge = openAuthorisation(context, mandate)
  mandate.authorisation.paymentId = charge.id
  mandate.authorisation.at = context.clock.now()
  mandate.authorisation.reference = `${randomBytes(16).toString('hex')}@upi`
  if (bankPending) {
    charge.next = null
    context.ledger.liveCharges.delete(charge)
    mandate.bankDecidesAt = context.clock.now() + context.settings.bankApprovalMs
    changeStatus(context, mandate, 'BANK_APPROVAL_PENDING')
  } else activate(context, mandate, charge)
  return charge
}

/** The bank of a mandate that waits for it approves or declines. */
export function bankDecides(context: SandboxContext, mandate: Mandate, approves: boolean): Charge {
  const charge = openAuthorisation(context, mandate)
  mandate.bankDecidesAt = null
  if (approves) activate(context, mandate, charge)
  else decline(context, mandate, 'Mandate rejected by the bank')
  return charge
}

/** The customer or the bank declines; the mandate waits for another attempt. */
export function decline(context: SandboxContext, mandate: Mandate, reason = 'Declined by the customer'): Charge {
  const charge = openAuthorisation(context, mandate)
  failAuthorisation(context, mandate, charge, reason)
  return charge
}

/** An authorisation failed: declined, or never answered. */
export function failAuthorisation(context: SandboxContext, mandate: Mandate, charge: Charge, reason: string) {
  charge.failureReason = reason
  finishCharge(context, charge, 'FAILED')
  Object.assign(mandate.authorisation, { status: 'FAILED', reference: null, at: null, paymentId: null })
  if (mandate.status === 'BANK_APPROVAL_PENDING') changeStatus(context, mandate, 'INITIALIZED')
  inEventOrder(context, [
    () => announceCharge(context, 'SUBSCRIPTION_AUTH_STATUS', mandate, charge),
    () => announceCharge(context, 'SUBSCRIPTION_PAYMENT_FAILED', mandate, charge),
  ])
}

/** Money that comes after the mandate has ended does not revive it. */
function activate(context: SandboxContext, mandate: Mandate, charge: Charge) {
  const stands = !hasEnded(mandate)
  finishCharge(context, charge, 'SUCCESS')
  mandate.authorisation.status = 'ACTIVE'
  if (stands) mandate.status = 'ACTIVE'
  inEventOrder(context, [
    () => announceCharge(context, 'SUBSCRIPTION_AUTH_STATUS', mandate, charge),
    () => announceCharge(context, 'SUBSCRIPTION_PAYMENT_SUCCESS', mandate, charge),
    ...(stands ? [() => announceMandate(context, mandate)] : []),
  ])
}

function openAuthorisation(context: SandboxContext, mandate: Mandate): Charge {
  const open = mandate.charges.findLast(({ type, status }) => type === 'AUTH' && status === 'PENDING')
  return open ?? startAuthorisation(context, mandate)
}
