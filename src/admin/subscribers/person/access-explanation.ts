import { dateInIndia as day } from '../../../platform/dates.ts'
import { rupees } from '../../../platform/money.ts'
import type { listOrders, Period, PersonFile } from './queries.ts'

/** Why an account has access, or none: the answer in one line, and what it rests on, one sentence each. */
type AccessExplanation = { tone: 'good' | 'warn' | 'bad'; answer: string; reasons: string[] }

type Order = Awaited<ReturnType<typeof listOrders>>[number]

/** The answer, from the person's periods (last to end first) and newest order. */
export function explainAccess(
  person: PersonFile,
  periods: readonly Period[],
  order: Order | undefined,
): AccessExplanation {
  if (person.deletedAt)
    return {
      tone: 'bad',
      answer: 'No access: the account was deleted.',
      reasons: [`Deleted on ${day(person.deletedAt)}.`],
    }
  const explanation = ofSubscription(person, periods, order)
  if (!person.suspendedAt) return explanation
  const suspended = `Suspended on ${day(person.suspendedAt)}, because: ${person.suspendedReason}. Nobody can log in.`
  return {
    tone: 'bad',
    answer: 'Suspended: nobody can log in, whatever was paid for.',
    reasons: [suspended, ...explanation.reasons],
  }
}

function ofSubscription(person: PersonFile, periods: readonly Period[], order: Order | undefined): AccessExplanation {
  const counting = periods.filter(({ voidedAt }) => !voidedAt)
  const last = periods[0]
  const until = person.currentPeriodEnd
  switch (person.status) {
    case 'active':
      return {
        tone: 'good',
        answer: `Access until ${day(until!)}.`,
        reasons: counting
          .filter(({ when }) => when !== 'past')
          .reverse()
          .map(sentenceOf),
      }
    case 'grace':
      return {
        tone: 'warn',
        answer: `In the grace days: access until ${day(person.graceEndsAt!)}.`,
        reasons: [
          `The last period ended on ${day(until!)} and was not renewed.`,
          ...counting.slice(0, 1).map(sentenceOf),
        ],
      }
    case 'expired':
      return {
        tone: 'bad',
        answer: `No access since ${day(person.graceEndsAt!)}: it ended and was not renewed.`,
        reasons: counting.slice(0, 1).map(sentenceOf),
      }
    case 'cancelled':
      return {
        tone: 'bad',
        answer: `No access: it was ended on ${day(until!)}.`,
        reasons: last?.voidedAt ? [sentenceOf(last), endOf(last)] : counting.slice(0, 1).map(sentenceOf),
      }
    default:
      return {
        tone: 'warn',
        answer: 'No access yet: nothing was paid or granted.',
        reasons: order ? [unpaid(order)] : [],
      }
  }
}

/** "Annual, ₹4,990 paid: Fri, 20 Nov 2026 to Sat, 20 Nov 2027." */
function sentenceOf({
  startsAt,
  endsAt,
  planTitle,
  amountPaise,
  isGift,
  grantedBy,
  grantReason,
  when,
}: Period): string {
  const span = `${day(startsAt)} to ${day(endsAt)}${when === 'ahead' ? ', to come' : ''}`
  if (isGift) return `${planTitle}, a gift that was redeemed: ${span}.`
  if (!grantedBy) return `${planTitle}, ${rupees(amountPaise ?? 0)} paid: ${span}.`
  const days = Math.round((endsAt.getTime() - startsAt.getTime()) / 86_400_000)
  return `${days === 1 ? '1 day' : `${days} days`} granted by ${grantedBy}, because: ${grantReason}. ${span}.`
}

function endOf({ voidedAt, voidReason, endCause }: Period): string {
  const cause = {
    switch: 'the person changed to another plan, which credited its unused days',
    'by-hand': `by hand, because: ${voidReason}`,
    dispute: 'because a dispute was lost and its whole price is gone',
    refund: 'because its whole price was refunded',
  }[endCause!]
  return `Ended early on ${day(voidedAt!)}, ${cause}.`
}

function unpaid({ at, planTitle, amountPaise, status, heldAt, reason }: Order): string {
  const opened = `An order (${planTitle}, ${rupees(amountPaise)}) was opened on ${day(at)}`
  if (heldAt) return `${opened} and is held: what Cashfree says does not agree with it.`
  const open = status === 'created' || status === 'active'
  return `${opened} and ${open ? 'waits for payment' : 'ended unpaid'}${reason ? `; the last attempt failed: ${reason}` : ''}.`
}
