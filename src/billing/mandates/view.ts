import type { Services } from '../../platform/services.ts'
import type { RemoteMandate } from '../payments/mandate-gateway.ts'
import { outcomeOf } from '../payments/payments.ts'
import type { Order } from '../payments/queries.ts'
import type { NextDebit } from './next-debit-queries.ts'
import { mandatePath } from './offer.ts'
import type { Mandate } from './queries.ts'

/**
 * unsent: Cashfree has not taken it yet, or cannot be asked · to-approve: it waits for its person, who may have declined · pending: the
 * UPI app or the bank has to answer · confirming: approved, its first payment is not settled · active · ended: over, or asked to be.
 */
export type MandateStage = 'unsent' | 'to-approve' | 'pending' | 'confirming' | 'active' | 'ended'

/** What is known of a mandate now. `remote` is Cashfree's answer, null where it was not asked or could not be. */
export type KnownMandate = {
  mandate: Mandate
  /** What its authorisation pays; null where that is given back. */
  order: Order | null
  remote: RemoteMandate | null
}

/** What the template prints of it. */
export type MandateView = {
  stage: MandateStage
  mandate: Mandate
  order: Order | null
  nextDebit: NextDebit | null
  /** The last attempt to approve it came to nothing; why, where Cashfree says so. */
  declined: { reason: string | null } | null
  /** Opens Cashfree's page. */
  sessionId: string | null
  /** Where its person can pay by hand. */
  byHand: string
  poll: { url: string; seconds: number } | null
  gateway: { formAction: string; mode: 'sandbox' | 'production'; jsUrl: string }
}

/** The stage of a mandate. */
export function stageOf({ mandate, order, remote }: KnownMandate): MandateStage {
  if (mandate.endedAt ?? mandate.cancelAskedAt) return 'ended'
  if (mandate.authorisedAt) return order === null || order.paidAt ? 'active' : 'confirming'
  if (mandate.status === 'BANK_APPROVAL_PENDING' || authorisationOf(remote) === 'moving') return 'pending'
  return mandate.status === 'CREATED' || (remote && !remote.sessionId) ? 'unsent' : 'to-approve'
}

/** Names what a page shows of it; two that are seen alike look alike. */
export function seenOf(known: KnownMandate): string {
  const stage = stageOf(known)
  return stage === 'to-approve' && authorisationOf(known.remote) === 'failed' ? `${stage}-declined` : stage
}

/** `since`: when the page began to wait, in seconds since 1970, as its polls repeat it. */
export function mandateView(
  services: Services,
  known: KnownMandate,
  nextDebit: NextDebit | null,
  since = Number.NaN,
): MandateView {
  const { mandate, order, remote } = known
  const { cashfree } = services.config
  const stage = stageOf(known)
  const now = Math.floor(Date.now() / 1000)
  const start = since > 0 && since <= now ? Math.floor(since) : now
  const seconds = now - start > 900 ? null : stage === 'to-approve' || now - start > 120 ? 15 : 5
  const waits = stage === 'to-approve' || stage === 'pending' || stage === 'confirming'
  const reason = remote?.charges?.findLast(({ type, status }) => type === 'AUTH' && status === 'FAILED')?.failureReason
  return {
    stage,
    mandate,
    order,
    nextDebit,
    declined: seenOf(known).endsWith('declined') ? { reason: reason ?? null } : null,
    sessionId: stage === 'to-approve' || stage === 'pending' ? (remote?.sessionId ?? null) : null,
    byHand: order ? `/checkout/${order.planName}` : '/account',
    poll: waits && seconds ? { url: `${statusPath(mandate)}?seen=${seenOf(known)}&since=${start}`, seconds } : null,
    gateway: {
      formAction: `${cashfree.checkoutBase}/view/sessions/checkout/subs`,
      mode: cashfree.env,
      jsUrl: cashfree.jsUrl,
    },
  }
}

const statusPath = (mandate: Mandate) => mandatePath(mandate).replace('/return/', '/status/')

/** How the last attempt to approve it stands. Null: there was none, or nothing is known. */
function authorisationOf(remote: RemoteMandate | null): 'moving' | 'failed' | null {
  const status = remote?.authorisationStatus ?? 'INITIALIZED'
  if (status === 'INITIALIZED') return null
  return outcomeOf(status) === 'failed' ? 'failed' : 'moving'
}
