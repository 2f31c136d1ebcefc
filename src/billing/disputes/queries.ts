import type { Sql } from '../../platform/db.ts'
import type { RemoteDispute } from '../payments/gateway.ts'

/** A payer who asks their bank for the money back. Amounts in paise; `type` and `gatewayStatus` are Cashfree's words. */
export type Dispute = {
  id: string
  orderId: string
  cfPaymentId: string | null
  userId: string
  type: string
  gatewayStatus: string
  /** `open` waits for our answer, `under-review` for the bank's; `unclear` is a word nobody knows, for a person to read. */
  status: 'open' | 'under-review' | 'won' | 'lost' | 'unclear'
  amountPaise: number | null
  reasonCode: string | null
  reason: string | null
  remarks: string | null
  respondBy: Date | null
  openedAt: Date
  closedAt: Date | null
}

/** What a payer's bank took back of a payment, and when we heard of it. */
export type LostMoney = { cfPaymentId: string; orderId: string; amountPaise: number; at: Date }

/** Writes what Cashfree has of an order's disputes: the one statement that changes their state. */
export async function settleDisputeRows(
  sql: Sql,
  orderId: string,
  remote: RemoteDispute[],
  actor: string,
): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select settle_disputes(${orderId}, ${sql.json(remote as never)}, ${actor}) as outcome
  `
  return row!.outcome
}

/** Takes orders with a dispute that is to be asked about again, for a minute; other workers skip them. */
export async function leaseDisputedOrders(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ orderId: string }[]>`
    with due as (
      select id from disputes
      where next_look_at <= now()
      order by next_look_at
      limit ${limit}
      for update skip locked
    ), leased as (
      update disputes d
      set next_look_at = now() + interval '1 minute'
      from due
      where d.id = due.id
      returning d.order_id
    )
    select distinct order_id from leased
  `
  return rows.map(({ orderId }) => orderId)
}

/** Cashfree could not be asked about an order's disputes: again in ten minutes. */
export async function postponeDisputes(sql: Sql, orderId: string): Promise<void> {
  await sql`
    update disputes set next_look_at = now() + interval '10 minutes' where order_id = ${orderId} and next_look_at is not null
  `
}

/** Writes the mails that remind the operator of an answer due within two days, once a deadline. Returns how many. */
export async function insertReminders(sql: Sql, to: string): Promise<number> {
  const [row] = await sql<{ written: number }[]>`
    select count(enqueue_mail('alert', 'dispute:' || id || ':' || floor(extract(epoch from respond_by))::bigint, null, '', ${to}))::int
             as written
    from disputes
    where status in ('open', 'unclear') and respond_by > now() and respond_by < now() + interval '2 days'
      and created_at < now() - interval '1 hour'   -- its opening was a mail of its own
  `
  return row!.written
}

/** Opens an incident for each dispute that a webhook named a quarter of an hour ago and Cashfree's own list does not show. */
export async function noteUnconfirmedDisputes(sql: Sql): Promise<void> {
  await sql`
    select open_incident('dispute-unconfirmed', dispute_id, jsonb_build_object('dispute', dispute_id, 'delivery', event_id),
                         order_id, user_id)
    from (
      select distinct on (e.dispute_id) e.dispute_id, e.id as event_id, o.id as order_id, o.user_id
      from webhook_events e
      join orders o on o.id = e.order_id
      where e.dispute_id is not null and e.settled_at is null and e.accepted and e.received_at < now() - interval '15 minutes'
        and not exists (select from disputes d where d.id = e.dispute_id or e.dispute_id = 'unnamed' and d.order_id = o.id)
      order by e.dispute_id, e.id
    ) unconfirmed
  `
}

/** A dispute by its id. */
export async function findDispute(sql: Sql, id: string): Promise<Dispute | undefined> {
  const [row] = await sql<Dispute[]>`
    select id, order_id, cf_payment_id, user_id, type, gateway_status, status, amount_paise, reason_code, reason, remarks,
           respond_by, opened_at, closed_at
    from disputes
    where id = ${id}
  `
  return row
}

/** What a person's bank took back of what they had paid, newest first. */
export async function listLostDisputesOf(sql: Sql, userId: string, limit: number) {
  return sql<LostMoney[]>`
    select cf_payment_id, order_id, amount_paise, closed_at as at
    from disputes
    where user_id = ${userId} and status = 'lost'
    order by closed_at desc
    limit ${limit}
  `
}
