import type { Dispute } from '../../billing/disputes/queries.ts'
import type { Order } from '../../billing/payments/queries.ts'
import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** An order with the person and what it bought. */
export type OrderFile = {
  order: Order & {
    looks: number
    nextLookAt: Date | null
    personName: string
    personEmail: string
    /** What pays it where that is Autopay, by the id that Cashfree knows. */
    mandate: string | null
  }
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
type OrderAttempt = {
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
           o.looks, o.next_look_at, u.name as person_name, u.email as person_email,
           (select subscription_id from mandates m where m.id = o.mandate_id) as mandate
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
             refundable_paise(payments) as left_paise,
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
    >`select number, issued_at, amount_paise from receipts where number = valid_receipt_number(${id})`,
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

/**
 * Records that an administrator had Cashfree asked about an order; answers the mandate that pays it, by Cashfree's id, or null.
 * Undefined: there is no such order.
 */
export async function recordSettleAsked(
  sql: Sql,
  orderId: string,
  actor: Actor,
): Promise<{ mandate: string | null } | undefined> {
  const [row] = await sql<{ mandate: string | null }[]>`
    select (select subscription_id from mandates m where m.id = o.mandate_id) as mandate,
           record_audit(${actor.actor}, 'order.settle-asked', o.id, o.user_id, jsonb_build_object('status', o.status),
                        ${originJson(sql, actor)})
    from orders o
    where o.id = ${orderId}
  `
  return row
}

/** Records that an administrator ends an open order; see ask-termination.sql for the answers. */
export async function askTermination(sql: Sql, orderId: string, key: string, actor: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select ask_termination(${orderId}, ${key}, ${actor.actor}, ${originJson(sql, actor)}) as outcome
  `
  return row!.outcome
}
