import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliver } from '../billing/webhooks/sender.ts'
import type { Answer } from '../support/visitor.ts'
import { expected, go, stranger, type Way, waysIn } from './every-route.ts'
import { buildFixture, people, type WebFixture, type Who } from './fixture.ts'

const fixtures = {} as Record<'http' | 'https', WebFixture>
beforeAll(async () => {
  fixtures.http = await buildFixture()
  fixtures.https = await buildFixture({ BASE_URL: 'https://etf.example.in' })
}, 120_000)
afterAll(async () => {
  await fixtures.http?.close()
  await fixtures.https?.close()
})

const site = (fixture: WebFixture) =>
  [
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
    ...(fixture === fixtures.https ? ['upgrade-insecure-requests'] : []),
  ].join('; ')

/** The site's policy with Cashfree's window let in, and nothing else. */
const checkout = (fixture: WebFixture) => {
  const cashfree = new URL(fixture.app.config.cashfree.apiBase).origin
  const gateway = `${cashfree} https://sdk.cashfree.com https://api.cashfree.com https://sandbox.cashfree.com https://payments.cashfree.com https://payments-test.cashfree.com`
  return site(fixture)
    .replace(`script-src 'self'`, `script-src 'self' ${cashfree}`)
    .replace(`connect-src 'self'`, `connect-src 'self' ${gateway}`)
    .replace(`form-action 'self'`, `form-action 'self' ${gateway}`)
    .replace(`frame-src 'none'`, `frame-src ${gateway}`)
}

