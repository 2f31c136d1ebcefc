import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { newestOrder, nothingGranted, paidOnce, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'
import { app, meter, useRecordedApp } from './recorded.ts'

useRecordedApp({ webhooks: false })

async function opened() {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  meter.calls.length = 0
  return { visitor, email: form.email!, order }
}

describe('the return page of the payer', () => {
  test.each([
    (id: string) => `order_id=${id}`,
    (id: string) => `orderid=${id}`,
    (id: string) => `orderId=${id}`,
    (id: string) => `order_id=${id}&order_id=${id}`,
    (id: string) => `order_id=%7Border_id%7D&order_id=${id}`,
    (id: string) => `order_id=&orderid=${id}&cf_payment_id=1&cfpaymentid=2&order_token=x&junk[]=%00`,
    (id: string) => `order_id[]=x&order_id=${id}&order_status=FAILED`,
  ])('shows the paid stage, however Cashfree writes the query (%#)', async (query) => {
    const { visitor, order } = await opened()
    app.sandbox.control.pay(order.id)
    const page = await visitor.get(`/payment/return?${query(order.id)}`)
    expect(stageOn(page)).toBe('paid')
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })

  test('believes nothing that stands in its address', async () => {
    const { visitor, order } = await opened()
    const page = await visitor.get(
      `/payment/return?order_id=${order.id}&order_status=PAID&payment_status=SUCCESS&is_paid=true&txStatus=SUCCESS`,
    )
    expect(stageOn(page)).toBe('session-created')
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'active', ...nothingGranted })
  })

  test.each([
    '',
    '?order_id=',
    '?order_id=%00',
    '?order_id[a]=b',
    `?order_id=${'x'.repeat(60)}`,
    '?order_id=../../etc',
    '?cf_payment_id=7',
  ])('is neutral about %j', async (query) => {
    const { visitor } = await opened()
    const page = await visitor.get(`/payment/return${query}`)
    expect([page.status, stageOn(page)]).toEqual([200, undefined])
    expect(page.body).toContain('Welcome back')
    expect(meter.calls).toEqual([])
  })

  test('still shows the purchase when the tab is opened again days later, never an invitation to pay again', async () => {
    const { visitor, order } = await opened()
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    await app.sql`update orders set paid_at = now() - interval '3 days' where id = ${order.id}`
    expect(stageOn(await visitor.get(`/payment/return?order_id=${order.id}`))).toBe('paid')
    expect(stageOn(await visitor.get('/checkout/monthly'))).toBe('none')
  })

  test('is somebody else’s: 404, and Cashfree is not asked', async () => {
    const { order } = await opened()
    const stranger = new Visitor(app)
    await stranger.register()
    meter.calls.length = 0
    app.sandbox.control.pay(order.id)
    for (const path of [
      `/payment/return?order_id=${order.id}`,
      '/payment/return?order_id=ds_unknown',
      `/payment/status/${order.id}`,
      '/payment/status/ds_unknown',
    ]) {
      const answer = await stranger.get(path)
      expect(answer.status).toBe(404)
      expect(answer.body).toContain('There is no such order in your account.')
    }
    expect(meter.calls).toEqual([])
    expect(await tracesOf(app, order.id)).toMatchObject(nothingGranted)
  })

  test('reloaded twenty times at once asks Cashfree twice at most, and again only after a pause', async () => {
    const { visitor, order } = await opened()
    const pages = await Promise.all(
      Array.from({ length: 20 }, () => visitor.get(`/payment/return?order_id=${order.id}`)),
    )
    expect(new Set(pages.map(stageOn))).toEqual(new Set(['session-created']))
    const asked = () => meter.count(/^GET \/pg\/orders\/[^/]+$/)
    expect(asked()).toBeLessThanOrEqual(2)
    const hammer = async () => {
      for (const end = Date.now() + 3_000; Date.now() < end; await pause(20))
        void visitor.get(`/payment/return?order_id=${order.id}`).catch(() => {})
    }
    await hammer()
    await pause(2_200)
    expect(asked()).toBeLessThanOrEqual(5)
  })
})

describe('the return page without a session', () => {
  test('is the same to the byte for known, paid, unknown and impossible orders', async () => {
    const { order } = await opened()
    const paid = await opened()
    app.sandbox.control.pay(paid.order.id)
    const ids = [order.id, paid.order.id, 'ds_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'no order', '']
    const pages = await Promise.all(
      ids.map((id) => new Visitor(app).get(`/payment/return?order_id=${encodeURIComponent(id)}`)),
    )
    for (const page of pages) {
      expect(page.status).toBe(200)
      expect(page.body).toBe(pages[0]!.body)
      expect(page.body).not.toMatch(/ds_/)
      expect(page.headers.get('set-cookie')).toBeNull()
      expect([...page.headers.keys()]).toEqual([...pages[0]!.headers.keys()])
    }
    await until(async () => (await tracesOf(app, paid.order.id)).status === 'paid')
    expect(await tracesOf(app, paid.order.id)).toMatchObject(paidOnce)
  })

  test('signs nobody in', async () => {
    const { order } = await opened()
    const visitor = new Visitor(app)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect((await visitor.get('/dashboard')).status).toBe(303)
  })

  test('with invented ids never makes us ask Cashfree', async () => {
    meter.calls.length = 0
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => new Visitor(app).get(`/payment/return?order_id=ds_invented_${i}`)),
    )
    await pause(300)
    expect(meter.count(/invented/)).toBe(0)
  })
})
