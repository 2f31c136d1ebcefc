import type { Seller } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'

/** An amount and what it is made of, in paise, as a receipt and its credit notes are stored. */
export type TaxedAmount = {
  amountPaise: number
  taxablePaise: number
  cgstPaise: number
  sgstPaise: number
  igstPaise: number
  roundOffPaise: number
}

/** A receipt as stored: seller, buyer and tax lines are a copy of the day it was issued. */
export type ReceiptRow = TaxedAmount & {
  number: string
  userId: string
  orderId: string
  issuedAt: Date
  paidAt: Date
  seller: Seller
  buyer: { name: string; email: string; stateCode: string }
  planTitle: string
  startsAt: Date
  endsAt: Date
  cfPaymentId: string
  method: string | null
  bankReference: string | null
}

/** The number of the receipt of a paid order. */
export async function findReceiptNumber(sql: Sql, orderId: string): Promise<string | undefined> {
  const [row] = await sql<{ number: string }[]>`select number from receipts where order_id = ${orderId}`
  return row?.number
}

/** A receipt with what it was for and how it was paid. */
export async function findReceiptRow(sql: Sql, number: string): Promise<ReceiptRow | undefined> {
  const [row] = await sql<ReceiptRow[]>`
    select r.number, r.user_id, r.issued_at, r.amount_paise, r.taxable_paise, r.cgst_paise, r.sgst_paise, r.igst_paise,
           r.round_off_paise, r.seller, r.buyer, o.id as order_id, o.paid_at, p.title as plan_title,
           period.starts_at, period.ends_at, pay.cf_payment_id, pay.method, pay.bank_reference
    from receipts r
    join orders o on o.id = r.order_id
    join plans p on p.key = o.plan_key
    join subscription_periods period on period.order_id = o.id
    join payments pay on pay.cf_payment_id = r.cf_payment_id
    where r.number = ${number}
  `
  return row
}

/** What went back of a receipt since it was issued, oldest first. `userId` is the buyer's. */
export async function listTakenBack(sql: Sql, { number, userId }: { number: string; userId: string }) {
  return sql<{ number: string; issuedAt: Date; amountPaise: number }[]>`
    select number, issued_at, amount_paise
    from credit_notes
    where user_id = ${userId} and receipt_number = ${number}
    order by issued_at
  `
}

/** A user's receipts, newest first. */
export async function listReceiptsOf(sql: Sql, userId: string, limit: number) {
  return sql<{ number: string; issuedAt: Date; amountPaise: number }[]>`
    select number, issued_at, amount_paise
    from receipts
    where user_id = ${userId}
    order by issued_at desc
    limit ${limit}
  `
}
