import { succeedAfterAll } from './charges.ts'
import type { SandboxContext } from './context.ts'
import { newToken } from './ids.ts'
import { hasEnded, type Mandate, type MandateStatus } from './mandate-model.ts'
import { announceMandate } from './webhooks/announce-mandates.ts'

const TOKEN_LENGTH = 32
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

/** A new session of the mandate's hosted page. Every one is another, and none is stored: it carries its own end. */
export function newMandateSession(context: SandboxContext, mandate: Mandate): string {
  const endsAt = (context.clock.now() + context.settings.mandateSessionMs).toString(36)
  return `sub_session_${mandate.token}${endsAt}_${newToken()}payment`
}

/** The mandate of a session; null for one that was never given, `expired` for one whose time is over. */
export function mandateOfSession(context: SandboxContext, session: string): Mandate | 'expired' | null {
  const inner = /^sub_session_(.+)payment$/.exec(session)?.[1] ?? ''
  const mandate = context.ledger.mandateTokens.get(inner.slice(0, TOKEN_LENGTH))
  if (!mandate) return null
  const endsAt = Number.parseInt(inner.slice(TOKEN_LENGTH), 36)
  if (context.faults.take('sessionExpired') || !(endsAt > context.clock.now())) return 'expired'
  return mandate
}
