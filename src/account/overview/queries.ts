import type { EndCause } from '../../billing/subscriptions/queries.ts'
import type { Sql } from '../../platform/db.ts'

/** A period of access with where it came from and what ended it early. */
export type PeriodRow = {
  startsAt: Date
  endsAt: Date
  createdAt: Date
  voidedAt: Date | null
  voidReason: string | null
  endCause: EndCause | null
  grantReason: string | null
  planTitle: string | null
  orderId: string | null
  isGift: boolean
  receiptNumber: string | null
}

/** A person's periods, the earliest first; the last hundred of them. */
export async function listPeriodsOf(sql: Sql, userId: string): Promise<PeriodRow[]> {
  const newest = await sql<PeriodRow[]>`
    select period.starts_at, period.ends_at, period.created_at, period.voided_at, period.void_reason,
           end_cause(period) as end_cause,
           period.grant_reason, p.title as plan_title, period.order_id, period.gift_id is not null as is_gift,
           valid_receipt_number(period.order_id) as receipt_number
    from subscription_periods period
    left join plans p on p.key = period.plan_key
    where period.user_id = ${userId}
    order by period.starts_at desc
    limit 100
  `
  return newest.reverse()
}

/** An order as its owner's timeline tells it. */
export type OrderRow = {
  id: string
  purpose: 'period' | 'switch' | 'gift'
  /** UPI Autopay pays it. */
  isByAutopay: boolean
  planTitle: string
  amountPaise: number
  discountPaise: number
  creditPaise: number
  couponCode: string | null
  status: string
  createdAt: Date
  paidAt: Date | null
  closedAt: Date | null
  heldAt: Date | null
}

/** A person's orders, newest first. */
export async function listOrdersOf(sql: Sql, userId: string, limit: number): Promise<OrderRow[]> {
  return sql<OrderRow[]>`
    select o.id, o.purpose, o.mandate_id is not null as is_by_autopay, p.title as plan_title, o.amount_paise, o.discount_paise, o.credit_paise,
           (select coupon_code from coupon_claims claim where claim.order_id = o.id) as coupon_code,
           o.status, o.created_at, o.paid_at, o.closed_at, o.held_at
    from orders o
    join plans p on p.key = o.plan_key
    where o.user_id = ${userId}
    order by o.created_at desc
    limit ${limit}
  `
}

/** When the clock moved a person's subscription along, or they chose a plan for later, newest first. */
export async function listStatusChangesOf(sql: Sql, userId: string, limit: number) {
  return sql<{ at: Date; action: string; plan: string | null }[]>`
    select at, action, details ->> 'after' as plan
    from audit
    where user_id = ${userId} and action in ('subscription.grace', 'subscription.expired', 'subscription.next-plan',
                                            'subscription.cancel-requested', 'subscription.resumed')
    order by id desc
    limit ${limit}
  `
}
