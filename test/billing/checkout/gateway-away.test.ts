import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, nothingGranted, tracesOf } from '../../support/ledger.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'
import { type RecordingGateway, startRecordingGateway } from '../payments/recording-gateway.ts'

let app: TestApp
let meter: RecordingGateway
beforeAll(async () => {
  meter = await startRecordingGateway()
  app = await startApp({ API_BASE: `${meter.url}/pg`, CASHFREE_TIMEOUT_MS: '400' })
  meter.target = app.sandbox.publicUrl
})
afterAll(async () => {
  await app.close()
  await meter.close()
})
afterEach(() => {
  app.sandbox.control.clearFaults()
  meter.instead = () => null
  meter.target = app.sandbox.publicUrl
})

const json = { 'content-type': 'application/json' }
const breakages: [string, () => void][] = [
  [
    'refuses connections',
    () => {
      meter.target = null
    },
  ],
  ['says nothing', () => app.sandbox.control.faults({ slow: true })],
  ['hangs up', () => app.sandbox.control.faults({ hang: { ms: 50 } })],
  ['answers 500', () => app.sandbox.control.faults({ serverError: true })],
  ['answers 502', () => app.sandbox.control.faults({ badGateway: true })],
  ['answers 429', () => app.sandbox.control.faults({ rateLimited: true })],
  ['answers an HTML page', () => app.sandbox.control.faults({ garbage: true })],
  ['redirects', () => app.sandbox.control.faults({ redirect: true })],
  ['loses every reply', () => app.sandbox.control.faults({ replyLost: true })],
  [
    'refuses our keys',
    () => {
      meter.instead = () => ({
        status: 401,
        headers: json,
        body: '{"message":"authentication Failed","code":"request_failed","type":"authentication_error"}',
      })
    },
  ],
  [
    'answers an empty body',
    () => {
      meter.instead = () => ({ status: 200, headers: json, body: '' })
    },
  ],
  [
    'answers an empty object',
    () => {
      meter.instead = () => ({ status: 200, headers: json, body: '{}' })
    },
  ],
  [
    'answers a list',
    () => {
      meter.instead = () => ({ status: 200, headers: json, body: '[]' })
    },
  ],
  [
    'answers cut-off JSON',
    () => {
      meter.instead = () => ({ status: 200, headers: json, body: '{"order_id":"' })
    },
  ],
  [
    'answers two megabytes',
    () => {
      meter.instead = () => ({ status: 200, headers: json, body: `"${'x'.repeat(2_000_000)}"` })
    },
  ],
]

describe('when Cashfree', () => {
  test.each(breakages)(
    '%s, the account is kept, the page says so, and trying again uses the same order',
    async (_what, breakIt) => {
      breakIt()
      const visitor = new Visitor(app)
      const began = performance.now()
      const form = await visitor.register()
      expect(performance.now() - began).toBeLessThan(2_500)
      const order = await newestOrder(app, form.email!)
      expect(order).toMatchObject({ status: 'created', paymentSessionId: null })
      for (let i = 0; i < 2; i++) {
        const page = await visitor.get('/checkout/monthly')
        expect([page.status, stageOn(page)]).toEqual([200, 'none'])
        expect(page.body).toContain('Nothing was charged')
        expect(page.body).not.toContain('payment_session_id')
        expect((await visitor.post('/checkout/monthly')).status).toBe(303)
      }

      app.sandbox.control.clearFaults()
      meter.instead = () => null
      meter.target = app.sandbox.publicUrl
      await visitor.post('/checkout/monthly')
      const page = await visitor.get('/checkout/monthly')
      expect(stageOn(page)).toBe('session-created')
      const now = await newestOrder(app, form.email!)
      expect(now).toMatchObject({ id: order.id, status: 'active' })
      expect(page.body).toContain(now.paymentSessionId!)
      const atGateway = app.sandbox.control.state().orders.filter((known) => known.customer.email === form.email)
      expect(atGateway.map(({ orderId }) => orderId)).toEqual([order.id])
    },
  )

  test('loses one reply after doing the work, nobody notices', async () => {
    app.sandbox.control.faults({ replyLost: 1 })
    const visitor = new Visitor(app)
    const form = await visitor.register()
    expect(await newestOrder(app, form.email!)).toMatchObject({ status: 'active' })
    expect(app.sandbox.control.state().orders.filter((known) => known.customer.email === form.email)).toHaveLength(1)
  })

  test('says our id is taken, its order is looked up and adopted', async () => {
    app.sandbox.control.faults({ replyLost: true })
    const visitor = new Visitor(app)
    const form = await visitor.register()
    app.sandbox.control.clearFaults()
    const order = await newestOrder(app, form.email!)
    await app.sql`update orders set idempotency_key = gen_random_uuid() where id = ${order.id}`
    await visitor.post('/checkout/monthly')
    expect(await newestOrder(app, form.email!)).toMatchObject({ id: order.id, status: 'active' })
  })

  test('is away while someone comes back, they see what is known, in time', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const order = await newestOrder(app, form.email!)
    app.sandbox.control.faults({ slow: true })
    const began = performance.now()
    const page = await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect([page.status, stageOn(page)]).toEqual([200, 'session-created'])
    expect(await tracesOf(app, order.id)).toMatchObject(nothingGranted)
  })

  test('is slow and a job waits for it, the person who comes back does not wait as long as the job', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const order = await newestOrder(app, form.email!)
    app.sandbox.control.faults({ slow: { ms: 4_000 } })
    app.sandbox.control.pay(order.id)
    await app.sandbox.control.settled()
    const began = performance.now()
    const page = await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(stageOn(page)).toBe('session-created')
  })
})

