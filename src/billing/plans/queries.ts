import { type Actor, originJson } from '../../platform/audit-context.ts'
import { type Sql, violates } from '../../platform/db.ts'

/** What is on sale. `key` is versioned ('monthly_v1') and stays with orders; `name` ('monthly') stands in URLs. */
export type Plan = { key: string; name: string; title: string; pricePaise: number; months: number }

/** A version with its life: on sale or not, since when, and which version it took the place of. */
export type PlanVersion = Plan & {
  onSale: boolean
  offeredAt: Date
  withdrawnAt: Date | null
  replaces: string | null
}

/** A plan on sale, and the price that is announced for it and from when, if one is. */
export type PlanOnSale = Plan & { nextPricePaise: number | null; nextPriceFrom: Date | null }

/** The plans on sale, shortest first. An announced price whose moment has come is put on sale first. */
export async function listPlansOnSale(sql: Sql): Promise<PlanOnSale[]> {
  const rows = await sql<(PlanOnSale & { isDue: boolean })[]>`
    select p.key, p.name, p.title, p.price_paise, p.months, c.price_paise as next_price_paise, c.effective_at as next_price_from,
           is_due(c) is true as is_due
    from plans p
    left join price_changes c on c.replaces = p.key and c.applied_at is null and c.withdrawn_at is null
    where p.on_sale
    order by p.months, p.price_paise
  `
  if (!rows.some(({ isDue }) => isDue)) return rows.map(({ isDue, ...plan }) => plan)
  await applyPriceChanges(sql)
  return listPlansOnSale(sql)
}

/** Puts announced prices on sale whose moment has come. Returns how many. */
async function applyPriceChanges(sql: Sql): Promise<number> {
  const [row] = await sql<{ applied: number }[]>`select apply_price_changes() as applied`
  return row!.applied
}

/** One version, on sale or not. */
export async function findPlanByKey(sql: Sql, key: string): Promise<PlanVersion | undefined> {
  const [row] = await sql<PlanVersion[]>`
    select key, name, title, price_paise, months, on_sale, offered_at, withdrawn_at, replaces from plans where key = ${key}
  `
  return row
}

/**
 * A new price for the version on sale: from the beginning of an Indian day ('2026-12-01'; left out: at once), and from which day
 * on present subscribers pay it (left out: they keep theirs).
 */
export type PricePlan = {
  replaces: string
  pricePaise: number
  from?: string | null
  subscribersFrom?: string | null
  by: Actor
}

/** Plans a new price; see plan_price_change in price-changes.sql for the answers. */
export async function planPriceChange(sql: Sql, { by, ...plan }: PricePlan): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select plan_price_change(${plan.replaces}, ${plan.pricePaise},
                             ${plan.from ?? null}::timestamp at time zone 'Asia/Kolkata',
                             ${plan.subscribersFrom ?? null}::timestamp at time zone 'Asia/Kolkata',
                             ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** Takes back an announced price. False: its moment has come, or it was taken back already. */
export async function withdrawPriceChange(sql: Sql, id: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ isDone: boolean }[]>`
    select withdraw_price_change(${id}, ${by.actor}, ${originJson(sql, by)}) as is_done
  `
  return row!.isDone
}

/** Takes a version off sale unless it is the last one that is. False: it is, or it was not on sale. */
export async function withdrawPlan(sql: Sql, key: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ isDone: boolean }[]>`
    select withdraw_plan(${key}, ${by.actor}, ${originJson(sql, by)}) as is_done
  `
  return row!.isDone
}

/** Puts a version on sale. False: it is already, or another one of its name is. */
export async function offerPlan(sql: Sql, key: string, by: Actor): Promise<boolean> {
  try {
    const rows = await sql`
      with offered as (
        update plans p set on_sale = true, offered_at = now(), withdrawn_at = null
        where key = ${key} and not on_sale
          and not exists (select from plans other where other.name = p.name and other.on_sale)
        returning key, price_paise
      )
      select record_audit(${by.actor}, 'plan.offered', p_origin => ${originJson(sql, by)}, p_details =>
               jsonb_build_object('plan', key, 'pricePaise', price_paise,
                 'before', jsonb_build_object('onSale', false), 'after', jsonb_build_object('onSale', true)))
      from offered
    `
    return rows.count > 0
  } catch (error) {
    // Two versions put on sale at the same instant: the index lets one of them.
    if (violates(error, 'one_plan_on_sale_per_name')) return false
    throw error
  }
}
