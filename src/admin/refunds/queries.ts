import type { Refund } from '../../billing/refunds/queries.ts'
import type { Sql } from '../../platform/db.ts'
import type { Span } from '../days.ts'
import { keyOfCursor } from '../list-queries.ts'
import type { Cursor } from '../listing.ts'

/** A refund as a line of the list. `madeBy` is the administrator's user name; null when it was made at Cashfree. */
export type RefundLine = {
  id: string
  at: Date
  personId: string
  personName: string
  orderId: string
  amountPaise: number
  status: Refund['status']
  reason: string
  madeBy: string | null
  bankReference: string | null
  creditNote: string | null
  finishedAt: Date | null
}

/** Which refunds: of one status ('' all, 'open' what is not finished), promised on these days, one that is looked for. */
type RefundFilter = { status: string; span: Span; search: string }

/** Refunds, newest first. */
export async function listRefunds(
  sql: Sql,
  { status, span, search }: RefundFilter,
  after: Cursor | null,
  limit: number,
): Promise<RefundLine[]> {
  return sql<RefundLine[]>`
    select r.id, r.created_at as at, r.user_id as person_id, u.name as person_name, r.order_id, r.amount_paise, r.status,
           r.reason, a.username as made_by, r.bank_reference, n.number as credit_note, r.finished_at
    from refunds r
    join users u on u.id = r.user_id
    left join users a on a.id = user_behind(r.requested_by)
    left join credit_notes n on n.refund_id = r.id
    where true
      ${status === '' ? sql`` : status === 'open' ? sql`and r.finished_at is null` : sql`and r.status = ${status}`}
      ${span.since ? sql`and r.created_at >= ${span.since}` : sql``}
      ${span.before ? sql`and r.created_at < ${span.before}` : sql``}
      ${search ? sql`and r.id in (select id from refunds_named(${search}) as id)` : sql``}
      ${
        after
          ? sql`and (r.created_at, r.id) < ${keyOfCursor(sql, after, sql`select created_at from refunds where id = ${after.id}`)}`
          : sql``
      }
    order by r.created_at desc, r.id desc
    limit ${limit}
  `
}

/** What a decision about refunding a payment rests on, by the database's clock. Amounts in paise. */
export type RefundBasis = {
  cfPaymentId: string
  orderId: string
  personId: string
  personName: string
  planTitle: string
  status: string
  amountPaise: number | null
  orderAmountPaise: number
  method: string | null
  bankReference: string | null
  at: Date
  appliedAt: Date | null
  orderPaidAt: Date | null
  receiptNumber: string | null
  leftPaise: number
  /** What a change of plan used of it: that cannot be refunded. */
  creditedPaise: number
  nextOrdinal: number
  isTooOld: boolean
  isDisputed: boolean
  hasAccess: boolean
  until: Date | null
  /** Why the account may not be given what it pays for; null: it may. */
  refusal: string | null
  /** From this amount on it is typed twice: the price of a year. */
  largePaise: number
  /** The payer's mandate that goes on debiting them, by the id that Cashfree knows. */
  mandate: string | null
}

/** A payment with what is left of it. */
export async function findRefundBasis(sql: Sql, cfPaymentId: string): Promise<RefundBasis | undefined> {
  const [row] = await sql<RefundBasis[]>`
    select pay.cf_payment_id, pay.order_id, o.user_id as person_id, u.name as person_name, p.title as plan_title, pay.status,
           pay.amount_paise, o.amount_paise as order_amount_paise, pay.method, pay.bank_reference,
           coalesce(pay.completed_at, pay.created_at) as at, pay.applied_at, o.paid_at as order_paid_at, receipt.number as receipt_number,
           case when pay.applied_at is null then 0 else credited_paise(o.id) end::int as credited_paise,
           paise_left(pay, pay.amount_paise) as left_paise,
           1 + (select count(*)::int from refunds r
                where r.cf_payment_id = pay.cf_payment_id and r.requested_by <> 'cashfree') as next_ordinal,
           coalesce(pay.completed_at, pay.created_at) < now() - interval '6 months' as is_too_old,
           exists (select from disputes d where d.cf_payment_id = pay.cf_payment_id and d.closed_at is null) as is_disputed,
           has_access(s) is true as has_access, s.current_period_end as until, entitlement_refusal(o.user_id) as refusal,
           (select coalesce(min(price_paise) filter (where months >= 12 and on_sale), max(price_paise)) from plans) as large_paise,
           (select m.subscription_id from mandates m
            where m.user_id = o.user_id and m.ended_at is null and m.cancel_asked_at is null) as mandate
    from payments pay
    join orders o on o.id = pay.order_id
    join users u on u.id = o.user_id
    join plans p on p.key = o.plan_key
    join subscriptions s on s.user_id = holder_of_access(o)
    left join receipts receipt on receipt.number = valid_receipt_number(o.id) and receipt.cf_payment_id = pay.cf_payment_id
    where pay.cf_payment_id = ${cfPaymentId}
  `
  return row
}

