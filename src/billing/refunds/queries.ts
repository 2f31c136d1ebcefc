import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { RemoteRefund } from '../payments/remote-refund.ts'
import type { TaxedAmount } from '../receipts/queries.ts'

/** Money on its way back, or back. Amounts in paise. */
export type Refund = {
  id: string
  orderId: string
  cfPaymentId: string
  userId: string
  amountPaise: number
  reason: string
  requestedBy: string
  status: 'requested' | 'pending' | 'onhold' | 'succeeded' | 'failed' | 'cancelled'
  gatewayStatus: string | null
  bankReference: string | null
  idempotencyKey: string
  lastError: string | null
  /** Of the mandate that its order was paid by: Cashfree then refunds the debit. `paymentId` is a charge's, null for an authorisation. */
  debit: { subscriptionId: string; paymentId: string | null } | null
  createdAt: Date
  finishedAt: Date | null
}

/**
 * Which payment, which refund of it (1 for the first), how much, why, and who asks for it. `leftPaise` is what was left of the
 * payment when that was decided; where more went back meanwhile the request is refused.
 */
export type RefundRequest = Pick<Actor, 'actor'> & {
  origin?: Actor['origin']
  cfPaymentId: string
  ordinal: number
  amountPaise: number
  reason: string
  leftPaise?: number
}

/** What a refund would bring about once the money arrived, had it arrived now. */
export type Rehearsal = {
  /** Access afterwards, and the day the subscription then runs until. */
  hasAccess: boolean
  until: Date | null
  /** The period this payment bought ends at once. */
  endsPeriod: boolean
  /** The order is a gift’s, and its price is all back then: its code works no more. */
  endsGift: boolean
  /** Later periods that move forward to close the gap; those without an order were granted by an administrator. */
  moved: { orderId: string | null; planTitle: string | null; from: Date; to: Date; newFrom: Date; newTo: Date }[]
  /** None where the payment was never receipted, or all of the receipt was credited before. */
  creditNote: TaxedAmount | null
}

/** The same as the database answers it: instants are ISO text. */
export type RehearsalRow = Omit<Rehearsal, 'until' | 'moved'> & {
  until: string | null
  moved: (Record<'from' | 'to' | 'newFrom' | 'newTo', string> & { orderId: string | null; planTitle: string | null })[]
}

/** Writes the intent of a refund; see settle-refunds.sql for the answers. */
export async function requestRefund(sql: Sql, refund: RefundRequest): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select request_refund(${refund.cfPaymentId}, ${refund.ordinal}, ${refund.amountPaise}, ${refund.reason}, ${refund.actor},
                          ${originJson(sql, refund)}, ${refund.leftPaise ?? null}) as outcome
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

/** The job waits a minute because a person asks about a refund now, who stands in the audit; undefined where it succeeded. */
export async function hastenRefund(sql: Sql, id: string, by: Actor): Promise<Refund | undefined> {
  const [row] = await sql<Refund[]>`
    select ${columns(sql)} from hasten_refund(${id}, ${by.actor}, ${originJson(sql, by)}) r
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

/** Ids of the refunds of an order that may still change, the oldest first. */
export async function listUnfinishedRefunds(sql: Sql, orderId: string): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from refunds where order_id = ${orderId} and status <> 'succeeded' order by created_at, id limit 20
  `
  return rows.map(({ id }) => id)
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
      when lost_to_disputes(p.cf_payment_id) > 0 and gone_or_going(p.cf_payment_id) > p.amount_paise then 'lost'
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

/** Cashfree understood and refused: the refund failed before it began, and an administrator is told. */
export async function refuseRefund(sql: Sql, id: string, reason: string): Promise<void> {
  await sql`select refuse_refund(${id}, ${reason})`
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
             r.gateway_status, r.bank_reference, r.idempotency_key, r.last_error, r.created_at, r.finished_at,
             (select jsonb_build_object('subscriptionId', m.subscription_id,
                                        'paymentId', case when m.first_order_id is distinct from o.id then o.id end)
              from orders o join mandates m on m.id = o.mandate_id where o.id = r.order_id) as debit`
}
