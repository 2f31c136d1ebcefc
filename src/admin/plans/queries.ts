import type { PlanVersion } from '../../billing/plans/queries.ts'
import type { Sql } from '../../platform/db.ts'

/** A version with how much depends on it; each is counted up to 1,001 and no further. */
export type PlanLine = PlanVersion & { orders: number; openOrders: number; subscribers: number }

/** Every version of every plan: by plan, newest version first. */
export async function listVersions(sql: Sql): Promise<PlanLine[]> {
  return sql<PlanLine[]>`
    select p.key, p.name, p.title, p.price_paise, p.months, p.on_sale, p.offered_at, p.withdrawn_at, p.replaces,
           (select count(*)::int from (select from orders o where o.plan_key = p.key limit 1001) c) as orders,
           (select count(*)::int from (select from orders o where o.plan_key = p.key and o.status in ('created', 'active') limit 1001) c) as open_orders,
           (select count(*)::int from (select from subscriptions s where s.plan_key = p.key
                                       and s.status in ('active', 'grace') limit 1001) c) as subscribers
    from plans p
    order by p.months, p.name, p.created_at desc, p.key desc
  `
}
