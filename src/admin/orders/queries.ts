import type { Dispute } from '../../billing/disputes/queries.ts'
import type { Order } from '../../billing/payments/queries.ts'
import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
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
export type OrderFilter = { status: string; plan: string; held: boolean; span: Span; ids: string[] | null }

/** Orders, newest first. */
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
        ${status ? sql`and o.status = ${status}` : sql``}
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
    select o.id, o.created_at as at, o.user_id as person_id, u.name as person_name, p.title as plan_title, o.amount_paise,
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

/** The ids of the orders that a number on somebody's paper belongs to; at most 20. */
export async function findOrdersNamed(sql: Sql, text: string): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`select id from orders_named(${text}) as id limit 20`
  return rows.map(({ id }) => id)
}

/** Every plan there ever was, newest first, for the filter. */
export async function listPlanNames(sql: Sql): Promise<{ value: string; label: string }[]> {
  return sql<{ value: string; label: string }[]>`
    select key as value, title || ' ₹' || price_paise / 100 || case when on_sale then '' else ', not on sale' end as label
    from plans
    order by on_sale desc, created_at desc, key
  `
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
export type PaymentFilter = { status: string; method: string; group: string; span: Span }

/** Attempts to pay, newest first. */
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
        ${status ? sql`and pay.status = ${status}` : sql``}
        ${method ? sql`and pay.method = ${method}` : sql``}
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

/** An order with the person and what it bought. */
export type OrderFile = {
  order: Order & { looks: number; nextLookAt: Date | null; personName: string; personEmail: string }
  attempts: OrderAttempt[]
  refunds: {
    id: string
    cfPaymentId: string
    amountPaise: number
    status: string
    at: Date
    bankReference: string | null
  }[]
  disputes: Pick<
    Dispute,
    | 'id'
    | 'cfPaymentId'
    | 'type'
    | 'gatewayStatus'
    | 'status'
    | 'amountPaise'
    | 'reason'
    | 'remarks'
    | 'respondBy'
    | 'openedAt'
    | 'closedAt'
  >[]
  period: { startsAt: Date; endsAt: Date; voidedAt: Date | null } | null
  receipt: { number: string; issuedAt: Date; amountPaise: number } | null
  incidents: { id: number; kind: string; openedAt: Date; resolvedAt: Date | null; preparedRefundOf: string | null }[]
  deliveries: { id: number; at: Date; type: string | null; verdict: string; outcome: string | null; waits: boolean }[]
  audit: {
    id: number
    at: Date
    action: string
    actor: string
    username: string | null
    details: Record<string, unknown>
  }[]
}

/** An attempt of an order; `leftPaise` is what can still go back: nothing while its payer disputes it. */
export type OrderAttempt = {
  cfPaymentId: string
  status: string
  amountPaise: number | null
  currency: string | null
  method: string | null
  bankReference: string | null
  failureReason: string | null
  appliedAt: Date | null
  at: Date
  leftPaise: number
  isDisputed: boolean
}

/** What we know of an order. Undefined: there is none. */
export async function findOrderFile(sql: Sql, id: string): Promise<OrderFile | undefined> {
  const [order] = await sql<OrderFile['order'][]>`
    select o.id, o.user_id, o.plan_key, p.name as plan_name, p.title as plan_title, p.months, o.amount_paise, o.currency,
           o.status, o.idempotency_key, o.expires_at, o.cf_order_id, o.payment_session_id, o.gateway_status, o.paid_at,
           o.closed_at, o.held_at, o.asked_at, o.created_at, o.expires_at < now() + interval '1 minute' as is_ending,
           o.looks, o.next_look_at, u.name as person_name, u.email as person_email
    from orders o
    join plans p on p.key = o.plan_key
    join users u on u.id = o.user_id
    where o.id = ${id}
  `
  if (!order) return undefined
  const [attempts, refunds, disputes, periods, receipts, incidents, deliveries, audit] = await Promise.all([
    sql<OrderAttempt[]>`
      select cf_payment_id, status, amount_paise, currency, method, bank_reference, failure_reason, applied_at,
             coalesce(started_at, created_at) as at,
             case when status = 'SUCCESS' then coalesce(amount_paise, 0) - gone_or_going(cf_payment_id) else 0 end as left_paise,
             exists (select from disputes d where d.cf_payment_id = payments.cf_payment_id and d.closed_at is null) as is_disputed
      from payments
      where order_id = ${id}
      order by coalesce(started_at, created_at) desc, cf_payment_id desc
      limit 100`,
    sql<OrderFile['refunds']>`
      select id, cf_payment_id, amount_paise, status, coalesce(finished_at, created_at) as at, bank_reference
      from refunds where order_id = ${id} order by created_at desc, id desc limit 100`,
    sql<OrderFile['disputes']>`
      select id, cf_payment_id, type, gateway_status, status, amount_paise, reason, remarks, respond_by, opened_at, closed_at
      from disputes where order_id = ${id} order by opened_at desc, id desc limit 100`,
    sql<NonNullable<OrderFile['period']>[]>`
      select starts_at, ends_at, voided_at from subscription_periods where order_id = ${id}`,
    sql<
      NonNullable<OrderFile['receipt']>[]
    >`select number, issued_at, amount_paise from receipts where order_id = ${id}`,
    sql<OrderFile['incidents']>`
      select id, kind, opened_at, resolved_at,
             case when details ? 'preparedRefundPaise' then details ->> 'cfPaymentId' end as prepared_refund_of
      from incidents where order_id = ${id} order by opened_at desc limit 100`,
    sql<OrderFile['deliveries']>`
      select id, received_at as at, type, verdict, outcome, accepted and settled_at is null as waits
      from webhook_events where order_id = ${id} order by id desc limit 100`,
    sql<OrderFile['audit']>`
      select x.id, x.at, x.action, x.actor, a.username, x.details
      from audit x
      left join users a on a.id = user_behind(x.actor)
      where x.order_id = ${id}
      order by x.id desc
      limit 200`,
  ])
  return {
    order,
    attempts,
    refunds,
    disputes,
    period: periods[0] ?? null,
    receipt: receipts[0] ?? null,
    incidents,
    deliveries,
    audit,
  }
}

/** Records that an administrator had Cashfree asked about an order. False: there is no such order. */
export async function recordSettleAsked(sql: Sql, orderId: string, actor: Actor): Promise<boolean> {
  const rows = await sql`
    select record_audit(${actor.actor}, 'order.settle-asked', o.id, o.user_id, jsonb_build_object('status', o.status),
                        ${originJson(sql, actor)})
    from orders o
    where o.id = ${orderId}
  `
  return rows.count > 0
}

/** Records that an administrator ends an open order; see ask-termination.sql for the answers. */
export async function askTermination(sql: Sql, orderId: string, key: string, actor: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select ask_termination(${orderId}, ${key}, ${actor.actor}, ${originJson(sql, actor)}) as outcome
  `
  return row!.outcome
}
