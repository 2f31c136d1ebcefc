import { findState } from '../../identity/users/indian-states.ts'
import type { Seller } from '../../platform/config.ts'
import { paise, rupeesInWords } from '../../platform/money.ts'
import { methodTitle } from '../payments/payments.ts'

/** A receipt as stored: seller, buyer and tax lines are a copy of the day it was issued. */
export type ReceiptRow = {
  number: string
  userId: string
  orderId: string
  issuedAt: Date
  paidAt: Date
  amountPaise: number
  taxablePaise: number
  cgstPaise: number
  sgstPaise: number
  igstPaise: number
  roundOffPaise: number
  seller: Seller
  buyer: { name: string; email: string; stateCode: string }
  planTitle: string
  startsAt: Date
  endsAt: Date
  cfPaymentId: string
  method: string | null
  bankReference: string | null
}

/** A receipt as page, PDF and mail print it. With a GSTIN it is a tax invoice (Rule 46 CGST); without, GST is not named. */
export type Receipt = {
  number: string
  userId: string
  issuedAt: Date
  kind: 'receipt' | 'tax-invoice'
  seller: { name: string; address: string; gstin: string | null; stateName: string; email: string }
  buyer: { name: string; email: string; stateName: string; stateCode: string }
  lines: { description: string; sac: string | null; amountPaise: number }[]
  taxablePaise: number | null
  taxes: { label: string; amountPaise: number }[]
  roundOffPaise: number
  totalPaise: number
  totalInWords: string
  period: { from: Date; to: Date }
  payment: { method: string; reference: string | null; cfPaymentId: string; paidAt: Date }
}

/** What is printed of a stored receipt. */
export function receiptOf(row: ReceiptRow): Receipt {
  const registered = row.seller.gstin !== ''
  return {
    number: row.number,
    userId: row.userId,
    issuedAt: row.issuedAt,
    kind: registered ? 'tax-invoice' : 'receipt',
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
    taxablePaise: registered ? row.taxablePaise : null,
    taxes: taxesOf(row),
    roundOffPaise: row.roundOffPaise,
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

/** The tax lines of a receipt or a credit note, as they are printed; none where the seller is not registered. */
export function taxesOf(row: Pick<ReceiptRow, 'cgstPaise' | 'sgstPaise' | 'igstPaise'>): Receipt['taxes'] {
  return [
    { label: 'CGST 9%', amountPaise: row.cgstPaise },
    { label: 'SGST 9%', amountPaise: row.sgstPaise },
    { label: 'IGST 18%', amountPaise: row.igstPaise },
  ].filter((tax) => tax.amountPaise > 0)
}
