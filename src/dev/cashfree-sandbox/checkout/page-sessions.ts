import type { SandboxContext } from '../context.ts'
import { newToken } from '../ids.ts'
import type { Attempt, Order, PageSession } from '../ledger.ts'
import { statusOf } from '../orders.ts'

/** Where the customer stands: an order, perhaps opened through the hosted page, perhaps with an attempt. */
export type PageState = { order: Order; visit: PageSession | null }

/** The merchant's form: which session, and how the page is being shown. */
export type CheckoutForm = { payment_session_id?: string; return_url?: string; platform?: string }

/** Starts a visit; null when the session names no order. */
export function openPageSession(world: SandboxContext, form: CheckoutForm): PageState | null {
  const order = world.ledger.sessions.get(form.payment_session_id ?? '')
  if (!order) return null
  const visit: PageSession = {
    token: newToken(),
    orderId: order.id,
    returnUrl: webAddress(form.return_url),
    framed: isFramed(form.platform),
    createdAt: world.clock.now(),
  }
  world.ledger.visits.set(visit.token, visit)
  world.changed()
  return { order, visit }
}

/** What a visit to the hosted page is about; null for a token nobody was given. */
export function pageStateOf(world: SandboxContext, token: string): PageState | null {
  const visit = world.ledger.visits.get(token)
  const order = visit && world.ledger.orders.get(visit.orderId)
  return order ? { order, visit } : null
}

/** The order of an attempt, and the visit it was started from, if any. */
export function pageStateOfAttempt(world: SandboxContext, attempt: Attempt): PageState {
  return {
    order: world.ledger.orders.get(attempt.orderId)!,
    visit: world.ledger.visits.get(attempt.visit ?? '') ?? null,
  }
}

/** The merchant's address with the order's id in it; what the form asked for wins over what the order says. */
export function returnUrlOf({ order, visit }: PageState): string | null {
  const url = visit?.returnUrl ?? order.returnUrl
  const filled = url?.replaceAll(/\{order_id\}|%7Border_id%7D/gi, encodeURIComponent(order.id))
  return filled ? (URL.parse(filled)?.href ?? null) : null
}

/** Whether the order takes new attempts by the sandbox's clock. */
export function canBePaid(world: SandboxContext, order: Order): boolean {
  return statusOf(order, world.clock.now()) === 'ACTIVE'
}

/** The script marks the forms that it posts into a frame (`jsxx-m-…`) apart from redirects (`jsxx-c-…`). */
function isFramed(platform = ''): boolean {
  return platform.startsWith('jsxx-m-')
}

function webAddress(url: string | undefined): string | null {
  return url && /^https?:\/\//i.test(url) ? url : null
}
