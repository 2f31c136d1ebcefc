import { type Gift, type GiftState, giftColumns, giftTables } from '../../billing/gifts/queries.ts'
import type { Sql } from '../../platform/db.ts'
import { keyOfCursor } from '../list-queries.ts'
import type { Cursor } from '../listing.ts'

/** A gift as a line of the list, with who paid for it and who redeemed it. */
export type GiftLine = Gift & {
  paidAt: Date
  buyerId: string
  buyerName: string
  redeemerId: string | null
  redeemerName: string | null
}

/** Gifts that were paid, the newest first, of one state where one is named. */
export async function listGifts(
  sql: Sql,
  state: GiftState | '',
  after: Cursor | null,
  limit: number,
): Promise<GiftLine[]> {
  const key = after && keyOfCursor(sql, after, sql`select paid_at from gifts where id::text = ${after.id}`)
  return sql<GiftLine[]>`
    select ${giftColumns(sql)}, g.buyer_id, buyer.name as buyer_name, g.redeemed_by as redeemer_id, redeemer.name as redeemer_name
    from ${giftTables(sql)}
    join users buyer on buyer.id = g.buyer_id
    left join users redeemer on redeemer.id = g.redeemed_by
    where g.paid_at is not null
      ${state ? sql`and gift_state(g, m.status) = ${state}` : sql``}
      ${key ? sql`and (g.paid_at, g.id::text) < ${key}` : sql``}
    order by g.paid_at desc, g.id::text desc
    limit ${limit}
  `
}
