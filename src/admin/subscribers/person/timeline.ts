import { methodTitle } from '../../../billing/payments/payments.ts'
import { leavingReasons } from '../../../billing/subscriptions/subscriptions.ts'
import { dateInIndia as day } from '../../../platform/dates.ts'
import { rupees } from '../../../platform/money.ts'
import { actionLabel } from '../../audit/labels.ts'
import { incidentTitle } from '../../incidents/labels.ts'
import { plural } from '../../labels.ts'
import { kindLabel } from '../../mails/labels.ts'
import type { TimelineEvent } from './queries.ts'

/** A line of somebody's timeline: what happened, in a sentence, and where there is more about it. */
export type Line = {
  at: Date
  tone: 'good' | 'warn' | 'bad' | 'info'
  text: string
  link: { href: string; label: string } | null
}

/** The sentence of an event; one without a sentence of its own is named as the audit names it. */
export function lineOf(event: TimelineEvent): Line {
  const { tone = 'info', text, link = null } = describe(event)
  const { orderId } = event
  return {
    at: event.at,
    tone,
    text,
    link: link ?? (orderId ? { href: `/admin/orders/${orderId}`, label: 'Order' } : null),
  }
}

type Description = { tone?: Line['tone']; text: string; link?: Line['link'] }

function describe(event: TimelineEvent): Description {
  switch (event.source) {
    case 'payment':
      return attempt(event)
    case 'mail':
      return mail(event)
    case 'incident':
      return { tone: 'bad', text: `Incident: ${incidentTitle(event.kind)}.`, link: incidentLink(event) }
    case 'resolution':
      return {
        tone: 'good',
        text: `Incident resolved by ${actorLabel(event.actor)}: ${text(event, 'resolution')}`,
        link: incidentLink(event),
      }
    case 'audit':
      return audited[event.kind]?.(event) ?? { text: `${actionLabel(event.kind).title} (${actorLabel(event.actor)}).` }
  }
}

