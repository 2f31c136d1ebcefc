import { findState, type State } from '../../identity/users/indian-states.ts'
import { paise, rupeesInWords } from '../../platform/money.ts'
import { methodTitle } from '../payments/payments.ts'
import type { CreditNoteRow, PaperRow, ReceiptRow } from './queries.ts'

/**
 * A receipt or a credit note as page, PDF and mail print it, from what was stored on the day it was issued. With a GSTIN a
 * receipt is a tax invoice (Rule 46 CGST) and a credit note has the particulars of Rule 53(1A); without, it says that no GST
 * is charged.
 * Amounts in paise.
 */
export type Paper = {
  kind: 'receipt' | 'tax-invoice' | 'credit-note'
  title: 'Receipt' | 'Tax invoice' | 'Credit note'
  number: string
  userId: string
  issuedAt: Date
  seller: { name: string; address: string; gstin: string | null; stateName: string; stateCode: string; email: string }
  /** `name` is whom it is made out to: the company, where there is one; `person` is who bought for it. */
  buyer: {
    name: string
    person: string | null
    address: string
    gstin: string | null
    email: string
    stateName: string
    stateCode: string
  }
  /** The state whose tax it is; null where no tax is charged. */
  placeOfSupply: State | null
  /** The buyer gave no state, so the place of supply is the seller's. */
  placeAssumed: boolean
  /** The receipt that a credit note takes back, or that a corrected one replaces. */
  original: { number: string; issuedAt: Date; title: string } | null
  /** Why a credit note was issued. */
  reason: string | null
  /** What was sold and what was taken off its price, before tax where tax is charged. */
  lines: { description: string; sac: string | null; amountPaise: number }[]
  /** What the total is made of: taxable value, taxes and round off; empty where no tax is charged. */
  breakdown: AmountRow[]
  /** The same as a table has it; null where no tax is charged. */
  tax: { ratePercent: number; taxablePaise: number; heads: TaxHead[] } | null
  totalPaise: number
  totalInWords: string
  /** As sold, whatever became of it; null for a gift, and for a credit note. */
  period: { from: Date; to: Date } | null
  /** How it was paid, or how the money went back. */
  facts: { label: string; value: string | Date | null }[]
}

/** A labelled amount in paise. A round off may be either way, so its sign is always printed. */
export type AmountRow = { label: string; amountPaise: number; isSigned?: boolean }

/** One tax of an invoice: "CGST", of 9 %, in paise. */
export type TaxHead = { label: string; ratePercent: number; amountPaise: number }

/** What is printed of a stored receipt. */
export function paperOfReceipt(row: ReceiptRow): Paper {
  const isTaxed = row.seller.gstin !== ''
  const title = isTaxed ? 'Tax invoice' : 'Receipt'
  return {
    ...common(row, title),
    kind: isTaxed ? 'tax-invoice' : 'receipt',
    original: row.replaces === null ? null : { number: row.replaces, issuedAt: row.replacedIssuedAt!, title },
    reason: row.replaces === null ? null : 'Corrected buyer details',
    lines: linesOf(row, isTaxed),
    period: row.soldFrom && row.soldUntil ? { from: row.soldFrom, to: row.soldUntil } : null,
    facts: [
      { label: 'Paid', value: row.paidAt },
      { label: 'Method', value: methodTitle(row.method) },
      { label: 'Bank reference', value: row.bankReference },
      { label: 'Cashfree payment', value: row.cfPaymentId },
      { label: 'Order', value: row.orderId },
    ],
  }
}

/** What is printed of a stored credit note. */
export function paperOfCreditNote(row: CreditNoteRow): Paper {
  const isTaxed = row.seller.gstin !== ''
  const isCorrection = row.kind === 'correction'
  return {
    ...common(row, 'Credit note'),
    kind: 'credit-note',
    original: { number: row.receiptNumber, issuedAt: row.receiptIssuedAt, title: isTaxed ? 'Tax invoice' : 'Receipt' },
    reason: isCorrection ? 'Buyer details corrected; another invoice takes its place' : 'Payment refunded',
    lines: [
      {
        description: `${isCorrection ? 'Taken back' : 'Refund'}: ${product(row.planTitle, row.isGift)}`,
        sac: isTaxed ? row.seller.sac : null,
        amountPaise: isTaxed ? row.taxablePaise : row.amountPaise,
      },
    ],
    period: null,
    facts: [
      { label: 'Refunded', value: row.refundedAt },
      { label: 'Bank reference', value: row.bankReference },
      { label: 'Refund', value: row.refundId },
    ],
  }
}

