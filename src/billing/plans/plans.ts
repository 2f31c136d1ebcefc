import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { paiseFromRupees, rupees } from '../../platform/money.ts'
import {
  findPlanByKey,
  listPlansOnSale,
  offerPlan,
  type Plan,
  type PricePlan,
  planPriceChange,
  withdrawPlan,
  withdrawPriceChange,
} from './queries.ts'

/** The plan on sale under this name, or undefined. */
async function findPlan(sql: Sql, name: string): Promise<Plan | undefined> {
  return (await listPlansOnSale(sql)).find((plan) => plan.name === name)
}

/** Above ₹1 lakh, invoices to consumers of other states have tables of their own in GSTR-1 (admin/receipts/gstr1.ts has none). */
const highestPaise = 100_000_00

/** A price as a person types it ("599", "₹5,990.00") in paise. Throws AppError `invalid` about the field `price`. */
export function priceTyped(text: string): number {
  const price = paiseFromRupees(text.replace(/[₹,\s]/g, ''))
  const refuse = (price: string) => new AppError('invalid', 'Please look at the price.', { fields: { price } })
  if (price === null) throw refuse('Please enter rupees, for example 599 or 599.50.')
  if (price < 100) throw refuse('At least ₹1: Cashfree takes no less.')
  if (price > highestPaise) throw refuse(`At most ${rupees(highestPaise)}.`)
  return price
}

/**
 * Plans a new price for a version on sale; without a day it is on sale at once, as the next version. Asking twice is one. Answers
 * the version on sale afterwards. Throws AppError `invalid` for the same price or a day that is too soon, `conflict` when another
 * version went on sale meanwhile, that one is not on sale, or a price is planned already.
 */
export async function changePrice(sql: Sql, given: PricePlan): Promise<Plan> {
  const now = await findPlanByKey(sql, given.replaces)
  if (!now) throw new AppError('not-found', 'There is no such plan.')
  const outcome = await planPriceChange(sql, given)
  if (outcome === 'same-price')
    throw new AppError('invalid', 'Nothing was changed.', { fields: { price: 'This is the price already.' } })
  if (outcome === 'too-soon') throw new AppError('invalid', 'Nothing was changed.', { fields: tooSoon(given) })
  if (outcome === 'planned-already')
    throw new AppError('conflict', 'A new price is planned for this plan already. Take that one back first.')
  const onSale = await findPlan(sql, now.name)
  if (outcome === 'planned' && onSale) return onSale
  throw new AppError(
    'conflict',
    onSale && onSale.key !== now.key
      ? `Another version went on sale in the meantime: ${onSale.title} for ${rupees(onSale.pricePaise)}. Please reload the page.`
      : 'This plan was taken off sale in the meantime. Put it back on sale first.',
  )
}

const tooSoon = ({ subscribersFrom }: PricePlan): Record<string, string> =>
  subscribersFrom
    ? {
        subscribers_from:
          'Not before the new price, and at least eight days from today: they read of it seven days before.',
      }
    : { from: 'Tomorrow or later. Leave it empty to sell at the new price at once.' }

/** Takes back an announced price before its moment. Throws AppError `conflict` when that has come, or somebody else did. */
export async function takeBackPrice(sql: Sql, id: string, by: Actor): Promise<void> {
  if (!(await withdrawPriceChange(sql, id, by)))
    throw new AppError('conflict', 'This price is in force already, or was withdrawn before. Nothing was done.')
}

/**
 * Takes a version off sale; what was bought and what is open stays. True when it was this call that did it. Throws
 * AppError `conflict` for the last plan on sale: a shop that sells nothing is a mistake, and the front page needs one.
 */
export async function takeOffSale(sql: Sql, key: string, by: Actor): Promise<boolean> {
  if (await withdrawPlan(sql, key, by)) return true
  const plan = await findPlanByKey(sql, key)
  if (!plan) throw new AppError('not-found', 'There is no such plan.')
  if (plan.onSale) throw new AppError('conflict', 'This is the last plan on sale. Put another one on sale first.')
  return false
}

/**
 * Puts a version back on sale. True when it was this call that did it. Throws AppError `conflict` while another version
 * of the same plan is on sale.
 */
export async function putOnSale(sql: Sql, key: string, by: Actor): Promise<boolean> {
  if (await offerPlan(sql, key, by)) return true
  const plan = await findPlanByKey(sql, key)
  if (!plan) throw new AppError('not-found', 'There is no such plan.')
  if (!plan.onSale)
    throw new AppError('conflict', 'Another version of this plan is on sale. Take that one off sale first.')
  return false
}
