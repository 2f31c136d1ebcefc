import type { LostMoney } from '../../billing/disputes/queries.ts'
import { methodTitle, outcomeOf } from '../../billing/payments/payments.ts'
import type { PaymentRow } from '../../billing/payments/queries.ts'
import type { Refund } from '../../billing/refunds/queries.ts'
import { dateInIndia } from '../../platform/dates.ts'
import { rupees } from '../../platform/money.ts'
import type { OrderRow, PeriodRow } from './queries.ts'

/** One line of the timeline: something that happened, and why. `tone` colours its dot. */
export type TimelineEntry = { at: Date; tone: 'good' | 'info' | 'warn' | 'bad'; what: string; why: string }

/** What a timeline is made of. */
export type Facts = {
  orders: readonly OrderRow[]
  payments: readonly PaymentRow[]
  periods: readonly PeriodRow[]
  refunds: readonly (Pick<Refund, 'cfPaymentId' | 'amountPaise' | 'status'> & {
    at: Date
    creditNote: string | null
  })[]
  lost: readonly LostMoney[]
  changes: readonly { at: Date; action: string; plan: string | null }[]
}

/**
 * Everything that gave or took access, newest first, each with its cause: the answer to "why do I have access?". Gifts that the
 * person bought gave it to others and are left out.
 */
export function timelineOf(all: Facts): TimelineEntry[] {
  const gifts = new Set(all.payments.filter(({ isGift }) => isGift).map(({ cfPaymentId }) => cfPaymentId))
  const isOwn = ({ cfPaymentId }: { cfPaymentId: string }) => !gifts.has(cfPaymentId)
  const facts = {
    ...all,
    orders: all.orders.filter(({ purpose }) => purpose !== 'gift'),
    payments: all.payments.filter(isOwn),
    refunds: all.refunds.filter(isOwn),
    lost: all.lost.filter(isOwn),
  }
  const openedAt = new Map(facts.orders.map((order) => [order.id, order.createdAt]))
  const payments = facts.payments.map((payment) => ({ ...payment, isGone: isGone(payment, facts) }))
  // What follows from another comes first where both are of one instant: the list is read from the newest on.
  const entries = [
    ...facts.changes.map(statusEntry),
    ...facts.refunds.map(refundEntry),
    ...facts.periods.flatMap(periodEntries),
    ...facts.lost.map(disputeEntry),
    ...payments.map((payment) => paymentEntry({ ...payment, at: later(payment.at, openedAt.get(payment.orderId)) })),
    ...facts.orders.flatMap((order) => orderEntries(order, payments)),
  ]
  return entries.sort((a, b) => b.at.getTime() - a.at.getTime())
}

/** A payment, and whether all of it went back or is on its way, by refunds or through the payer's bank. */
type Payment = PaymentRow & { isGone: boolean }

function isGone({ cfPaymentId, amountPaise }: PaymentRow, { refunds, lost }: Facts): boolean {
  const back = refunds.filter(({ status }) => status !== 'failed' && status !== 'cancelled')
  const parts = [...back, ...lost].filter((part) => part.cfPaymentId === cfPaymentId)
  return amountPaise !== null && parts.reduce((sum, part) => sum + part.amountPaise, 0) >= amountPaise
}

/** Cashfree reports whole seconds by a clock of its own: no payment is shown before its order. */
function later(at: Date, other: Date | undefined): Date {
  return other && other > at ? other : at
}

function orderEntries(order: OrderRow, all: readonly Payment[]): TimelineEntry[] {
  const opened: TimelineEntry = {
    at: order.createdAt,
    tone: 'info',
    what: `Order opened: ${order.planTitle.toLowerCase()} plan, ${rupees(order.amountPaise)}`,
    why: `${askedFor(order)}. ${takenOff(order)}Order ${order.id}.`,
  }
  const after: TimelineEntry[] = []
  if (order.closedAt && !order.paidAt) {
    const payments = all.filter(({ orderId, status }) => orderId === order.id && outcomeOf(status) !== 'failed')
    const mayHaveCost = payments.length > 0
    const isPaidBack = mayHaveCost && payments.every((payment) => payment.isGone)
    const ended = order.status === 'expired' ? 'It was not paid in time.' : 'It was ended before it was paid.'
    after.push({
      at: order.closedAt,
      tone: 'info',
      what: mayHaveCost ? 'Order closed to further payments' : 'Order closed unpaid',
      why: isPaidBack
        ? 'What was paid for it went back, or is on its way back, so no access was given.'
        : order.heldAt
          ? 'A person looks into what was paid for it.'
          : mayHaveCost
            ? 'A payment that was begun before still counts when it goes through.'
            : `${ended} Nothing was charged and no access was given.`,
    })
  }
  if (order.heldAt)
    after.push({
      at: order.heldAt,
      tone: 'warn',
      what: 'Held for a person to look at',
      why: 'What Cashfree reported did not agree with the order, so no access was given yet.',
    })
  return [...after, opened]
}

function askedFor({ purpose, isByAutopay }: OrderRow): string {
  if (isByAutopay) return 'To be paid by Autopay, as you agreed'
  return purpose === 'switch' ? 'You asked to change your plan at once' : 'You asked to subscribe'
}

