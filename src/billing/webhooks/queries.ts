import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { Delivery, Hint, Judgement } from './delivery.ts'
import type { MandateEvent } from './mandate-event.ts'

/**
 * An accepted delivery as stored: whether an order or mandate of ours waits to be settled because of it, and whether it names another
 * order. `orderId` is what a WaitingOrder is known by.
 */
export type StoredEvent = {
  id: number
  receivedAt: Date
  orderId: string | null
  verdict: string
  toSettle: boolean
  namesAnother: boolean
}

/** An accepted delivery to be stored. The job leaves it alone for `headStartS` seconds. */
export type Accepted<Said> = { delivery: Delivery; judgement: Judgement<Said>; headStartS: number }

/** Stores accepted deliveries, all of them or none, and answers in their order; see store-event.sql. */
export function storeEvents(sql: Sql, accepted: Accepted<Hint>[]): Promise<StoredEvent[]> {
  return storeWith(sql, sql`store_event`, accepted)
}

/** The same for deliveries about mandates; see store-mandate-event.sql. */
export function storeMandateEvents(sql: Sql, accepted: Accepted<MandateEvent>[]): Promise<StoredEvent[]> {
  return storeWith(sql, sql`store_mandate_event`, accepted)
}

async function storeWith(sql: Sql, store: ReturnType<Sql>, accepted: Accepted<object>[]): Promise<StoredEvent[]> {
  const rows = accepted.map(({ delivery: { headers, body }, judgement: { verdict, hint }, headStartS }) => {
    return { verdict, hint, headers, body: body.toString('base64'), headStartS }
  })
  const stored = await sql<{ event: Omit<StoredEvent, 'receivedAt'> & { receivedAt: string } }[]>`
    select ${store}(said ->> 'verdict', said -> 'hint', said -> 'headers', decode(said ->> 'body', 'base64'),
                       (said ->> 'headStartS')::float8) as event
    from jsonb_array_elements(${sql.json(rows as never)}) with ordinality came (said, nr)
    order by nr
  `
  return stored.map(({ event: { receivedAt, ...event } }) => ({ ...event, receivedAt: new Date(receivedAt) }))
}

/** What is read of any delivery. */
export type Typed = { type: string | null }

/** Keeps a refused delivery (its first bytes) and lets the oldest of more than 1,000 go. */
export async function storeRefusal(sql: Sql, delivery: Delivery, { verdict, hint }: Judgement<Typed>): Promise<void> {
  await sql`
    with kept as (
      insert into webhook_events (accepted, verdict, type, headers, body, settled_at, outcome)
      values (false, ${verdict}, ${hint.type}, ${sql.json(delivery.headers)}, ${delivery.body.subarray(0, 4096)}, now(), 'refused')
    )
    delete from webhook_events
    where id in (select id from webhook_events where not accepted order by id desc offset 999 limit 100)
  `
}

/** Adds to the count of refusals since ever, by reason. */
export async function countRefusals(sql: Sql, verdict: string, count: number): Promise<void> {
  await sql`
    insert into webhook_refusals as r (verdict, count) values (${verdict}, ${count})
    on conflict (verdict) do update set count = r.count + excluded.count, last_at = now()
  `
}

/**
 * Accepted deliveries of one order up to the row `upTo`, of which those that are meant came between `firstAt` and `lastAt`; `refunds`,
 * `disputes` when one of them is about money going back. Of a mandate, `orderId` is the id by which Cashfree knows that (`isMandate`).
 */
export type WaitingOrder = {
  orderId: string
  upTo: number
  firstAt: Date
  lastAt: Date
  refunds: boolean
  disputes: boolean
}

/** Whether a delivery is about a mandate: our ids of mandates begin otherwise than those of orders. */
export const isMandate = ({ orderId }: Pick<WaitingOrder, 'orderId'>) => orderId.startsWith('sub_')

/** Takes orders whose accepted deliveries still wait, for half a minute. */
export async function leaseOrdersToSettle(sql: Sql, limit: number): Promise<WaitingOrder[]> {
  return sql<WaitingOrder[]>`
    with due as (
      select id, order_id, type, dispute_id, received_at
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
    select order_id, max(id) as up_to, min(received_at) as first_at, max(received_at) as last_at,
           bool_or(type like '%REFUND%') is true as refunds,
           bool_or(dispute_id is not null) as disputes
    from due
    group by order_id
  `
}

/**
 * Marks deliveries of several orders done, because each order was settled by a question asked after they came, with what that came to.
 * Those about money going back are done only when refunds, or disputes, were asked about as well.
 */
