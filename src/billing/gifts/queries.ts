import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** A gift as its buyer sees it. Who redeemed it is not told: only that and when. */
export type Gift = {
  id: string
  orderId: string
  planTitle: string
  months: number
  amountPaise: number
  recipientName: string
  recipientEmail: string
  message: string
  /** The Indian day, "2026-12-25", and the instant on it at which the code is mailed. */
  deliverOn: string
  dueAt: Date
  endsAt: Date
  paidAt: Date | null
  redeemedAt: Date | null
  voidedAt: Date | null
  /** What became of the newest mail with its code; null before its day. */
  mailStatus: 'queued' | 'sent' | 'skipped' | 'dead' | null
  mailedAt: Date | null
  state: GiftState
}

/** unpaid · waiting for its day · sent · undeliverable: the mail server refused its mail · redeemed · void: its price went back · over. */
export type GiftState = 'unpaid' | 'waiting' | 'sent' | 'undeliverable' | 'redeemed' | 'void' | 'over'

/** What a query of gifts selects, from `gifts g`, its order `o`, its plan `p` and its newest mail `m`. */
export const giftColumns = (sql: Sql) => sql`
  g.id, g.order_id, p.title as plan_title, p.months, o.amount_paise, g.recipient_name, g.recipient_email, g.message,
  g.deliver_on::text as deliver_on, gift_due_at(g) as due_at, gift_ends_at(g) as ends_at, g.paid_at, g.redeemed_at, g.voided_at,
  m.status as mail_status, m.sent_at as mailed_at, gift_state(g, m.status) as state
`
export const giftTables = (sql: Sql) => sql`
  gifts g
  join orders o on o.id = g.order_id
  join plans p on p.key = g.plan_key
  left join lateral (
    select status, sent_at from mails where kind = 'gift' and subject_key = g.id::text order by copy desc limit 1
  ) m on true
`

/** The gifts that a person paid for, newest first. */
export async function listGiftsOf(sql: Sql, buyerId: string): Promise<Gift[]> {
  return sql<Gift[]>`
    select ${giftColumns(sql)} from ${giftTables(sql)}
    where g.buyer_id = ${buyerId} and g.paid_at is not null
    order by g.created_at desc
    limit 100
  `
}

/** The gift of an order, paid or not. */
export async function findGiftOfOrder(sql: Sql, orderId: string): Promise<Gift | undefined> {
  const [row] = await sql<Gift[]>`select ${giftColumns(sql)} from ${giftTables(sql)} where g.order_id = ${orderId}`
  return row
}

/** The days on which a code may go out, both included, by the database's clock in India: "2026-11-29". */
export type DeliveryDays = { first: string; last: string }

/** The days on which a gift that is paid now may be delivered: today and so many days ahead. */
export async function findDeliveryDays(sql: Sql, daysAhead: number): Promise<DeliveryDays> {
  const [row] = await sql<DeliveryDays[]>`
    select today::text as first, (today + ${daysAhead}::integer)::text as last
    from (select (now() at time zone 'Asia/Kolkata')::date as today) clock
  `
  return row!
}

/** A gift as its mails tell of it. `buyerName` is null where that account was deleted. */
export type GiftInMail = Gift & { buyerName: string | null; startsAt: Date | null; periodEndsAt: Date | null }

/** The gift that a mail is about. */
export async function findGiftInMail(sql: Sql, giftId: string): Promise<GiftInMail | undefined> {
  const [row] = await sql<GiftInMail[]>`
    select ${giftColumns(sql)}, case when buyer.deleted_at is null then buyer.name end as buyer_name,
           period.starts_at, period.ends_at as period_ends_at
    from ${giftTables(sql)}
    join users buyer on buyer.id = g.buyer_id
    left join subscription_periods period on period.gift_id = g.id
    where g.id = ${giftId}
  `
  return row
}

/** Gives a gift the code that its mail is about to bring. False: this mail is not to be sent any more (deliver-gifts.sql). */
export async function setGiftCode(
  sql: Sql,
  mail: { subjectKey: string; copy: number; toEmail: string },
  codeHash: Buffer,
): Promise<boolean> {
  const [row] = await sql<{ isSet: boolean }[]>`
    select (set_gift_code(${mail.subjectKey}, ${mail.copy}, ${mail.toEmail}, ${codeHash})).id is not null as is_set
  `
  return row!.isSet
}

/** Queues the mails of gifts whose time has come. Returns how many. */
export async function queueDueGifts(sql: Sql): Promise<number> {
  const [row] = await sql<{ queued: number }[]>`select send_due_gifts() as queued`
  return row!.queued
}

/** See readdress_gift in deliver-gifts.sql. */
export async function readdressGift(
  sql: Sql,
  buyerId: string,
  giftId: string,
  to: { name: string; email: string },
  by: Actor,
): Promise<'sent' | 'corrected' | 'unknown' | 'over' | 'busy'> {
  const [row] = await sql<{ outcome: 'sent' | 'corrected' | 'unknown' | 'over' | 'busy' }[]>`
    select readdress_gift(${buyerId}, ${giftId}, ${to.name}, ${to.email}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** What redeeming came to: redeem-gift.sql. `endsAt` is the end of the gift's period where it is this person's. */
export type Redemption = { outcome: 'redeemed' | 'yours' | 'unknown' | 'over' | 'refused'; endsAt: Date | null }

/** Redeems a code for a person, once. */
export async function redeemGift(sql: Sql, userId: string, codeHash: Buffer, by: Actor): Promise<Redemption> {
  const [row] = await sql<Redemption[]>`
    select outcome, ends_at from redeem_gift(${userId}, ${codeHash}, ${by.actor}, ${originJson(sql, by)})
  `
  return row!
}