function takenOff({ couponCode, discountPaise, creditPaise }: OrderRow): string {
  const discount = discountPaise > 0 ? `The code ${couponCode} took ${rupees(discountPaise)} off. ` : ''
  return `${discount}${creditPaise > 0 ? `Unused days took ${rupees(creditPaise)} off. ` : ''}`
}

function paymentEntry(payment: Payment): TimelineEntry {
  const sum = payment.amountPaise === null ? 'A payment' : rupees(payment.amountPaise)
  const by = payment.method ? ` by ${methodTitle(payment.method)}` : ''
  if (outcomeOf(payment.status) === 'paid')
    return {
      at: payment.at,
      tone: payment.appliedAt ? 'good' : 'warn',
      what: `${sum} paid${by}`,
      why: whyPaid(payment),
    }
  if (outcomeOf(payment.status) === 'moving')
    return {
      at: payment.at,
      tone: 'warn',
      what: `${sum} waits at the bank`,
      why: 'Access is given when the bank agrees.',
    }
  return {
    at: payment.at,
    tone: 'bad',
    what: `${sum}${by} did not go through`,
    why: `${payment.reason ?? 'The payment was not completed'}. No access was given for it.`,
  }
}

function whyPaid({ orderId, appliedAt, orderPaidAt, orderHeldAt, isGone }: Payment): string {
  if (appliedAt) return `Cashfree confirmed the payment of order ${orderId}.`
  if (isGone) return `It bought nothing of order ${orderId}: all of it went back, or is on its way back.`
  if (orderPaidAt)
    return `This came on top of what order ${orderId} costs, so it bought no further days; a refund is looked into.`
  if (orderHeldAt)
    return `It did not agree with order ${orderId}, so a person looks into it: either the plan is switched on or it goes back.`
  return `Order ${orderId} is still being confirmed; access is given as soon as it is.`
}

function periodEntries(period: PeriodRow): TimelineEntry[] {
  const days = `${dateInIndia(period.startsAt)} to ${dateInIndia(period.endsAt)}`
  const given: TimelineEntry = {
    at: period.createdAt,
    tone: 'good',
    what: `Access from ${days}`,
    why: period.orderId
      ? `Bought with order ${period.orderId}${period.receiptNumber ? `, receipt ${period.receiptNumber}` : ''}.`
      : period.isGift
        ? 'A gift that you redeemed.'
        : `Given by us: ${period.grantReason}.`,
  }
  if (!period.voidedAt || !period.endCause) return [given]
  const ended: TimelineEntry = {
    at: period.voidedAt,
    tone: period.endCause === 'switch' ? 'info' : 'bad',
    what: `Access of ${days} ended`,
    why: {
      switch: 'You changed to another plan; the unused days were credited towards its price.',
      'by-hand': `Ended by us: ${period.voidReason}.`,
      dispute: 'Your bank took the payment back, so the time it paid for ended.',
      refund: 'The whole price was refunded.',
    }[period.endCause],
  }
  return [ended, given]
}

function disputeEntry({ at, amountPaise, orderId }: LostMoney): TimelineEntry {
  return {
    at,
    tone: 'warn',
    what: `${rupees(amountPaise)} taken back by your bank`,
    why: `You or your bank disputed the payment of order ${orderId}. All of a price back ends the time it paid for; a part leaves it as it is.`,
  }
}

const refunds: Record<Refund['status'], [TimelineEntry['tone'], string]> = {
  requested: ['info', 'refund is being sent to Cashfree'],
  pending: ['info', 'refund is on its way'],
  onhold: ['warn', 'refund is held by Cashfree; we are looking into it'],
  succeeded: ['good', 'refunded'],
  failed: ['bad', 'refund failed; we are looking into it'],
  cancelled: ['warn', 'refund was cancelled'],
}

function refundEntry({ at, amountPaise, status, creditNote }: Facts['refunds'][number]): TimelineEntry {
  const [tone, words] = refunds[status]
  const note = creditNote ? `Credit note ${creditNote}. ` : ''
  return {
    at,
    tone,
    what: `${rupees(amountPaise)} ${words}`,
    why: `${note}A full refund ends the period it paid for; a part leaves it as it is.`,
  }
}

function statusEntry({ at, action, plan }: Facts['changes'][number]): TimelineEntry {
  if (action === 'subscription.cancel-requested')
    return {
      at,
      tone: 'info',
      what: 'You cancelled',
      why: 'Access stays until the end of what you paid for; no reminders are sent.',
    }
  if (action === 'subscription.resumed')
    return { at, tone: 'good', what: 'You resumed', why: 'Everything is as it was before you cancelled.' }
  if (action === 'subscription.next-plan')
    return {
      at,
      tone: 'info',
      what: plan ? `You chose the ${plan} plan for later` : 'You chose to stay with your plan',
      why: plan ? 'It is what we offer when your period ends.' : 'What you have now is what we offer when it ends.',
    }
  if (action === 'subscription.grace')
    return {
      at,
      tone: 'warn',
      what: 'The days of grace began',
      why: 'The paid period ended; access stays on so that you can renew.',
    }
  return { at, tone: 'bad', what: 'Access ended', why: 'The days of grace were over and no further period was paid.' }
}
