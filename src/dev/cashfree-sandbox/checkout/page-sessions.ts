import type { SandboxContext } from '../context.ts'
import { newToken } from '../ids.ts'
import type { Attempt, Order, PageSession } from '../model.ts'
import { statusOf } from '../orders.ts'

/** What a page of the checkout shows: an order, and the page session unless the attempt was made through the API. */
export type PageState = { order: Order; pageSession: PageSession | null }

/** The merchant's form: which session, and how the page is being shown. */
export type CheckoutForm = { payment_session_id?: string; return_url?: string; platform?: string }

/** Opens a page session; null when the payment session is unknown. */
export function openPageSession(context: SandboxContext, form: CheckoutForm): PageState | null {
  const order = context.ledger.sessions.get(form.payment_session_id ?? '')
  if (!order) return null
  const pageSession: PageSession = {
    token: newToken(),
    orderId: order.id,
    returnUrl: webAddress(form.return_url),
    framed: isFramed(form.platform),
    createdAt: context.clock.now(),
  }
  context.ledger.pageSessions.set(pageSession.token, pageSession)
  context.changed()
  return { order, pageSession }
}

/** The page session of that token, with its order; null for an unknown token. */
export function pageStateOf(context: SandboxContext, token: string): PageState | null {
  const pageSession = context.ledger.pageSessions.get(token)
  const order = pageSession && context.ledger.orders.get(pageSession.orderId)
  return order ? { order, pageSession } : null
}

/** The order of an attempt, and the page session it was started from, if any. */
export function pageStateOfAttempt(context: SandboxContext, attempt: Attempt): PageState {
  return {
    order: context.ledger.orders.get(attempt.orderId)!,
    pageSession: context.ledger.pageSessions.get(attempt.visit ?? '') ?? null,
  }
}

/** The merchant's address with the order's id in it; the one of the form wins over the order's. */
export function returnUrlOf({ order, pageSession }: PageState): string | null {
  const url = pageSession?.returnUrl ?? order.returnUrl
  const filled = url?.replaceAll(/\{order_id\}|%7Border_id%7D/gi, encodeURIComponent(order.id))
  return filled ? (URL.parse(filled)?.href ?? null) : null
}

/** Whether the order takes new attempts by the sandbox's clock. */
export function canBePaid(context: SandboxContext, order: Order): boolean {
  return statusOf(order, context.clock.now()) === 'ACTIVE'
}

/** The browser script marks forms that it posts into a frame with `jsxx-m-…`, redirects with `jsxx-c-…`. */
function isFramed(platform = ''): boolean {
  return platform.startsWith('jsxx-m-')
}

function webAddress(url: string | undefined): string | null {
  return url && /^https?:\/\//i.test(url) ? url : null
}
