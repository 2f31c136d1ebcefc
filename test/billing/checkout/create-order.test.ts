import { describe, expect, test } from 'vitest'
import { newestOrder } from '../../support/ledger.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'
import { app, meter, useRecordedApp } from './recorded.ts'

useRecordedApp()

const ordersOf = (email: string) =>
  app.sql<{ id: string; planKey: string; status: string }[]>`
    select o.id, o.plan_key, o.status from orders o join users u on u.id = o.user_id where u.email = ${email} order by o.created_at`

describe('opening a checkout', () => {
  test('twenty clicks at once open one order, and make one call', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    meter.calls.length = 0
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.post('/checkout/annual')))
    expect(answers.map(({ status, location }) => `${status} ${location}`)).toEqual(
      Array.from({ length: 20 }, () => '303 /checkout/annual'),
    )
    expect(await ordersOf(form.email!)).toHaveLength(2)
    expect(meter.count(/^POST \/pg\/orders$/)).toBe(1)
  })

  test('clicking again, in another tab or after the back button, finds the same order', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const first = await newestOrder(app, form.email!)
    meter.calls.length = 0
    for (let i = 0; i < 3; i++) await visitor.post('/checkout/monthly')
    expect(await newestOrder(app, form.email!)).toEqual(first)
    expect(meter.calls).toEqual([])
  })

  test('looking opens nothing and asks nobody', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    meter.calls.length = 0
    expect(stageOn(await visitor.get('/checkout/annual'))).toBe('none')
    expect(stageOn(await visitor.get('/checkout/monthly'))).toBe('session-created')
    expect(await ordersOf(form.email!)).toHaveLength(1)
    expect(meter.calls).toEqual([])
  })

  test('two plans in two tabs are two orders, each with its own price', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    await Promise.all([visitor.post('/checkout/annual'), visitor.post('/checkout/monthly')])
    const orders = await ordersOf(form.email!)
    expect(orders.map(({ planKey }) => planKey).sort()).toEqual(['annual_v1', 'monthly_v1'])
    for (const { id, planKey } of orders)
      expect(app.sandbox.control.order(id).amountPaise).toBe(planKey === 'annual_v1' ? 499_000 : 49_900)
  })

  test.each(['weekly', 'monthly_v1', 'MONTHLY', '%00', "'; drop table orders", 'x'.repeat(60)])(
    'there is no plan %j',
    async (plan) => {
      const visitor = new Visitor(app)
      await visitor.register()
      const path = `/checkout/${encodeURIComponent(plan)}`
      for (const answer of [await visitor.get(path), await visitor.post(path), await visitor.post(`${path}/restart`)])
        expect([400, 404]).toContain(answer.status)
      if (plan === 'weekly') expect((await visitor.post(path)).status).toBe(404)
    },
  )

  test('a visitor is sent to log in, and a fragment’s page too', async () => {
    for (const path of ['/checkout/monthly', '/dashboard', '/payment/status/ds_01', '/receipts/R2627-000001']) {
      const answer = await new Visitor(app).get(path)
      expect([answer.status, answer.location]).toEqual([303, `/login?next=${encodeURIComponent(path)}`])
    }
    for (const path of ['/checkout/monthly', '/checkout/skip', '/checkout/monthly/restart']) {
      const answer = await new Visitor(app).post(path)
      expect([answer.status, answer.location]).toEqual([303, '/login?next=%2Fdashboard'])
    }
  })

  test('price and buyer come from our rows, never from the form', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    await visitor.post('/checkout/annual', {
      amount: '1',
      order_amount: '1',
      plan: 'monthly',
      user_id: 'x',
      order_id: 'mine',
    })
    const order = await newestOrder(app, form.email!)
    expect(order.amountPaise).toBe(499_000)
    expect(app.sandbox.control.order(order.id)).toMatchObject({ amountPaise: 499_000, customer: { email: form.email } })
  })

  test('a price that changes while an order is open is honoured', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register({ plan: 'annual' })
    const order = await newestOrder(app, form.email!)
    await app.sql`update plans set price_paise = 599000 where key = 'annual_v1'`
    try {
      expect((await visitor.get('/checkout/annual')).body).toContain('₹4,990')
      app.sandbox.control.pay(order.id)
      expect(stageOn(await visitor.get(`/payment/return?order_id=${order.id}`))).toBe('paid')
    } finally {
      await app.sql`update plans set price_paise = 499000 where key = 'annual_v1'`
    }
  })

  test('skipping keeps the account pending and says so', async () => {
    const visitor = new Visitor(app)
    await visitor.register()
    expect((await visitor.post('/checkout/skip')).location).toBe('/dashboard')
    const first = await visitor.get('/dashboard')
    expect(first.body).toContain('Nothing was charged. Your account is ready, and you can pay whenever you like.')
    expect(first.body).toContain('Choose a plan to start')
    expect((await visitor.get('/dashboard')).body).not.toContain('Nothing was charged. Your account is ready')
    expect((await visitor.get('/checkout/skip')).status).toBe(404)
  })

  test('an order whose time ran out is followed by a new one', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const old = await newestOrder(app, form.email!)
    app.sandbox.control.expire(old.id)
    await app.sql`update orders set expires_at = now() where id = ${old.id}`
    await visitor.post('/checkout/monthly')
    const next = await newestOrder(app, form.email!)
    expect(next.id).not.toBe(old.id)
    expect((await ordersOf(form.email!)).map(({ status }) => status)).toEqual(['expired', 'active'])
  })
})