const mail = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox`

/** What every answer carries; null: not at all. */
const everywhere = (fixture: WebFixture) => ({
  'content-security-policy': site(fixture),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-embedder-policy': null,
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), payment=(self)',
  'strict-transport-security': fixture === fixtures.https ? 'max-age=63072000; includeSubDomains' : null,
  server: null,
  'x-powered-by': null,
})

const paying = (fixture: WebFixture) => ({
  'content-security-policy': checkout(fixture),
  'cross-origin-opener-policy': 'same-origin-allow-popups',
  'referrer-policy': 'strict-origin-when-cross-origin',
})

/** The pages that are let something, when they are shown. */
const exceptions: Record<string, (fixture: WebFixture) => Record<string, string>> = {
  'GET /checkout/:plan': paying,
  'GET /checkout/gift/:orderId': paying,
  'GET /admin/mails/:id/preview': () => ({ 'content-security-policy': mail }),
  'GET /account/reports/preview': () => ({ 'content-security-policy': mail }),
}

/** What is the same for everybody, and may be kept by whoever asked without a session. */
const shared = /^GET (\/|\/contact|\/developers|\/disclaimer|\/methodology|\/open-week|\/privacy|\/refunds|\/terms)$/

/** Files that browsers, crawlers and finders of holes ask for at addresses they know: the same for everybody, not for ever. */
const lasting: Record<string, string> = {
  'GET /favicon.ico': 'public, max-age=86400',
  'GET /apple-touch-icon.png': 'public, max-age=86400',
  'GET /robots.txt': 'public, max-age=3600',
  'GET /sitemap.xml': 'public, max-age=3600',
  'GET /.well-known/security.txt': 'public, max-age=3600',
}

function wanted(fixture: WebFixture, way: Way, who: Who, status: number): Record<string, string | null> {
  const robots = way.address.startsWith('/admin') ? 'noindex, nofollow' : isSecretPage(way) ? 'noindex' : null
  const exception = status === 200 ? exceptions[way.route]?.(fixture) : undefined
  return { ...everywhere(fixture), 'x-robots-tag': robots, 'cache-control': keeping(way, who), ...exception }
}

/** What a link in a mail opens. */
const isSecretPage = (way: Way) =>
  /^\/(alerts|reports|renew)\//.test(way.address) && !/^POST \/(alerts|reports|renew)\/:\w+\/stop$/.test(way.route)

function keeping(way: Way, who: Who): string | null {
  if (/^GET \/assets\/[^:]/.test(way.route)) return 'public, max-age=31536000, immutable'
  if (lasting[way.route]) return lasting[way.route]!
  if (way.route === 'GET /healthz' || way.route.startsWith('POST /webhooks/cashfree')) return null
  return shared.test(way.route) && who === 'visitor' ? 'no-cache' : 'no-store'
}

/** Which of these headers are not as wanted, in words. */
function wrongIn(answer: Answer, headers: Record<string, string | null>): string[] {
  return Object.entries(headers)
    .filter(([name, value]) => answer.headers.get(name) !== value)
    .map(([name, value]) => `${name} is ${answer.headers.get(name)} instead of ${value}`)
}

describe.each(['http', 'https'] as const)('over %s', (scheme) => {
  test.each(people)('every answer of every route carries every header: %s', async (who) => {
    const fixture = fixtures[scheme]
    const wrong: string[] = []
    const statuses = new Set<number>()
    const ways = waysIn(fixture)
    for (const way of ways) {
      const answer = await go(fixture, way, who)
      statuses.add(answer.status)
      for (const problem of wrongIn(answer, wanted(fixture, way, who, answer.status)))
        wrong.push(`${way.route} (${answer.status}): ${problem}`)
    }
    console.log(`${scheme}, ${who}: ${ways.length} routes, answers ${[...statuses].sort().join(', ')}`)
    expect(wrong).toEqual([])
  })

  test('so do fragments, refusals and failures', async () => {
    const fixture = fixtures[scheme]
    const { at, ids, app } = fixture
    const fragment = { 'hx-request': 'true' }
    const formed = { 'content-type': 'application/x-www-form-urlencoded' }
    const large = 'x'.repeat(100_000)
    const forged = { 'x-webhook-signature': 'x', 'x-webhook-timestamp': '1' }
    const kinds: [number, string, Answer | Promise<Answer>][] = [
      [200, 'a stage', at.owner.get(`/payment/status/${ids.paidOrder}`, fragment)],
      [204, 'no new stage', at.owner.get(`/payment/status/${ids.paidOrder}?seen=paid`, fragment)],
      [200, 'leaving from a fragment', at.owner.post('/checkout/skip', {}, fragment)],
      [200, 'a part of the panel', at.money.get(`/admin/refunds/${ids.refund}/progress`, fragment)],
      [200, 'Cashfree’s side', at.money.get(`/admin/orders/${ids.paidOrder}/cashfree`, fragment)],
      [403, 'another site’s write', at.owner.post('/logout', {}, { 'sec-fetch-site': 'cross-site' })],
      [403, 'an act for more than looking', at.reader.post(`/admin/orders/${ids.paidOrder}/settle`)],
      [404, 'nowhere', at.owner.get('/nowhere')],
      [404, 'nowhere, as a fragment', at.owner.get('/nowhere', fragment)],
      [404, 'nowhere in the panel', at.money.get('/admin/nowhere')],
      [404, 'nowhere in the panel, for a subscriber', at.owner.get('/admin/nowhere')],
      [303, 'nowhere in the panel, for a visitor', at.visitor.get('/admin/nowhere')],
      [404, 'nowhere in JSON', at.owner.get('/api/nowhere')],
      [404, 'a NUL', at.owner.get('/receipts/%00')],
      [404, 'no such style sheet', at.visitor.get('/assets/none.css')],
      [404, 'a GET of the webhook', at.visitor.get('/webhooks/cashfree')],
      [404, 'what cannot be decoded', at.visitor.get('/receipts/%')],
      [400, 'a filter too long', at.money.get(`/admin/orders?status=${'x'.repeat(100)}`)],
      [413, 'a body too large', at.visitor.send('POST', '/login', `login=${large}`, formed)],
      [413, 'the same in the panel', at.money.send('POST', '/admin/plans/annual_v1/price', `price=${large}`, formed)],
      [413, 'the same in JSON', at.owner.postJson('/api/create-cashfree-order', { plan: large })],
      [413, 'a report too large', asAnswer(deliver({ url: at.visitor.app.url }, 'x'.repeat(300_000), forged))],
      [415, 'a body of no kind', at.visitor.send('POST', '/login', '<a/>', { 'content-type': 'application/xml' })],
      [422, 'a form to be corrected', at.money.post(`/admin/plans/annual_v1/price`, { price: 'much' })],
      [422, 'a form to be corrected, as a fragment', at.visitor.post('/login', {}, fragment)],
      [422, 'JSON to be corrected', at.owner.postJson('/api/create-cashfree-order', {})],
      [409, 'an act too late', at.money.post(`/admin/mails/${ids.mail}/copies`, { copy: '77' })],
    ]
    const wrong: string[] = []
    for (const [status, kind, asked] of kinds) wrong.push(...(await problemsOf(fixture, { status, kind, asked })))
    await app.sql`alter table subscriptions rename column status to hidden_status`
    await app.sql`alter table orders rename column status to hidden_status`
    try {
      for (const [kind, asked] of [
        ['a page that fails', at.owner.get('/dashboard')],
        ['a fragment that fails', at.owner.get('/dashboard', fragment)],
        ['a page of the panel that fails', at.money.get('/admin/orders')],
        ['an export that fails', at.money.get('/admin/orders.csv')],
        ['JSON that fails', at.owner.get(`/api/payment-status/${ids.paidOrder}`)],
      ] as const)
        wrong.push(...(await problemsOf(fixture, { status: 500, kind, asked })))
    } finally {
      await app.sql`alter table orders rename column hidden_status to status`
      await app.sql`alter table subscriptions rename column hidden_status to status`
    }
    console.log(`${scheme}: ${kinds.length + 5} other kinds of answers`)
    expect(wrong).toEqual([])
  })
})

type Kind = { status: number; kind: string; asked: Answer | Promise<Answer> }

/** What is wrong with an answer that nobody may keep. */
async function problemsOf(fixture: WebFixture, { status, kind, asked }: Kind): Promise<string[]> {
  const answer = await asked
  const kept = /report too large/.test(kind) ? null : 'no-store'
  const robots: Record<string, string> = /panel|export/.test(kind) ? { 'x-robots-tag': 'noindex, nofollow' } : {}
  const problems = wrongIn(answer, { ...everywhere(fixture), 'cache-control': kept, ...robots })
  if (answer.status !== status) problems.push(`${answer.status} instead of ${status}`)
  return problems.map((problem) => `${kind}: ${problem}`)
}

async function asAnswer(sent: ReturnType<typeof deliver>): Promise<Answer> {
  const { status, body, headers } = await sent
  const flat = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)])
  return { status, body, headers: new Headers(flat), location: null, json: () => JSON.parse(body) }
}

describe('when there is too much, or nobody to ask', () => {
  test('answers of 429 and 503 carry them as well', async () => {
    const fixture = await buildFixture({ RATE_LIMIT_SCALE: '0.5' })
    try {
      const someone = stranger(fixture)
      const limited: Answer[] = []
      for (let i = 0; i < 40; i++) limited.push(await someone.post('/login', { login: `nobody${i}` }))
      const json: Answer[] = []
      for (let i = 0; i < 40; i++) json.push(await fixture.at.owner.postJson('/api/create-payment-token', {}))
      const reports: Answer[] = []
      for (let i = 0; i < 60; i++)
        reports.push(
          await asAnswer(
            deliver({ url: someone.app.url }, 'x', { 'x-webhook-signature': 'x', 'x-webhook-timestamp': '1' }),
          ),
        )
      for (const [answers, kept] of [
        [limited, 'no-store'],
        [json, 'no-store'],
        [reports, null],
      ] as const) {
        const last = answers.at(-1)!
        expect(last.status).toBe(429)
        expect(last.headers.get('retry-after')).toMatch(/^\d+$/)
        expect(wrongIn(last, { ...everywhere(fixture), 'cache-control': kept })).toEqual([])
      }
      const { name } = (await fixture.app.sql<{ name: string }[]>`select current_database() as name`)[0]!
      await fixture.app.sql.unsafe(`alter database ${name} with allow_connections false`).catch(() => {})
      await fixture.app.sql.end({ timeout: 1 })
      for (const asked of [
        fixture.at.owner.get('/dashboard'),
        fixture.at.money.get('/admin/orders'),
        fixture.at.money.get('/admin/orders.csv'),
        fixture.at.owner.get(`/api/payment-status/${fixture.ids.paidOrder}`),
        fixture.at.owner.get('/dashboard', { 'hx-request': 'true' }),
        someone.get('/readyz'),
      ]) {
        const answer = await asked
        expect([500, 503]).toContain(answer.status)
        expect(wrongIn(answer, { ...everywhere(fixture), 'cache-control': 'no-store' })).toEqual([])
      }
    } finally {
      await fixture.close()
    }
  }, 60_000)
})

test('an account of the table: refusals carry these headers, too', () => {
  const ways = waysIn(fixtures.http)
  const refused = ways.flatMap((way) => people.filter((who) => [401, 403, 404].includes(expected(way, who))))
  expect(refused.length).toBeGreaterThan(100)
})
