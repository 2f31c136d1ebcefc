import type { TaxedAmount } from '../../billing/receipts/queries.ts'
import type { Sql } from '../../platform/db.ts'
import { keyOfCursor } from '../list-queries.ts'
import type { Cursor } from '../listing.ts'

/** A receipt or a credit note as the books have it; a note is negative. `about`: the receipt that it takes back or replaces. */
export type TaxPaper = TaxedAmount & {
  number: string
  kind: 'receipt' | 'refund' | 'correction'
  issuedAt: Date
  personId: string
  orderId: string
  about: string | null
  buyerName: string
  gstin: string | null
  stateCode: string
  /** The seller's registration under which it was issued; null without one. */
  sellerGstin: string | null
  planTitle: string | null
}

/** From the first instant of an Indian month to the first of the next. */
export type Month = { since: Date; before: Date }

/**
 * Which papers: all (''), receipts that have credit notes, or credit notes; to companies or to consumers; of a state; of a
 * registration of the seller.
 */
export type PaperFilter = { what: string; buyer: string; state: string; search: string; sellerGstin: string }

export const allPapers: PaperFilter = { what: '', buyer: '', state: '', search: '', sellerGstin: '' }

/** Papers of a month, newest first. A search finds a number (of the receipt as well), a GSTIN or a part of a buyer's name. */
export async function listTaxPapers(
  sql: Sql,
  { since, before }: Month,
  { what, buyer, state, search, sellerGstin }: PaperFilter,
  after: Cursor | null,
  limit: number,
): Promise<TaxPaper[]> {
  const exactly = (id: string) => sql`
    select issued_at from receipts where number = ${id} union all select issued_at from credit_notes where number = ${id}`
  return sql<TaxPaper[]>`
    select number, kind, issued_at, person_id, order_id, about, buyer_name, gstin, state_code, seller_gstin, plan_title,
           amount_paise, taxable_paise, cgst_paise, sgst_paise, igst_paise, round_off_paise
    from tax_papers(${since}, ${before}) p
    where true
      ${what === 'receipts' ? sql`and kind = 'receipt'` : what === 'notes' ? sql`and kind <> 'receipt'` : sql``}
      ${what === 'credited' ? sql`and exists (select from credit_notes n where n.receipt_number = p.number)` : sql``}
      ${buyer === 'company' ? sql`and gstin is not null` : buyer === 'consumer' ? sql`and gstin is null` : sql``}
      ${state ? sql`and state_code = ${state}` : sql``}
      ${sellerGstin ? sql`and seller_gstin = ${sellerGstin}` : sql``}
      ${
        search
          ? sql`and (upper(${search}) in (number, about, gstin) or strpos(lower(buyer_name), lower(${search})) > 0)`
          : sql``
      }
      ${after ? sql`and (issued_at, number) < ${keyOfCursor(sql, after, exactly(after.id))}` : sql``}
    order by issued_at desc, number desc
    limit ${limit}
  `
}

/** What a month's papers add up to, receipts and credit notes apart. */
export async function sumByKind(sql: Sql, { since, before }: Month) {
  return sql<(TaxedAmount & { isNote: boolean; many: number })[]>`
    select kind <> 'receipt' as is_note, count(*)::integer as many, ${sums(sql)}
    from tax_papers(${since}, ${before})
    group by 1 order by 1
  `
}

/** The same by place of supply, net of credit notes, the largest first. */
export async function sumByState(sql: Sql, { since, before }: Month) {
  return sql<(TaxedAmount & { stateCode: string; many: number })[]>`
    select state_code, count(*) filter (where kind = 'receipt')::integer as many, ${sums(sql)}
    from tax_papers(${since}, ${before})
    group by 1 order by sum(taxable_paise) desc, 1
  `
}

/** What a month's papers add up to by the seller's registration, those issued without one last; receipts and credit notes apart. */
export async function sumByRegistration(sql: Sql, { since, before }: Month) {
  return sql<(TaxedAmount & { sellerGstin: string | null; isNote: boolean; many: number })[]>`
    select seller_gstin, kind <> 'receipt' as is_note, count(*)::integer as many, ${sums(sql)}
    from tax_papers(${since}, ${before})
    group by 1, 2 order by 1, 2
  `
}

/** What a registration sold to consumers by place of supply, net of credit notes to them: table 7 of GSTR-1. */
export async function sumOfConsumers(sql: Sql, { since, before }: Month, sellerGstin: string) {
  return sql<(TaxedAmount & { stateCode: string })[]>`
    select state_code, ${sums(sql)}
    from tax_papers(${since}, ${before})
    where seller_gstin = ${sellerGstin} and gstin is null
    group by 1 order by 1
  `
}

/** What a registration sold by SAC, companies and consumers apart, net of credit notes: table 12 of GSTR-1. */
export async function sumByCode(sql: Sql, { since, before }: Month, sellerGstin: string) {
  return sql<(TaxedAmount & { sac: string; isCompany: boolean })[]>`
    select sac, gstin is not null as is_company, ${sums(sql)}
    from tax_papers(${since}, ${before})
    where seller_gstin = ${sellerGstin}
    group by 1, 2 order by 1, 2
  `
}

/**
 * The numbers that a registration gave in a month, receipts and credit notes apart: table 13 of GSTR-1. Each unbroken run of a
 * financial year's series is a row; numbers between two runs were given under another registration, or in another month.
 */
export async function listRunsOfNumbers(sql: Sql, { since, before }: Month, sellerGstin: string) {
  return sql<{ isNote: boolean; first: string; last: string; many: number }[]>`
    select is_note, (array_agg(number order by serial))[1] as first, (array_agg(number order by serial desc))[1] as last,
           count(*)::integer as many
    from (
      select kind <> 'receipt' as is_note, financial_year, serial, number,
             serial - row_number() over (partition by kind <> 'receipt', financial_year order by serial) as run
      from tax_papers(${since}, ${before})
      where seller_gstin = ${sellerGstin}
    ) given
    group by is_note, financial_year, run
    order by is_note, financial_year, min(serial)
  `
}

/** The Indian months ("2026-11") since the first receipt, the newest first; at least the present one. */
export async function listMonths(sql: Sql): Promise<string[]> {
  const rows = await sql<{ month: string }[]>`
    select to_char(month, 'YYYY-MM') as month
    from (select date_trunc('month', now() at time zone 'Asia/Kolkata') as present) p,
         generate_series(
           least(present, (select date_trunc('month', min(issued_at) at time zone 'Asia/Kolkata') from receipts)),
           present, interval '1 month') month
    order by 1 desc
  `
  return rows.map(({ month }) => month)
}

function sums(sql: Sql) {
  return sql`
    coalesce(sum(amount_paise), 0)::bigint as amount_paise, coalesce(sum(taxable_paise), 0)::bigint as taxable_paise,
    coalesce(sum(cgst_paise), 0)::bigint as cgst_paise, coalesce(sum(sgst_paise), 0)::bigint as sgst_paise,
    coalesce(sum(igst_paise), 0)::bigint as igst_paise, coalesce(sum(round_off_paise), 0)::bigint as round_off_paise`
}
