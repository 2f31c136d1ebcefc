import type { Sql } from '../../../src/platform/db.ts'

type Period = { userId: string; createdAt: Date; endsAt: Date; voidedAt: Date | null; monthly: number }
type Movement = { joined: number; returned: number; churned: number }

const graceMs = 3 * 86_400_000
const dayOf = (ms: number) => new Date(ms + 330 * 60_000).toISOString().slice(0, 10)
const endOf = ({ endsAt, voidedAt }: Period) =>
  Math.min(endsAt.getTime() + graceMs, voidedAt?.getTime() ?? Number.POSITIVE_INFINITY)

/** Every period that was paid for, by whoever has it or who gave it. */
export function boughtPeriods(sql: Sql): Promise<Period[]> {
  return sql<Period[]>`
    select s.user_id, s.created_at, s.ends_at, s.voided_at, (o.amount_paise::float8 / p.months) as monthly
    from subscription_periods s join plans p on p.key = s.plan_key left join gifts g on g.id = s.gift_id
    join orders o on o.id = coalesce(s.order_id, g.order_id)
  `
}

/** On which Indian days people joined, returned and left, up to now: computed person by person from their periods. */
export function movementByDay(periods: readonly Period[], now: number): Map<string, Movement> {
  const days = new Map<string, Movement>()
  const count = (ms: number, what: keyof Movement) => {
    const day = dayOf(ms)
    const movement = days.get(day) ?? { joined: 0, returned: 0, churned: 0 }
    movement[what]++
    days.set(day, movement)
  }
  for (const own of Map.groupBy(periods, ({ userId }) => userId).values()) {
    let until: number | null = null
    for (const period of own.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())) {
      const since = period.createdAt.getTime()
      if (until === null) count(since, 'joined')
      else if (since >= until) {
        count(until, 'churned')
        count(since, 'returned')
      }
      until = Math.max(until ?? 0, endOf(period))
    }
    if (until !== null && until <= now) count(until, 'churned')
  }
  return days
}

/** What everybody who pays at an instant pays a month, in paise: the period that runs decides, else the next, else the last. */
export function monthlyOf(periods: readonly Period[], at: number): Map<string, number> {
  const running = periods.filter((period) => period.createdAt.getTime() <= at && endOf(period) > at)
  const ended = running.filter(({ endsAt }) => endsAt.getTime() <= at)
  const going = running.filter(({ endsAt }) => endsAt.getTime() > at)
  const byEnd = (a: Period, b: Period) => a.endsAt.getTime() - b.endsAt.getTime()
  // The one set last counts.
  return new Map(
    [...ended.toSorted(byEnd), ...going.toSorted(byEnd).reverse()].map(({ userId, monthly }) => [userId, monthly]),
  )
}

/** The rest of a day's metrics, by queries over whole tables, without the shortcuts of the product. */
export async function countByDay(sql: Sql) {
  const [row] = await sql<{ days: Record<string, Record<string, unknown>> }[]>`
    with facts as (
      select created_at as at, 'registered' as what, 1 as n from users where role = 'subscriber'
      union all select created_at, 'opened', 1 from orders
      union all select paid_at, 'paid', 1 from orders where paid_at is not null
      union all select paid_at, 'grossPaise', amount_paise from orders where paid_at is not null
      union all select c.issued_at, 'refunds', 1 from credit_notes c
      union all select c.issued_at, 'refundedPaise', c.amount_paise from credit_notes c
      union all select created_at, 'ordersTried', 1 from orders o
        where paid_at is not null or (closed_at is not null
          and (select count(*) from payments where order_id = o.id and status <> 'NOT_ATTEMPTED') > 0)
      union all select created_at, 'ordersSucceeded', 1 from orders where paid_at is not null
      union all select coalesce(started_at, created_at), 'attemptsPaid', 1 from payments where status = 'SUCCESS'
      union all select coalesce(started_at, created_at), 'attemptsFailed', 1 from payments where status in ('FAILED', 'USER_DROPPED')
      union all select at, 'rescued', 1 from audit where action = 'order.paid' and actor = 'reconciler'
      union all select at, 'rescuedPaise', (details ->> 'amountPaise')::int from audit where action = 'order.paid' and actor = 'reconciler'
    ), sums as (
      select (at at time zone 'Asia/Kolkata')::date::text as day, what, sum(n) as n from facts group by 1, 2
    )
    select jsonb_object_agg(day, metrics) as days
    from (select day, jsonb_object_agg(what, n) as metrics from sums group by day) by_day
  `
  return row!.days
}
