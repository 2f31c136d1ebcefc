import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  commitImport,
  holdImport,
  type Import,
  stagePrices,
  startImport,
} from '../../../src/market/prices/imports/queries.ts'
import { hasPricesToSell, mostSessionsBehind, pricesToSell } from '../../../src/market/prices/on-sale.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, paidOnce, subscriberOf, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ CHECKOUT_REQUIRES_PRICES: 'true' })
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())
beforeEach(() => pricesEndedBefore(mostSessionsBehind))
afterEach(() => app.sandbox.control.clearFaults())

const by = { actor: 'test', origin: null }

/** Makes the newest price one after which so many sessions ended up to yesterday; null: there are no prices. */
async function pricesEndedBefore(sessions: number | null, origin: Import['origin'] = 'command') {
  await app.sql`delete from imports`
  if (sessions === null) return
  const [row] = await app.sql<{ day: string }[]>`
    select d.day::date::text as day
    from generate_series(1, 60) back
    cross join lateral (select (now() at time zone 'Asia/Kolkata')::date - back as day) d
    where trades_on(d.day)
    order by d.day desc offset ${sessions} limit 1
  `
  const importId = await startImport(app.sql, { origin, actor: by.actor })
  const price = { symbol: 'NIFTYBEES', day: row!.day, close: 250, basis: 'traded' as const, file: 0, line: 1 }
  await stagePrices(app.sql, importId, [price])
  await holdImport(app.sql, importId, { files: [], problems: [], problemCount: 0 })
  expect(await commitImport(app.sql, importId, by, null)).toBe('committed')
}

/** Nothing is sold from now on. */
const close = () => pricesEndedBefore(mostSessionsBehind + 1)

/** A person with an open order at Cashfree. */
async function opened() {
  const visitor = new Visitor(app)
  const { email = '' } = await visitor.register({ plan: 'monthly' })
  return { visitor, email, order: await newestOrder(app, email) }
}

const ordersAtCashfree = () => app.sandbox.control.state().orders.length

async function expectClosed(visitor: Visitor) {
  for (const path of ['/checkout/monthly', '/checkout/annual']) {
    const page = await visitor.get(path)
    expect([path, page.status, stageOn(page)]).toEqual([path, 200, 'none'])
    const { body } = page
    expect(body).toContain('Opens soon')
    for (const wayToPay of ['payment_session_id', 'session_', 'action="/checkout/monthly', 'action="/checkout/annual'])
      expect([path, wayToPay, body.includes(wayToPay)]).toEqual([path, wayToPay, false])
  }
}

/** The dashboard and the account say so in place of the buttons that would lead to a payment. */
async function expectNoOffers(visitor: Visitor) {
  for (const path of ['/dashboard', '/account']) {
    const { body } = await visitor.get(path)
    expect([path, body.includes('Opens soon'), /action="\/checkout\//.test(body)]).toEqual([path, true, false])
  }
}

async function expectRefused(visitor: Visitor, path: string, body: object) {
  const answer = await visitor.postJson(path, body)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '3600'])
  expect(answer.json()).toMatchObject({ error: { code: 'unavailable', message: expect.stringContaining('open soon') } })
  expect(answer.body).not.toContain('session_')
}

describe('without prices to sell', () => {
  test.each([
    ['there are none', null],
    ['the newest are older than five sessions', mostSessionsBehind + 1],
  ])('(%s) a registration makes the account, no order, and the checkout says that it opens soon', async (_why, age) => {
    await pricesEndedBefore(age)
    const before = ordersAtCashfree()
    const visitor = new Visitor(app)
    const { email = '' } = await visitor.register({ plan: 'annual' })
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'pending', isPaid: false })
    await expectClosed(visitor)
    await expectNoOffers(visitor)
    expect((await visitor.get('/account')).body).not.toContain('Why you have no access')
    await expect(newestOrder(app, email)).rejects.toThrow('there is no order')
    expect(ordersAtCashfree()).toBe(before)
  })

  test('every other way to open an order is refused as well, and again when it is tried twice', async () => {
    await close()
    const visitor = new Visitor(app)
    const { email = '' } = await visitor.register()
    const before = ordersAtCashfree()
    for (const _time of [1, 2]) {
      for (const path of ['/checkout/monthly', '/checkout/annual', '/checkout/monthly/restart']) {
        const answer = await visitor.post(path)
        expect([path, answer.status]).toEqual([path, 303])
        expect(answer.location).toBe(path.replace('/restart', ''))
      }
      await expectRefused(visitor, '/api/create-cashfree-order', { plan: 'monthly' })
    }
    await expectClosed(visitor)
    await expect(newestOrder(app, email)).rejects.toThrow('there is no order')
    expect(ordersAtCashfree()).toBe(before)
  })

  test('the landing page says so, beside the plans and in the form', async () => {
    const page = async () => (await new Visitor(app).get('/?plan=annual', { cookie: 'x=1' })).body
    expect(await page()).not.toContain('open soon')
    await close()
    const body = await page()
    expect(body).toContain('Subscriptions open soon. You can create an account now and pay later.')
    expect(body).toContain('Subscriptions open soon: you pay later.')
    expect(body).not.toContain('Create account, then pay')
  })

  test('a subscriber keeps what is paid for, and cannot renew for now', async () => {
    const { visitor, email, order } = await opened()
    app.sandbox.control.pay(order.id)
    expect(stageOn(await visitor.get(`/payment/return?order_id=${order.id}`))).toBe('paid')
    await close()
    expect((await visitor.get('/dashboard')).status).toBe(200)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    expect(stageOn(await visitor.get('/checkout/monthly'))).toBe('paid')
    await expectRefused(visitor, '/api/create-cashfree-order', { plan: 'annual' })
    expect((await visitor.post('/checkout/annual')).location).toBe('/checkout/annual')
    expect(stageOn(await visitor.get('/checkout/annual'))).toBe('none')
    expect((await newestOrder(app, email)).id).toBe(order.id)
  })
})

