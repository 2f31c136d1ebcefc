import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A coupon with what was claimed of it; times are instants, amounts paise. `state` by the database's clock. */
export type Coupon = {
  code: string
  percent: number | null
  amountPaise: number | null
  startsAt: Date
  endsAt: Date | null
  maxUses: number | null
  maxDiscountPaise: number | null
  /** Names of the plans it is for; null: every plan. */
  planNames: string[] | null
  createdAt: Date
  withdrawnAt: Date | null
  uses: number
  givenPaise: number
  /** Of the uses, those whose order is paid. */
  paid: number
  state: 'coming' | 'running' | 'over' | 'used-up' | 'withdrawn'
}

/** What an administrator makes. */
export type NewCoupon = Pick<
  Coupon,
  'code' | 'percent' | 'amountPaise' | 'endsAt' | 'maxUses' | 'maxDiscountPaise' | 'planNames'
> & { startsAt: Date | null }

/** One coupon, whatever became of it. */
export async function findCoupon(sql: Sql, code: string): Promise<Coupon | undefined> {
  const [row] = await sql<Coupon[]>`select ${couponColumns(sql)} from coupons c where c.code = ${code}`
  return row
}

/** The newest coupons. */
export async function listCoupons(sql: Sql, limit: number): Promise<Coupon[]> {
  return sql<Coupon[]>`
    select ${couponColumns(sql)} from coupons c order by c.created_at desc, c.code limit ${limit}
  `
}

/** Makes a coupon (change-coupons.sql). False: there is one of this code already. */
export async function insertCoupon(sql: Sql, coupon: NewCoupon, by: Actor): Promise<boolean> {
  const { code, percent, amountPaise, startsAt, endsAt, maxUses, maxDiscountPaise, planNames } = coupon
  const columns = {
    code,
    percent,
    amount_paise: amountPaise,
    starts_at: startsAt?.toISOString() ?? null,
    ends_at: endsAt?.toISOString() ?? null,
    max_uses: maxUses,
    max_discount_paise: maxDiscountPaise,
    plan_names: planNames,
  }
  const [row] = await sql<{ done: boolean }[]>`
    select create_coupon(${sql.json(columns)}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** Ends a coupon (change-coupons.sql). False: it was withdrawn already. */
export async function withdrawCoupon(sql: Sql, code: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select withdraw_coupon(${code}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** What a coupon would take off a price for somebody now, or why they may not use it: see coupon_refusal in claims.sql. */
export async function tryCoupon(
  sql: Sql,
  { code, userId, planName, pricePaise }: { code: string; userId: string; planName: string; pricePaise: number },
): Promise<{ refusal: string | null; discountPaise: number }> {
  const [row] = await sql<{ refusal: string | null; discountPaise: number }[]>`
    select refusal, case when refusal is null then coupon_discount(${code}, ${pricePaise}) else 0 end as discount_paise
    from coupon_refusal(${code}, ${userId}, ${planName}, ${pricePaise}) refusal
  `
  return row!
}

/** The columns of a `Coupon`, of `coupons c`. */
function couponColumns(sql: Sql) {
  const claims = sql`from coupon_claims claim where claim.coupon_code = c.code and claim.released_at is null`
  const given = sql`(select coalesce(sum(claim.discount_paise), 0)::float8 ${claims})`
  const uses = sql`(select count(*)::int ${claims})`
  return sql`c.code, c.percent, c.amount_paise, c.starts_at, c.ends_at, c.max_uses, c.max_discount_paise::float8 as max_discount_paise,
             c.plan_names, c.created_at, c.withdrawn_at, ${uses} as uses, ${given} as given_paise,
             (select count(*)::int ${claims} and exists (
                select from orders o where o.id = claim.order_id and o.paid_at is not null)) as paid,
             case when c.withdrawn_at is not null then 'withdrawn'
                  when now() < c.starts_at then 'coming'
                  when now() >= c.ends_at then 'over'
                  when ${uses} >= c.max_uses or ${given} >= c.max_discount_paise then 'used-up'
                  else 'running' end as state`
}
