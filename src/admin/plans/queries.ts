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

/** A price that is planned, or that was planned before. `keeping`: how many present subscribers keep the old price. */
export type PriceChangeLine = {
  id: string
  planTitle: string
  replaces: string
  oldPaise: number
  newPaise: number
  from: Date
  subscribersFrom: Date | null
  announcedAt: Date | null
  appliedAt: Date | null
  withdrawnAt: Date | null
  createdAt: Date
  madeBy: string | null
  /** Active subscribers who hold the old version, counted up to 1,001. */
  holders: number
  mailed: number
}

/** Planned prices, the newest first; the last fifty. */
export async function listPriceChanges(sql: Sql): Promise<PriceChangeLine[]> {
  return sql<PriceChangeLine[]>`
    select c.id::text, old.title as plan_title, c.replaces, old.price_paise as old_paise, c.price_paise as new_paise,
           c.effective_at as "from", c.subscribers_from, c.announced_at, c.applied_at, c.withdrawn_at, c.created_at,
           a.username as made_by,
           (select count(*)::int from (
              select distinct p.user_id from subscription_periods p join subscriptions s on s.user_id = p.user_id
              where p.plan_key = c.replaces and p.order_id is not null and p.voided_at is null
                and p.ends_at + grace_period() > now() and has_access(s) limit 1001) h) as holders,
           (select count(*)::int from mails m where m.kind = 'price-change' and m.subject_key like c.id || ':%') as mailed
    from price_changes c
    join plans old on old.key = c.replaces
    left join users a on a.id = user_behind(c.created_by)
    order by c.id desc
    limit 50
  `
}
