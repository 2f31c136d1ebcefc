import type { SandboxContext } from '../context.ts'
import { DISPUTE_TYPES } from '../disputes.ts'
import { type Html, html } from '../html.ts'
import type { Delivery, Dispute, Order } from '../model.ts'
import { isLive } from '../model.ts'
import { rupeeSign } from '../money.ts'
import { statusOf } from '../orders.ts'
import { ago } from './labels.ts'
import { mandateCard } from './mandates.ts'
import { clockPanel, faultsPanel, webhooksPanel } from './panels.ts'

const SHOWN = 50

/** The whole console. */
export function consolePage(context: SandboxContext): string {
  const orders = [...context.ledger.orders.values()].toReversed()
  const mandates = [...context.ledger.mandates.values()].toReversed()
  const deliveries = context.ledger.deliveries.toReversed()
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Cashfree sandbox look-alike</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/console.css">
<script src="/assets/console.js" defer></script>
</head>
<body>
<header class="top">
  <h1>Cashfree sandbox look-alike</h1>
  <p>No money moves here. API <code>${context.publicUrl}/pg</code>, client id <code>${context.clientId}</code>.</p>
  <nav aria-label="On this page"><a href="#orders">Orders</a> <a href="#mandates">Mandates</a> <a href="#deliveries">Deliveries</a> <a href="#faults">Faults</a></nav>
</header>
<main>
  <div class="panels" data-live="panels">
    ${clockPanel(context)}
    ${webhooksPanel(context)}
  </div>
  <div class="columns">
  <div>
  <section data-live="orders"><h2 id="orders">Orders</h2>${
    orders.length === 0
      ? html`<p class="empty">No orders yet. They appear when the shop creates one through the API.</p>`
      : orders.slice(0, SHOWN).map((order) => orderCard(context, order))
  }${more(orders.length)}</section>
  <section data-live="mandates"><h2 id="mandates">Mandates</h2>${
    mandates.length === 0
      ? html`<p class="empty">No mandates yet. The shop creates one as a subscription through the API.</p>`
      : mandates.slice(0, SHOWN).map((mandate) => mandateCard(context, mandate))
  }${more(mandates.length)}</section>
  </div>
  <section data-live="deliveries"><h2 id="deliveries">Webhook deliveries</h2>${
    deliveries.length === 0
      ? html`<p class="empty">Nothing sent yet. A payment, a refund or the test ping makes one.</p>`
      : deliveries.slice(0, SHOWN).map((delivery) => deliveryRow(context, delivery))
  }${more(deliveries.length)}</section>
  </div>
  ${faultsPanel(context)}
</main>
</body>
</html>`.markup
}

function orderCard(context: SandboxContext, order: Order): Html {
  const now = context.clock.now()
  const status = statusOf(order, now)
  const open = order.attempts.some(isLive)
  const act = (what: string, label: string, kind = '') => html`
    <form method="post" action="/console/orders/${order.id}/${what}"><button class="${kind}">${label}</button></form>`
  return html`
<article class="card">
  <header><b class="amount">${rupeeSign(order.amountPaise)}</b> <span class="tag ${status}">${status}</span>
    <span class="faint">${ago(order.createdAt, now)}</span></header>
  <p><code>${order.id}</code> · ${order.customer.name ?? order.customer.id}${
    status === 'ACTIVE' && html` · <span class="faint">expires ${ago(order.expiresAt, now)}</span>`
  }</p>
  ${
    order.attempts.length > 0 &&
    html`<ul class="list">${order.attempts.toReversed().map(
      (attempt) => html`<li><span class="tag ${attempt.status}">${attempt.status}</span>
      ${attempt.method.key} ${String(attempt.method.detail.upi_id ?? attempt.method.detail.card_number ?? '')}
      ${attempt.amountPaise !== order.amountPaise && rupeeSign(attempt.amountPaise)}
      <span class="faint">${attempt.id} · ${attempt.message ?? 'waiting'} · ${ago(attempt.startedAt, now)}</span></li>`,
    )}</ul>`
  }
  ${
    order.refunds.length > 0 &&
    html`<ul class="list">${order.refunds.map(
      (refund) => html`<li><span class="tag ${refund.status}">${refund.status}</span>
      ${refund.automatic ? 'automatic refund' : 'refund'} ${rupeeSign(refund.amountPaise)}
      <span class="faint">${refund.id} · ${ago(refund.createdAt, now)}</span></li>`,
    )}</ul>`
  }
  ${order.disputes.map((dispute) => disputeLine(dispute, now))}
  ${status === 'PAID' && html`<div class="buttons">${act('dispute', 'Dispute it at the bank', 'bad')}</div>`}
  ${
    (status === 'ACTIVE' || open) &&
    html`<div class="buttons">${act('pay', 'Pay', 'good')}${act('fail', 'Fail', 'bad')}${act('pending', 'Leave pending')}${act('drop', 'Drop')}${
      status === 'ACTIVE' && act('expire', 'Expire')
    }</div>`
  }
</article>`
}

function disputeLine(dispute: Dispute, now: number): Html {
  const act = (what: string, label: string, kind = '') => html`
    <form method="post" action="/console/disputes/${dispute.id}/${what}"><button class="${kind}">${label}</button></form>`
  const isClosed = dispute.resolvedAt !== null
  return html`
  <p><span class="tag ${isClosed ? (dispute.status.endsWith('WON') ? 'SUCCESS' : 'FAILED') : 'PENDING'}">${dispute.status}</span>
    ${rupeeSign(dispute.amountPaise)} <span class="faint">dispute ${dispute.id} · ${
      isClosed ? `closed ${ago(dispute.resolvedAt!, now)}` : `answer due ${ago(dispute.respondBy, now)}`
    }</span></p>
  <div class="buttons">${
    !isClosed &&
    html`${act('review', 'Under review')}${act('won', 'Merchant won', 'good')}${act('lost', 'Merchant lost', 'bad')}${act('accepted', 'Merchant accepted')}`
  }${DISPUTE_TYPES.indexOf(dispute.type) < DISPUTE_TYPES.length - 1 && act('escalate', 'Next stage')}</div>`
}

function deliveryRow(context: SandboxContext, delivery: Delivery): Html {
  const now = context.clock.now()
  const last = delivery.sendings.at(-1)
  const about = delivery.orderId ?? delivery.mandateId
  return html`
<article class="card">
  <header><b>${delivery.n}. ${delivery.type}</b> <span class="tag ${delivery.state.replace(' ', '-')}">${delivery.state}</span>
    <span class="faint">${ago(delivery.createdAt, now)}</span></header>
  <p>${about && html`<code>${about}</code> · `}<span class="faint">${delivery.url}</span></p>
  <p>${
    last
      ? html`Attempt ${last.attempt}: ${last.status === null ? html`no answer (${last.answer})` : html`HTTP ${last.status}`} in ${last.ms} ms.`
      : 'Not sent yet.'
  }${delivery.dueAt !== null && ` Next ${ago(delivery.dueAt, now)}.`}</p>
  <details data-keep="body-${delivery.n}"><summary>Body and answers</summary><pre tabindex="0">${delivery.body}</pre>
  ${delivery.sendings.map(({ attempt, status, answer }) => html`<p class="faint">${attempt}: ${status ?? 'none'} ${answer}</p>`)}</details>
  <form method="post" action="/console/deliveries/${delivery.n}/redeliver"><button>Send again</button></form>
</article>`
}

function more(count: number): Html | false {
  return (
    count > SHOWN &&
    html`<p class="faint">${count - SHOWN} older ones are not shown; /control/state lists them all.</p>`
  )
}
