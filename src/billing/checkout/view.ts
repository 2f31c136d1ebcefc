import type { Services } from '../../platform/services.ts'
import type { Checkout } from './checkout.ts'

/** Which page the region stands on: only /checkout/* may hold the form that leads to Cashfree. */
export type CheckoutEntry = 'checkout' | 'return'

/** What the templates print; decided here so that they only print. */
export type CheckoutView = Omit<Checkout, 'order' | 'lastAttempt'> & {
  order: null | {
    id: string
    amountPaise: number
    expiresAt: Date
    paymentSessionId: string | null
    lastAttempt: { status: string; reason: string | null } | null
  }
  door: CheckoutEntry
  /** Back from Cashfree, which knows of no attempt that reached a bank. */
  untried: boolean
  /** What the poll says it has seen: while it stays the same, the answer is 204 and the page is left alone. */
  seen: string
  poll: { url: string; seconds: number } | null
  gateway: { formAction: string; mode: 'sandbox' | 'production'; jsUrl: string }
  testData: boolean
}

/** Every 3 seconds for two minutes, every 10 for a quarter of an hour; then the page says so and stops. */
export function checkoutView(
  deps: Services,
  checkout: Checkout,
  door: CheckoutEntry,
  since = Number.NaN,
): CheckoutView {
  const { order, lastAttempt, ...rest } = checkout
  const { cashfree } = deps.config
  const now = Math.floor(Date.now() / 1000)
  const start = Number.isFinite(since) && since > 0 && since <= now ? Math.floor(since) : now
  const seconds = now - start < 120 ? 3 : now - start < 900 ? 10 : null
  const failed = lastAttempt?.status === 'FAILED'
  const dropped = lastAttempt?.status === 'USER_DROPPED' || lastAttempt?.status === 'CANCELLED'
  const waits = checkout.stage === 'session-created'
  const isFree = checkout.underWay.length === 0
  const untried = waits && isFree && door === 'return' && !failed && !dropped
  const isOfOthers = checkout.underWay.some((money) => money.orderId !== order?.id)
  // What the browser holds in its hands: another attempt's outcome, a hold or a slower pace all show a new region.
  const details = [
    waits && failed && 'failed',
    waits && dropped && 'dropped',
    untried && 'untried',
    ...checkout.underWay.map(({ state, mayPayAgain }) => `${state}${mayPayAgain ? '-again' : ''}`),
    waits && seconds !== 3 && `every-${seconds}`,
  ]
  const seen = [checkout.stage, ...details].filter(Boolean).join('-')
  const query = new URLSearchParams({ seen, since: String(start), ...(door === 'return' ? { door } : {}) })
  return {
    ...rest,
    order: order && {
      id: order.id,
      amountPaise: order.amountPaise,
      expiresAt: order.expiresAt,
      paymentSessionId: isFree ? order.paymentSessionId : null,
      lastAttempt: failed && isFree ? lastAttempt : null,
    },
    door,
    untried,
    seen,
    poll: waits && seconds !== null && !isOfOthers ? { url: `/payment/status/${order!.id}?${query}`, seconds } : null,
    gateway: {
      formAction: `${cashfree.checkoutBase}/view/sessions/checkout`,
      mode: cashfree.env,
      jsUrl: cashfree.jsUrl,
    },
    testData: cashfree.env === 'sandbox',
  }
}
