import type { SandboxContext } from './context.ts'
import { newToken } from './ids.ts'
import type { Mandate } from './mandate-model.ts'

const TOKEN_LENGTH = 32

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
