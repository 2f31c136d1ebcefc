import type { RemoteOrder } from '../payments/gateway.ts'
import type { Sql } from '../platform/db.ts'

/** Makes our books agree with the answer: settle-order.sql, the one statement that writes money state. */
export async function settleOrder(
  sql: Sql,
  orderId: string,
  remote: RemoteOrder,
  by: { actor: string; seller: object },
): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select settle_order(${orderId}, ${sql.json(remote as never)}, ${by.actor}, ${sql.json(by.seller as never)}) as outcome
  `
  return row!.outcome
}

/** The period an order bought, or would buy if it were paid now. */
export async function findPeriod(sql: Sql, order: { id: string | null; userId: string; months: number }) {
  const [row] = await sql<{ from: Date; to: Date }[]>`
    with bought as (
      select starts_at, ends_at from subscription_periods where order_id = ${order.id}
    ), next as (
      select greatest(now(), (select current_period_end from subscriptions where user_id = ${order.userId})) as starts_at
    )
    select starts_at as "from", ends_at as "to" from bought
    union all
    select starts_at, months_later_in_india(starts_at, ${order.months}) from next where not exists (select from bought)
  `
  return row!
}
