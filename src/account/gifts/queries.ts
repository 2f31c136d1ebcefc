import type { Sql } from '../../platform/db.ts'

/** A plan that can be given, at the price that this person pays today. */
export type GiftPlan = { name: string; title: string; pricePaise: number; months: number }

/** The plans that this person can give, the shortest first. */
export async function listGiftPlans(sql: Sql, userId: string): Promise<GiftPlan[]> {
  return sql<GiftPlan[]>`
    select sold.name, sold.title, sold.price_paise, sold.months
    from plans p cross join lateral plan_for(${userId}, p.name) sold
    where p.on_sale and sold.key is not null
    order by sold.months, sold.price_paise
  `
}

/** The gift of this person's open order, so that the form starts with it; of the newest where there are several. */
export async function findOpenGift(sql: Sql, userId: string) {
  const [row] = await sql<
    { plan: string; recipient: string; email: string; message: string; day: string; orderId: string }[]
  >`
    select p.name as plan, g.recipient_name as recipient, g.recipient_email as email, g.message, g.deliver_on::text as day,
           g.order_id
    from gifts g
    join orders o on o.id = g.order_id
    join plans p on p.key = g.plan_key
    where g.buyer_id = ${userId} and o.status in ('created', 'active')
    order by o.created_at desc
    limit 1
  `
  return row
}
