import { findState, indianStates } from '../../identity/users/indian-states.ts'
import type { Services } from '../../platform/services.ts'
import { checkoutPathOf, refundDays } from '../payments/payments.ts'
import type { LastAttempt } from '../payments/queries.ts'
import { type Checkout, cannotBePaid, type Progress } from './checkout.ts'

/** The page around the checkout's region: /checkout/*, which alone may hold the form that leads to Cashfree, or the return page. */
export type CheckoutEntry = 'checkout' | 'return'

/** What the templates print; everything is decided here. */
export type CheckoutView = Omit<Checkout, 'order' | 'lastAttempt'> & {
  order: null | {
    id: string
    path: string
    purpose: 'period' | 'switch' | 'gift'
    amountPaise: number
    creditPaise: number
    discountPaise: number
    couponCode: string | null
    expiresAt: Date
    paymentSessionId: string | null
    lastAttempt: LastAttempt | null
  }
  entry: CheckoutEntry
  /** The payer is back from Cashfree, which knows of no attempt that reached a bank. */
  untried: boolean
  /** When the payer began the payment whose outcome Cashfree does not know yet: it waits to be approved, or was left. */
  openedAt: Date | null
  /** Some attempt is known, whatever became of it. */
  attempted: boolean
  /** The payer's state, which receipts need, is asked for before they are led to Cashfree. */
  asksState: boolean
  /** What receipts will say; null until it is given. */
  stateName: string | null
  states: typeof indianStates
  /** A code and a company can be typed beside the region. */
  takesWishes: boolean
  /** Names what the region shows. The poll sends it back, and is answered 204 while it is still the same. */
  seen: string
  poll: { url: string; seconds: number } | null
  gateway: { formAction: string; mode: 'sandbox' | 'production'; jsUrl: string }
  testData: boolean
  refundDays: number
}

/** In `seen`: no payment is offered. */
export const isClosed = 'closed'

/** In `seen`: an attempt failed, or one was opened whose outcome is not known. */
const isFailed = 'failed'
const isOpened = 'opened'

/** Whether what was `seen` tells of an attempt that another may have followed, or that may have ended. */
export function tellsOfAttempt(seen: string): boolean {
  return seen.includes(isFailed) || seen.includes(isOpened)
}

/** In `seen`: the page around the region had no form for a code and a company. */
export const withoutForm = 'without-form'

/** Who looks at a checkout, from where; `stateCode` as in User. */
export type CheckoutViewer = { entry: CheckoutEntry; stateCode: string | null; since?: number }

/**
 * The view of a checkout. `since` is when the page began to wait, in seconds since 1970, as its polls repeat it: it polls every
 * 3 seconds for two minutes and every 10 for a quarter of an hour; then the page says so and stops.
 */
export function checkoutView(services: Services, checkout: Checkout, viewer: CheckoutViewer): CheckoutView {
  const { order, lastAttempt, ...rest } = checkout
  const { cashfree } = services.config
  const { failed, isFree, isOfOthers, waits, untried, openedAt, asksState, takesWishes, seconds, start, seen } =
    shownOf(checkout, viewer)
  const { entry } = viewer
  const query = new URLSearchParams({ seen, since: String(start), ...(entry === 'return' ? { door: entry } : {}) })
  return {
    ...rest,
    order: order && {
      id: order.id,
      path: checkoutPathOf(order),
      purpose: order.purpose,
      amountPaise: order.amountPaise,
      creditPaise: order.creditPaise,
      discountPaise: order.discountPaise,
      couponCode: order.couponCode,
      expiresAt: order.expiresAt,
      paymentSessionId: isFree && !checkout.closed && !asksState ? order.paymentSessionId : null,
      lastAttempt: failed && isFree ? lastAttempt : null,
    },
    entry,
    untried,
    openedAt,
    attempted: lastAttempt !== null,
    asksState,
    stateName: viewer.stateCode && (findState(viewer.stateCode)?.name ?? viewer.stateCode),
    states: indianStates,
    takesWishes,
    seen,
    poll: waits && seconds !== null && !isOfOthers ? { url: `/payment/status/${order!.id}?${query}`, seconds } : null,
    gateway: {
      formAction: `${cashfree.checkoutBase}/view/sessions/checkout`,
      mode: cashfree.env,
      jsUrl: cashfree.jsUrl,
    },
    testData: cashfree.env === 'sandbox',
    refundDays,
  }
}

/** What the region shows of a progress; two that are `seen` alike look alike. */
export function shownOf(progress: Progress, { entry, stateCode, since = Number.NaN }: CheckoutViewer) {
  const { order, stage, underWay, closed, lastAttempt } = progress
  const now = Math.floor(Date.now() / 1000)
  const start = Number.isFinite(since) && since > 0 && since <= now ? Math.floor(since) : now
  const seconds = now - start < 120 ? 3 : now - start < 900 ? 10 : null
  const failed = lastAttempt?.status === 'FAILED'
  const dropped = lastAttempt?.status === 'USER_DROPPED' || lastAttempt?.status === 'CANCELLED'
  // Of an order that was open before, a payment may come at any time.
  const mayArrive = closed !== null && order?.status === 'active' && !cannotBePaid(order)
  const waits = stage === 'session-created' || mayArrive
  const isFree = underWay.length === 0
  const takesWishes =
    entry === 'checkout' && stage !== 'paid' && isFree && !closed && !progress.gift && progress.again !== 'over'
  const openedAt = waits && isFree && lastAttempt?.status === 'NOT_ATTEMPTED' ? lastAttempt.begunAt : null
  const untried = waits && isFree && entry === 'return' && !failed && !dropped && !openedAt
  const asksState = stateCode === null && stage !== 'paid'
  // Whatever changes the region must change this: another attempt's outcome, money under way, a slower pace of polling.
  const details = [
    waits && failed && isFailed,
    waits && dropped && 'dropped',
    untried && 'untried',
    openedAt && `${isOpened}-${Math.floor(openedAt.getTime() / 1000)}`,
    asksState && 'stateless',
    closed && isClosed,
    ...underWay.map(({ state, mayPayAgain }) => `${state}${mayPayAgain ? '-again' : ''}`),
    entry === 'checkout' && stage !== 'paid' && !takesWishes && withoutForm,
    waits && seconds !== 3 && `every-${seconds}`,
  ]
  const seen = [stage, ...details].filter(Boolean).join('-')
  const isOfOthers = underWay.some((money) => money.orderId !== order?.id)
  return { failed, isFree, isOfOthers, waits, untried, openedAt, asksState, takesWishes, seconds, start, seen }
}
