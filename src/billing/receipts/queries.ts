import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Seller } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'
import type { Company } from '../company-details/queries.ts'

/** An amount and what it is made of, in paise, as a receipt and its credit notes are stored. */
export type TaxedAmount = {
  amountPaise: number
  taxablePaise: number
  cgstPaise: number
  sgstPaise: number
  igstPaise: number
  roundOffPaise: number
}

/** What a receipt and a credit note have in common, as stored: a copy of the day it was issued. */
export type PaperRow = TaxedAmount & {
  number: string
  userId: string
  issuedAt: Date
  seller: Seller
  /** `legalName`, `address` and `gstin` of a company; papers of earlier releases have none. */
  buyer: {
    name: string
    email: string
    stateCode: string
    /** The buyer gave none: `stateCode` is the seller's. */
    placeAssumed?: boolean
    legalName?: string | null
    address?: string | null
    gstin?: string | null
  }
  planTitle: string
  isGift: boolean
}

/** A receipt as stored, and how it was paid. */
export type ReceiptRow = PaperRow & {
  orderId: string
  paidAt: Date
  soldFrom: Date | null
  soldUntil: Date | null
  discountPaise: number
  creditPaise: number
  /** The receipt that this one corrects, its time, and the credit note that took it back. */
  replaces: string | null
  replacedIssuedAt: Date | null
  noteOverReplaced: string | null
  /** The receipt that corrects this one. */
  replacedBy: string | null
  cfPaymentId: string
  method: string | null
  bankReference: string | null
}

/** A credit note as stored, with its receipt and, unless it corrects one, its refund. */
export type CreditNoteRow = PaperRow & {
  kind: 'refund' | 'correction'
  receiptNumber: string
  receiptIssuedAt: Date
  refundId: string | null
  refundedAt: Date | null
  bankReference: string | null
}

/** The number of the receipt of a paid order: of the one that no other replaces. */
export async function findReceiptNumber(sql: Sql, orderId: string): Promise<string | undefined> {
  const [row] = await sql<{ number: string }[]>`select valid_receipt_number(${orderId}) as number`
  return row?.number ?? undefined
}

/** Numbers the receipts that are due, the earliest first, each with its mail: number-receipts.sql. Returns how many. */
export async function numberReceipts(sql: Sql, limit: number): Promise<number> {
  const [row] = await sql<{ many: number }[]>`select number_receipts(${limit}) as many`
  return row!.many
}

/** Whether any receipt waits for its number. */
export async function areReceiptsDue(sql: Sql): Promise<boolean> {
  return (await sql`select from receipts_due limit 1`).count > 0
}

/** The ends of both series, and whether numbers wait after a failover that may have lost some: numbering-timeline.sql. */
export async function readNumbering(sql: Sql) {
  const [row] = await sql<{ waits: boolean; receipt: string | null; creditNote: string | null }[]>`
    select numbering_waits() as waits, (select number from receipts order by financial_year desc, serial desc limit 1) as receipt,
           (select number from credit_notes order by financial_year desc, serial desc limit 1) as credit_note
  `
  return row!
}

/**
 * Lets numbers be given again, above the highest that were mailed before the failover (null: none was lost). Returns how many are
 * skipped for good. Throws for what is no number.
 */
export async function continueNumbering(
  sql: Sql,
  lost: { receipt: string | null; creditNote: string | null },
): Promise<number> {
  const [row] = await sql<{ skipped: number }[]>`
    select continue_numbering(${lost.receipt}, ${lost.creditNote}) as skipped
  `
  return row!.skipped
}