describe('our keys', () => {
  test('are never sent on to where Cashfree seems to redirect', async () => {
    const seen: string[] = []
    const elsewhere = createServer((request, response) => {
      seen.push(JSON.stringify(request.headers))
      response.end('{}')
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/pg/orders`
    for (const status of [301, 302, 303, 307, 308]) {
      meter.instead = () => ({ status, headers: { location }, body: '' })
      const visitor = new Visitor(app)
      const form = await visitor.register()
      expect(await newestOrder(app, form.email!)).toMatchObject({ status: 'created' })
    }
    expect(seen).toEqual([])
    elsewhere.close()
  })
})

describe('an order that Cashfree answers with another price', () => {
  test.each([
    ['amount', { order_amount: 1 }],
    ['amount that is no number', { order_amount: 'NaN' }],
    ['currency', { order_currency: 'USD' }],
    ['order id', { order_id: 'somebody_elses' }],
    ['missing amount', { order_amount: undefined }],
  ])('%s is never offered for payment', async (_what, change) => {
    meter.instead = ({ method, path, body }) => {
      if (method !== 'POST' || path !== '/pg/orders') return null
      const asked = JSON.parse(body)
      const order = {
        ...asked,
        order_status: 'ACTIVE',
        cf_order_id: '1',
        payment_session_id: 'session_wrong',
        ...change,
      }
      return { status: 200, headers: json, body: JSON.stringify(order) }
    }
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const page = await visitor.get('/checkout/monthly')
    expect(stageOn(page)).toBe('none')
    expect(page.body).not.toContain('session_wrong')
    const order = await newestOrder(app, form.email!)
    expect(order).toMatchObject({ status: 'created', paymentSessionId: null })
    expect((await tracesOf(app, order.id)).incidents).toEqual(
      'order_amount' in change && change.order_amount === undefined ? [] : ['order-mismatch'],
    )
  })

  test('not by the reconciler either', async () => {
    app.sandbox.control.faults({ serverError: true })
    const visitor = new Visitor(app)
    const form = await visitor.register()
    app.sandbox.control.clearFaults()
    const order = await newestOrder(app, form.email!)
    const headers = {
      ...json,
      'x-api-version': '2025-01-01',
      'x-client-id': 'TEST_app',
      'x-client-secret': 'cfsk_ma_test_app',
    }
    const body = {
      order_id: order.id,
      order_amount: 1,
      order_currency: 'INR',
      customer_details: { customer_id: 'buyer_1', customer_phone: '9876500001' },
    }
    const made = await fetch(`${app.sandbox.url}/pg/orders`, { method: 'POST', headers, body: JSON.stringify(body) })
    expect(made.status).toBe(200)
    await visitor.post('/checkout/monthly')
    await app.sql`update orders set created_at = now() - interval '2 minutes', next_look_at = now() where id = ${order.id}`
    await app.run('reconcile')
    const page = await visitor.get('/checkout/monthly')
    expect(stageOn(page)).toBe('none')
    expect(page.body).not.toContain('payment_session_id')
    expect(await newestOrder(app, form.email!)).toMatchObject({ paymentSessionId: null })
  })
})
