import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliver, lastEvent, signed } from '../billing/webhooks/sender.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { registration, Visitor } from '../support/visitor.ts'

let app: TestApp
let visitor: Visitor
let orderId: string
beforeAll(async () => {
  app = await startApp()
  visitor = new Visitor(app)
  orderId = (await newestOrder(app, (await visitor.register()).email!)).id
})
afterAll(() => app.close())

/** Sends these bytes over a connection of its own and gives back all that comes until it is closed. */
function raw(bytes: string, drip?: { text: string; everyMs: number }): Promise<{ said: string; ms: number }> {
  const began = performance.now()
  return new Promise((resolve) => {
    const socket = connect(app.config.port, 'localhost')
    let said = ''
    let sent = 0
    const dripping =
      drip && setInterval(() => socket.writable && socket.write(drip.text[sent++ % drip.text.length]!), drip.everyMs)
    socket.on('data', (chunk) => {
      said += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(dripping)
      resolve({ said, ms: performance.now() - began })
    })
    socket.write(bytes)
  })
}
const statusesIn = (said: string) => [...said.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))

test('headers that trickle in and sockets that say nothing are closed, and others are served meanwhile', {
  timeout: 60_000,
}, async () => {
  const start = 'GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: '
  const slow = Array.from({ length: 50 }, () => raw(start, { text: 'x', everyMs: 500 }))
  const silent = Array.from({ length: 50 }, () => raw(''))
  let served = 0
  let on = true
  const serving = (async () => {
    while (on) if ((await new Visitor(app).get('/')).status === 200) served++
  })()
  const ends = await Promise.all([...slow, ...silent])
  on = false
  await serving
  for (const { said, ms } of ends) {
    expect(statusesIn(said).every((status) => status === 408)).toBe(true)
    expect(ms).toBeLessThan(25_000)
  }
  expect(served).toBeGreaterThan(20)
})

describe('requests of odd shapes', () => {
  const hidden = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'
  test.each([
    ['a length and chunks', `content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['two lengths', `content-length: 0\r\ncontent-length: ${hidden.length}\r\n\r\n`],
    ['a negative length', 'content-length: -1\r\n\r\n'],
    ['a length that is no number', 'content-length: 5x\r\n\r\n12345'],
    ['a folded header', 'x-folded: a\r\n b\r\ncontent-length : 3\r\n\r\nabc'],
    ['chunks by another name', 'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a chunk of an impossible size', 'transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n'],
    ['a bare line feed', 'x-bare: a\nx-other: b\r\n\r\n'],
    ['a NUL', 'x-nul: a\0b\r\n\r\n'],
    ['twenty kilobytes of header', `x-long: ${'x'.repeat(20_000)}\r\n\r\n`],
  ])('a request with %s is refused, and what is smuggled behind it is not answered', async (_what, rest) => {
    const { said } = await raw(`POST /login HTTP/1.1\r\nhost: localhost\r\n${rest}${hidden}`)
    const statuses = statusesIn(said)
    expect(statuses.length).toBeLessThanOrEqual(1)
    for (const status of statuses) expect([400, 413, 431]).toContain(status)
    // People see this too, with more cookies than fit into a request, say.
    expect(said).toContain('</html>')
    expect(said).not.toContain('"statusCode"')
    expect(said).not.toContain('"ok"')
  })

  test.each([
    '/assets/../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/.env',
    '/assets/....//....//package.json',
    '/..\\..\\package.json',
    '/%c0%ae%c0%ae/package.json',
    '//etc/passwd',
    '/.env',
    '/.git/config',
    '/package.json',
    '/src/main.ts',
    '/node_modules/fastify/package.json',
    '/assets/app.css.map',
    '/assets/%00',
    '/%',
  ])('%j leads to nothing', async (path) => {
    const { said } = await raw(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`)
    expect([400, 404]).toContain(statusesIn(said)[0])
    expect(said).not.toMatch(/"dependencies"|root:x:|DATABASE_URL=|import |\[core\]/)
  })

  test('a delivery that is compressed is bytes like any other: it is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    const before = process.memoryUsage().rss
    const answer = await deliver(app, bomb, { ...signed(bomb), 'content-encoding': 'gzip' })
    expect(answer.status).toBe(200)
    expect(await lastEvent(app)).toMatchObject({ verdict: 'unreadable' })
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })
})

describe('strings with a meaning elsewhere', () => {
  test.each([
    `'; drop table orders; --`,
    `' or '1'='1`,
    `1); select pg_sleep(10); --`,
    '$1',
    '\\',
    `"`,
    '%27%20or%201=1',
    '#{7*7}<%= 7*7 %>{{7*7}}',
    '🦔'.repeat(50),
    '\ud800',
  ])('%j, in every field there is, changes nothing', async (text) => {
    const [before] =
      await app.sql`select (select count(*)::int from users) as users, (select count(*)::int from orders) as orders`
    const began = performance.now()
    const q = encodeURIComponent(text.toWellFormed())
    const answers = [
      ...(await Promise.all(
        Object.keys(registration()).map((field) =>
          new Visitor(app).post('/register', {
            ...registration(),
            [field]: text,
            plan: field === 'plan' ? text : 'none',
          }),
        ),
      )),
      await new Visitor(app).post('/login', { login: text, password: text }),
      await new Visitor(app).get(`/login?next=${q}`),
      await visitor.get(`/payment/return?order_id=${q}&cf_payment_id=${q}`),
      await visitor.get(`/payment/status/${orderId}?seen=${q}&since=${q}&door=${q}`),
      await visitor.get(`/payment/status/${q}`),
      await visitor.get(`/checkout/${q}`),
      await visitor.get(`/receipts/${q}`),
      await visitor.get(`/api/payment-status/${q}`),
      await visitor.postJson('/api/create-cashfree-order', { plan: text }),
      await visitor.postJson('/api/create-payment-token', { orderId: text }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBeLessThan(500)
      expect(answer.body).not.toContain('49<')
    }
    expect(performance.now() - began).toBeLessThan(9_000)
    const [after] =
      await app.sql`select (select count(*)::int from users) as users, (select count(*)::int from orders) as orders`
    expect(after).toEqual(before)
  })

  test('strings made to keep a pattern busy are answered at once', async () => {
    const long = [
      'a'.repeat(40_000),
      `${'a.'.repeat(10_000)}@`,
      `${'a@'.repeat(10_000)}`,
      `${'9 '.repeat(10_000)}x`,
      `${'-'.repeat(30_000)}\n`,
    ]
    for (const text of long)
      for (const field of ['email', 'phone', 'name', 'username', 'state']) {
        const began = performance.now()
        const answer = await new Visitor(app).post('/register', { ...registration(), [field]: text })
        expect([field, answer.status]).toEqual([field, 422])
        expect(performance.now() - began).toBeLessThan(1_500)
      }
  })
})
