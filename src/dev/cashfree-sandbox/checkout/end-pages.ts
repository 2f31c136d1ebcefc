import { html } from '../html.ts'
import type { Attempt, Order } from '../model.ts'
import type { OrderStatus } from '../orders.ts'
import { checkoutLayout } from './layout.ts'
import type { PageState } from './page-sessions.ts'

export type Ending = 'finished' | 'closed'

const TEXTS: Record<OrderStatus, { title: string; text: string }> = {
  ACTIVE: { title: 'This order is open', text: 'Return to the merchant to pay it.' },
  PAID: { title: 'This order is already paid', text: 'There is nothing left to pay.' },
  EXPIRED: { title: 'This order has expired', text: 'Return to the merchant and start again.' },
  TERMINATED: { title: 'This order was cancelled', text: 'The merchant ended it. Return there and start again.' },
  TERMINATION_REQUESTED: { title: 'This order is being cancelled', text: 'No further attempt can be made.' },
}

/** For a payment session that this sandbox does not know. */
export function invalidSessionPage(): string {
  return checkoutLayout(
    'Invalid session · sandbox look-alike',
    html`<h1>Invalid session ID</h1>
<p>No order has this payment session. Usual causes: the session was made by the other environment, it was cut short on
its way to the page, or the sandbox was started afresh in between.</p>`,
  )
}

/** For an order that can no longer be paid. */
export function inactivePage(order: Order, status: OrderStatus, leave: string | null): string {
  const { title, text } = TEXTS[status]
  return checkoutLayout(
    `${title} · sandbox look-alike`,
    html`<h1>${title}</h1><p>${text}</p>${leave && html`<p><a class="button" href="${leave}">Return to merchant</a></p>`}`,
    { order },
  )
}

/** After a failed attempt; the order is still open, so the customer may try again. */
export function failedPage({ order, pageSession }: PageState, attempt: Attempt): string {
  return checkoutLayout(
    'Payment failed · sandbox look-alike',
    html`<h1>Payment failed</h1>
<p class="notice bad" role="alert">${attempt.message}. Nothing was charged.</p>
${pageSession && html`<p><a class="button main" href="/pg/view/visits/${pageSession.token}">Try again</a></p>`}
<form method="post" action="/pg/view/gateway/${attempt.token}/leave">
  <button>Return to merchant</button>
</form>`,
    { order },
  )
}

/** Inside a frame: reports to the page around it how it ended; without scripts there is a link. */
export function framedEndPage(order: Order, ending: Ending, leave: string | null): string {
  const finished = ending === 'finished'
  return checkoutLayout(
    'Finished · sandbox look-alike',
    html`<h1>${finished ? 'Payment finished' : 'Payment closed'}</h1>
<p>You can go back to the merchant's page now.</p>
${leave && html`<p><a class="button main" href="${leave}" target="_top">Return to merchant</a></p>`}`,
    { order, script: html`<script src="/assets/frame.js" data-ending="${ending}"></script>` },
  )
}

/** Full page, for an order without a return address. */
export function nowhereToGoPage(order: Order, attempt: Attempt | null): string {
  const paid = attempt?.status === 'SUCCESS'
  return checkoutLayout(
    'Finished · sandbox look-alike',
    html`<h1>${paid ? 'Payment successful' : 'You can close this page'}</h1>
<p>The merchant gave no address to return to.</p>`,
    { order },
  )
}