/** A receipt with what it was for and how it was paid. */
export async function findReceiptRow(sql: Sql, number: string): Promise<ReceiptRow | undefined> {
  const [row] = await sql<ReceiptRow[]>`
    select r.number, r.user_id, r.issued_at, ${amounts(sql, 'r')}, r.seller, r.buyer, r.order_id, o.paid_at,
           coalesce(r.plan_title, p.title) as plan_title, r.sold_from, r.sold_until, o.purpose = 'gift' as is_gift,
           r.discount_paise, r.credit_paise, r.replaces, replaced.issued_at as replaced_issued_at,
           note.number as note_over_replaced, later.number as replaced_by, pay.cf_payment_id, pay.method,
           pay.bank_reference
    from receipts r
    join orders o on o.id = r.order_id
    join plans p on p.key = o.plan_key
    join payments pay on pay.cf_payment_id = r.cf_payment_id
    left join receipts replaced on replaced.number = r.replaces
    left join credit_notes note on note.receipt_number = r.replaces and note.kind = 'correction'
    left join receipts later on later.replaces = r.number
    where r.number = ${number}
  `
  return row
}

/** A credit note with the receipt it takes back and the refund it is about. */
export async function findCreditNoteRow(sql: Sql, number: string): Promise<CreditNoteRow | undefined> {
  const [row] = await sql<CreditNoteRow[]>`
    select n.number, n.user_id, n.issued_at, ${amounts(sql, 'n')}, n.seller, n.buyer, n.kind,
           coalesce(r.plan_title, p.title) as plan_title, o.purpose = 'gift' as is_gift,
           n.receipt_number, r.issued_at as receipt_issued_at, n.refund_id, refund.finished_at as refunded_at, refund.bank_reference
    from credit_notes n
    join receipts r on r.number = n.receipt_number
    join orders o on o.id = r.order_id
    join plans p on p.key = o.plan_key
    left join refunds refund on refund.id = n.refund_id
    where n.number = ${number}
  `
  return row
}

/** The columns of a `TaxedAmount`, of `receipts r` or `credit_notes n`. */
function amounts(sql: Sql, of: 'r' | 'n') {
  return of === 'r'
    ? sql`r.amount_paise, r.taxable_paise, r.cgst_paise, r.sgst_paise, r.igst_paise, r.round_off_paise`
    : sql`n.amount_paise, n.taxable_paise, n.cgst_paise, n.sgst_paise, n.igst_paise, n.round_off_paise`
}

/** What went back of a receipt since it was issued, oldest first. `userId` is the buyer's. */
export async function listTakenBack(sql: Sql, { number, userId }: { number: string; userId: string }) {
  return sql<ListedPaper[]>`
    select number, issued_at, amount_paise, receipt_number, kind = 'correction' as is_correction
    from credit_notes
    where user_id = ${userId} and receipt_number = ${number}
    order by issued_at
  `
}

/** A paper of a list: a receipt, or a credit note about one. */
export type ListedPaper = {
  number: string
  issuedAt: Date
  amountPaise: number
  /** Of a credit note: the receipt it takes back, and whether that was only corrected. */
  receiptNumber: string | null
  isCorrection: boolean
}

/** A user's receipts and credit notes, newest first. */
export async function listPapersOf(sql: Sql, userId: string, limit: number): Promise<ListedPaper[]> {
  return sql<ListedPaper[]>`
    select number, issued_at, amount_paise, null as receipt_number, false as is_correction from receipts where user_id = ${userId}
    union all
    select number, issued_at, amount_paise, receipt_number, kind = 'correction' from credit_notes where user_id = ${userId}
    order by issued_at desc, number desc
    limit ${limit}
  `
}

/** What became of a receipt that was to be corrected, and the number of the one that counts. See correct-receipt.sql. */
export type Correction = {
  outcome: 'corrected' | 'repeated' | 'unknown' | 'gone' | 'replaced' | 'credited'
  receipt: string | null
}

/** Corrects whom a receipt is made out to. */
export async function correctBuyer(sql: Sql, number: string, company: Company | null, by: Actor): Promise<Correction> {
  const [row] = await sql<Correction[]>`
    select * from correct_receipt(${number}, ${company && sql.json(company)}, ${by.actor}, ${originJson(sql, by)})`
  return row!
}
