import { istTime } from '../clock.ts'
import type { SandboxContext } from '../context.ts'
import { type Html, html } from '../html.ts'
import { type Charge, hasEnded, type Mandate, type Script } from '../mandate-model.ts'
import { rupeeSign } from '../money.ts'
import { ago } from './labels.ts'

const SCRIPTS: Record<Script['debits'], string> = {
  ok: 'pay',
  'low-balance': 'find too little money',
  'closed-account': 'find a closed account',
  'opt-out': 'are opted out of',
  'no-answer': 'are never answered',
}

/** One mandate: its authorisation, its charges, and what its person, their bank and their app can do now. */
export function mandateCard(context: SandboxContext, mandate: Mandate): Html {
  const now = context.clock.now()
  const { authorisation, plan, status } = mandate
  return html`
<article class="card">
  <header><b class="amount">up to ${rupeeSign(plan.maxAmountPaise)}</b> <span class="tag ${status}">${status}</span>
    <span class="faint">${ago(mandate.createdAt, now)}</span></header>
  <p><code>${mandate.id}</code> · ${mandate.customer.name ?? mandate.customer.email} · ${plan.name}</p>
  <p class="faint">Authorised with ${rupeeSign(authorisation.amountPaise)}${authorisation.refund && ', returned'} ·
    until ${istTime(mandate.expiresAt).slice(0, 10)}${authorisation.reference && html` · ${authorisation.reference}`}</p>
  ${mandate.heardAt !== null && html`<p><b>${mandate.inApp}</b> in the app; Cashfree hears of it ${ago(mandate.heardAt, now)}.</p>`}
  ${mandate.bankDecidesAt !== null && html`<p>The bank approves ${ago(mandate.bankDecidesAt, now)}.</p>`}
  ${
    mandate.charges.length > 0 &&
    html`<ul class="list">${mandate.charges.toReversed().map((charge) => chargeLine(charge, now))}</ul>`
  }
  ${buttonsOf(mandate)}
  ${!hasEnded(mandate) && scriptForm(mandate)}
</article>`
}

function chargeLine(charge: Charge, now: number): Html {
  const { id, status, type, scheduledOn, next, failureReason, retries } = charge
  const isOpen = type === 'CHARGE' && (status === 'INITIALIZED' || status === 'PENDING')
  const act = (to: string, label: string, kind: string) => html`
    <form method="post" action="/console/charges/${id}/${to}"><button class="${kind}">${label}</button></form>`
  return html`<li><span class="tag ${status}">${status}</span> ${type} ${rupeeSign(charge.amountPaise)}
    ${scheduledOn && `on ${scheduledOn}`} <span class="faint">${id}${retries > 0 && ` · ${retries + 1} tries`}${
      failureReason && ` · ${failureReason}`
    }${next && ` · next step ${ago(next.at, now)}`}</span>
    ${charge.refunds.map(
      (
        refund,
      ) => html`<br><span class="tag ${refund.status}">${refund.status}</span> refund ${rupeeSign(refund.amountPaise)}
      <span class="faint">${refund.id}</span>`,
    )}
    ${isOpen && html`<div class="buttons">${act('SUCCESS', 'Debit it now', 'good')}${act('FAILED', 'Fail it now', 'bad')}</div>`}</li>`
}

function buttonsOf({ id, status, inApp }: Mandate): Html | false {
  const act = (what: string, label: string, kind = '') => html`
    <form method="post" action="/console/mandates/${id}/${what}"><button class="${kind}">${label}</button></form>`
  if (status === 'INITIALIZED') {
    return html`<div class="buttons">${act('approve', 'Approve', 'good')}${act('decline', 'Decline', 'bad')}${act('bank-pending', 'Approve, bank pending')}${act('ignore', 'Never answer')}</div>`
  }
  if (status === 'BANK_APPROVAL_PENDING') {
    return html`<div class="buttons">${act('bank-approves', 'Bank approves', 'good')}${act('bank-declines', 'Bank declines', 'bad')}</div>`
  }
  if ((status !== 'ACTIVE' && status !== 'CUSTOMER_PAUSED') || inApp === 'cancelled') return false
  return html`<div class="buttons">${
    inApp === 'active' ? act('pause', 'Pause in the app') : act('resume', 'Resume in the app', 'good')
  }${act('cancel', 'Cancel in the app', 'bad')}${act('expire', 'Expire')}</div>`
}

function scriptForm({ id, script }: Mandate): Html {
  const options = Object.entries(SCRIPTS).map(
    ([debits, label]) =>
      html`<option value="${debits}" ${debits === script.debits && html`selected`}>${label}</option>`,
  )
  return html`
<form method="post" action="/console/mandates/${id}/script" class="buttons script">
  <label>Debits <select name="debits">${options}</select></label>
  <input name="times" type="number" min="1" placeholder="∞" value="${script.times}" aria-label="How many times">
  <button>Set</button>
</form>`
}
