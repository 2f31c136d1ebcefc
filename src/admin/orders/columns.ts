import { methodTitle } from '../../billing/payments/payments.ts'
import type { Column } from '../csv.ts'
import { failureGroups } from './labels.ts'
import type { OrderLine, PaymentLine } from './queries.ts'

/** What an export of orders holds. */
export const orderColumns: Column<OrderLine>[] = [
  { title: 'Opened', time: (row) => row.at },
  { title: 'Order', text: (row) => row.id },
  { title: 'Person', text: (row) => row.personName },
  { title: 'Plan', text: (row) => row.planTitle },
  { title: 'Purpose', text: (row) => row.purpose },
  { title: 'Amount', paise: (row) => row.amountPaise },
  { title: 'Status', text: (row) => row.status },
  { title: 'Held', time: (row) => row.heldAt },
  { title: 'Paid', time: (row) => row.paidAt },
  { title: 'Learned from', text: (row) => row.paidBy },
  { title: 'Attempts', number: (row) => row.attempts },
  { title: 'Method', text: (row) => (row.attempts > 0 ? methodTitle(row.method) : '') },
  { title: 'Bank reference', text: (row) => row.bankReference },
]

/** What an export of payments holds. */
export const paymentColumns: Column<PaymentLine>[] = [
  { title: 'Begun', time: (row) => row.at },
  { title: 'Payment', text: (row) => row.cfPaymentId },
  { title: 'Order', text: (row) => row.orderId },
  { title: 'Person', text: (row) => row.personName },
  { title: 'Plan', text: (row) => row.planTitle },
  { title: 'Amount', paise: (row) => row.amountPaise },
  { title: 'Status', text: (row) => row.status },
  { title: 'Method', text: (row) => methodTitle(row.method) },
  { title: 'Why it failed', text: (row) => (row.group ? (failureGroups[row.group] ?? row.group) : '') },
  { title: 'In Cashfree’s words', text: (row) => row.failureReason },
  { title: 'Bank reference', text: (row) => row.bankReference },
]
