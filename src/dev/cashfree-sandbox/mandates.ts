import { succeedAfterAll } from './charges.ts'
import type { SandboxContext } from './context.ts'
import { hasEnded, type Mandate, type MandateStatus } from './mandate-model.ts'
import { announceMandate } from './webhooks/announce-mandates.ts'

/** Cashfree says nothing of these two. */
const SILENT: MandateStatus[] = ['INITIALIZED', 'PAUSED']

/** Gives a mandate another status, and announces it. */
export function changeStatus(context: SandboxContext, mandate: Mandate, status: MandateStatus) {
  mandate.status = status
  if (hasEnded(mandate)) {
    mandate.bankDecidesAt = null
    context.ledger.liveMandates.delete(mandate)
  }
  if (!SILENT.includes(status)) announceMandate(context, mandate)
  context.changed()
}

/** The merchant cancels: at once, and for good. Charges under way are not called back. */
export function cancelMandate(context: SandboxContext, mandate: Mandate) {
  changeStatus(context, mandate, 'CANCELLED')
  const open = mandate.charges.filter(({ status }) => status === 'INITIALIZED' || status === 'PENDING')
  if (open.length > 0 && context.faults.take('successAfterCancel')) {
    for (const charge of open) succeedAfterAll(context, charge)
  }
}

/** The person pauses, resumes or cancels in the UPI app: debits feel it at once, Cashfree hears of it later. */
export function changeInApp(context: SandboxContext, mandate: Mandate, to: Mandate['inApp'], heardAfterMs: number) {
  mandate.inApp = to
  mandate.heardAt = context.clock.now() + heardAfterMs
  if (heardAfterMs === 0) hearFromApp(context, mandate)
  context.changed()
}

/** Cashfree hears what the person did in the app. */
export function hearFromApp(context: SandboxContext, mandate: Mandate) {
  mandate.heardAt = null
  if (hasEnded(mandate)) return
  const status = ({ active: 'ACTIVE', paused: 'CUSTOMER_PAUSED', cancelled: 'CUSTOMER_CANCELLED' } as const)[
    mandate.inApp
  ]
  if (status !== mandate.status) changeStatus(context, mandate, status)
}

/** The expiry time has come. A mandate that was authorised has done its work; the others were never used. */
export function runOut(context: SandboxContext, mandate: Mandate) {
  mandate.expiresAt = Math.min(mandate.expiresAt, context.clock.now())
  if (mandate.status !== 'INITIALIZED') return changeStatus(context, mandate, 'COMPLETED')
  changeStatus(context, mandate, mandate.charges.length === 0 ? 'LINK_EXPIRED' : 'EXPIRED')
}
