import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import { type Sql, violates } from '../../platform/db.ts'
import type { Plan, PlanVersion } from './plans.ts'

/** Which plans can be bought now? */
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

/** The old version goes and the new one comes in one statement. Undefined: the old one is not on sale (any more). */
export async function insertVersion(
  sql: Sql,
  { replaces, pricePaise, by }: { replaces: string; pricePaise: number; by: Actor },
): Promise<Plan | undefined> {
  const [row] = await sql<Plan[]>`
    with origin as materialized (${auditContextOf(sql, by)}), old as (
      update plans set on_sale = false, withdrawn_at = now() where key = ${replaces} and on_sale returning *
    ), written as (
      insert into plans (key, name, title, price_paise, months, replaces)
      select old.name || '_v' || (select coalesce(max(substring(v.key from '_v([0-9]+)$')::int), 1) + 1 from plans v where v.name = old.name),
             old.name, old.title, ${pricePaise}, old.months, old.key
      from old
      returning *
    ), noted as (
      insert into audit (actor, action, details)
      select ${by.actor}, 'plan.repriced', jsonb_build_object('plan', written.name,
             'before', jsonb_build_object('key', old.key, 'pricePaise', old.price_paise),
             'after', jsonb_build_object('key', written.key, 'pricePaise', written.price_paise))
      from written, old, origin
    )
    select key, name, title, price_paise, months from written
  `
  return row
}

/** Takes a version off sale unless it is the last one that is. False: it is, or it was not on sale. */
export async function withdrawPlan(sql: Sql, key: string, by: Actor): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), shelf as materialized (
      select key from plans where on_sale order by key for update
    ), withdrawn as (
      update plans set on_sale = false, withdrawn_at = now()
      where key = ${key} and on_sale and (select count(*) from shelf) > 1
      returning key, price_paise
    )
    insert into audit (actor, action, details)
    select ${by.actor}, 'plan.withdrawn', jsonb_build_object('plan', key, 'pricePaise', price_paise,
           'before', jsonb_build_object('onSale', true), 'after', jsonb_build_object('onSale', false))
    from withdrawn, origin
    returning id
  `
  return rows.count > 0
}

/** Puts a version on sale. False: it is already, or another one of its name is. */
export async function offerPlan(sql: Sql, key: string, by: Actor): Promise<boolean> {
  try {
    const rows = await sql`
      with origin as materialized (${auditContextOf(sql, by)}), offered as (
        update plans p set on_sale = true, offered_at = now(), withdrawn_at = null
        where key = ${key} and not on_sale
          and not exists (select from plans other where other.name = p.name and other.on_sale)
        returning key, price_paise
      )
      insert into audit (actor, action, details)
      select ${by.actor}, 'plan.offered', jsonb_build_object('plan', key, 'pricePaise', price_paise,
             'before', jsonb_build_object('onSale', false), 'after', jsonb_build_object('onSale', true))
      from offered, origin
      returning id
    `
    return rows.count > 0
  } catch (error) {
    // Two versions put on sale at the same instant: the index lets one of them.
    if (violates(error, 'one_plan_on_sale_per_name')) return false
    throw error
  }
}
