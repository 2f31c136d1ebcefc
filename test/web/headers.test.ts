import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { type Answer, Visitor } from '../support/visitor.ts'

let app: TestApp
let visitor: Visitor
let orderId: string
beforeAll(async () => {
  app = await startApp()
  visitor = new Visitor(app)
  const form = await visitor.register()
  orderId = (await newestOrder(app, form.email!)).id
})
afterAll(() => app.close())

const policy = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' data:`,
  `font-src 'self'`,
  `connect-src 'self'`,
  `form-action 'self'`,
  `frame-ancestors 'none'`,
  `frame-src 'none'`,
  `base-uri 'none'`,
  `object-src 'none'`,
  `manifest-src 'self'`,
].join('; ')

const everywhere = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), payment=(self)',
  'strict-transport-security': null,
  'cross-origin-embedder-policy': null,
  server: null,
  'x-powered-by': null,
}

function named(answer: Answer, names: string[]) {
  return Object.fromEntries(names.map((name) => [name, answer.headers.get(name)]))
}

const kinds: [string, number, () => Promise<Answer>, cache: string | null][] = [
  ['a page', 200, () => new Visitor(app).get('/'), 'no-cache'],
  ['a page with a session', 200, () => visitor.get('/dashboard'), 'no-store'],
  ['a fragment', 200, () => visitor.get(`/payment/status/${orderId}`, { 'hx-request': 'true' }), 'no-store'],
  ['nothing new', 204, () => visitor.get(`/payment/status/${orderId}?seen=session-created`), 'no-store'],
  ['a redirect', 303, () => new Visitor(app).get('/dashboard'), 'no-store'],
  ['an htmx redirect', 200, () => visitor.post('/checkout/skip', {}, { 'hx-request': 'true' }), 'no-store'],
  ['an unknown page', 404, () => new Visitor(app).get('/nowhere'), 'no-store'],
  ['an unknown page to htmx', 404, () => visitor.get('/nowhere', { 'hx-request': 'true' }), 'no-store'],
  ['a refused form', 422, () => new Visitor(app).post('/login', {}), 'no-store'],
  ['a cross-site write', 403, () => visitor.post('/logout', {}, { 'sec-fetch-site': 'cross-site' }), 'no-store'],
  ['a body too large', 413, () => visitor.post('/login', { login: 'x'.repeat(100_000) }), 'no-store'],
  ['JSON', 200, () => visitor.postJson('/api/create-cashfree-order', { plan: 'monthly' }), 'no-store'],
  ['JSON of an order', 200, () => visitor.get(`/api/payment-status/${orderId}`), 'no-store'],
  [
    'a JSON refusal',
    401,
    () => new Visitor(app).postJson('/api/create-cashfree-order', { plan: 'monthly' }),
    'no-store',
  ],
  ['an unknown JSON address', 404, () => visitor.get('/api/nowhere'), 'no-store'],
  ['a refused webhook', 401, () => visitor.postJson('/webhooks/cashfree', {}), null],
  ['a GET to the webhook', 404, () => visitor.get('/webhooks/cashfree'), 'no-store'],
  ['health', 200, () => visitor.get('/healthz'), null],
  ['readiness', 200, () => visitor.get('/readyz'), 'no-store'],
]

describe('the headers of', () => {
  test.each(kinds)('%s (%i) are exactly these', async (_kind, status, fetchIt, cache) => {
    const answer = await fetchIt()
    expect(answer.status).toBe(status)
    expect(named(answer, Object.keys(everywhere))).toEqual(everywhere)
    expect(answer.headers.get('cache-control')).toBe(cache)
  })

  test('an asset allow keeping it for a year', async () => {
    const page = await visitor.get('/')
    const urls = [...page.body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, url]) => url!)
    expect(urls.length).toBeGreaterThan(2)
    for (const url of new Set(urls)) {
      const answer = await visitor.get(url)
      expect(answer.status).toBe(200)
      expect(named(answer, Object.keys(everywhere))).toEqual(everywhere)
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(answer.headers.get('set-cookie')).toBeNull()
    }
  })

  test('an asset under the hash of another release allow keeping it for nobody', async () => {
    const own = /href="(\/assets\/app\.[0-9a-f]{12}\.css)"/.exec((await visitor.get('/')).body)![1]!
    const other = await visitor.get(own.replace(/[0-9a-f]{12}/, '0123456789ab'))
    expect([other.status, other.body]).toEqual([200, (await visitor.get(own)).body])
    expect(named(other, Object.keys(everywhere))).toEqual(everywhere)
    expect(other.headers.get('cache-control')).toBe('no-store')
    for (const name of [
      'none.0123456789ab.css',
      'app.css',
      'app.0123456789ab.js',
      'app.01234567.css',
      '.0123456789ab.css',
    ])
      expect([name, (await visitor.get(`/assets/${name}`)).status]).toEqual([name, 404])
  })

  test('the checkout, and of nothing else, let Cashfree in', async () => {
    const answer = await visitor.get('/checkout/monthly')
    const csp = answer.headers.get('content-security-policy')!
    const origin = new URL(app.config.cashfree.apiBase).origin
    for (const name of ['script-src', 'connect-src', 'form-action', 'frame-src'])
      expect(csp.split('; ').find((part) => part.startsWith(name))).toContain(origin)
    expect(csp).not.toMatch(/unsafe|\*|style-src [^;]*http/)
    expect(answer.headers.get('cross-origin-opener-policy')).toBe('same-origin-allow-popups')
    expect((await visitor.get(`/payment/return?order_id=${orderId}`)).headers.get('content-security-policy')).toBe(
      policy,
    )
  })
})

describe('an answer that failed inside', () => {
  test('says nothing of its cause, in HTML, in a fragment and in JSON', async () => {
    await app.sql`alter table subscriptions rename column status to hidden_status`
    try {
      const page = await visitor.get('/dashboard')
      const fragment = await visitor.get('/dashboard', { 'hx-request': 'true' })
      const json = await visitor.get(`/api/payment-status/${orderId}`)
      for (const answer of [page, fragment, json]) {
        expect(answer.status).toBe(500)
        expect(answer.body).not.toMatch(/hidden_status|select|postgres|node_modules|\.ts\b|42703/i)
        expect(named(answer, Object.keys(everywhere))).toEqual(everywhere)
        expect(answer.headers.get('cache-control')).toBe('no-store')
      }
      expect(fragment.body).not.toContain('<html')
      expect(json.json()).toEqual({ error: { code: 'internal', message: expect.any(String) } })
    } finally {
      await app.sql`alter table subscriptions rename column hidden_status to status`
    }
  })
})
