import { istTime } from '../clock.ts'
import { type Html, html } from '../html.ts'
import type { Mandate } from '../mandate-model.ts'
import { rupeeSign } from '../money.ts'
import { checkoutLayout } from './layout.ts'

/** Above this a mandate needs the PIN at every debit, and accounts that are not enabled for that offer no UPI. */
const HIGHEST_WITHOUT_PIN_PAISE = 15_000_00

/** The hosted page of a mandate: what is asked for, and how it ends. */
export function mandatePage(mandate: Mandate): string {
  if (mandate.status !== 'INITIALIZED') return inactiveMandatePage(mandate)
  if (mandate.plan.maxAmountPaise > HIGHEST_WITHOUT_PIN_PAISE) return noMethodPage(mandate)
  return layout(
    mandate,
    'Set up UPI Autopay',
    html`<h1>Set up UPI Autopay</h1>${terms(mandate)}${outcomeForm(mandate)}`,
  )
}

/** For a session whose two hours are over. The mandate is still there, with another session. */
export function expiredSessionPage(): string {
  return checkoutLayout(
    'Session expired · sandbox look-alike',
    html`<h1>This session has expired</h1><p>Return to the merchant and start again.</p>`,
  )
}

/** Posts the outcome to the merchant, by itself where scripts run. */
export function mandateReturnPage(mandate: Mandate, fields: Record<string, string>): string {
  return layout(
    mandate,
    'Back to the merchant',
    html`<h1>${endOf(mandate)}</h1>
<form method="post" action="${mandate.returnUrl}">
  ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
  <button class="main">Return to merchant</button>
</form>`,
    html`<script src="/assets/return.js" defer></script>`,
  )
}

/** For a mandate without a return address. */
export function noReturnPage(mandate: Mandate): string {
  const content = html`<h1>${endOf(mandate)}</h1><p>The merchant gave no address to return to.</p>`
  return layout(mandate, 'Finished', content)
}

function inactiveMandatePage(mandate: Mandate): string {
  const content = html`<h1>${endOf(mandate)}</h1><p>There is nothing to approve here.</p>
${mandate.returnUrl && html`<p><a class="button" href="${mandate.returnUrl}">Return to merchant</a></p>`}`
  return layout(mandate, 'Autopay', content)
}

function noMethodPage(mandate: Mandate): string {
  return layout(
    mandate,
    'No way to pay',
    html`<h1>No payment method is available</h1>
<p>UPI takes ${rupeeSign(HIGHEST_WITHOUT_PIN_PAISE)} a debit at most, and this mandate asks for more.</p>${leaveForm(mandate)}`,
  )
}

function terms({ plan, authorisation, expiresAt, customer }: Mandate): Html {
  return html`
<dl class="terms">
  <div><dt>For</dt><dd>${plan.name}</dd></div>
  <div><dt>Now</dt><dd>${rupeeSign(authorisation.amountPaise)}${authorisation.refund && ', returned afterwards'}</dd></div>
  <div><dt>Later, at most</dt><dd>${rupeeSign(plan.maxAmountPaise)} each time${
    plan.type === 'ON_DEMAND' && ', when the merchant asks'
  }</dd></div>
  <div><dt>Until</dt><dd>${istTime(expiresAt).slice(0, 10)}</dd></div>
  <div><dt>Customer</dt><dd>${customer.name ?? customer.email}</dd></div>
</dl>`
}

function outcomeForm(mandate: Mandate): Html {
  return html`
<form method="post" action="/pg/view/mandates/${mandate.token}" class="stack verdict">
  <h2>What happens in the UPI app?</h2>
  <button class="main good" name="outcome" value="approve">Approve with UPI PIN</button>
  <button name="outcome" value="bank-pending">Approve, the bank takes its time</button>
  <button class="bad" name="outcome" value="decline">Decline</button>
  <button name="outcome" value="ignore">Never answer</button>
</form>
${leaveForm(mandate)}`
}

function leaveForm({ token }: Mandate): Html {
  return html`
<form method="post" action="/pg/view/mandates/${token}" class="leave">
  <button class="quiet" name="outcome" value="leave">Cancel and return to merchant</button>
</form>`
}

const ENDS: Partial<Record<Mandate['status'], string>> = {
  INITIALIZED: 'Autopay was not set up',
  ACTIVE: 'Autopay is set up',
  BANK_APPROVAL_PENDING: 'The bank has to approve this mandate',
  CUSTOMER_PAUSED: 'Autopay is paused',
  PAUSED: 'Autopay is paused',
}

function endOf({ status }: Mandate): string {
  return ENDS[status] ?? 'This mandate has ended'
}

function layout(mandate: Mandate, title: string, content: Html, script?: Html): string {
  const bill = { id: mandate.id, amountPaise: mandate.authorisation.amountPaise }
  return checkoutLayout(`${title} · sandbox look-alike`, content, {
    order: bill,
    what: 'Mandate',
    ...(script && { script }),
  })
}