/** What was receipted less what was credited, since midnight and since the first of the month in India. Paise. */
export async function findNetRevenue(sql: Sql): Promise<{ todayPaise: number; monthPaise: number }> {
  const [row] = await sql<{ todayPaise: number; monthPaise: number }[]>`
    with clock as materialized (
      select date_trunc('day', now() at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata' as today,
             date_trunc('month', now() at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata' as month
    ), booked as (
      select issued_at, amount_paise from receipts where issued_at >= (select month from clock)
      union all
      select issued_at, amount_paise from receipts_due where issued_at >= (select month from clock)
      union all
      select issued_at, -amount_paise from credit_notes where issued_at >= (select month from clock)
    )
    select coalesce(sum(amount_paise), 0)::bigint as month_paise,
           coalesce(sum(amount_paise) filter (where issued_at >= (select today from clock)), 0)::bigint as today_paise
    from booked
  `
  return row!
}

/** A refund of the same payment, or of the same order. */
export type Sibling = { id: string; amountPaise: number; status: Refund['status']; at: Date }

/** All refunds of a payment, oldest first. */
export async function listRefundsOfPayment(sql: Sql, cfPaymentId: string): Promise<Sibling[]> {
  return sql<Sibling[]>`
    select id, amount_paise, status, coalesce(finished_at, created_at) as at
    from refunds
    where cf_payment_id = ${cfPaymentId}
    order by created_at, id
  `
}

/** A refund with everything its page shows. */
export type RefundFile = Refund & {
  personName: string
  madeBy: string | null
  planTitle: string
  method: string | null
  paymentPaise: number | null
  isExtra: boolean
  cfRefundId: string | null
  nextLookAt: Date | null
  endedPeriod: boolean
  creditNote: string | null
  creditedPaise: number | null
  taxablePaise: number | null
  cgstPaise: number | null
  sgstPaise: number | null
  igstPaise: number | null
  roundOffPaise: number | null
  creditedAt: Date | null
  mailId: number | null
  mailStatus: string | null
  mailSentAt: Date | null
  leftPaise: number
}

/** A refund by its id. */
export async function findRefundFile(sql: Sql, id: string): Promise<RefundFile | undefined> {
  const [row] = await sql<RefundFile[]>`
    select r.id, r.order_id, r.cf_payment_id, r.user_id, r.amount_paise, r.reason, r.requested_by, r.status, r.gateway_status,
           r.bank_reference, r.idempotency_key, r.last_error, r.created_at, r.finished_at, r.cf_refund_id, r.next_look_at,
           u.name as person_name, a.username as made_by, p.title as plan_title, pay.method,
           pay.amount_paise as payment_paise, pay.applied_at is null as is_extra,
           exists (select from subscription_periods period
                   where period.order_id = o.id and period.voided_at is not null) as ended_period,
           n.number as credit_note, n.amount_paise as credited_paise, n.taxable_paise, n.cgst_paise, n.sgst_paise,
           n.igst_paise, n.round_off_paise, n.issued_at as credited_at,
           m.id as mail_id, m.status as mail_status, m.sent_at as mail_sent_at,
           paise_left(pay, pay.amount_paise) as left_paise
    from refunds r
    join orders o on o.id = r.order_id
    join plans p on p.key = o.plan_key
    join users u on u.id = r.user_id
    join payments pay on pay.cf_payment_id = r.cf_payment_id
    left join users a on a.id = user_behind(r.requested_by)
    left join credit_notes n on n.refund_id = r.id
    left join mails m on m.kind = 'refund' and m.subject_key = r.id
    where r.id = ${id}
  `
  return row
}

/** What happened to a refund: the audit's rows of it, oldest first. `username`: of the person who did it, if one did. */
export async function listRefundSteps(sql: Sql, refund: { id: string; orderId: string }) {
  return sql<{ at: Date; action: string; actor: string; username: string | null }[]>`
    select x.at, x.action, x.actor, a.username
    from audit x
    left join users a on a.id = user_behind(x.actor)
    where x.order_id = ${refund.orderId}
      and x.action like 'refund.%'
      and x.details ->> 'refund' = ${refund.id}
    order by x.id
  `
}
