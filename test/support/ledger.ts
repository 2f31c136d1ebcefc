import type { TestApp } from './app.ts'
import { until } from './until.ts'

type Database = Pick<TestApp, 'sql'>

/** The newest order of the account with this e-mail. */
export async function newestOrder({ sql }: Database, email: string) {
  const [order] = await sql<
    {
      id: string
      status: string
      amountPaise: number
      currency: string
      paymentSessionId: string | null
      userId: string
    }[]
  >`
    select o.id, o.status, o.amount_paise, o.currency, o.payment_session_id, o.user_id
    from orders o
    join users u on u.id = o.user_id
    where lower(u.email) = lower(${email})
    order by o.created_at desc
    limit 1
  `
  if (!order) throw new Error('there is no order')
  return order
}

/** The subscription row of the account with this e-mail, as an operator would query it. */
export async function subscriberOf({ sql }: Database, email: string) {
  const [row] = await sql<
    {
      userId: string
      status: string
      isPaid: boolean
      currentPeriodStart: Date | null
      currentPeriodEnd: Date | null
    }[]
  >`
    select s.user_id, s.status, s.is_paid, s.current_period_start, s.current_period_end
    from subscriptions s
    join users u on u.id = s.user_id
    where lower(u.email) = lower(${email})
  `
  if (!row) throw new Error('there is no subscription')
  return row
}

/**
 * What one order has brought about: how often it was granted, receipted and mailed, and what does not agree. A receipt gets its
 * number, and its mail, right after the commit: it is waited for, as long as the product says that it may take.
 */
export async function tracesOf({ sql }: Database, orderId: string) {
  const isNumbered = async () => (await sql`select from receipts_due where order_id = ${orderId}`).length === 0
  await until(isNumbered, 2_000).catch(() => {})
  const [row] = await sql<
    {
      status: string
      heldAt: Date | null
      periods: number
      receipts: number
      mails: number
      applied: number
      incidents: string[]
    }[]
  >`
    select o.status, o.held_at,
           (select count(*)::int from subscription_periods where order_id = o.id) as periods,
           (select count(*)::int from receipts where order_id = o.id) as receipts,
           (select count(*)::int from mails m join receipts r on r.number = m.subject_key where r.order_id = o.id) as mails,
           (select count(*)::int from payments where order_id = o.id and applied_at is not null) as applied,
           (select coalesce(jsonb_agg(kind order by kind), '[]') from incidents where order_id = o.id) as incidents
    from orders o
    where o.id = ${orderId}
  `
  if (!row) throw new Error('there is no such order')
  return row
}

/** What it looks like when an order was paid once and everything followed from it once. */
export const paidOnce = { status: 'paid', heldAt: null, periods: 1, receipts: 1, mails: 1, applied: 1 }
/** What it looks like when nothing followed from an order. */
export const nothingGranted = { periods: 0, receipts: 0, mails: 0, applied: 0 }

/** The order and its attempts are so old that the payer of a pending one may say that it failed. */
export const longPending = (app: TestApp, orderId: string) => app.sql`
  with older as (update orders set created_at = created_at - interval '21 minutes' where id = ${orderId} returning id)
  update payments p set started_at = started_at - interval '21 minutes', created_at = created_at - interval '21 minutes'
  from older where p.order_id = older.id`
