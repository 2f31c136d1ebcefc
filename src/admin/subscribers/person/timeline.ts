import { methodTitle } from '../../../billing/payments/payments.ts'
import { dateInIndia as day } from '../../../platform/dates.ts'
import { rupees } from '../../../platform/money.ts'
import { kindLabel } from '../../mails/labels.ts'
import type { Happening } from './queries.ts'

/** A line of somebody's timeline: what happened, in a sentence, and where there is more about it. */
export type Line = {
  at: Date
  tone: 'good' | 'warn' | 'bad' | 'info'
  text: string
  link: { href: string; label: string } | null
}

/** The sentence of a happening. One that nobody foresaw is told by its own name. */
export function lineOf(happening: Happening): Line {
  const { tone = 'info', text, link = null } = told(happening)
  const { orderId } = happening
  return {
    at: happening.at,
    tone,
    text,
    link: link ?? (orderId ? { href: `/admin/orders/${orderId}`, label: 'Order' } : null),
  }
}

type Told = { tone?: Line['tone']; text: string; link?: Line['link'] }

function told(happening: Happening): Told {
  switch (happening.source) {
    case 'payment':
      return attempt(happening)
    case 'mail':
      return mail(happening)
    case 'incident':
      return { tone: 'bad', text: `Incident opened: ${words(happening.of)}.`, link: incidentLink(happening) }
    case 'resolution':
      return {
        tone: 'good',
        text: `Incident resolved by ${actor(happening.by)}: ${text(happening, 'resolution')}`,
        link: incidentLink(happening),
      }
    case 'audit':
      return (
        audited[happening.of]?.(happening) ?? { text: `${sentence(words(happening.of))} (${actor(happening.by)}).` }
      )
  }
}

const audited: Record<string, (happening: Happening) => Told> = {
  'user.registered': () => ({ text: 'Registered. No access yet: nothing was paid.' }),
  'order.set-aside': () => ({ text: 'Said that a payment pending at the bank had failed, and went to pay again.' }),
  'order.opened': () => ({ text: 'Went to pay: an order was opened.' }),
  'order.active': () => ({ text: 'Cashfree opened the order. It waits for payment.' }),
  'order.paid': paid,
  'order.expired': () => ({ tone: 'warn', text: 'The order expired unpaid. Nothing was granted.' }),
  'order.terminated': (it) => ({
    tone: 'warn',
    text: `The order was ended${text(it, 'why') ? `: ${text(it, 'why')}` : ' unpaid'}. Nothing was granted.`,
  }),
  'order.termination-asked': (it) => ({
    text: text(it, 'why')
      ? `Cashfree was asked to end the order, because the account is ${text(it, 'why')}.`
      : `Cashfree was asked to end the order by ${actor(it.by)}.`,
  }),
  'order.terminating': () => ({ tone: 'warn', text: 'The order is being ended.' }),
  'order.unverified': () => ({
    tone: 'warn',
    text: 'Cashfree called the order paid and showed no payment for it. Nothing was granted; it is asked again.',
  }),
  'order.held': (it) => ({
    tone: 'bad',
    text:
      text(it, 'why') === 'entitlement-refused'
        ? 'Held back: the account may not be given what was paid for. Nothing was granted.'
        : `Held back: what Cashfree says does not agree with the order (${words(text(it, 'why'))}). Nothing was granted.`,
  }),
  'refund.requested': (it) =>
    refund(it, `Refund of ${money(it)} promised by ${actor(it.by)}, because: ${text(it, 'reason')}.`),
  'refund.succeeded': (it) => refund(it, `${money(it)} went back to the customer.`, 'good'),
  'refund.failed': (it) =>
    refund(it, `The refund failed${text(it, 'why') ? `: ${text(it, 'why')}` : ''}. No money moved.`, 'bad'),
  'refund.pending': (it) => refund(it, 'The refund is on its way.'),
  'refund.onhold': (it) => refund(it, 'Cashfree holds the refund.', 'warn'),
  'refund.cancelled': (it) => refund(it, 'The refund was cancelled. No money moved.', 'warn'),
  'dispute.open': (it) => ({
    tone: 'bad',
    text: `The payer asked their bank for ${money(it)} back (${disputeType(it)}). An answer is due.`,
  }),
  'dispute.under-review': (it) => ({
    tone: 'warn',
    text: `The bank looks at the dispute over ${money(it)} (${disputeType(it)}).`,
  }),
  'dispute.won': (it) => ({ tone: 'good', text: `The dispute over ${money(it)} was won. Access goes on.` }),
  'dispute.lost': (it) => ({ tone: 'bad', text: `The dispute was lost: the bank took ${money(it)} back.` }),
  'dispute.unclear': (it) => ({
    tone: 'warn',
    text: `Cashfree says “${words(text(it, 'theirStatus')).toLowerCase()}” of a dispute. A person has to look.`,
  }),
  'subscription.granted': (it) => ({
    tone: 'good',
    text: `${plural(Number(it.details.days), 'day')} granted by ${actor(it.by)}, because: ${text(it, 'reason')}. ${until(it, 'after')}`,
  }),
  'subscription.cancelled': (it) => ({
    tone: 'bad',
    text: `Access ended by ${actor(it.by)}, because: ${text(it, 'reason')}. Money was not touched.`,
  }),
  'subscription.grace': () => ({ tone: 'warn', text: 'The period ended. Three days of grace began.' }),
  'subscription.expired': () => ({ tone: 'bad', text: 'Grace ended: no access any more.' }),
  'user.suspended': (it) => ({
    tone: 'bad',
    text: `Suspended by ${actor(it.by)}, because: ${text(it, 'reason')}. ${plural(Number(it.details.sessions), 'session')} ended.`,
  }),
  'user.reinstated': (it) => ({ tone: 'good', text: `Suspension lifted by ${actor(it.by)}.` }),
  'user.role-changed': (it) => ({
    tone: 'warn',
    text: `Role changed by ${actor(it.by)} from ${text(it, 'before')} to ${text(it, 'after')}.`,
  }),
  'user.promoted': () => ({ tone: 'warn', text: 'Made an administrator by a command on the server.' }),
  'sessions.ended': (it) => ({ text: `${plural(Number(it.details.sessions), 'session')} ended by ${actor(it.by)}.` }),
  'account.deleted': () => ({ tone: 'bad', text: 'The account was deleted. Receipts stay, as the law asks.' }),
  'mail.resent': (it) => ({
    text: `Mail “${kindLabel(text(it, 'kind'))}” sent again by ${actor(it.by)}.`,
    link: { href: `/admin/mails/${text(it, 'mail')}`, label: 'Mail' },
  }),
}