const audited: Record<string, (event: TimelineEvent) => Description> = {
  'user.registered': () => ({ text: 'Registered. No access yet: nothing was paid.' }),
  'subscription.cancel-requested': (event) => ({
    tone: 'warn',
    text: ['Cancelled: access stays until its end, and no reminders are sent.', ...leavingWords(event)].join(' '),
  }),
  'subscription.resumed': () => ({ tone: 'good', text: 'Resumed before the end, as if never cancelled.' }),
  'order.set-aside': () => ({ text: 'Said that a payment pending at the bank had failed, and started to pay again.' }),
  'order.opened': () => ({ text: 'Opened an order to pay.' }),
  'order.active': () => ({ text: 'Cashfree opened the order. It waits for payment.' }),
  'order.paid': paid,
  'order.expired': () => ({ tone: 'warn', text: 'The order expired unpaid. Nothing was granted.' }),
  'order.terminated': (event) => ({
    tone: 'warn',
    text: `The order was ended${text(event, 'why') ? `: ${text(event, 'why')}` : ' unpaid'}. Nothing was granted.`,
  }),
  'order.termination-asked': (event) => ({
    text:
      text(event, 'why') === 'over'
        ? 'Cashfree was asked to end the order, which is closed on our side.'
        : text(event, 'why') === 'consent'
          ? 'Cashfree was asked to end the order, because the consent was withdrawn.'
          : text(event, 'why')
            ? `Cashfree was asked to end the order, because the account is ${text(event, 'why')}.`
            : `Cashfree was asked to end the order by ${actorLabel(event.actor)}.`,
  }),
  'order.terminating': () => ({ tone: 'warn', text: 'The order is being ended.' }),
  'order.unverified': () => ({
    tone: 'warn',
    text: 'Cashfree called the order paid and showed no payment for it. Nothing was granted; it is asked again.',
  }),
  'order.held': (event) => ({
    tone: 'bad',
    text:
      text(event, 'why') === 'entitlement-refused'
        ? 'Held back: the account may not be given what was paid for. Nothing was granted.'
        : `Held back: what Cashfree says does not agree with the order (${spaced(text(event, 'why'))}). Nothing was granted.`,
  }),
  'refund.requested': (event) =>
    refund(
      event,
      `Refund of ${money(event)} promised by ${actorLabel(event.actor)}, because: ${text(event, 'reason')}.`,
    ),
  'refund.succeeded': (event) => refund(event, `${money(event)} went back to the customer.`, 'good'),
  'refund.failed': (event) =>
    refund(event, `The refund failed${text(event, 'why') ? `: ${text(event, 'why')}` : ''}. No money moved.`, 'bad'),
  'refund.pending': (event) => refund(event, 'The refund is on its way.'),
  'refund.onhold': (event) => refund(event, 'Cashfree holds the refund.', 'warn'),
  'refund.cancelled': (event) => refund(event, 'The refund was cancelled. No money moved.', 'warn'),
  'dispute.open': (event) => ({
    tone: 'bad',
    text: `The payer asked their bank for ${money(event)} back (${disputeType(event)}). An answer is due.`,
  }),
  'dispute.under-review': (event) => ({
    tone: 'warn',
    text: `The bank is reviewing the dispute over ${money(event)} (${disputeType(event)}).`,
  }),
  'dispute.won': (event) => ({ tone: 'good', text: `The dispute over ${money(event)} was won. Access continues.` }),
  'dispute.lost': (event) => ({ tone: 'bad', text: `The dispute was lost: the bank took ${money(event)} back.` }),
  'dispute.unclear': (event) => ({
    tone: 'warn',
    text: `Cashfree says “${spaced(text(event, 'theirStatus')).toLowerCase()}” of a dispute. It needs checking.`,
  }),
  'subscription.granted': (event) => ({
    tone: 'good',
    text: `${plural(Number(event.details.days ?? 0), 'day')} granted by ${actorLabel(event.actor)}, because: ${text(event, 'reason')}. ${newEnd(event)}`,
  }),
  'subscription.cancelled': (event) => ({
    tone: 'bad',
    text:
      event.actor === 'clock'
        ? 'The paid time ended, and access with it, as they had asked.'
        : `Access ended by ${actorLabel(event.actor)}, because: ${text(event, 'reason')}. Money was not touched.`,
  }),
  'subscription.switched': (event) => ({
    tone: 'good',
    text: `Changed to the ${text(event, 'planTitle').toLowerCase()} plan at once; unused days counted ${rupees(Number(event.details.creditPaise))} towards it.`,
  }),
  'subscription.next-plan': (event) => ({
    text: event.details.after
      ? `Chose the ${text(event, 'after')} plan for when the current one ends.`
      : 'Undid the choice of another plan for later.',
  }),
  'subscription.grace': () => ({ tone: 'warn', text: 'The period ended. The grace days began.' }),
  'subscription.expired': () => ({ tone: 'bad', text: 'The grace days ended. No access any more.' }),
  'gift.bought': (event) => ({
    tone: 'good',
    text: `Bought a gift; its code goes out on ${text(event, 'deliverOn')}.`,
  }),
  'gift.readdressed': () => ({ text: 'Corrected the recipient of a gift; a code sent earlier no longer works.' }),
  'gift.redeemed': (event) => ({
    tone: 'good',
    text: `Redeemed a gift. Access from ${day(new Date(text(event, 'startsAt')))} to ${day(new Date(text(event, 'endsAt')))}.`,
  }),
  'gift.voided': () => ({ tone: 'bad', text: 'A gift ended, because its whole price went back.' }),
  'company.changed': () => ({ text: 'Changed the company that receipts are made out to.' }),
  'user.suspended': (event) => ({
    tone: 'bad',
    text: `Suspended by ${actorLabel(event.actor)}, because: ${text(event, 'reason')}. ${plural(Number(event.details.sessions ?? 0), 'session')} ended.`,
  }),
  'user.reinstated': (event) => ({ tone: 'good', text: `Suspension lifted by ${actorLabel(event.actor)}.` }),
  'user.role-changed': (event) => ({
    tone: 'warn',
    text: `Role changed by ${actorLabel(event.actor)} from ${text(event, 'before')} to ${text(event, 'after')}.`,
  }),
  'user.promoted': () => ({ tone: 'warn', text: 'Made an administrator by a command on the server.' }),
  'sessions.ended': (event) => ({
    text: `${plural(Number(event.details.sessions ?? 0), 'session')} ended by ${actorLabel(event.actor)}.`,
  }),
  'api-key.made': (event) => ({ text: `Made an API key ending in ${text(event, 'ending')}.` }),
  'api-key.revoked': (event) => ({ text: `The API key ending in ${text(event, 'ending')} was revoked.` }),
  'account.deleted': () => ({ tone: 'bad', text: 'The account was deleted. Receipts are kept, as the law requires.' }),
  'password.reset-sent': (event) => ({ text: `Password reset link sent by ${actorLabel(event.actor)}.` }),
  'note.written': (event) => ({ text: `Note written by ${actorLabel(event.actor)}.` }),
  'note.removed': (event) => ({ tone: 'warn', text: `Note removed by ${actorLabel(event.actor)}.` }),
  'mail.resent': (event) => ({
    text: `Mail “${kindLabel(text(event, 'kind'))}” sent again by ${actorLabel(event.actor)}.`,
    link: { href: `/admin/mails/${text(event, 'mail')}`, label: 'Mail' },
  }),
}

