import type { Actor } from '../../platform/audit-context.ts'
import { dateInIndia, midnightInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { highlighted } from '../../platform/errors.ts'
import { paiseFromRupees, rupees } from '../../platform/money.ts'
import { beginningOf } from '../../platform/text.ts'
import { type Coupon, insertCoupon, type NewCoupon } from './queries.ts'

/** The code as it is stored, of whatever a person typed: capitals, without spaces and dashes. */
export function writtenCode(typed: string): string {
  return beginningOf(typed.replace(/[\s-]/g, '').toUpperCase(), 40)
}

/** Why a coupon was refused (coupon_refusal in claims.sql), as a sentence beside its field. */
export function couponSentence(refusal: string): string {
  return sentences[refusal] ?? 'This code cannot be used now. Please continue without it.'
}

const sentences: Record<string, string> = {
  'coupon-unknown': 'There is no such code. Please check the spelling, or go on without it.',
  'coupon-not-yet': 'This code is not valid yet. Please come back when its offer begins, or go on without it.',
  'coupon-ended': 'This code is not valid any more. Please go on without it.',
  'coupon-plan': 'This code is for another plan. Please choose that one, or go on without the code.',
  'coupon-used': 'You have paid with this code already; it works once for each person. Please go on without it.',
  'coupon-open':
    'Another order of yours is open with this code, which works once for each person. Pay that order, or take the code off it and use it here. Unpaid, it closes about half an hour after it was opened.',
  'coupon-used-up': 'This code has been fully used. Please go on without it.',
  'coupon-too-much': 'This code cannot lower this price. Please go on without it.',
  'coupon-purpose': 'A code works for a plan of your own, not for a gift. Please go on without it.',
}

/** "20% off", "₹100 off". */
export function discountLabel({ percent, amountPaise }: Pick<Coupon, 'percent' | 'amountPaise'>): string {
  return `${percent === null ? rupees(amountPaise!) : `${percent}%`} off`
}

/** "SAVE20: 20% off the annual plan, until Thu, 31 Dec 2026", for whoever came by a link with a code. */
export function offerLabel(coupon: Coupon): string {
  const plans = coupon.planNames === null ? '' : ` the ${coupon.planNames.join(' and ')} plan`
  const until = coupon.endsAt === null ? '' : `, until ${dateInIndia(new Date(coupon.endsAt.getTime() - 1))}`
  return `${coupon.code}: ${discountLabel(coupon)}${plans}${until}`
}

/** The fields of the form that makes a coupon. */
export const couponFields = ['code', 'percent', 'amount', 'from', 'until', 'uses', 'rupees', 'plan'] as const
export type CouponForm = Record<(typeof couponFields)[number], string>

/** Makes a coupon of a form. Throws AppError `invalid` with a sentence per field. Days are Indian; `until` is the last one. */
export async function createCoupon(
  sql: Sql,
  form: CouponForm,
  planNames: readonly string[],
  by: Actor,
): Promise<string> {
  const coupon = readCoupon(form, planNames)
  if (!(await insertCoupon(sql, coupon, by)))
    throw highlighted({ code: 'There is a coupon of this code already. Codes are never used again.' })
  return coupon.code
}

function readCoupon(form: CouponForm, plans: readonly string[]): NewCoupon {
  const code = writtenCode(form.code)
  const fields: Record<string, string> = {}
  if (!/^[A-Z0-9]{3,20}$/.test(code)) fields.code = 'Please use 3 to 20 letters and digits.'
  const percent = form.percent.trim() === '' ? null : Number(form.percent)
  const amountPaise = form.amount.trim() === '' ? null : paiseFromRupees(form.amount.replace(/[₹,\s]/g, ''))
  if ((percent === null) === (form.amount.trim() === ''))
    fields.percent = 'Please enter either a percentage or an amount.'
  else if (percent !== null && !(Number.isInteger(percent) && percent >= 1 && percent <= 99))
    fields.percent = 'Please enter a whole number from 1 to 99.'
  else if (percent === null && (amountPaise === null || amountPaise < 100 || amountPaise > 100_000_00))
    fields.amount = 'Please enter rupees, from ₹1 to ₹1,00,000.'
  const startsAt = midnightInIndia(form.from.trim())
  if (form.from.trim() !== '' && startsAt === null) fields.from = 'Please enter a day.'
  const lastDay = midnightInIndia(form.until.trim())
  const endsAt = lastDay && new Date(lastDay.getTime() + 86_400_000)
  if (form.until.trim() !== '' && endsAt === null) fields.until = 'Please enter a day.'
  else if (endsAt !== null && endsAt.getTime() <= Math.max(Date.now(), startsAt?.getTime() ?? 0))
    fields.until = 'This day is over, or before the first.'
  const maxUses = form.uses.trim() === '' ? null : Number(form.uses)
  if (maxUses !== null && !(Number.isInteger(maxUses) && maxUses >= 1 && maxUses <= 1_000_000))
    fields.uses = 'Please enter a whole number, or leave it empty.'
  const maxDiscountPaise = form.rupees.trim() === '' ? null : paiseFromRupees(form.rupees.replace(/[₹,\s]/g, ''))
  if (form.rupees.trim() !== '' && (maxDiscountPaise === null || maxDiscountPaise < 100))
    fields.rupees = 'Please enter rupees, or leave it empty.'
  const plan = form.plan.trim()
  if (plan !== '' && !plans.includes(plan)) fields.plan = 'Please choose one of the plans.'
  if (Object.keys(fields).length > 0) throw highlighted(fields)
  return {
    code,
    percent,
    amountPaise,
    startsAt,
    endsAt,
    maxUses,
    maxDiscountPaise,
    planNames: plan === '' ? null : [plan],
  }
}
