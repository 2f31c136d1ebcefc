import type { Column } from '../csv.ts'
import type { RefundLine } from './queries.ts'

/** What an export of refunds holds. */
export const columns: Column<RefundLine>[] = [
  { title: 'Promised', time: (row) => row.at },
  { title: 'Refund', text: (row) => row.id },
  { title: 'Order', text: (row) => row.orderId },
  { title: 'Person', text: (row) => row.personName },
  { title: 'Amount', paise: (row) => row.amountPaise },
  { title: 'Status', text: (row) => row.status },
  { title: 'Reason', text: (row) => row.reason },
  { title: 'By', text: (row) => row.madeBy ?? 'Cashfree' },
  { title: 'Finished', time: (row) => row.finishedAt },
  { title: 'Bank reference', text: (row) => row.bankReference },
  { title: 'Credit note', text: (row) => row.creditNote },
]
