import { createHmac } from 'node:crypto'
import type { SandboxContext } from '../context.ts'
import type { Charge, Mandate } from '../mandate-model.ts'
import { decimal } from '../money.ts'

/** What the browser brings back to the merchant, signed. A hint for the merchant, never proof. */
export function returnFields(context: SandboxContext, mandate: Mandate, charge: Charge | null): Record<string, string> {
  const isGood = mandate.status === 'ACTIVE' || mandate.status === 'BANK_APPROVAL_PENDING'
  const fields: Record<string, string> = {
    cf_subReferenceId: mandate.cfId,
    cf_subscriptionId: mandate.id,
    cf_authAmount: decimal(mandate.authorisation.amountPaise),
    cf_referenceId: charge?.cfId ?? '',
    cf_status: mandate.status,
    cf_message: messageOf(mandate, charge),
    cf_umn: (mandate.status === 'ACTIVE' && mandate.authorisation.reference) || '',
    cf_checkoutStatus: isGood ? 'SUCCESS' : 'FAILED',
    cf_mode: 'SBC_UPI',
    cf_subscriptionPaymentId: charge?.id ?? '',
  }
  const wrong = context.faults.take('wrongReturnSignature')
  const secret = wrong ? `${context.clientSecret}-not` : context.clientSecret
  return { ...fields, signature: signFields(secret, fields) }
}

/** base64(HMAC-SHA256(secret, every field sorted by name, name and value joined without signs between)). */
export function signFields(secret: string, fields: Record<string, string>): string {
  const joined = Object.keys(fields)
    .sort()
    .map((name) => name + fields[name])
    .join('')
  return createHmac('sha256', secret).update(joined).digest('base64')
}

function messageOf({ status }: Mandate, charge: Charge | null): string {
  if (status === 'ACTIVE') return 'Subscription Activated'
  if (status === 'BANK_APPROVAL_PENDING') return 'Subscription is pending for approval at the bank'
  return charge?.failureReason ?? 'Subscription authorization was not completed'
}
