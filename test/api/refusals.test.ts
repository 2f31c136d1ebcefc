import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { type Answer, Visitor } from '../support/visitor.ts'

let app: TestApp
let visitor: Visitor
let orderId: string
let foreignId: string
beforeAll(async () => {
  app = await startApp()
  visitor = new Visitor(app)
  orderId = (await newestOrder(app, (await visitor.register()).email!)).id
  foreignId = (await newestOrder(app, (await new Visitor(app).register()).email!)).id
})
afterAll(() => app.close())

const create = '/api/create-cashfree-order'
const token = '/api/create-payment-token'
const status = '/api/payment-status'

function expectError(answer: Answer, httpStatus: number, code: string, fields: string[] = []) {
  expect(answer.status).toBe(httpStatus)
  expect(answer.headers.get('content-type')).toContain('application/json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const { error, ...rest } = answer.json() as {
    error: { code: string; message: string; fields?: Record<string, string> }
  }
  expect(rest).toEqual({})
  expect(error.code).toBe(code)
  expect(error.message).toMatch(/^[A-Z].*\.$/)
  expect(Object.keys(error.fields ?? {}).sort()).toEqual(fields.sort())
}

describe('the JSON API refuses', () => {
  test.each([
    ['a good order', create, { plan: 'monthly' }],
    ['a bad one', create, {}],
    ['nothing', create, null],
    ['a token', token, { orderId: 'ds_x' }],
    ['an unknown address', '/api/nowhere', {}],
  ])('a visitor who wants %s with 401, whatever was sent', async (_what, path, body) => {
    expectError(await new Visitor(app).postJson(path, body), 401, 'unauthenticated')
    expectError(await new Visitor(app).get(`${status}/${orderId}`), 401, 'unauthenticated')
  })

  test.each([
    ['no plan', {}, ['plan']],
    ['an unknown plan', { plan: 'weekly' }, ['plan']],
    ['a plan by its key', { plan: 'monthly_v1' }, ['plan']],
    ['a plan that is no text', { plan: 7 }, ['plan']],
    ['a plan of objects', { plan: { $ne: 1 } }, ['plan']],
    ['a lower amount', { plan: 'monthly', orderAmount: 1 }, ['orderAmount']],
    ['a higher amount', { plan: 'monthly', orderAmount: 500 }, ['orderAmount']],
    ['paise for rupees', { plan: 'monthly', orderAmount: 49900 }, ['orderAmount']],
    ['a negative amount', { plan: 'monthly', orderAmount: -499 }, ['orderAmount']],
    ['part of a paisa', { plan: 'monthly', orderAmount: 499.001 }, ['orderAmount']],
    ['words for an amount', { plan: 'monthly', orderAmount: 'free' }, ['orderAmount']],
    ['an empty amount', { plan: 'monthly', orderAmount: '' }, ['orderAmount']],
    ['null for an amount', { plan: 'monthly', orderAmount: null }, ['orderAmount']],
    ['the other plan’s amount', { plan: 'annual', orderAmount: 499 }, ['orderAmount']],
  ])('%s with 422 and the field', async (_what, body, fields) => {
    const before = await app.sql`select count(*)::int as n from orders`
    expectError(await visitor.postJson(create, body), 422, 'invalid', fields)
    expect(await app.sql`select count(*)::int as n from orders`).toEqual(before)
  })

  test.each([null, [], 'monthly', 7])('%j for a body with 422', async (body) => {
    const answer = await visitor.postJson(create, body)
    expect(answer.status).toBe(422)
    expect(answer.json()).toMatchObject({ error: { code: 'invalid' } })
  })

  test.each([
    ['JSON that is broken', '{"plan":', 'application/json', 400],
    ['JSON that reaches for the prototype', '{"__proto__":{"plan":"monthly"}}', 'application/json', 400],
    ['a picture', 'GIF89a', 'image/gif', 415],
    ['a megabyte', JSON.stringify({ plan: 'x'.repeat(1_000_000) }), 'application/json', 413],
  ])('%s', async (_what, body, type, httpStatus) => {
    const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(app.url + create, { method: 'POST', body, headers: { 'content-type': type, cookie } })
    expect(answer.status).toBe(httpStatus)
    expect(await answer.json()).toEqual({ error: { code: 'invalid', message: expect.any(String) } })
  })

  test('an order of somebody else’s, an unknown one and an impossible one, all alike', async () => {
    const bodies: string[] = []
    for (const id of [foreignId, 'ds_unknown', '../x', "x' or 1=1"]) {
      const asked = await visitor.get(`${status}/${encodeURIComponent(id)}`)
      expectError(asked, 404, 'not-found')
      const wanted = await visitor.postJson(token, { orderId: id })
      expectError(wanted, 404, 'not-found')
      bodies.push(asked.body, wanted.body)
    }
    expect(new Set(bodies).size).toBe(1)
    for (const id of [foreignId, 'ds_unknown'])
      expectError(await visitor.postJson(create, { plan: 'monthly', orderId: id }), 404, 'not-found')
    expectError(await visitor.postJson(create, { plan: 'annual', orderId }), 404, 'not-found')
  })

  test('an address it does not have', async () => {
    expectError(await visitor.get('/api/nowhere'), 404, 'not-found')
    expectError(await visitor.get(create), 404, 'not-found')
  })

  test('a token for an order that is paid, held or over', async () => {
    const buyer = new Visitor(app)
    const { id } = await newestOrder(app, (await buyer.register()).email!)
    await app.sql`update orders set held_at = now() where id = ${id}`
    expectError(await buyer.postJson(token, { orderId: id }), 409, 'conflict')
    expectError(await buyer.postJson(create, { plan: 'monthly' }), 409, 'conflict')
    await app.sql`update orders set held_at = null, status = 'expired' where id = ${id}`
    expectError(await buyer.postJson(token, { orderId: id }), 409, 'conflict')
  })

  test('to pretend when Cashfree is away: 503, Retry-After, and the same order next time', async () => {
    const buyer = new Visitor(app)
    app.sandbox.control.faults({ serverError: true })
    const { id } = await newestOrder(app, (await buyer.register()).email!)
    const away = await buyer.postJson(create, { plan: 'monthly' })
    expectError(away, 503, 'unavailable')
    expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0)
    app.sandbox.control.clearFaults()
    expect((await buyer.postJson(create, { plan: 'monthly' })).json()).toMatchObject({ order_id: id })
  })

  test('too many at once with 429 and Retry-After', async () => {
    const strict = await startApp({ RATE_LIMIT_SCALE: '0.1' })
    const hasty = new Visitor(strict)
    await hasty.register()
    for (let i = 0; i < 3; i++) expect((await hasty.postJson(create, { plan: 'monthly' })).status).toBe(200)
    const answer = await hasty.postJson(create, { plan: 'monthly' })
    expectError(answer, 429, 'busy')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    for (let i = 0; i < 3; i++) await hasty.post('/login', {})
    const page = await hasty.post('/login', {})
    expect(page.status).toBe(429)
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(page.body).toContain('Too many requests')
    await strict.close()
  })
})
