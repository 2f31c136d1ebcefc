import type { Sample } from './queries.ts'

/** A page of the panel; each round may search for somebody else. */
export type PanelPage = {
  name: string
  path: (round: number) => string
  /** The page behind the "Older" link is measured instead. */
  older?: true
}

/** What the pages search for; `heavy` are subscribers with many orders. */
export type Targets = { samples: Sample[]; heavy: string[]; refunds: string[] }

const groups = {
  subscribers: {
    'status active': 'status=active',
    'status expired, not verified': 'status=expired&verified=no',
    'plan Annual': 'plan=annual',
    'plan Annual, status grace': 'plan=annual&status=grace',
    'role support': 'role=support',
  },
  orders: {
    'status paid': 'status=paid',
    'status expired': 'status=expired',
    held: 'held=yes',
    'plan Annual': 'plan=annual_v1',
    'a week a year ago': `from=${daysAgo(365)}&to=${daysAgo(358)}`,
    'paid, a week a year ago': `status=paid&from=${daysAgo(365)}&to=${daysAgo(358)}`,
  },
  'orders/payments': {
    failed: 'status=FAILED',
    'by debit card': 'method=debit_card',
    'failed for fraud': 'group=blocked',
    'failed by net banking, a week a year ago': `status=FAILED&method=net_banking&from=${daysAgo(365)}&to=${daysAgo(358)}`,
  },
  refunds: { failed: 'status=failed', 'under way': 'status=open', 'a month': `from=${daysAgo(60)}&to=${daysAgo(30)}` },
  incidents: { resolved: 'state=resolved', 'of a kind': 'state=resolved&kind=refund-failed' },
  webhooks: {
    accepted: 'accepted=yes',
    refused: 'accepted=no',
    'of a type': 'type=PAYMENT_USER_DROPPED_WEBHOOK',
    'a day a year ago': `day=${daysAgo(365)}`,
    'of a type, a day a year ago': `type=PAYMENT_FAILED_WEBHOOK&day=${daysAgo(365)}`,
  },
  mails: { dead: 'status=dead', 'of a kind': 'kind=refund', 'a day a year ago': `day=${daysAgo(365)}` },
  audit: {
    'of an actor': 'actor=clock',
    'of an action': 'action=refund.failed',
    'of an action, a day a year ago': `action=subscription.expired&day=${daysAgo(365)}`,
    'a day a year ago': `day=${daysAgo(365)}`,
  },
} satisfies Record<string, Record<string, string>>

/** Every list with its second page and its filters, searches, and the pages of single subscribers, orders and refunds. */
export function panelPages({ samples, heavy, refunds }: Targets): PanelPage[] {
  const one = (round: number) => samples[round % samples.length]!
  const of = (list: string[]) => (round: number) => list[round % list.length] ?? ''
  const find = (name: string, list: string, field: string, text: (sample: Sample) => string): PanelPage => ({
    name: `${list}, ${name}`,
    path: (round) => `/admin/${list}?${new URLSearchParams({ [field]: text(one(round)) })}`,
  })
  const typed = (name: string, words: string[]): PanelPage => ({
    name: `subscribers, ${name}`,
    path: (round) => `/admin/subscribers?${new URLSearchParams({ q: of(words)(round) })}`,
  })
  const lists = Object.entries(groups).flatMap(([list, filters]) => [
    { name: list, path: () => `/admin/${list}` },
    { name: `${list}, older`, path: () => `/admin/${list}`, older: true as const },
    ...Object.entries(filters).map(([name, query]) => ({
      name: `${list}, ${name}`,
      path: () => `/admin/${list}?${query}`,
    })),
  ])
  return [
    { name: 'home', path: () => '/admin' },
    ...lists,
    find('a name', 'search', 'q', ({ name }) => name),
    find('a common name', 'search', 'q', ({ name }) => name.split(' ')[0]!),
    find('an order id', 'search', 'q', ({ orderId }) => orderId),
    find('a receipt number', 'search', 'q', ({ receiptNumber }) => receiptNumber),
    find('an e-mail', 'search', 'q', ({ email }) => email),
    find('nothing', 'search', 'q', ({ bankReference }) => `${bankReference}0`),
    typed('a name that many have', ['priya', 'Kumar', 'singh', 'a']),
    { ...typed('a name that many have, older', ['Kumar']), older: true },
    find('a first and a last name', 'subscribers', 'q', ({ name }) => name),
    typed('a name that nobody has', ['xavier', 'wolfgang', 'zz']),
    {
      name: 'subscribers, a common name, status grace',
      path: (round) => `/admin/subscribers?status=grace&q=${of(['priya', 'Kumar', 'singh', 'zoya'])(round)}`,
    },
    {
      name: 'subscribers, a common name, plan Annual',
      path: (round) => `/admin/subscribers?plan=annual&q=${of(['priya', 'Kumar', 'singh', 'zoya'])(round)}`,
    },
    find('start of an e-mail', 'subscribers', 'q', ({ email }) => email.slice(0, 9)),
    find('e-mail', 'subscribers', 'q', ({ email }) => email),
    find('phone', 'subscribers', 'q', ({ phone }) => phone),
    find('order id', 'subscribers', 'q', ({ orderId }) => orderId),
    find('payment id', 'subscribers', 'q', ({ cfPaymentId }) => cfPaymentId),
    find('bank reference', 'subscribers', 'q', ({ bankReference }) => bankReference),
    find('receipt number', 'subscribers', 'q', ({ receiptNumber }) => receiptNumber),
    find('a bank reference of nobody', 'orders', 'q', ({ bankReference }) => `${bankReference}0`),
    { name: 'refunds, by its id', path: (round) => `/admin/refunds?q=${of(refunds)(round)}` },
    find('of an order', 'webhooks', 'order', ({ orderId }) => orderId),
    find('to an address', 'mails', 'to', ({ email }) => email.slice(0, 9)),
    find('of a person', 'audit', 'person', ({ username }) => username),
    find('of an order', 'audit', 'order', ({ orderId }) => orderId),
    { name: 'a subscriber', path: (round) => `/admin/subscribers/${one(round).userId}` },
    { name: 'a subscriber with many orders', path: (round) => `/admin/subscribers/${of(heavy)(round)}` },
    {
      name: 'a subscriber with many orders, older in the timeline',
      path: (round) => `/admin/subscribers/${of(heavy)(round)}`,
      older: true,
    },
    { name: 'an order', path: (round) => `/admin/orders/${one(round).orderId}` },
    ...(refunds.length > 0
      ? [{ name: 'a refund', path: (round: number) => `/admin/refunds/${of(refunds)(round)}` }]
      : []),
  ]
}

/** A day in the past as filters take it: "2025-11-21". */
function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
}