function common(row: PaperRow, title: Paper['title']) {
  const { seller, buyer } = row
  const isTaxed = seller.gstin !== ''
  const place = findState(placeOfSupplyOf(buyer)) ?? null
  const placeAssumed = buyer.placeAssumed === true && !buyer.gstin
  return {
    title,
    number: row.number,
    userId: row.userId,
    issuedAt: row.issuedAt,
    seller: {
      name: seller.name,
      address: seller.address,
      gstin: seller.gstin || null,
      stateName: findState(seller.stateCode)?.name ?? '',
      stateCode: seller.stateCode,
      email: seller.email,
    },
    buyer: {
      name: buyer.legalName || buyer.name,
      person: buyer.legalName ? buyer.name : null,
      address: buyer.address ?? '',
      gstin: buyer.gstin || null,
      email: buyer.email,
      stateName: (!placeAssumed && place?.name) || '',
      stateCode: (!placeAssumed && place?.code) || '',
    },
    placeOfSupply: isTaxed ? place : null,
    placeAssumed,
    breakdown: isTaxed ? breakdownOf(row) : [],
    tax: isTaxed ? { ratePercent: 18, taxablePaise: row.taxablePaise, heads: taxHeads(row, seller.stateCode) } : null,
    totalPaise: row.amountPaise,
    totalInWords: rupeesInWords(paise(row.amountPaise)),
  }
}

/** The GST code of the state whose tax it is: the company's registration decides, else where the person lives. */
function placeOfSupplyOf(buyer: PaperRow['buyer']): string {
  return buyer.gstin?.slice(0, 2) || buyer.stateCode
}

/**
 * The price and what a coupon or unused days take off it. Prices include tax, so before tax each is divided by 1.18 and
 * rounded; the price is what makes them add up to the taxable value.
 */
function linesOf(row: ReceiptRow, isTaxed: boolean): Paper['lines'] {
  const value = (amountPaise: number) => (isTaxed ? Math.round(amountPaise / 1.18) : amountPaise)
  const off = [
    { description: 'Discount', sac: null, amountPaise: -value(row.discountPaise) },
    { description: 'Credit for unused days', sac: null, amountPaise: -value(row.creditPaise) },
  ].filter(({ amountPaise }) => amountPaise !== 0)
  const net = isTaxed ? row.taxablePaise : row.amountPaise
  const amountPaise = off.reduce((price, { amountPaise }) => price - amountPaise, net)
  return [
    { description: product(row.planTitle, row.isGift), sac: isTaxed ? row.seller.sac : null, amountPaise },
    ...off,
  ]
}

function product(planTitle: string, isGift: boolean): string {
  return `Sector ETF RS Analyzer, ${planTitle.toLowerCase()}${isGift ? '' : ' subscription'}`
}

function breakdownOf(row: PaperRow): AmountRow[] {
  return [
    { label: 'Taxable value', amountPaise: row.taxablePaise },
    ...taxesOf(row, row.seller.stateCode),
    ...(row.roundOffPaise ? [{ label: 'Round off', amountPaise: row.roundOffPaise, isSigned: true }] : []),
  ]
}

/** The tax lines of a receipt or a credit note, as they are printed; none where the seller is not registered. */
export function taxesOf(taxes: Taxes, sellerState: string): AmountRow[] {
  return taxHeads(taxes, sellerState).map(({ label, ratePercent, amountPaise }) => ({
    label: `${label} ${ratePercent}%`,
    amountPaise,
  }))
}

/** Union territories without a legislature, where UTGST takes the place of SGST (UTGST Act 2017, s.2(8)). */
const unionTerritories = ['04', '26', '31', '35', '38']

type Taxes = { cgstPaise: number; sgstPaise: number; igstPaise: number }

/** The taxes that were charged: CGST with SGST or UTGST, by the seller's state, or IGST. */
function taxHeads(row: Taxes, sellerState: string): TaxHead[] {
  const state = unionTerritories.includes(sellerState) ? 'UTGST' : 'SGST'
  return [
    { label: 'CGST', ratePercent: 9, amountPaise: row.cgstPaise },
    { label: state, ratePercent: 9, amountPaise: row.sgstPaise },
    { label: 'IGST', ratePercent: 18, amountPaise: row.igstPaise },
  ].filter(({ amountPaise }) => amountPaise > 0)
}
