import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
let visitor: Visitor
let orderId: string
beforeAll(async () => {
  app = await startApp({ SELLER_EMAIL: 'help@example.in' })
  visitor = new Visitor(app)
  orderId = (await newestOrder(app, (await visitor.register()).email!)).id
})
afterAll(() => app.close())

describe('an address with a slash at its end', () => {
  test.each([
    ['/terms/', '/terms'],
    ['/login/?next=%2Faccount', '/login?next=%2Faccount'],
    ['/account/security/', '/account/security'],
    ['/admin/', '/admin'],
    ['/receipts/R2627-000001/', '/receipts/R2627-000001'],
    ['/checkout/monthly/?', '/checkout/monthly?'],
    ['/api/payment-status/x/', '/api/payment-status/x'],
    ['/nowhere/', '/nowhere'],
  ])('%s is told to be %s', async (path, there) => {
    const answer = await new Visitor(app).get(path)
    expect([answer.status, answer.location]).toEqual([308, there])
  })

  test.each(['/terms//', '//terms', '//', '///', '//evil.example/', '/\\evil.example/', '/.//'])(
    '%s is not there, and never leads away from this site',
    async (path) => {
      const answer = await new Visitor(app).send('GET', path)
      expect([answer.status, answer.location]).toEqual([404, null])
    },
  )

  test('the front page keeps its own', async () => {
    expect((await new Visitor(app).get('/')).status).toBe(200)
    expect((await new Visitor(app).get('/?plan=annual')).status).toBe(200)
  })

  test('is taken where something is posted: for Cashfree a redirect is a failure', async () => {
    const body = successBody(orderId)
    const taken = await fetch(`${app.url}/webhooks/cashfree/`, {
      method: 'POST',
      body,
      headers: signed(body),
      redirect: 'manual',
    })
    expect(taken.status).toBe(200)
    expect((await deliver(app, body, {})).status).toBe(401)
    expect((await new Visitor(app).post('/login/', { login: 'nobody', password: 'nothing' })).status).toBe(422)
    for (const path of ['/healthz/', '/readyz/'])
      expect((await fetch(app.url + path, { redirect: 'manual' })).status).toBe(200)
  })
})

describe('what is asked of every site by itself', () => {
  test('robots.txt keeps crawlers from where only one person belongs, and names the map', async () => {
    const answer = await new Visitor(app).get('/robots.txt')
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.body).toMatch(/^User-agent: \*\nDisallow: /)
    expect(answer.body).toContain(`\nSitemap: ${app.url}/sitemap.xml\n`)
    // A list of what is hidden would tell everybody where the panel is.
    expect(answer.body).not.toContain('admin')
  })

  test('sitemap.xml lists the public pages, each of which is there', async () => {
    const answer = await new Visitor(app).get('/sitemap.xml')
    expect(answer.headers.get('content-type')).toBe('application/xml; charset=utf-8')
    const places = [...answer.body.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, url]) => url!)
    expect(places).toContain(`${app.url}/`)
    expect(places).toContain(`${app.url}/terms`)
    expect(places.length).toBe(new Set(places).size)
    for (const url of places) expect([url, (await fetch(url, { redirect: 'manual' })).status]).toEqual([url, 200])
  })

  test.each([
    ['/favicon.ico', 'image/x-icon', [0, 0, 1, 0]],
    ['/apple-touch-icon.png', 'image/png', [0x89, 0x50, 0x4e, 0x47]],
  ])('%s is a picture', async (path, type, start) => {
    const answer = await fetch(app.url + path)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
    expect(answer.headers.get('cache-control')).toBe('public, max-age=86400')
    expect([...Buffer.from(await answer.arrayBuffer()).subarray(0, 4)]).toEqual(start)
  })

  test('change-password leads to where the password is changed, over the log-in for who is not signed in', async () => {
    const answer = await visitor.get('/.well-known/change-password')
    expect([answer.status, answer.location]).toEqual([302, '/account/security'])
    expect((await visitor.get(answer.location!)).body).toContain('action="/account/security/password"')
    expect((await new Visitor(app).get(answer.location!)).location).toBe('/login?next=%2Faccount%2Fsecurity')
    // Password managers look whether this site says 200 to anything at all.
    const absent = '/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200'
    expect((await visitor.get(absent)).status).toBe(404)
  })

  test('security.txt says whom to write to and until when it holds, as RFC 9116 asks', async () => {
    const answer = await new Visitor(app).get('/.well-known/security.txt')
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const fields = new Map(
      answer.body
        .trim()
        .split('\n')
        .map((line) => line.split(/: (.*)/) as [string, string]),
    )
    expect(fields.get('Contact')).toBe('mailto:help@example.in')
    expect(fields.get('Canonical')).toBe(`${app.url}/.well-known/security.txt`)
    const days = (Date.parse(fields.get('Expires')!) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(30)
    expect(days).toBeLessThan(365)
  })
})

