import type { Sql } from '../../platform/db.ts'
import type { PlanOnSale } from '../plans/queries.ts'

/** The version of a plan that a person is sold now, or undefined: the plan is not on sale. See plan-for.sql. */
export async function findPlanFor(sql: Sql, userId: string, name: string): Promise<PlanOnSale | undefined> {
  return (await listPlansFor(sql, userId)).find((plan) => plan.name === name)
}

/** The plans on sale in the versions that a person is sold now, shortest first, with the price that is announced for them. */
export async function listPlansFor(sql: Sql, userId: string): Promise<PlanOnSale[]> {
  return sql<PlanOnSale[]>`${plansFor(sql, userId)}`
}

/** The same as one value, for statements that read more besides; `plansIn` reads it. */
export function plansForAsJson(sql: Sql, userId: string) {
  return sql`(select coalesce(jsonb_agg(to_jsonb(plan)), '[]') from (${plansFor(sql, userId)}) plan)`
}

/** As `plansForAsJson` answers one. */
export type PlanAsJson = Pick<PlanOnSale, 'key' | 'name' | 'title' | 'months'> & {
  price_paise: number
  next_price_paise: number | null
  next_price_from: string | null
}

/** The plans that `plansForAsJson` answered. */
export function plansIn(plans: readonly PlanAsJson[]): PlanOnSale[] {
  return plans.map(({ price_paise, next_price_paise, next_price_from, ...plan }) => ({
    ...plan,
    pricePaise: price_paise,
    nextPricePaise: next_price_paise,
    nextPriceFrom: next_price_from === null ? null : new Date(next_price_from),
  }))
}

function plansFor(sql: Sql, userId: string) {
  return sql`
    select own.key, own.name, own.title, own.price_paise, own.months,
           next.price_paise as next_price_paise, next.starts_at as next_price_from
    from plans p
    cross join lateral plan_for(${userId}, p.name) own
    left join lateral price_to_come(${userId}, own.key) next on true
    where p.on_sale
    order by own.months, own.price_paise
  `
}

/** Writes to those whom announced prices concern, or concerned and were taken back; see plan-for.sql. Returns how many mails are new. */
export async function announcePrices(sql: Sql): Promise<number> {
  const [row] = await sql<{ mailed: number }[]>`select announce_prices() as mailed`
  return row!.mailed
}

/**
 * What the mail about an announced price says, or the one that it was taken back; undefined when that is not so, or
 * access has ended. `ceilingPaise`: the most that their Autopay debits at once; null: they have none.
 */
export async function findAnnouncement(sql: Sql, changeId: string, userId: string, about: { isTakenBack: boolean }) {
  const [row] = await sql<
    {
      planTitle: string
      pricePaise: number
      newPricePaise: number
      from: Date
      until: Date
      ceilingPaise: number | null
    }[]
  >`
    select old.title as plan_title, old.price_paise, c.price_paise as new_price_paise, c.subscribers_from as "from",
           s.current_period_end as until,
           (select m.max_paise from mandates m where m.user_id = s.user_id and m.authorised_at is not null and m.cancel_asked_at is null
                                                and m.ended_at is null) as ceiling_paise
    from price_changes c
    join plans old on old.key = c.replaces
    join subscriptions s on s.user_id = ${userId}
    where c.id = ${changeId} and (c.withdrawn_at is not null) = ${about.isTakenBack} and has_access(s)
  `
  return row
}
