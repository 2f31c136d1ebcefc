import { type Html, html } from '../html.ts'
import type { Order } from '../model.ts'
import { TEST_CARDS, TEST_VPAS } from '../payment-methods.ts'
import { checkoutLayout } from './layout.ts'

export type Mistake = { field: 'upi_id' | 'card_number' | 'card_expiry' | 'card_cvv'; text: string; typed: string }

/** The hosted page of a page session: payment methods, UPI first. `notice` says why the attempt before failed. */
export function choosePage(
  order: Order,
  token: string,
  { mistake, notice }: { mistake?: Mistake; notice?: string | null } = {},
): string {
  const action = `/pg/view/visits/${token}/pay`
  const methods = methodsOf(order)
  const content = html`
<h1>Choose a way to pay</h1>
${notice && html`<p class="notice bad" role="alert">${notice} You can try again.</p>`}
${methods.includes('upi') && upi(action, mistake)}
${methods.includes('card') && card(action, mistake)}
${methods.includes('netbanking') && netbanking(action)}
<form method="post" action="/pg/view/visits/${token}/leave" class="leave">
  <button class="quiet" name="how" value="close">Cancel and return to merchant</button>
</form>`
  return checkoutLayout('Pay · sandbox look-alike', content, { order })
}

/** `order_meta.payment_methods` narrows the choice; blank means all. */
function methodsOf(order: Order): string[] {
  const names: Record<string, string> = {
    upi: 'upi',
    nb: 'netbanking',
    cc: 'card',
    dc: 'card',
    ccc: 'card',
    ppc: 'card',
  }
  const allowed = (order.paymentMethods ?? '').split(',').flatMap((name) => names[name.trim()] ?? [])
  return allowed.length > 0 ? allowed : ['upi', 'card', 'netbanking']
}

function upi(action: string, mistake?: Mistake): Html {
  return html`
<section class="way" aria-labelledby="upi">
  <h2 id="upi">UPI</h2>
  <form method="post" action="${action}">
    <input type="hidden" name="method" value="upi-qr">
    <button class="main">Show QR code</button>
  </form>
  <form method="post" action="${action}" class="stack">
    <input type="hidden" name="method" value="upi-collect">
    <label for="upi_id">or enter a UPI ID</label>
    <input id="upi_id" name="upi_id" inputmode="email" autocapitalize="none" autocomplete="off" spellcheck="false"
      placeholder="testsuccess@gocash" value="${typed(mistake, 'upi_id')}" ${flaw(mistake, 'upi_id')}>
    ${complaint(mistake, 'upi_id')}
    <button>Request payment</button>
    <details><summary>Test UPI IDs</summary>
      <ul class="codes">${Object.keys(TEST_VPAS).map((name) => html`<li><code>${name}@gocash</code></li>`)}</ul>
    </details>
  </form>
</section>`
}

function card(action: string, mistake?: Mistake): Html {
  return html`
<section class="way" aria-labelledby="card">
  <h2 id="card">Card</h2>
  <form method="post" action="${action}" class="stack">
    <input type="hidden" name="method" value="card">
    <label for="card_number">Card number</label>
    <input id="card_number" name="card_number" inputmode="numeric" autocomplete="off"
      placeholder="4706 1312 1121 2123" value="${typed(mistake, 'card_number')}" ${flaw(mistake, 'card_number')}>
    ${complaint(mistake, 'card_number')}
    <div class="pair">
      <div><label for="card_expiry">Expiry (MM/YY)</label>
        <input id="card_expiry" name="card_expiry" inputmode="numeric" autocomplete="off" placeholder="03/28"
          value="${typed(mistake, 'card_expiry')}" ${flaw(mistake, 'card_expiry')}>${complaint(mistake, 'card_expiry')}</div>
      <div><label for="card_cvv">CVV</label>
        <input id="card_cvv" name="card_cvv" inputmode="numeric" autocomplete="off" placeholder="123" maxlength="4"
          ${flaw(mistake, 'card_cvv')}>${complaint(mistake, 'card_cvv')}</div>
    </div>
    <button>Pay by card</button>
    <details><summary>Test cards</summary>
      <p>Expiry 03/28, CVV 123, OTP 111000. Never type a real card number here.</p>
      <ul class="codes">${TEST_CARDS.map(
        ({ number, network, type }) => html`<li><code>${number}</code> ${network} ${type.replace('_card', '')}</li>`,
      )}</ul>
    </details>
  </form>
</section>`
}

function netbanking(action: string): Html {
  return html`
<section class="way" aria-labelledby="netbanking">
  <h2 id="netbanking">Netbanking</h2>
  <form method="post" action="${action}">
    <input type="hidden" name="method" value="netbanking">
    <button>TEST Bank</button>
  </form>
</section>`
}

function typed(mistake: Mistake | undefined, field: Mistake['field']): string {
  return mistake?.field === field ? mistake.typed : ''
}

function flaw(mistake: Mistake | undefined, field: Mistake['field']): Html | false {
  return mistake?.field === field && html`aria-invalid="true" aria-describedby="${field}-flaw"`
}

function complaint(mistake: Mistake | undefined, field: Mistake['field']): Html | false {
  return mistake?.field === field && html`<p class="flaw" id="${field}-flaw">${mistake.text}</p>`
}
