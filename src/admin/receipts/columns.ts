import { findState } from '../../identity/users/indian-states.ts'
import type { Column } from '../csv.ts'
import type { TaxPaper } from './queries.ts'

/** What an export holds. Credit notes are negative, so that each column adds up to what is net. */
export const columns: Column<TaxPaper>[] = [
  { title: 'Number', text: (row) => row.number },
  { title: 'Kind', text: (row) => (row.kind === 'receipt' ? 'receipt' : `credit note, ${row.kind}`) },
  { title: 'Issued', time: (row) => row.issuedAt },
  { title: 'About', text: (row) => row.about },
  { title: 'Buyer', text: (row) => row.buyerName },
  { title: 'GSTIN', text: (row) => row.gstin },
  { title: 'Place of supply', text: (row) => findState(row.stateCode)?.name ?? row.stateCode },
  { title: 'Plan', text: (row) => row.planTitle },
  { title: 'Taxable value', paise: (row) => row.taxablePaise },
  { title: 'CGST', paise: (row) => row.cgstPaise },
  { title: 'SGST or UTGST', paise: (row) => row.sgstPaise },
  { title: 'IGST', paise: (row) => row.igstPaise },
  { title: 'Round off', paise: (row) => row.roundOffPaise },
  { title: 'Total', paise: (row) => row.amountPaise },
  { title: 'Seller’s GSTIN', text: (row) => row.sellerGstin },
  { title: 'Order', text: (row) => row.orderId },
]
