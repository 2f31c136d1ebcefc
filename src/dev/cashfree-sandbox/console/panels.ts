import { istTime } from '../clock.ts'
import type { SandboxContext } from '../context.ts'
import { type ActiveFault, FAULTS, type FaultName } from '../faults.ts'
import { type Html, html } from '../html.ts'
import { span } from './labels.ts'

const STEPS = [
  { ms: 10 * 60_000, label: '+10 min' },
  { ms: 3_600_000, label: '+1 h' },
  { ms: 86_400_000, label: '+1 day' },
  { ms: 7 * 86_400_000, label: '+1 week' },
]

/** The sandbox's own clock and the buttons that move it. */
export function clockPanel(context: SandboxContext): Html {
  const offset = context.clock.offsetMs()
  const ahead = offset >= 1_000
  return html`
<section class="card" aria-labelledby="clock">
  <h2 id="clock">Clock</h2>
  <p class="time">${istTime(context.clock.now()).replace('T', ' ').replace('+05:30', ' IST')}</p>
  <p class="faint">${
    ahead
      ? `${span(offset)} ahead of the wall. New orders are judged by this clock: an expiry sooner than that is refused.`
      : 'Same as the wall. Moving it sends due retries and ends what has to end.'
  }</p>
  <form method="post" action="/console/clock" class="buttons">
    ${STEPS.map(({ ms, label }) => html`<button name="ms" value="${ms}">${label}</button>`)}
    ${ahead && html`<button name="ms" value="reset">Back to now</button>`}
  </form>
</section>`
}

/** Where webhooks are sent, and whether they are paused. */
export function webhooksPanel(context: SandboxContext): Html {
  const { webhookUrl, subscriptionWebhookUrl, webhooksPaused } = context
  return html`
<section class="card" aria-labelledby="webhooks">
  <h2 id="webhooks">Webhooks</h2>
  <p>${webhookUrl ? html`Sent to <code>${webhookUrl}</code>` : 'No endpoint is set (SANDBOX_WEBHOOK_URL); only notify_url of an order is called.'}</p>
  <p>${subscriptionWebhookUrl ? html`Those of mandates to <code>${subscriptionWebhookUrl}</code>` : 'Those of mandates are sent nowhere (SANDBOX_SUBSCRIPTION_WEBHOOK_URL).'}</p>
  <p class="faint">${webhooksPaused ? 'Paused: they wait until you resume.' : 'Sent as things happen; retried after 2, 10 and 30 minutes.'}</p>
  <div class="buttons">
    ${webhookUrl && html`<form method="post" action="/console/ping"><button>Send test ping</button></form>`}
    <form method="post" action="/console/webhooks"><button name="paused" value="${String(!webhooksPaused)}">${webhooksPaused ? 'Resume' : 'Pause'}</button></form>
    <form method="post" action="/console/reset"><button class="bad">Forget everything</button></form>
  </div>
</section>`
}

/** One switch per fault. */
export function faultsPanel(context: SandboxContext): Html {
  const active = new Map(context.faults.active().map((fault) => [fault.name, fault]))
  return html`
<section data-live="faults"><h2 id="faults">Faults ${active.size > 0 && html`<span class="tag FAILED">${active.size} on</span>`}</h2>
  <p class="faint">What can go wrong between a shop and Cashfree. A number limits a fault to the next so many times.</p>
  ${
    active.size > 0 &&
    html`<form method="post" action="/console/faults" class="buttons"><button>Switch all off</button></form>`
  }
  <ul class="faults">${(Object.entries(FAULTS) as [FaultName, string][]).map(([name, label]) =>
    faultSwitch(name, label, active.get(name)),
  )}</ul>
</section>`
}

function faultSwitch(name: FaultName, label: string, fault: ActiveFault | undefined): Html {
  const left = typeof fault?.count === 'number' && `, ${fault.count} left`
  return html`
<li><form method="post" action="/console/faults" class="${fault ? 'fault on' : 'fault'}">
  <input type="hidden" name="name" value="${name}">
  <span class="label">${label} <code>${name}</code>${fault && html` <b>on${left}</b>`}</span>
  ${
    fault
      ? html`<button name="on" value="false">Off</button>`
      : html`<input name="count" type="number" min="1" placeholder="∞" aria-label="How many times: ${label}">
  <button name="on" value="true" aria-label="Switch on: ${label}">On</button>`
  }
</form></li>`
}