/** Why they leave and what they wrote, as far as they said so and still leave. */
function leavingWords(event: TimelineEvent): string[] {
  const reason = leavingReasons[text(event, 'reason') as keyof typeof leavingReasons]
  const comment = text(event, 'comment')
  return [...(reason ? [`Reason: ${reason}.`] : []), ...(comment ? [`They wrote: “${comment}”`] : [])]
}

/** How a payment became known, by the audit's actor. */
const discoveries: Record<string, string> = {
  webhook: 'Cashfree’s webhook told us',
  return: 'seen when the payer came back',
  poll: 'seen while the payer’s page waited',
  reconciler: 'found by the reconciler, with nobody there',
  checkout: 'seen when the payer opened the checkout again',
  api: 'seen when the API was asked',
  admin: 'seen when an administrator asked Cashfree',
}

function paid(event: TimelineEvent): Description {
  const { startsAt, endsAt } = event.details
  const span = startsAt ? ` Access from ${day(new Date(String(startsAt)))} to ${day(new Date(String(endsAt)))}.` : ''
  const method = event.details.method ? ` by ${methodTitle(text(event, 'method'))}` : ''
  const discovery = discoveries[event.actor ?? ''] ?? `by ${actorLabel(event.actor)}`
  const receipt = text(event, 'receipt')
  return {
    tone: 'good',
    text: `Paid ${money(event)}${method}; ${discovery}.${span}${receipt ? ` Receipt ${receipt}.` : ''}`,
  }
}

function attempt(event: TimelineEvent): Description {
  const how = event.details.method ? ` by ${methodTitle(text(event, 'method'))}` : ''
  const amount = event.details.amountPaise === null ? '' : ` of ${money(event)}`
  if (event.kind === 'SUCCESS')
    return { tone: 'warn', text: `Another payment${amount}${how} arrived that bought nothing. Please check the order.` }
  if (event.kind === 'PENDING' || event.kind === 'NOT_ATTEMPTED')
    return { text: `An attempt to pay${how} waits for the bank.` }
  const reason = text(event, 'reason')
  const gaveUp = event.kind === 'USER_DROPPED' ? 'was left by the payer' : 'failed'
  return {
    tone: 'warn',
    text: `An attempt to pay${how} ${gaveUp}${reason ? `: ${reason.replace(/\.$/, '')}` : ''}. Nothing was granted.`,
  }
}

const mailStates: Record<string, [Line['tone'], string]> = {
  queued: ['info', 'waits to be sent'],
  sent: ['info', 'sent'],
  skipped: ['info', 'not sent: what it was about no longer applied'],
  dead: ['bad', 'could not be delivered'],
}

function mail(event: TimelineEvent): Description {
  const [tone, state] = mailStates[event.kind] ?? ['info', event.kind]
  const copy = Number(event.details.copy) > 0 ? `, copy ${event.details.copy}` : ''
  return {
    tone,
    text: `Mail “${kindLabel(text(event, 'kind'))}”${copy} ${state}${event.kind === 'sent' ? ` to ${text(event, 'to')}` : ''}.`,
    link: { href: `/admin/mails/${text(event, 'id')}`, label: 'Mail' },
  }
}

function refund(event: TimelineEvent, sentence: string, tone: Line['tone'] = 'info'): Description {
  return { tone, text: sentence, link: { href: `/admin/refunds/${text(event, 'refund')}`, label: 'Refund' } }
}

function incidentLink(event: TimelineEvent) {
  return { href: `/admin/incidents/${text(event, 'id')}`, label: 'Incident' }
}

function newEnd(event: TimelineEvent): string {
  const end = (event.details.after as { currentPeriodEnd?: string } | undefined)?.currentPeriodEnd
  return end ? `Access until ${day(new Date(end))}.` : ''
}

/** A user name stays; an actor that is no person is described. */
function actorLabel(actor: string | null): string {
  if (actor === null) return 'nobody known'
  return (
    {
      clock: 'the clock',
      command: 'a command on the server',
      refunds: 'Cashfree’s answer',
      disputes: 'Cashfree’s answer',
    }[actor] ?? actor
  )
}

const text = (event: TimelineEvent, key: string) => String(event.details[key] ?? '')
const money = (event: TimelineEvent) => rupees(Number(event.details.amountPaise ?? 0))
const disputeType = (event: TimelineEvent) => spaced(text(event, 'type')).toLowerCase()
const spaced = (name: string) => name.replaceAll(/[-._]/g, ' ')
