import { findEnd } from '../../../billing/subscriptions/queries.ts'
import { grantDays } from '../../../billing/subscriptions/subscriptions.ts'
import { dateInIndia } from '../../../platform/dates.ts'
import { AppError } from '../../../platform/errors.ts'
import { type AdminAction, closedFor, keyOf, readReason, type Typed } from './action.ts'

const suggestedDays = 7
const mostDays = 366

/** Adds days of access free of charge. */
export const grant: AdminAction = {
  title: 'Grant days',
  tone: 'plain',
  needsIdentity: true,
  asks: ['reason'],
  preview: async (sql, person, typed) => {
    const days = daysIn(typed) ?? suggestedDays
    const end = (await findEnd(sql, person.id, days))!
    const isRunning = end.end !== null && end.startsAt.getTime() === end.end.getTime()
    return {
      rows: [
        { label: 'Access now', value: person.hasAccess ? `until ${dateInIndia(person.currentPeriodEnd!)}` : 'none' },
        { label: 'Days added', value: String(days) },
        { label: 'From', value: isRunning ? `${dateInIndia(end.startsAt)}, when the running period ends` : 'now' },
        { label: 'Access then', value: `until ${dateInIndia(end.endsAt)}`, total: true },
        { label: 'Money', value: 'none moves; no receipt is issued' },
        { label: 'Mail', value: `to ${person.email}` },
      ],
      text: 'The days are added on top, exactly as bought ones would be. The person is told the number of days, not your reason.',
      button: `Grant ${daysLabel(days)}`,
      hidden: { days: String(days), seen: end.seenEnd ?? '', key: keyOf(typed) },
      closed: closedFor(person),
    }
  },
  perform: async (sql, person, typed, actor) => {
    const days = daysIn(typed)
    if (days === null)
      throw new AppError('invalid', 'Nothing was done yet. Please check the highlighted field.', {
        fields: daysError(typed),
      })
    const reason = readReason(typed)
    await grantDays(sql, { userId: person.id, days, reason, key: keyOf(typed), seenEnd: seenEndIn(typed) }, actor)
    return `${daysLabel(days)} granted to ${person.name}. A mail tells them.`
  },
}

/** What is wrong with the days, as the field's sentence. */
export function daysError(typed: Typed): Record<string, string> {
  return daysIn(typed) === null ? { days: `A whole number of days, 1 to ${mostDays}.` } : {}
}

/** The end of access that the page showed; null for none. */
export function seenEndIn({ seen }: Typed): string | null {
  return /^\d{1,17}$/.test(seen) ? seen : null
}

/** A whole number of days that may be granted, else null. */
export function daysIn({ days }: Pick<Typed, 'days'>): number | null {
  const number = /^\d{1,3}$/.test(days.trim()) ? Number(days) : 0
  return number >= 1 && number <= mostDays ? number : null
}

function daysLabel(days: number): string {
  return days === 1 ? '1 day' : `${days} days`
}
