import type { SandboxContext } from '../context.ts'
import { newOrderId, newSessionId, nextCfId } from '../ids.ts'
import type { Customer, Order } from '../model.ts'
import { type Fields, objectAt, optionalText, optionalUrl, paise, tagsAt, text } from './fields.ts'
import { invalid, refusals } from './refusal.ts'

const DAY_MS = 86_400_000

/** Reads the body of Create Order into an order that nobody has stored yet; refuses as Cashfree does. */
export function readOrder(context: SandboxContext, fields: Fields): Order {
  const now = context.clock.now()
  const meta = objectAt(fields, 'order_meta')
  return {
    id: optionalText(fields, 'order_id', { min: 3, max: 45, pattern: /^[A-Za-z0-9_-]+$/ }) ?? newOrderId(),
    amountPaise: paise(fields, 'order_amount'),
    currency: readCurrency(fields),
    customer: readCustomer(fields),
    // A placeholder for the order's id may stand in its path or query.
    returnUrl: optionalUrl(meta, 'return_url', 'order_meta.return_url'),
    notifyUrl: optionalUrl(meta, 'notify_url', 'order_meta.notify_url'),
    paymentMethods: optionalText(meta, 'payment_methods', { path: 'order_meta.payment_methods' }),
    paymentMethodsFilters: meta.payment_methods_filters ?? null,
    expiresAt: readExpiry(fields, now),
    note: optionalText(fields, 'order_note', { min: 3, max: 200 }),
    tags: tagsAt(fields, 'order_tags'),
    extras: {
      splits: fields.order_splits ?? [],
      cart: fields.cart_details ?? null,
      products: fields.products ?? null,
    },
    cfId: nextCfId(context),
    sessionId: newSessionId(),
    createdAt: now,
    paidAt: null,
    terminationAskedAt: null,
    attempts: [],
    refunds: [],
    disputes: [],
  }
}

function readCurrency(fields: Fields): string {
  const currency = fields.order_currency
  if (currency === undefined || currency === null || currency === '') return 'INR'
  // Other currencies have to be enabled by Cashfree.
  if (currency !== 'INR') throw invalid('order_currency', 'is not valid or not enabled.', currency)
  return currency
}

function readCustomer(fields: Fields): Customer {
  if (fields.customer_details === undefined) throw refusals.missing('customer_details')
  const customer = objectAt(fields, 'customer_details')
  const at = (name: string) => `customer_details.${name}`
  return {
    id: text(customer, 'customer_id', { path: at('customer_id'), min: 3, max: 50, pattern: /^[A-Za-z0-9_-]+$/ }),
    phone: text(customer, 'customer_phone', {
      path: at('customer_phone'),
      max: 20,
      pattern: /^(\d{10}|\+91\d{10}|\+(?!91)\d{7,15})$/,
    }),
    email: optionalText(customer, 'customer_email', { path: at('customer_email'), min: 3, max: 100, pattern: /@/ }),
    name: optionalText(customer, 'customer_name', { path: at('customer_name'), min: 3, max: 100 }),
    uid: optionalText(customer, 'customer_uid', { path: at('customer_uid') }),
  }
}

/** More than 15 minutes and less than 30 days ahead; exactly 30 days when absent. */
function readExpiry(fields: Fields, now: number): number {
  const wanted = optionalText(fields, 'order_expiry_time')
  if (wanted === null) return now + 30 * DAY_MS
  // Without an offset the moment would depend on whose clock reads it.
  const moment = /(Z|[+-]\d\d:?\d\d)$/.test(wanted) ? Date.parse(wanted) : Number.NaN
  if (!(moment - now > 15 * 60_000 && moment - now < 30 * DAY_MS)) throw refusals.expiryInvalid()
  return moment
}