export async function markSettled(sql: Sql, settled: (WaitingOrder & { outcome: string })[]): Promise<void> {
  const [from, until] = monthsOf(settled)
  // Locked order by order, and by id as they came: two that mark the same deliveries would otherwise deadlock.
  const inOrder = settled.toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1))
  await sql`
    with waiting as materialized (
      select e.id, e.received_at, done.outcome
      from jsonb_to_recordset(${sql.json(inOrder as never)})
        as done ("orderId" text, "upTo" bigint, outcome text, refunds boolean, disputes boolean)
      cross join lateral (
        select id, received_at
        from webhook_events
        where order_id = done."orderId"
          and id <= done."upTo"
          and received_at between ${from} and ${until}
          and accepted
          and settled_at is null
          and (done.refunds or type is null or type not like '%REFUND%')
          and (done.disputes or dispute_id is null)
        order by id
        for update
      ) e
    )
    update webhook_events
    set settled_at = now(), outcome = waiting.outcome, settle_attempts = settle_attempts + 1
    from waiting
    where webhook_events.id = waiting.id
      and webhook_events.received_at = waiting.received_at
      and webhook_events.received_at between ${from} and ${until}
  `
}

/** The bytes of deliveries about refunds among those that wait. */
export async function listRefundEvents(sql: Sql, waiting: WaitingOrder): Promise<Buffer[]> {
  const [from, until] = monthsOf([waiting])
  const rows = await sql<{ body: Buffer }[]>`
    select body
    from webhook_events
    where order_id = ${waiting.orderId}
      and id <= ${waiting.upTo}
      and received_at between ${from} and ${until}
      and accepted
      and settled_at is null
      and redacted_at is null
      and type like '%REFUND%'
    order by id
  `
  return rows.map(({ body }) => body)
}

/** The order that a debit pays, by either of its ids. Undefined where it is none of ours. */
export async function findOrderOfDebit(
  sql: Sql,
  { paymentId, cfPaymentId }: Pick<MandateEvent, 'paymentId' | 'cfPaymentId'>,
): Promise<string | undefined> {
  const [row] = await sql<{ orderId: string }[]>`
    select order_id from payments where cf_payment_id = ${cfPaymentId}
    union all
    select payment_id from mandate_charges where payment_id = ${paymentId}
    limit 1
  `
  return row?.orderId
}

/** Cashfree could not be asked: 10 s, 20 s … 30 minutes until the next try, for as long as it takes. */
export async function postponeSettling(sql: Sql, waiting: WaitingOrder, reason: string): Promise<void> {
  const [from, until] = monthsOf([waiting])
  await sql`
    update webhook_events
    set settle_attempts = settle_attempts + 1,
        outcome = ${reason},
        next_settle_at = now() + least(interval '10 seconds' * power(2, least(settle_attempts, 10)), interval '30 minutes')
    where received_at between ${from} and ${until}
      and id in (
        select id from webhook_events
        where order_id = ${waiting.orderId}
          and id <= ${waiting.upTo}
          and received_at between ${from} and ${until}
          and accepted
          and settled_at is null
        order by id
        for update
      )
  `
}

const day = 86_400_000

/**
 * Of all the months only those are touched in which these deliveries came, and a day around them. One that came still earlier, or later,
 * is not lost: it waits on, and the job finds what waits whenever it came.
 */
function monthsOf(waiting: Pick<WaitingOrder, 'firstAt' | 'lastAt'>[]): [from: Date, until: Date] {
  const firsts = waiting.map(({ firstAt }) => firstAt.getTime())
  const lasts = waiting.map(({ lastAt }) => lastAt.getTime())
  return [new Date(Math.min(...firsts) - day), new Date(Math.max(...lasts) + day)]
}

/** Makes an accepted delivery wait for settlement again and notes who asked. Undefined: there is nothing to replay. */
export async function reopenEvent(sql: Sql, id: number, by: Actor): Promise<WaitingOrder | undefined> {
  const [row] = await sql<WaitingOrder[]>`
    with reopened as (
      update webhook_events e
      set settled_at = null, outcome = 'replayed', next_settle_at = now() + interval '30 seconds'
      from (select id, user_id from orders union all select subscription_id, user_id from mandates) about
      where e.id = ${id}
        and e.accepted
        and about.id = e.order_id
      returning e.id, e.order_id, e.type, e.dispute_id, e.received_at, about.user_id
    )
    select order_id, id as up_to, received_at as first_at, received_at as last_at,
           type like '%REFUND%' as refunds, dispute_id is not null as disputes,
           record_audit(${by.actor}, 'webhook.replayed', order_id, user_id, jsonb_build_object('delivery', id), ${originJson(sql, by)})
    from reopened
  `
  return row
}

/**
 * Makes the partitions of this month and the next three, and drops those whose first delivery would be older than `days` within a
 * month. Returns how many were made and dropped. Throws when a lock is not had within two seconds; the next run tries again.
 */
export async function keepEventPartitions(sql: Sql, days: number): Promise<number> {
  const [row] = await sql<{ kept: { made: string[]; dropped: string[] } }[]>`
    select keep_event_partitions(3, ${days}) as kept
  `
  return row!.kept.made.length + row!.kept.dropped.length
}