describe('when it closes', () => {
  test('an order that is open already offers no payment any more, nor its session over the API', async () => {
    const { visitor, email, order } = await opened()
    await close()
    await expectClosed(visitor)
    await expectRefused(visitor, '/api/create-payment-token', { orderId: order.id })
    await expectRefused(visitor, '/api/create-cashfree-order', { plan: 'monthly', orderId: order.id })
    expect(await newestOrder(app, email)).toMatchObject({ id: order.id, status: 'active' })
  })

  test('such an order that is paid all the same is granted, once, whoever hears of it first', async () => {
    const { visitor, email, order } = await opened()
    await close()
    const { body } = await visitor.get('/checkout/monthly')
    const [, poll] = /hx-get="(\/payment\/status\/[^"]+)"/.exec(body) ?? []
    expect((await visitor.get(poll!.replaceAll('&amp;', '&'))).status).toBe(204)
    app.sandbox.control.pay(order.id)
    await app.sql`update orders set next_look_at = now(), asked_at = null where id = ${order.id}`
    const [back] = await Promise.all([
      visitor.get(`/payment/return?order_id=${order.id}`),
      visitor.get(poll!.replaceAll('&amp;', '&')),
      app.run('reconcile'),
    ])
    expect(stageOn(back!)).toBe('paid')
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: [] })
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
  })

  test('a payment at the bank is shown as such until it is through', async () => {
    const { visitor, order } = await opened()
    app.sandbox.control.pending(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    await close()
    const page = await visitor.get('/checkout/monthly')
    expect(stageOn(page)).toBe('session-created')
    expect(page.body).toContain('Confirming your payment')
    expect(page.body).not.toContain('Opens soon')
    app.sandbox.control.pay(order.id)
    expect(stageOn(await visitor.get(`/payment/return?order_id=${order.id}`))).toBe('paid')
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: [] })
  })

  test('a payer who comes back before their payment is known is told to wait, not to come back another day', async () => {
    const { visitor, order } = await opened()
    await close()
    const { body } = await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(body).toContain('If you paid, wait a moment')
    expect(body).toContain(`/payment/status/${order.id}`)
    expect(body).not.toContain('Nothing was charged')
  })

  test('it opens by itself with the next prices, and the same order can be paid', async () => {
    const { visitor, order } = await opened()
    await close()
    await expectClosed(visitor)
    await pricesEndedBefore(0)
    const page = await visitor.get('/checkout/monthly')
    expect(stageOn(page)).toBe('session-created')
    expect(page.body).toContain(order.paymentSessionId!)
  })
})

describe('what counts as prices to sell', () => {
  const given = (changes: object) => ({ ...app.config.prices, ...changes })

  test('an invented sample does not, except in a demo, where all prices are invented', async () => {
    await pricesEndedBefore(0, 'sample')
    expect(await hasPricesToSell(app.sql, given({}))).toBe(false)
    expect(await hasPricesToSell(app.sql, given({ invented: true }))).toBe(true)
  })

  test('prices that are held or were taken back do not', async () => {
    await app.sql`update imports set status = 'held'`
    expect(await hasPricesToSell(app.sql, given({}))).toBe(false)
    await app.sql`update imports set status = 'undone'`
    expect(await hasPricesToSell(app.sql, given({}))).toBe(false)
  })

  test('nothing has to where CHECKOUT_REQUIRES_PRICES is off', async () => {
    await pricesEndedBefore(null)
    expect(await hasPricesToSell(app.sql, given({ requiredForCheckout: false }))).toBe(true)
  })

  test('a process asks at most every two seconds, however many pages say it', async () => {
    await pricesEndedBefore(null)
    const hasSome = pricesToSell(app.sql, given({}))
    expect(await hasSome()).toBe(false)
    await pricesEndedBefore(0)
    expect([await hasSome(), await hasPricesToSell(app.sql, given({}))]).toEqual([false, true])
    await until(hasSome)
  })
})
