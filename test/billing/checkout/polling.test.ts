import { describe, expect, test } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { newestOrder, paidOnce, tracesOf } from '../../support/ledger.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'
import { app, meter, useRecordedApp } from './recorded.ts'

useRecordedApp({ webhooks: false })

/** Someone on the checkout, and the address its page polls. */
async function waiting() {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  const page = await visitor.get('/checkout/monthly')
  const url = /hx-get="([^"]+)"/.exec(page.body)![1]!.replaceAll('&amp;', '&')
  await letTimePass(order.id)
  meter.calls.length = 0
  return { visitor, order, url }
}

/** The last question to Cashfree is long ago. */
const letTimePass = (orderId: string) =>
  app.sql`update orders set asked_at = now() - interval '10 seconds', attempts_asked_at = now() - interval '10 seconds' where id = ${orderId}`
const asked = () => meter.count(/^GET \/pg\/orders\/[^/]+$/)
const fragment = { 'hx-request': 'true' }

describe('the poll of a waiting checkout', () => {
  test('leaves the page alone while nothing changed', async () => {
    const { visitor, url } = await waiting()
    expect(url).toMatch(/^\/payment\/status\/ds_\w+\?seen=session-created&since=\d+$/)
    const answer = await visitor.get(url, fragment)
    expect([answer.status, answer.body]).toEqual([204, ''])
  })

  test('brings the paid stage, which polls no more', async () => {
    const { visitor, order, url } = await waiting()
    app.sandbox.control.pay(order.id)
    const answer = await visitor.get(url, fragment)
    expect([answer.status, stageOn(answer)]).toEqual([200, 'paid'])
    expect(answer.body).not.toContain('<html')
    expect(answer.body).not.toContain('hx-get')
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })

  test('brings it also when the subscription for the frame’s chip cannot be read; the chip is left as it was', async () => {
    const { visitor, order, url } = await waiting()
    app.sandbox.control.pay(order.id)
    const readsChip = (words: unknown) =>
      Array.isArray(words) && words.join('').includes('on p.key = running_plan(s)\n    where s.user_id')
    let reads = 0
    const sql = new Proxy(app.sql, {
      apply(target, self, args) {
        // The stage reads it, first for what it shows and then for all of it; the frame is the third.
        return !readsChip(args[0]) || ++reads <= 2
          ? Reflect.apply(target as never, self, args)
          : Promise.reject(new Error('the database is away'))
      },
    })
    const one = await buildApp({ services: { ...app.services, sql }, sessionKeys: app.config.sessionKeys })
    const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const host = new URL(app.config.baseUrl).host
    const { statusCode, body } = await one.inject({ url, headers: { ...fragment, host, cookie } })
    await one.close()
    expect([statusCode, reads, body.includes('plan: paid'), body.includes('.site-header .chip')]).toEqual([
      200,
      3,
      true,
      false,
    ])
  })

  test('tells of a failed attempt once, and goes on', async () => {
    const { visitor, order, url } = await waiting()
    app.sandbox.control.fail(order.id, { reason: 'insufficient_funds' })
    // Polls ask for the order alone; that the attempt failed comes with the webhook, or with the payer who returns.
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const answer = await visitor.get(url, fragment)
    expect([answer.status, stageOn(answer)]).toEqual([200, 'session-created'])
    expect(answer.body).toContain('didn’t go through')
    const next = /hx-get="([^"]+)"/.exec(answer.body)![1]!.replaceAll('&amp;', '&')
    expect(next).not.toBe(url)
    expect((await visitor.get(next, fragment)).status).toBe(204)
    app.sandbox.control.pay(order.id)
    await letTimePass(order.id)
    expect(stageOn(await visitor.get(next, fragment))).toBe('paid')
  })

  test('shows the end of an order that ran out', async () => {
    const { visitor, order, url } = await waiting()
    app.sandbox.control.expire(order.id)
    const answer = await visitor.get(url, fragment)
    expect([answer.status, stageOn(answer)]).toEqual([200, 'none'])
    expect(answer.body).toContain('closed before it was completed')
    expect(answer.body).not.toContain('hx-get')
  })

  test('asks Cashfree once in three seconds, however many tabs there are', async () => {
    const { visitor, url } = await waiting()
    await Promise.all(Array.from({ length: 20 }, () => visitor.get(url, fragment)))
    await Promise.all(Array.from({ length: 20 }, () => visitor.get(url, fragment)))
    expect(asked()).toBeLessThanOrEqual(2)
    expect(asked()).toBeGreaterThanOrEqual(1)
  })

  test('slows down after two minutes and stops after a quarter of an hour', async () => {
    const { visitor, url } = await waiting()
    const since = (seconds: number) => url.replace(/since=\d+/, `since=${Math.floor(Date.now() / 1000) - seconds}`)
    expect((await visitor.get(since(60), fragment)).status).toBe(204)
    expect((await visitor.get(since(300), fragment)).body).toContain('every 10s')
    expect((await visitor.get(since(1_000), fragment)).body).not.toContain('hx-get')
  })

  test.each(['since=-5', 'since=1e99', 'since=x', 'since=99999999999', 'door=x', `seen=${'s'.repeat(40)}`, ''])(
    'takes %j without complaint',
    async (query) => {
      const { visitor, order } = await waiting()
      const answer = await visitor.get(`/payment/status/${order.id}?${query}`, fragment)
      expect([answer.status, stageOn(answer)]).toEqual([200, 'session-created'])
    },
  )

  test.each([-10, 10])('finds the payment although our clock is %i minutes off', async (minutes) => {
    const { visitor, order, url } = await waiting()
    await app.sql`update orders set asked_at = now() - interval '4 seconds', attempts_asked_at = now() - interval '4 seconds' where id = ${order.id}`
    app.sandbox.control.pay(order.id)
    const real = Date.now
    Date.now = () => real() + minutes * 60_000
    try {
      expect(stageOn(await visitor.get(url, fragment))).toBe('paid')
    } finally {
      Date.now = real
    }
  })

  test('of a person who is not waiting asks Cashfree nothing', async () => {
    const { visitor, order, url } = await waiting()
    app.sandbox.control.pay(order.id)
    await visitor.get(url, fragment)
    meter.calls.length = 0
    for (let i = 0; i < 5; i++) await visitor.get(url, fragment)
    expect(meter.calls).toEqual([])
  })
})

test('one account cannot use up what Cashfree allows everybody, however many orders it polls', async () => {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  meter.calls.length = 0
  for (let i = 0; i < 100; i++) {
    await app.sql`update orders set asked_at = null where id = ${order.id}`
    await visitor.get(`/payment/status/${order.id}`)
  }
  // Forty a minute; the loop may touch two of them.
  expect(meter.count(/^GET \/pg\/orders\/[^/]+$/)).toBeLessThanOrEqual(80)
  expect(meter.count(/^GET \/pg\/orders\/[^/]+$/)).toBeGreaterThan(0)
})