describe('a post to /payment/return', () => {
  const bodies = (): [string, string | undefined, string | undefined][] => [
    ['a form', `order_id=${orderId}`, 'application/x-www-form-urlencoded'],
    ['the old spelling', `orderid=${orderId}&x=1`, 'application/x-www-form-urlencoded'],
    ['JSON', JSON.stringify({ order_id: orderId }), 'application/json'],
    ['JSON under another name', JSON.stringify({ orderId }), 'text/plain'],
    ['JSON with repeats', JSON.stringify({ order_id: ['no id of ours', orderId] }), 'application/json'],
  ]
  const elsewhere = { 'sec-fetch-site': 'cross-site', origin: 'https://sandbox.cashfree.com' }
  const send = (path: string, body?: string, type?: string) =>
    new Visitor(app).send('POST', path, body, { ...elsewhere, ...(type ? { 'content-type': type } : {}) })

  test('from another site leads to the page of its order, whatever shape it has', async () => {
    for (const [what, body, type] of bodies()) {
      const answer = await send('/payment/return', body, type)
      expect([what, answer.status, answer.location]).toEqual([what, 303, `/payment/return?order_id=${orderId}`])
    }
    const query = await send(`/payment/return?order_id=${orderId}`)
    expect([query.status, query.location]).toEqual([303, `/payment/return?order_id=${orderId}`])
  })

  const idless: [string, string | undefined, string | undefined][] = [
    ['nothing', undefined, undefined],
    ['an empty form', '', 'application/x-www-form-urlencoded'],
    ['broken JSON', '{"order_id":', 'application/json'],
    ['null', 'null', 'application/json'],
    ['a number', '7', 'application/json'],
    ['XML', '<order/>', 'application/xml'],
    ['an address', 'order_id=https://evil.example/', 'application/x-www-form-urlencoded'],
    ['lines for a header', 'order_id=ds_1%0d%0aSet-Cookie:x', 'application/x-www-form-urlencoded'],
    ['a type that is none', 'x', 'nonsense'],
    ['a megabyte', 'x'.repeat(1_000_000), 'text/plain'],
    ['a file', '--e\r\n\r\n--e--', 'multipart/form-data; boundary=e'],
  ]
  test.each(idless)('that holds %s leads to the page for everybody', async (_what, body, type) => {
    const answer = await send('/payment/return', body, type)
    expect([answer.status, answer.location]).toEqual([303, '/payment/return'])
  })

  test('proves nothing and signs nobody in: the order stays unpaid, no cookie is set, and the page is the neutral one', async () => {
    const fresh = new Visitor(app)
    const answer = await fresh.send(
      'POST',
      '/payment/return',
      `order_id=${orderId}&order_status=PAID&txStatus=SUCCESS`,
      {
        ...elsewhere,
        'content-type': 'application/x-www-form-urlencoded',
      },
    )
    expect(answer.headers.getSetCookie()).toEqual([])
    const page = await fresh.get(answer.location!)
    expect(page.status).toBe(200)
    expect(page.body).not.toContain(orderId)
    const [order] = await app.sql`select status from orders where id = ${orderId}`
    expect(order!.status).not.toBe('paid')
  })

  test('every other form still takes nothing from another site', async () => {
    for (const path of ['/login', '/register', '/logout', '/checkout/monthly', '/checkout/skip', '/payment/return/x'])
      expect([path, (await send(path, 'a=1', 'application/x-www-form-urlencoded')).status]).toEqual([path, 403])
  })
})
