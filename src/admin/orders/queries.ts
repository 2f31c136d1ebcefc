import type { Order } from '../../billing/payments/queries.ts'
import type { Sql } from '../../platform/db.ts'
import { rupees } from '../../platform/money.ts'
import type { Span } from '../days.ts'
import { keyOfCursor } from '../list-queries.ts'
import type { Cursor } from '../listing.ts'

/** An order as a line of the list. `method` and `bankReference` are of the attempt that paid, else of the newest. */
export type OrderLine = {
  id: string
  at: Date
  personId: string
  personName: string
  planTitle: string
  purpose: Order['purpose']
  /** Paid, or to be paid, under a mandate. */
  onAutopay: boolean
  amountPaise: number
  status: Order['status']
  heldAt: Date | null
  paidAt: Date | null
  paidBy: string | null
  attempts: number
  method: string | null
  bankReference: string | null
}

/** Which orders: of a status, of a plan (its key), held ones, opened on these days, these very ones. '', false and null choose all. */
type OrderFilter = { status: string; plan: string; held: boolean; span: Span; ids: string[] | null }

/**
 * Orders, newest first. A filter for what nearly every order is walks along the newest; any other has its index, which the statement
 * names by the index's condition (migration 0184). The lists below do the same.
 */
export async function listOrders(
  sql: Sql,
  { status, plan, held, span, ids }: OrderFilter,
  after: Cursor | null,
  limit: number,
): Promise<OrderLine[]> {
  return sql<OrderLine[]>`
    with listed as materialized (
      select o.*
      from orders o
      where true
        ${status ? sql`and o.status = ${status} ${status === 'paid' ? sql`` : sql`and o.status <> 'paid'`}` : sql``}
        ${plan ? sql`and o.plan_key = ${plan}` : sql``}
        ${held ? sql`and o.held_at is not null` : sql``}
        ${ids ? sql`and o.id in (select jsonb_array_elements_text(${sql.json(ids)}))` : sql``}
        ${span.since ? sql`and o.created_at >= ${span.since}` : sql``}
        ${span.before ? sql`and o.created_at < ${span.before}` : sql``}
        ${
          after
            ? sql`and (o.created_at, o.id) < ${keyOfCursor(sql, after, sql`select created_at from orders where id = ${after.id}`)}`
            : sql``
        }
      order by o.created_at desc, o.id desc
      limit ${limit}
    )
    select o.id, o.created_at as at, o.user_id as person_id, u.name as person_name, p.title as plan_title, o.purpose, o.mandate_id is not null as on_autopay, o.amount_paise,
           o.status, o.held_at, o.paid_at, paid.actor as paid_by, coalesce(tried.attempts, 0) as attempts, tried.method,
           tried.bank_reference
    from listed o
    join users u on u.id = o.user_id
    join plans p on p.key = o.plan_key
    left join lateral (
      select a.actor from audit a where a.order_id = o.id and a.action = 'order.paid' order by a.id limit 1
    ) paid on true
    left join lateral (
      select count(*)::int as attempts,
             (array_agg(pay.method order by pay.applied_at desc nulls last, coalesce(pay.started_at, pay.created_at) desc))[1] as method,
             (array_agg(pay.bank_reference order by pay.applied_at desc nulls last, coalesce(pay.started_at, pay.created_at) desc))[1]
               as bank_reference
      from payments pay
      where pay.order_id = o.id
    ) tried on true
    order by o.created_at desc, o.id desc
  `
}

/** The ids of the orders that a number somebody quotes belongs to; at most 20. */
export async function findOrdersNamed(sql: Sql, text: string): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`select id from orders_named(${text}) as id limit 20`
  return rows.map(({ id }) => id)
}

/** Every plan there ever was, newest first, for the filter. */
export async function listPlanNames(sql: Sql): Promise<{ value: string; label: string }[]> {
  const plans = await sql<{ key: string; title: string; pricePaise: number; onSale: boolean }[]>`
    select key, title, price_paise, on_sale
    from plans
    order by on_sale desc, created_at desc, key
  `
  return plans.map(({ key, title, pricePaise, onSale }) => ({
    value: key,
    label: `${title} ${rupees(pricePaise)}${onSale ? '' : ', not on sale'}`,
  }))
}

/** An attempt to pay as a line of the list. `group` is why it failed, a key of `failureGroups`. */
export type PaymentLine = {
  cfPaymentId: string
  orderId: string
  at: Date
  personId: string
  personName: string
  planTitle: string
  status: string
  amountPaise: number | null
  method: string | null
  bankReference: string | null
  failureReason: string | null
  group: string | null
  appliedAt: Date | null
}

/** Which attempts: of Cashfree's status, a method, a group of reasons, begun on these days. '' chooses all. */
type PaymentFilter = { status: string; method: string; group: string; span: Span }

/** Payment attempts, newest first. */
export async function listPayments(
  sql: Sql,
  { status, method, group, span }: PaymentFilter,
  after: Cursor | null,
  limit: number,
): Promise<PaymentLine[]> {
  const at = sql`coalesce(pay.started_at, pay.created_at)`
  const exactAt = sql`select coalesce(started_at, created_at) from payments where cf_payment_id = ${after?.id ?? ''}`
  return sql<PaymentLine[]>`
    with listed as materialized (
      select pay.*
      from payments pay
      where true
        ${status ? sql`and pay.status = ${status} ${status === 'SUCCESS' ? sql`` : sql`and pay.status <> 'SUCCESS'`}` : sql``}
        ${method ? sql`and pay.method = ${method} ${method === 'upi' ? sql`` : sql`and pay.method <> 'upi'`}` : sql``}
        ${group ? sql`and failure_group(pay.failure_reason) = ${group} and pay.failure_reason is not null` : sql``}
        ${span.since ? sql`and ${at} >= ${span.since}` : sql``}
        ${span.before ? sql`and ${at} < ${span.before}` : sql``}
        ${after ? sql`and (${at}, pay.cf_payment_id) < ${keyOfCursor(sql, after, exactAt)}` : sql``}
      order by ${at} desc, pay.cf_payment_id desc
      limit ${limit}
    )
    select pay.cf_payment_id, pay.order_id, ${at} as at, o.user_id as person_id, u.name as person_name, p.title as plan_title,
           pay.status, pay.amount_paise, pay.method, pay.bank_reference, pay.failure_reason,
           failure_group(pay.failure_reason) as "group", pay.applied_at
    from listed pay
    join orders o on o.id = pay.order_id
    join users u on u.id = o.user_id
    join plans p on p.key = o.plan_key
    order by ${at} desc, pay.cf_payment_id desc
  `
}
