import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { RemoteRefund } from '../payments/gateway.ts'
import type { Refund, RefundRequest } from './refunds.ts'
import type { RehearsalRow } from './rehearsal.ts'

/** Writes the intent of a refund; see settle-refunds.sql for the answers. */
export async function requestRefund(sql: Sql, refund: RefundRequest): Promise<string> {
  const by = { actor: refund.actor, origin: refund.origin ?? null }
  const [row] = await sql<{ outcome: string }[]>`
    with origin as materialized (${auditContextOf(sql, by)})
    select request_refund(${refund.cfPaymentId}, ${refund.ordinal}, ${refund.amountPaise}, ${refund.reason},
                          ${refund.actor}, ${refund.leftPaise ?? null}) as outcome
    from origin
  `
  return row!.outcome
}

/** What this refund would bring about, as rehearse-refund.sql found out by doing and undoing it; null: no such payment. */
export async function rehearseRefund(
  sql: Sql,
  refund: { cfPaymentId: string; amountPaise: number; seller: object },
): Promise<RehearsalRow | null> {
  const [row] = await sql<{ rehearsal: RehearsalRow | null }[]>`
    select rehearse_refund(${refund.cfPaymentId}, ${refund.amountPaise}, ${sql.json(refund.seller as never)}) as rehearsal
  `
  return row!.rehearsal
}

/** Makes a refund's next look due now and notes who asked; nothing where it succeeded, for there is nothing more to hear. */
export async function hastenRefund(sql: Sql, id: string, by: Actor): Promise<Refund | undefined> {
  const [row] = await sql<Refund[]>`
    with origin as materialized (${auditContextOf(sql, by)}), locked as (
      select id from orders where id = (select order_id from refunds where id = ${id}) for update
    ), hastened as (
      update refunds
      set next_look_at = case when finished_at is null then now() + interval '1 minute' end
      where id = ${id} and status <> 'succeeded' and order_id in (select id from locked)
      returning *
    ), noted as (
      insert into audit (actor, action, order_id, user_id, details)
      select ${by.actor}, 'refund.asked', r.order_id, r.user_id, jsonb_build_object('refund', r.id, 'status', r.status)
      from hastened r, origin
    )
    select ${columns(sql)} from hastened r
  `
  return row
}

/** Writes what Cashfree has of an order's refunds: the one statement that changes their state. */
export async function settleRefundRows(
  sql: Sql,
  orderId: string,
  remote: RemoteRefund[],
  by: { actor: string; seller: object },
) {
  const [row] = await sql<{ outcome: string }[]>`
    select settle_refunds(${orderId}, ${sql.json(remote as never)}, ${by.actor}, ${sql.json(by.seller as never)}) as outcome
  `
  return row!.outcome
}

/** A refund by its id. */
export async function findRefund(sql: Sql, id: string): Promise<Refund | undefined> {
  const [row] = await sql<Refund[]>`select ${columns(sql)} from refunds r where r.id = ${id}`
  return row
}

/** Takes refunds whose next step is due, for a minute; other workers skip them. */
export async function leaseRefunds(sql: Sql, limit: number): Promise<Refund[]> {
  return sql<Refund[]>`
    with due as (
      select id from refunds
      where next_look_at <= now()
      order by next_look_at
      limit ${limit}
      for update skip locked
    )
    update refunds r
    set next_look_at = now() + interval '1 minute'
    from due
    where r.id = due.id
    returning ${columns(sql)}
  `
}

/**
 * Why a refund that was promised must not be sent now: a dispute of its payment is open, or took so much that not enough is
 * left. Null: nothing is in its way.
 */