const doors: Record<string, string> = {
  webhook: 'Cashfree’s webhook told us',
  return: 'seen when the payer came back',
  poll: 'seen while the payer’s page waited',
  reconciler: 'found by the reconciler, with nobody there',
  checkout: 'seen when the payer opened the checkout again',
  api: 'seen when the API was asked',
  admin: 'seen when an administrator asked Cashfree',
}

function paid(it: Happening): Told {
  const { startsAt, endsAt } = it.details
  const span = startsAt ? ` Access from ${day(new Date(String(startsAt)))} to ${day(new Date(String(endsAt)))}.` : ''
  const method = it.details.method ? ` by ${methodTitle(text(it, 'method'))}` : ''
  const door = doors[it.by ?? ''] ?? `by ${actor(it.by)}`
  const receipt = text(it, 'receipt')
  return {
    tone: 'good',
    text: `Paid ${money(it)}${method}; ${door}.${span}${receipt ? ` Receipt ${receipt}.` : ''}`,
  }
}

function attempt(it: Happening): Told {
  const how = it.details.method ? ` by ${methodTitle(text(it, 'method'))}` : ''
  const amount = it.details.amountPaise === null ? '' : ` of ${money(it)}`
  if (it.of === 'SUCCESS')
    return { tone: 'warn', text: `Another payment${amount}${how} arrived that bought nothing. Look at the order.` }
  if (it.of === 'PENDING' || it.of === 'NOT_ATTEMPTED') return { text: `An attempt to pay${how} waits for the bank.` }
  const why = text(it, 'reason')
  const gaveUp = it.of === 'USER_DROPPED' ? 'was left by the payer' : 'failed'
  return {
    tone: 'warn',
    text: `An attempt to pay${how} ${gaveUp}${why ? `: ${why.replace(/\.$/, '')}` : ''}. Nothing was granted.`,
  }
}

const mailStates: Record<string, [Line['tone'], string]> = {
  queued: ['info', 'waits to be sent'],
  sent: ['info', 'sent'],
  skipped: ['info', 'not sent: what it told of was no longer so'],
  dead: ['bad', 'could not be delivered'],
}

function mail(it: Happening): Told {
  const [tone, state] = mailStates[it.of] ?? ['info', it.of]
  const copy = Number(it.details.copy) > 0 ? `, copy ${it.details.copy}` : ''
  return {
    tone,
    text: `Mail “${kindLabel(text(it, 'kind'))}”${copy} ${state}${it.of === 'sent' ? ` to ${text(it, 'to')}` : ''}.`,
    link: { href: `/admin/mails/${text(it, 'id')}`, label: 'Mail' },
  }
}

function refund(it: Happening, sentence: string, tone: Line['tone'] = 'info'): Told {
  return { tone, text: sentence, link: { href: `/admin/refunds/${text(it, 'refund')}`, label: 'Refund' } }
}

function incidentLink(it: Happening) {
  return { href: `/admin/incidents/${text(it, 'id')}`, label: 'Incident' }
}

function until(it: Happening, side: 'before' | 'after'): string {
  const end = (it.details[side] as { currentPeriodEnd?: string } | undefined)?.currentPeriodEnd
  return end ? `Access until ${day(new Date(end))}.` : ''
}

/** A user name stays; a door or a job is named as such. */
function actor(by: string | null): string {
  if (by === null) return 'nobody known'
  return (
    {
      clock: 'the clock',
      command: 'a command on the server',
      refunds: 'Cashfree’s answer',
      disputes: 'Cashfree’s answer',
    }[by] ?? by
  )
}

const text = (it: Happening, key: string) => String(it.details[key] ?? '')
const money = (it: Happening) => rupees(Number(it.details.amountPaise ?? 0))
const disputeType = (it: Happening) => words(text(it, 'type')).toLowerCase()
const words = (name: string) => name.replaceAll(/[-._]/g, ' ')
const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
const plural = (count: number, noun: string) => (count === 1 ? `1 ${noun}` : `${count || 0} ${noun}s`)
