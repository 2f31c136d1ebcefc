import { emailProblem, nameProblem, unprintable, writtenName } from '../../identity/users/field-checks.ts'
import { highlighted } from '../../platform/errors.ts'
import type { DeliveryDays } from './queries.ts'

/** Whom a gift is for, and when its code goes out: what an order is opened with. `deliverOn` is an Indian day. */
export type GiftWish = { recipientName: string; recipientEmail: string; message: string; deliverOn: string }

/** The fields of the form that buys a gift. */
export const giftFields = ['plan', 'recipient', 'email', 'message', 'day'] as const

/** What was typed into them. */
export type GiftForm = Record<(typeof giftFields)[number], string>

/** How far ahead of paying a gift may be delivered, in days, and how long its code works, in months. */
export const giftTerms = { daysAhead: 90, monthsValid: 12, longestMessage: 300 } as const

/**
 * The gift in a form. Throws AppError `invalid` with a sentence per field, together with the `already` known problems of the
 * same form.
 */
export function checkGift(form: GiftForm, days: DeliveryDays, already: Record<string, string> = {}): GiftWish {
  const { recipient, problems: others } = readRecipient(form)
  const problems = { ...already, ...others }
  const message = form.message.normalize('NFC').replace(/\r\n?/g, '\n').trim()
  const deliverOn = form.day.trim() || days.first
  if ([...message].length > giftTerms.longestMessage)
    problems.message = `Please shorten the message to ${giftTerms.longestMessage} characters.`
  else if (unprintable.test(message.replaceAll('\n', ' '))) problems.message = 'Please use text only.'
  if (!/^\d{4}-\d\d-\d\d$/.test(deliverOn) || deliverOn < days.first || deliverOn > days.last || !isDay(deliverOn))
    problems.day = `Please choose a day from today to ${giftTerms.daysAhead} days ahead.`
  refuse(problems)
  return { recipientName: recipient.name, recipientEmail: recipient.email, message, deliverOn }
}

/** A corrected recipient. Throws AppError `invalid` with a sentence per field. */
export function checkRecipient(form: Pick<GiftForm, 'recipient' | 'email'>): { name: string; email: string } {
  const { recipient, problems } = readRecipient(form)
  refuse(problems)
  return recipient
}

function readRecipient(form: Pick<GiftForm, 'recipient' | 'email'>) {
  const name = writtenName(form.recipient)
  const email = form.email.trim()
  const problems: Record<string, string> = {}
  const wrongName = nameProblem(name, 'Please tell us who it is for.')
  if (wrongName) problems.recipient = wrongName
  const wrongEmail = emailProblem(email)
  if (wrongEmail) problems.email = wrongEmail
  return { recipient: { name, email }, problems }
}

/** 31 April is none. */
function isDay(day: string): boolean {
  const instant = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(day)
}

function refuse(problems: Record<string, string>): void {
  if (Object.keys(problems).length > 0) throw highlighted(problems)
}
