import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { paiseFromRupees, rupees } from '../../platform/money.ts'
import { findPlanByKey, insertVersion, listPlansOnSale, offerPlan, type Plan, withdrawPlan } from './queries.ts'

/** The plan on sale under this name, or undefined. */
export async function findPlan(sql: Sql, name: string): Promise<Plan | undefined> {
  return (await listPlansOnSale(sql)).find((plan) => plan.name === name)
}

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
 * Puts a new price on sale as the next version of a plan, in the place of the version `replaces`, all in one moment.
 * Asking twice is one version. Throws AppError `invalid` when the price is the same, `conflict` when another version
 * went on sale meanwhile or that one is not on sale.
 */
export async function changePrice(sql: Sql, given: { replaces: string; pricePaise: number; by: Actor }): Promise<Plan> {
  const now = await findPlanByKey(sql, given.replaces)
  if (!now) throw new AppError('not-found', 'There is no such plan.')
  if (now.pricePaise === given.pricePaise)
    throw new AppError('invalid', 'Nothing was changed.', { fields: { price: 'This is the price already.' } })
  const written = await insertVersion(sql, given)
  if (written) return written
  const onSale = await findPlan(sql, now.name)
  const same = onSale && (await findPlanByKey(sql, onSale.key))
  if (same?.replaces === given.replaces && same.pricePaise === given.pricePaise) return same
  throw new AppError(
    'conflict',
    onSale
      ? `Another version went on sale meanwhile: ${onSale.title} for ${rupees(onSale.pricePaise)}. Please look again.`
      : 'This plan was taken off sale meanwhile. Put it back on sale first.',
  )
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
