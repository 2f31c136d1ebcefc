import { type Html, html } from '../html.ts'
import type { Order } from '../model.ts'
import { rupeeSign } from '../money.ts'

type Extras = {
  /** What is being paid, with the name of its kind. */
  order?: Pick<Order, 'id' | 'amountPaise'>
  what?: string
  refreshS?: number
  script?: Html
}

/** A page of the hosted checkout: the sandbox's mark, what is being paid, and the content. */
export function checkoutLayout(
  title: string,
  content: Html,
  { order, what = 'Order', refreshS, script }: Extras = {},
): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${refreshS !== undefined && html`<meta http-equiv="refresh" content="${refreshS}">`}
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/checkout.css">
${script}
</head>
<body>
<header class="mark">Sandbox look-alike: no money moves</header>
<main>
${
  order &&
  html`<header class="bill">
  <p class="amount">${rupeeSign(order.amountPaise)}</p>
  <p class="what">${what} <span class="id">${order.id}</span></p>
</header>`
}
${content}
</main>
</body>
</html>`.markup
}
