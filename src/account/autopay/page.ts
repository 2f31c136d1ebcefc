import { moneyUnderWay } from '../../billing/checkout/money-under-way.ts'
import { type Charge, listChargesOfPerson } from '../../billing/mandates/charge-queries.ts'
import type { Consent } from '../../billing/mandates/consent.ts'
import { maskedUmn } from '../../billing/mandates/masked-umn.ts'
import { findNextDebit, type NextDebit } from '../../billing/mandates/next-debit-queries.ts'
import { consentOf, isCurrent, mandatePath } from '../../billing/mandates/offer.ts'
import { listMandatesOf, type Mandate } from '../../billing/mandates/queries.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import type { Subscription } from '../../billing/subscriptions/queries.ts'
import { subscriptionOf } from '../../billing/subscriptions/subscriptions.ts'
import { midnightInIndia } from '../../platform/dates.ts'

/** One debit as its payer reads of it; `day` is the midnight in India at which its day begins. */
export type DebitLine = { paymentId: string; day: Date; paise: number; what: string; why: string | null }

/** How somebody stands with UPI Autopay. */
export type AutopayPage = {
  state: 'none' | 'waiting' | 'active' | 'stopping' | 'ended'
  mandate: Mandate | null
  /** Its number at the bank, masked. */
  umn: string | null
  /** Where one that waits is approved. */
  path: string | null
  /** Why it is not active though it stands, or why it ended. */
  because: string | null
  nextDebit: NextDebit | null
  /** The charge that can be called off. */
  raised: Charge | null
  debits: DebitLine[]
  subscription: Subscription
  /** What they may agree to now; null where Autopay is not offered, or not to them. */
  consent: Consent | null
  isUnderWay: boolean
}

const debitsShown = 24

/** Computed from rows at every request. */
export async function autopayPage(services: BillingServices, userId: string): Promise<AutopayPage> {
  const { sql, config } = services
  const [mandates, charges, nextDebit, subscription, underWay] = await Promise.all([
    listMandatesOf(sql, userId, 1),
    listChargesOfPerson(sql, userId, debitsShown),
    findNextDebit(sql, userId),
    subscriptionOf(sql, userId),
    moneyUnderWay(sql, userId),
  ])
  const mandate = mandates[0] ?? null
  const state = stateOf(mandate)
  const mayJoin = config.cashfree.autopay && (state === 'none' || state === 'ended')
  return {
    state,
    mandate,
    umn: mandate && maskedUmn(mandate.umn),
    path: state === 'waiting' ? mandatePath(mandate!) : null,
    because: mandate && (state === 'ended' ? whyEnded(mandate) : whyNotActive(mandate)),
    nextDebit: nextDebit ?? null,
    raised: charges.find(({ finalAt, withdrawnWhy }) => finalAt === null && withdrawnWhy === null) ?? null,
    debits: charges.map(debitLine),
    subscription,
    consent:
      mayJoin && subscription.hasAccess && !subscription.cancelRequestedAt ? await consentOf(services, userId) : null,
    isUnderWay: underWay.length > 0,
  }
}

function stateOf(mandate: Mandate | null): AutopayPage['state'] {
  if (!mandate) return 'none'
  if (mandate.endedAt) return 'ended'
  if (!isCurrent(mandate)) return 'stopping'
  return mandate.authorisedAt ? 'active' : 'waiting'
}

function whyNotActive({ status }: Mandate): string | null {
  if (status === 'CUSTOMER_PAUSED')
    return 'You paused it in your UPI app. Nothing is debited until you resume it there.'
  if (status === 'PAUSED' || status === 'ON_HOLD')
    return 'It is on hold at Cashfree. Nothing is debited until it is active again.'
  return null
}

function whyEnded({ status, endedBy, authorisedAt }: Mandate): string {
  if (status === 'REFUSED') return 'Cashfree did not accept it. Nothing was charged.'
  if (status === 'CUSTOMER_CANCELLED') return 'You cancelled it in your UPI app.'
  if (!authorisedAt) return 'It was not approved, so it never began.'
  if (status === 'COMPLETED' || status === 'EXPIRED') return 'It reached its end date.'
  const by = {
    customer: 'You stopped it.',
    admin: 'We stopped it for you.',
    site: 'We ended it.',
    deletion: 'It was stopped when you asked to delete your account.',
  }
  return by[endedBy as keyof typeof by] ?? 'It was ended at Cashfree.'
}

function debitLine(charge: Charge): DebitLine {
  const { paymentId, paise, scheduledOn } = charge
  return { paymentId, paise, day: midnightInIndia(scheduledOn)!, ...outcomeOf(charge) }
}

const withdrawn: Record<string, string> = {
  customer: 'You called it off.',
  refused: 'Cashfree did not accept it.',
  moved: 'Your plan was extended in another way before.',
  ended: 'Autopay was stopped.',
  leaving: 'You cancelled your subscription.',
  price: 'The price changed.',
  paused: 'Autopay was paused or on hold.',
  late: 'It could not be announced in time for its day.',
}

function outcomeOf(charge: Charge): Pick<DebitLine, 'what' | 'why'> {
  const { status, finalAt, withdrawnWhy, raisedAt } = charge
  if (status === 'SUCCESS') return { what: 'Paid', why: null }
  if (finalAt === null && withdrawnWhy !== null)
    return { what: 'Being called off', why: 'Cashfree has not confirmed it yet.' }
  if (withdrawnWhy !== null)
    return {
      what: withdrawnWhy === 'refused' ? 'Did not go through' : 'Called off',
      why: withdrawn[withdrawnWhy] ?? null,
    }
  if (status === 'CANCELLED') return { what: 'Called off', why: 'By you or your bank.' }
  if (finalAt !== null) return { what: 'Did not go through', why: charge.failureReason }
  if (status === 'FAILED') return { what: 'Not through yet', why: 'It is tried again on the same day.' }
  return { what: raisedAt ? 'Announced to your bank' : 'Planned', why: null }
}
