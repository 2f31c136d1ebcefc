import type { Sql } from '../../platform/db.ts'

/** A purchase of one plan by one user. `id` is what Cashfree knows it by; times are instants. */
export type Order = {
  id: string
  userId: string
  planKey: string
  planName: string
  planTitle: string
  months: number
  purpose: 'period' | 'switch' | 'gift'
  /** What is paid: the plan's price without `discountPaise` of a coupon and `creditPaise` for unused days. */
  amountPaise: number
  discountPaise: number
  creditPaise: number
  couponCode: string | null
  company: { legalName: string; address: string; gstin: string | null } | null
  currency: string
  status: 'created' | 'active' | 'terminating' | 'expired' | 'terminated' | 'paid'
  idempotencyKey: string
  expiresAt: Date
  /** Of the mandate that pays it: Cashfree then has no order of this id, and is neither asked for one nor about it. */
  mandateId: string | null
  cfOrderId: string | null
  paymentSessionId: string | null
  gatewayStatus: string | null
  paidAt: Date | null
  closedAt: Date | null
  heldAt: Date | null
  askedAt: Date | null
  attemptsAskedAt: Date | null
  createdAt: Date
  /** True when less than a minute is left to start a payment, by the database's clock. */
  isEnding: boolean
}

/** One attempt as its payer sees it. */
export type PaymentRow = {
  cfPaymentId: string
  orderId: string
  isGift: boolean
  planTitle: string
  status: string
  amountPaise: number | null
  method: string | null
  bankReference: string | null
  reason: string | null
  appliedAt: Date | null
  /** Of its order: when it was paid, by this payment or another, and since when it is held. */
  orderPaidAt: Date | null
  orderHeldAt: Date | null
  at: Date
}

/** Minutes in which an order can be paid. */
export const minutesToPay = 30

/** An order by its id. */
export async function findOrder(sql: Sql, orderId: string): Promise<Order | undefined> {
  const [row] = await sql<Order[]>`
    select ${orderColumns(sql)} from orders o join plans p on p.key = o.plan_key where o.id = ${orderId}
  `
  return row
}

/**
 * The order a user's checkout of a plan is about: the open one, else the newest. There may be two open: a purchase, which comes
 * first, and a switch; a purchase that was paid after all of them were opened comes before both. `preferred` is the id of the one
 * that is meant, as long as it is open or was paid today; then another of its purpose. With a `purpose`, the others are left out,
 * without one gifts, which have a checkout of their own.
 */
export async function findCurrentOrder(
  sql: Sql,
  userId: string,
  planName: string,
  preferred = '',
  purpose: Order['purpose'] | null = null,
): Promise<Order | undefined> {
  const [row] = await sql<Order[]>`
    select ${orderColumns(sql)}
    from orders o
    join plans p on p.key = o.plan_key
    where o.user_id = ${userId}
      and p.name = ${planName}
      and case when ${purpose}::text is null then o.purpose <> 'gift' else o.purpose = ${purpose} end
    order by (o.id = ${preferred} and (o.status in ('created', 'active') or o.paid_at > now() - interval '1 day')) is true desc,
             (o.purpose = (select purpose from orders where id = ${preferred} and user_id = ${userId})) is true desc,
             (o.purpose = 'period' and o.paid_at > now() - interval '1 day' and o.paid_at > (
                select max(later.created_at) from orders later join plans version on version.key = later.plan_key
                where later.user_id = o.user_id and version.name = p.name and later.purpose <> 'gift'
                  and later.status in ('created', 'active'))) is true desc,
             o.status in ('created', 'active') desc, o.status in ('created', 'active') and o.purpose = 'period' desc,
             coalesce(o.paid_at, o.created_at) desc
    limit 1
  `
  return row
}

/** The name of the plan somebody set out to buy last; undefined where they never did. */
export async function findPlanWanted(sql: Sql, userId: string): Promise<string | undefined> {
  const [row] = await sql<{ name: string }[]>`
    select p.name
    from orders o
    join plans p on p.key = o.plan_key
    where o.user_id = ${userId} and o.purpose = 'period'
    order by o.created_at desc
    limit 1
  `
  return row?.name
}

/** A person's orders that Cashfree could take money for right now, as far as we know. */
export async function listPayableOrders(sql: Sql, userId: string): Promise<Order[]> {
  return sql<Order[]>`
    select ${orderColumns(sql)}
    from orders o
    join plans p on p.key = o.plan_key
    where o.user_id = ${userId}
      and o.status = 'active'
      and o.mandate_id is null -- Cashfree has no order of that id
  `
}

/** Gives an order that never reached Cashfree, or not for sure, a fresh time to pay when its first one runs out. */
export async function refreshUnsentOrder(sql: Sql, orderId: string): Promise<Order | undefined> {
  const [row] = await sql<Order[]>`
    with fresh as (
      update orders
      set expires_at = date_trunc('second', now() + make_interval(mins => ${minutesToPay})),
          idempotency_key = gen_random_uuid()
      where id = ${orderId}
        and status || '' = 'created' -- not by the index of open orders: see settle-usual-orders.sql
        and expires_at < now() + interval '20 minutes'
      returning *
    )
    select ${orderColumns(sql)} from fresh o join plans p on p.key = o.plan_key
  `
  return row
}

