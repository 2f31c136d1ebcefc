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

/** The plans on sale, shortest first. */
export async function listPlansOnSale(sql: Sql): Promise<Plan[]> {
  return sql<Plan[]>`
    select key, name, title, price_paise, months
    from plans
    where on_sale
    order by months, price_paise
  `
}

/** One version, on sale or not. */
export async function findPlanByKey(sql: Sql, key: string): Promise<PlanVersion | undefined> {
  const [row] = await sql<PlanVersion[]>`
    select key, name, title, price_paise, months, on_sale, offered_at, withdrawn_at, replaces from plans where key = ${key}
  `
  return row
}

/** Puts a new version on sale in the place of `replaces`. Undefined: that one is not on sale (any more). */
export async function insertVersion(
  sql: Sql,
  { replaces, pricePaise, by }: { replaces: string; pricePaise: number; by: Actor },
): Promise<Plan | undefined> {
  const [row] = await sql<Plan[]>`
    select key, name, title, price_paise, months
    from reprice_plan(${replaces}, ${pricePaise}, ${by.actor}, ${originJson(sql, by)})
    where key is not null
  `
  return row
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