export async function findDisputeInTheWay(sql: Sql, refund: Refund): Promise<'open' | 'lost' | null> {
  const [row] = await sql<{ way: 'open' | 'lost' | null }[]>`
    select case
      when exists (select from disputes d where d.cf_payment_id = p.cf_payment_id and d.closed_at is null) then 'open'
      when lost_to_disputes(p.cf_payment_id) > 0 and refunded_or_going(p.cf_payment_id) > p.amount_paise then 'lost'
    end as way
    from payments p
    where p.cf_payment_id = ${refund.cfPaymentId}
  `
  return row?.way ?? null
}

/**
 * It could not be asked for or about; tried again later, more and more rarely. `newKey` when Cashfree answered with an
 * error of its own, which it may repeat for ever under the old one; the refund's id still makes it the same refund.
 */
export async function postponeRefund(sql: Sql, id: string, reason: string, newKey = false): Promise<void> {
  await sql`
    update refunds
    set looks = looks + 1,
        last_error = ${reason},
        idempotency_key = case when ${newKey} then gen_random_uuid() else idempotency_key end,
        next_look_at = now() + least(interval '10 seconds' * power(2, least(looks, 12)), interval '1 hour')
    where id = ${id} and finished_at is null
  `
}

/** Cashfree understood and refused: the refund failed before it began, and an admin is told. */
export async function refuseRefund(sql: Sql, id: string, reason: string): Promise<void> {
  await sql`
    with locked as (
      select id from orders where id = (select order_id from refunds where id = ${id}) for update
    ), failed as (
      update refunds
      set status = 'failed', finished_at = now(), next_look_at = null, last_error = ${reason}
      where id = ${id} and status = 'requested' and order_id in (select id from locked)
      returning *
    ), noted as (
      insert into audit (actor, action, order_id, user_id, details)
      select 'refunds', 'refund.failed', order_id, user_id, jsonb_build_object('refund', id, 'why', ${reason}::text) from failed
    )
    select open_incident('refund-failed', failed.id, o, jsonb_build_object('refund', failed.id, 'why', ${reason}::text))
    from failed
    join orders o on o.id = failed.order_id
  `
}

/** A refund with what its mail says. */
export async function findRefundForMail(sql: Sql, id: string) {
  const [row] = await sql<
    {
      id: string
      amountPaise: number
      bankReference: string | null
      finishedAt: Date
      orderAmountPaise: number
      planTitle: string
      creditNote: string | null
      receiptNumber: string | null
      endedPeriod: boolean
      validUntil: Date | null
      hasAccess: boolean
    }[]
  >`
    select r.id, r.amount_paise, r.bank_reference, r.finished_at, o.amount_paise as order_amount_paise,
           p.title as plan_title, n.number as credit_note, n.receipt_number,
           period.voided_at is not null as ended_period, s.current_period_end as valid_until,
           has_access(s) is true as has_access
    from refunds r
    join orders o on o.id = r.order_id
    join plans p on p.key = o.plan_key
    join subscriptions s on s.user_id = r.user_id
    left join credit_notes n on n.refund_id = r.id
    left join subscription_periods period on period.order_id = o.id
    where r.id = ${id}
  `
  return row
}

/** A user's refunds, newest first. */
export async function listRefundsOf(sql: Sql, userId: string, limit: number) {
  return sql<
    {
      id: string
      cfPaymentId: string
      amountPaise: number
      status: Refund['status']
      at: Date
      bankReference: string | null
      creditNote: string | null
    }[]
  >`
    select r.id, r.cf_payment_id, r.amount_paise, r.status, coalesce(r.finished_at, r.created_at) as at, r.bank_reference,
           n.number as credit_note
    from refunds r
    left join credit_notes n on n.refund_id = r.id
    where r.user_id = ${userId}
    order by r.created_at desc
    limit ${limit}
  `
}

function columns(sql: Sql) {
  return sql`r.id, r.order_id, r.cf_payment_id, r.user_id, r.amount_paise, r.reason, r.requested_by, r.status,
             r.gateway_status, r.bank_reference, r.idempotency_key, r.last_error, r.created_at, r.finished_at`
}
