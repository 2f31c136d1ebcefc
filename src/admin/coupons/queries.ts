import type { Sql } from '../../platform/db.ts'

/** The orders that claimed a coupon, newest first. */
export async function listClaims(sql: Sql, code: string, limit: number) {
  return sql<
    {
      orderId: string
      userId: string
      name: string
      discountPaise: number
      amountPaise: number
      claimedAt: Date
      releasedAt: Date | null
      paidAt: Date | null
    }[]
  >`
    select claim.order_id, claim.user_id, u.name, claim.discount_paise, o.amount_paise, claim.claimed_at, claim.released_at, o.paid_at
    from coupon_claims claim
    join orders o on o.id = claim.order_id
    join users u on u.id = claim.user_id
    where claim.coupon_code = ${code}
    order by claim.claimed_at desc
    limit ${limit}
  `
}