/** A new key for the next create call of an order whose last one was answered with an error. The order id stays. */
export async function renewIdempotencyKey(sql: Sql, orderId: string): Promise<void> {
  await sql`update orders set idempotency_key = gen_random_uuid() where id = ${orderId} and status || '' = 'created'`
}

/** What a user has paid or tried to pay, newest first. */
export async function listPaymentsOf(sql: Sql, userId: string, limit: number): Promise<PaymentRow[]> {
  return sql<PaymentRow[]>`
    select pay.cf_payment_id, pay.order_id, pay.status, pay.amount_paise, pay.method, pay.bank_reference,
           pay.failure_reason as reason, pay.applied_at, o.paid_at as order_paid_at, o.held_at as order_held_at, p.title as plan_title,
           o.purpose = 'gift' as is_gift, coalesce(pay.completed_at, pay.started_at, pay.created_at) as at
    from payments pay
    join orders o on o.id = pay.order_id
    join plans p on p.key = o.plan_key
    where o.user_id = ${userId}
    order by at desc
    limit ${limit}
  `
}

/** Every attempt of an order in the words of the JSON API, newest first. Amounts in rupees. */
export async function listAttemptsOf(sql: Sql, orderId: string) {
  const rows = await sql<{ attempt: object }[]>`
    select jsonb_build_object('cf_payment_id', cf_payment_id, 'payment_status', status,
             'payment_amount', amount_paise / 100.0, 'payment_group', method, 'bank_reference', bank_reference,
             'reason', failure_reason, 'payment_time', coalesce(completed_at, started_at, created_at)) as attempt
    from payments
    where order_id = ${orderId}
    order by coalesce(completed_at, started_at, created_at) desc, cf_payment_id desc
  `
  return rows.map((row) => row.attempt)
}

/** How the attempt that was begun last stands, with the reason why it did not go through. */
export type LastAttempt = { status: string; reason: string | null; begunAt: Date }

/** The last attempt of an order; one begun before it says no more, however late it ended. */
export async function findLastAttempt(sql: Sql, orderId: string): Promise<LastAttempt | undefined> {
  const [row] = await sql<LastAttempt[]>`
    select status, failure_reason as reason, coalesce(started_at, created_at) as begun_at
    from payments
    where order_id = ${orderId}
    order by begun_at desc, cf_payment_id desc
    limit 1
  `
  return row
}

/**
 * Leases orders whose next look is due for a minute, so that other processes do not ask as well. The longest waiting come
 * first, and of every four three that can be paid now: neither a backlog of dead orders nor a flood of open ones starves
 * the others. An order younger than `minAgeMs` is left to its payer, unless Cashfree spoke of money or it is to be ended.
 */
export async function leaseOrdersToLookAt(sql: Sql, limit: number, minAgeMs: number): Promise<string[]> {
  const due = (open: boolean, share: number) => sql`
    (
      select id, row_number() over (order by next_look_at) / ${share}::float8 as turn
      from orders
      where next_look_at <= now()
        and (expires_at > now()) = ${open}
        and (created_at < now() - make_interval(secs => ${minAgeMs / 1000}) or money_seen_at is not null
             or purchase_refusal(user_id) is not null)
      order by next_look_at
      limit ${limit}
    )
  `
  const rows = await sql<{ id: string }[]>`
    with due as (
      ${due(true, 3)}
      union all
      ${due(false, 1)}
    ), first as (
      select o.id
      from due
      join orders o on o.id = due.id
      order by due.turn
      limit ${limit}
      for update of o skip locked
    )
    update orders
    set next_look_at = now() + interval '1 minute'
    where id in (select id from first)
      and next_look_at <= now()
    returning id
  `
  return rows.map((row) => row.id)
}

/**
 * Milliseconds until the first look that is wanted soon, at an order for which Cashfree speaks of money that does not count
 * yet; 0 when it is due, null when there is none.
 */
export async function msToSoonestLook(sql: Sql): Promise<number | null> {
  const [row] = await sql<{ ms: number }[]>`
    select ceil(extract(epoch from greatest(next_look_at, now()) - now()) * 1000)::float8 as ms
    from orders
    where money_seen_at is not null
      and next_look_at is not null
    order by next_look_at
    limit 1
  `
  return row?.ms ?? null
}

/** Puts off the next look at an order that could not be asked about. */
export async function postponeLook(sql: Sql, orderId: string, seconds: number): Promise<void> {
  await sql`
    update orders set next_look_at = now() + make_interval(secs => ${seconds})
    where id = ${orderId} and next_look_at is not null
  `
}

/** The columns of an `Order`, of `orders o` and its plan `plans p`. */
export function orderColumns(sql: Sql) {
  return sql`o.id, o.user_id, o.plan_key, p.name as plan_name, p.title as plan_title, p.months, o.purpose, o.amount_paise,
             o.discount_paise, o.credit_paise, o.company, o.currency,
             (select coupon_code from coupon_claims claim where claim.order_id = o.id) as coupon_code,
             o.status, o.mandate_id, o.idempotency_key, o.expires_at, o.cf_order_id, o.payment_session_id, o.gateway_status, o.paid_at,
             o.closed_at, o.held_at, o.asked_at, o.attempts_asked_at, o.created_at, o.expires_at < now() + interval '1 minute' as is_ending`
}
