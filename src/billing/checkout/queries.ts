import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { RemoteOrder } from '../payments/gateway.ts'
import type { Waiting } from '../webhooks/inbox.ts'

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

/** An order whose money may be moving. */
export type MoneyRow = {
  orderId: string
  planName: string
  planTitle: string
  amountPaise: number
  state: 'pending' | 'confirming' | 'unverified' | 'held' | 'held-unpaid' | 'withheld'
  since: Date
  /** From when the payer may say that it failed, and pay again; null where never. */
  payAgainFrom: Date | null
  mayPayAgain: boolean
}

/** See money-under-way.sql. */
export async function findMoneyUnderWay(sql: Sql, userId: string): Promise<MoneyRow[]> {
  return sql<MoneyRow[]>`
    select order_id, plan_name, plan_title, amount_paise, state, since, pay_again_from, may_pay_again
    from money_under_way(${userId})
  `
}

/** Lets the payer pay again although an attempt is pending, where that may be; see money-under-way.sql. */
export async function setAsidePending(sql: Sql, userId: string): Promise<void> {
  await sql`select set_aside_pending(${userId}, ${`user:${userId}`})`
}

/** Ends, in our books, orders that no money can be taken for any more; see money-under-way.sql. */
export async function closeResolvedOrders(sql: Sql, userId: string): Promise<void> {
  await sql`select close_resolved_orders(${userId}, ${`user:${userId}`})`
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

/** Takes orders whose accepted deliveries still wait, for half a minute; `upTo` is the newest delivery seen. */
export async function leaseOrdersToSettle(sql: Sql, limit: number): Promise<Waiting[]> {
  return sql<Waiting[]>`
    with due as (
      select id, order_id, type, dispute_id
      from webhook_events
      where accepted
        and settled_at is null
        and next_settle_at <= now()
      order by next_settle_at
      limit ${limit}
      for update skip locked
    ), leased as (
      update webhook_events e
      set next_settle_at = now() + interval '30 seconds'
      from due
      where e.id = due.id
    )
    select order_id, max(id) as up_to, bool_or(type like '%REFUND%') is true as refunds,
           bool_or(dispute_id is not null) as disputes
    from due
    group by order_id
  `
}

/**
 * The order was settled by a look that began after these deliveries came: they are done. Those about money going back
 * only when refunds, or disputes, were asked about as well.
 */
export async function markSettled(
  sql: Sql,
  orderId: string,
  upTo: number,
  { outcome, refunds, disputes }: { outcome: string; refunds: boolean; disputes: boolean },
): Promise<void> {
  await sql`
    update webhook_events
    set settled_at = now(), outcome = ${outcome}, settle_attempts = settle_attempts + 1
    where id in (${waitingDeliveries(sql, orderId, upTo)})
      and (${refunds} or type is null or type not like '%REFUND%')
      and (${disputes} or dispute_id is null)
  `
}

/** Cashfree could not be asked: 10 s, 20 s … 30 minutes until the next try, for as long as it takes. */
export async function postponeSettling(sql: Sql, orderId: string, upTo: number, reason: string): Promise<void> {
  await sql`
    update webhook_events
    set settle_attempts = settle_attempts + 1,
        outcome = ${reason},
        next_settle_at = now() + least(interval '10 seconds' * power(2, least(settle_attempts, 10)), interval '30 minutes')
    where id in (${waitingDeliveries(sql, orderId, upTo)})
  `
}

/** Locked in one order: two settlements of the same deliveries would otherwise each hold what the other wants. */
function waitingDeliveries(sql: Sql, orderId: string, upTo: number) {
  return sql`
    select id from webhook_events
    where order_id = ${orderId}
      and id <= ${upTo}
      and accepted
      and settled_at is null
    order by id
    for update
  `
}

/** Makes an accepted delivery wait for settlement again and notes who asked. Undefined: there is nothing to replay. */
export async function reopenEvent(sql: Sql, id: number, by: Actor): Promise<Waiting | undefined> {
  const [row] = await sql<Waiting[]>`
    with origin as materialized (${auditContextOf(sql, by)}), reopened as (
      update webhook_events e
      set settled_at = null, outcome = 'replayed', next_settle_at = now() + interval '30 seconds'
      from orders o
      where e.id = ${id}
        and e.accepted
        and o.id = e.order_id
      returning e.id, e.order_id, e.type, e.dispute_id, o.user_id
    ), noted as (
      insert into audit (actor, action, order_id, user_id, details)
      select ${by.actor}, 'webhook.replayed', order_id, user_id, jsonb_build_object('delivery', id) from reopened, origin
    )
    select order_id, id as up_to, type like '%REFUND%' as refunds, dispute_id is not null as disputes from reopened
  `
  return row
}
