import { findState } from '../../identity/users/indian-states.ts'
import { paise, rupeesInWords } from '../../platform/money.ts'
import { methodTitle } from '../payments/payments.ts'
import type { ReceiptRow } from './queries.ts'

/** A receipt as page, PDF and mail print it. With a GSTIN it is a tax invoice (Rule 46 CGST); without, GST is not named. */
export type Receipt = {
  number: string
  userId: string
  issuedAt: Date
  kind: 'receipt' | 'tax-invoice'
  title: 'Receipt' | 'Tax invoice'
  seller: { name: string; address: string; gstin: string | null; stateName: string; email: string }
  buyer: { name: string; email: string; stateName: string; stateCode: string }
  lines: { description: string; sac: string | null; amountPaise: number }[]
  /** What the total is made of: taxable value, taxes and round off; empty where no tax is charged. */
  breakdown: AmountRow[]
  totalPaise: number
  totalInWords: string
  period: { from: Date; to: Date }
  payment: { method: string; reference: string | null; cfPaymentId: string; paidAt: Date }
}

/** A labelled amount in paise. A round off may be either way, so its sign is always printed. */
export type AmountRow = { label: string; amountPaise: number; isSigned?: boolean }

/** What is printed of a stored receipt. */
export function receiptOf(row: ReceiptRow): Receipt {
  const registered = row.seller.gstin !== ''
  return {
    number: row.number,
    userId: row.userId,
    issuedAt: row.issuedAt,
    kind: registered ? 'tax-invoice' : 'receipt',
    title: registered ? 'Tax invoice' : 'Receipt',
    seller: {
      name: row.seller.name,
      address: row.seller.address,
      gstin: row.seller.gstin || null,
      stateName: findState(row.seller.stateCode)?.name ?? '',
      email: row.seller.email,
    },
    buyer: { ...row.buyer, stateName: findState(row.buyer.stateCode)?.name ?? '' },
    lines: [
      {
        description: `Sector ETF RS Analyzer, ${row.planTitle.toLowerCase()} subscription`,
        sac: registered ? row.seller.sac : null,
        amountPaise: registered ? row.taxablePaise : row.amountPaise,
      },
    ],
    breakdown: registered ? breakdownOf(row) : [],
    totalPaise: row.amountPaise,
    totalInWords: rupeesInWords(paise(row.amountPaise)),
    period: { from: row.startsAt, to: row.endsAt },
    payment: {
      method: methodTitle(row.method),
      reference: row.bankReference,
      cfPaymentId: row.cfPaymentId,
      paidAt: row.paidAt,
    },
  }
}

function breakdownOf(row: ReceiptRow): AmountRow[] {
  return [
    { label: 'Taxable value', amountPaise: row.taxablePaise },
    ...taxesOf(row),
    ...(row.roundOffPaise ? [{ label: 'Round off', amountPaise: row.roundOffPaise, isSigned: true }] : []),
  ]
}

/** The tax lines of a receipt or a credit note, as they are printed; none where the seller is not registered. */
export function taxesOf(row: Pick<ReceiptRow, 'cgstPaise' | 'sgstPaise' | 'igstPaise'>): AmountRow[] {
  return [
    { label: 'CGST 9%', amountPaise: row.cgstPaise },
    { label: 'SGST 9%', amountPaise: row.sgstPaise },
    { label: 'IGST 18%', amountPaise: row.igstPaise },
  ].filter((tax) => tax.amountPaise > 0)
}
