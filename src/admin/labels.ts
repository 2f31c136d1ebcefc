import { dateTimeInIndia, instantIn } from '../platform/dates.ts'
import { rupees } from '../platform/money.ts'

const labels: Record<string, string> = {
  orderId: 'Order',
  cfOrderId: 'Cashfree’s order number',
  cfPaymentId: 'Payment',
  amountPaise: 'Amount',
  orderAmountPaise: 'Order’s amount',
  orderCurrency: 'Order’s currency',
  customerId: 'Customer',
  pricePaise: 'Price',
  preparedRefundPaise: 'Prepared refund',
  backPaise: 'Refunded',
  q: 'Search',
  currency: 'Currency',
  status: 'Status',
  statusNow: 'Status now',
  expiresAt: 'Ends',
  attempts: 'Payment attempts',
  thisOrder: 'This order',
  otherOrder: 'The other order',
  firstOrder: 'First seen with order',
  alsoClaimedBy: 'Now named under order',
  refundId: 'Refund',
  cfRefundId: 'Cashfree’s refund number',
  bankReference: 'Bank reference',
  type: 'Event',
  kind: 'Kind',
  theirStatus: 'Cashfree’s status',
  respondBy: 'Answer by',
  at: 'Seen',
}

/** How the name of a recorded fact reads: "cfPaymentId" is "Payment". */
export function labelOf(key: string): string {
  return (
    labels[key] ??
    key.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (letter) => letter.toUpperCase())
  )
}

/** A recorded fact as text: paise as rupees, lists and groups in one line, a dash for what is not there. */
export function factText(key: string, value: unknown): string {
  if (value === undefined || value === null) return '—'
  if (/Paise$/.test(key) && typeof value === 'number') return rupees(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((entry) => factText('', entry)).join('; ')
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) && instantIn(value))
    return dateTimeInIndia(new Date(value))
  if (typeof value !== 'object') return String(value)
  const known = Object.entries(value).filter(([, inner]) => inner !== null)
  return known.map(([name, inner]) => `${labelOf(name)} ${factText(name, inner)}`).join(', ') || 'none'
}

/** How a kind or an outcome reads: "payment-mismatch" is "Payment mismatch". */
export function sentenceCase(kind: string): string {
  const text = kind.replaceAll('-', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** "12,34,567": a number as India groups it. */
export function count(value: number): string {
  return value.toLocaleString('en-IN')
}

/** "1 order", "12,345 orders": a number with its noun. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}
