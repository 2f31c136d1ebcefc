import { type Html, html } from '../html.ts'
import type { Attempt, Order } from '../model.ts'
import { qrPng } from '../qr.ts'
import { REASONS } from '../reasons.ts'
import { checkoutLayout } from './layout.ts'

const LONGEST_REFRESH_S = 15

/** The bank's page of one attempt: decide how it ends. It reloads by itself while a test VPA's answer is due. */
export function simulatorPage(
  order: Order,
  attempt: Attempt,
  page: { url: string; now: number; wrongOtp?: boolean },
): string {
  const content =
    attempt.otp === 'wanted' && attempt.method.detail.channel === 'link'
      ? otp(attempt, page.wrongOtp === true)
      : html`${instructions(attempt, page.url)}${outcomeForm(attempt)}`
  return checkoutLayout('Approve the payment · sandbox look-alike', content, {
    order,
    refreshS: refreshS(attempt, page.now),
  })
}

/** Reloads when the answer is due, and every few seconds before that, since the clock may be moved. */
function refreshS({ settles }: Attempt, now: number): number | undefined {
  return settles ? Math.min(LONGEST_REFRESH_S, Math.max(1, Math.ceil((settles.at - now) / 1000))) : undefined
}

function otp(attempt: Attempt, wrong: boolean): Html {
  return html`
<h1>Enter the one-time password</h1>
<p>Sent to nobody. In the sandbox it is <code>111000</code>.</p>
<form method="post" action="/pg/view/simulate" class="stack">
  <input type="hidden" name="token" value="${attempt.token}">
  <label for="otp">One-time password</label>
  <input id="otp" name="otp" inputmode="numeric" autocomplete="one-time-code" maxlength="6"
    ${wrong && html`aria-invalid="true" aria-describedby="otp-flaw"`}>
  ${wrong && html`<p class="flaw" id="otp-flaw">That is not the password. ${3 - attempt.otpTries} more before the payment fails.</p>`}
  <button class="main" name="outcome" value="otp">Continue</button>
  <button class="quiet" name="outcome" value="drop" formnovalidate>Walk away</button>
</form>`
}

function instructions(attempt: Attempt, url: string): Html {
  const { channel, upi_id, netbanking_bank_name, card_number } = attempt.method.detail
  if (attempt.method.key === 'upi' && channel === 'collect') {
    return html`<h1>Request sent</h1><p>To <b>${String(upi_id)}</b>.${
      attempt.settles ? ' This test ID answers by itself; you need not do anything.' : ''
    }</p>`
  }
  if (attempt.method.key === 'upi') {
    return html`<h1>Scan with a UPI app</h1>
<p><img class="qr" src="${qrPng(url)}" alt="QR code that opens this page" width="220" height="220"></p>
<p class="small">No UPI app knows this code: scanned with a phone on the same network, it opens this page there.</p>`
  }
  return html`<h1>Approve the payment</h1><p>${String(netbanking_bank_name ?? card_number ?? 'Wallet')}</p>`
}

function outcomeForm(attempt: Attempt): Html {
  return html`
<form method="post" action="/pg/view/simulate" class="stack verdict">
  <input type="hidden" name="token" value="${attempt.token}">
  <h2>How does it end?</h2>
  <button class="main good" name="outcome" value="success">Success</button>
  <div class="group">
    <label for="reason">Reason of a failure</label>
    <select id="reason" name="reason">${Object.entries(REASONS).map(
      ([name, { label }]) => html`<option value="${name}">${label}</option>`,
    )}</select>
    <button class="bad" name="outcome" value="failure">Failure</button>
  </div>
  <button name="outcome" value="pending">Stay pending</button>
  <button name="outcome" value="drop">Drop: walk away from the payment</button>
  <button class="quiet" name="outcome" value="close">Close the page</button>
</form>`
}
