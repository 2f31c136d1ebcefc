import { findEnd } from '../../../billing/subscriptions/queries.ts'
import { cancelSubscription } from '../../../billing/subscriptions/subscriptions.ts'
import { dateInIndia } from '../../../platform/dates.ts'
import { rupees } from '../../../platform/money.ts'
import { listPeriods } from '../person/queries.ts'
import { type AdminAction, closedFor, keyOf, readReason } from './action.ts'
import { seenEndIn } from './grant.ts'

/** Ends access now. Money is a refund's matter. */
export const cancellation: AdminAction = {
  title: 'Cancel the subscription',
  tone: 'danger',
  needsIdentity: true,
  asks: ['reason'],
  preview: async (sql, person, typed) => {
    const [end, periods] = await Promise.all([findEnd(sql, person.id, 0), listPeriods(sql, person.id, 100)])
    const ending = periods.filter(({ voidedAt, when }) => !voidedAt && when !== 'past')
    const paid = ending.filter(({ orderId }) => orderId)
    const days = Math.max(0, Math.ceil(((end?.end?.getTime() ?? 0) - Date.now()) / 86_400_000))
    return {
      rows: [
        { label: 'Access now', value: person.hasAccess ? `until ${dateInIndia(person.currentPeriodEnd!)}` : 'none' },
        { label: 'Days lost', value: String(days) },
        { label: 'Periods ended', value: String(ending.length) },
        {
          label: 'Paid for them',
          value: paid.length > 0 ? rupees(paid.reduce((sum, one) => sum + one.amountPaise!, 0)) : null,
        },
        { label: 'Access then', value: 'none, from this moment', total: true },
        { label: 'Money', value: 'none moves; refund it from the order' },
        { label: 'Mail', value: `to ${person.email}` },
      ],
      text: 'Access ends at once, including anything bought or granted ahead. It cannot be undone; days can be granted again.',
      button: 'Cancel the subscription',
      hidden: { seen: end?.seenEnd ?? '', key: keyOf(typed) },
      closed: closedFor(person) ?? (person.hasAccess ? null : 'There is no access to cancel.'),
    }
  },
  perform: async (sql, person, typed, actor) => {
    const reason = readReason(typed)
    await cancelSubscription(sql, { userId: person.id, reason, key: keyOf(typed), seenEnd: seenEndIn(typed) }, actor)
    return `The access of ${person.name} ended. A mail tells them.`
  },
}
