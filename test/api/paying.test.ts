import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { subscriber } from '../account/people.ts'
import { giftForm } from '../billing/gifts/giving.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder, paidOnce, tracesOf } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())

const newestOf = async (app: TestApp, userId: string) =>
  (
    await app.sql<{ id: string; paymentSessionId: string }[]>`
      select id, payment_session_id from orders where user_id = ${userId} order by created_at desc limit 1`
  )[0]!

async function registered() {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  return { visitor, email: form.email!, order: await newestOrder(app, form.email!) }
}

describe('paying over JSON', () => {
  test('an open order is returned, not doubled', async () => {
    const { visitor, email, order } = await registered()
    const expected = { order_id: order.id, payment_session_id: order.paymentSessionId, cf_order_id: expect.any(String) }
    const bodies = [
      { plan: 'monthly' },
      { plan: 'monthly', orderAmount: 499 },
      { plan: 'monthly', orderAmount: '499.00', orderId: order.id },
      {
        plan: 'monthly',
        customerDetails: { customer_phone: '9999999999', customer_email: 'evil@example.in', customer_id: 'other' },
        user_id: 'x',
        currency: 'USD',
      },
    ]
    for (const body of bodies) {
      const answer = await visitor.postJson('/api/create-cashfree-order', body)
      expect([answer.status, answer.json()]).toEqual([200, expected])
    }
    expect(await newestOrder(app, email)).toMatchObject({ id: order.id })
    expect(app.sandbox.control.order(order.id)).toMatchObject({
      amountPaise: 49_900,
      customer: { email, phone: '9876500001' },
    })
  })

  test('the other plan opens its own order', async () => {
    const { visitor, order } = await registered()
    const answer = await visitor.postJson('/api/create-cashfree-order', { plan: 'annual', orderAmount: 4990 })
    const { order_id } = answer.json() as { order_id: string }
    expect(order_id).not.toBe(order.id)
    expect(app.sandbox.control.order(order_id).amountPaise).toBe(499_000)
  })

  test('the token is the session, the link is our checkout', async () => {
    const { visitor, order } = await registered()
    const answer = await visitor.postJson('/api/create-payment-token', { orderId: order.id })
    expect(answer.json()).toEqual({
      payment_link: `${app.url}/checkout/monthly`,
      payment_token: order.paymentSessionId,
    })
  })

  test('the link of a gift and of a switch leads to that order', async () => {
    const { visitor, userId } = await subscriber(app)
    for (const [path, form] of [
      ['/gift', giftForm],
      ['/account/plan/switch', { plan: 'annual' }],
    ] as const) {
      const { location } = await visitor.post(path, form)
      const order = await newestOf(app, userId)
      const answer = await visitor.postJson('/api/create-payment-token', { orderId: order.id })
      expect(answer.json()).toEqual({ payment_link: app.url + location, payment_token: order.paymentSessionId })
      expect(location).toContain(order.id)
    }
  })

  test('an open order keeps the price that it was opened with, also where the plan’s has changed', async () => {
    const { visitor } = await registered()
    const create = (body: object) => visitor.postJson('/api/create-cashfree-order', { plan: 'annual', ...body })
    const { order_id: orderId } = (await create({ orderAmount: 4990 })).json() as { order_id: string }
    await app.sql`select plan_price_change('annual_v1', 599900, null, null, 'command', null)`
    for (const body of [{ orderAmount: 4990, orderId }, { orderAmount: 4990 }, {}])
      expect((await create(body)).json()).toMatchObject({ order_id: orderId })
    expect((await create({ orderAmount: 5999, orderId })).status).toBe(422)
    const other = await registered()
    const fresh = { plan: 'annual', orderAmount: 5999 }
    expect((await other.visitor.postJson('/api/create-cashfree-order', fresh)).status).toBe(200)
  })

  test('the status tells the whole story: open, failed, paid', async () => {
    const { visitor, order } = await registered()
    const look = async () => {
      await app.sql`update orders set asked_at = now() - interval '1 minute', attempts_asked_at = now() - interval '1 minute' where id = ${order.id}`
      return (await visitor.get(`/api/payment-status/${order.id}`)).json()
    }
    expect(await look()).toEqual({
      order_id: order.id,
      order_status: 'ACTIVE',
      payments: [],
      is_paid: false,
      subscription: { status: 'pending', current_period_end: null },
    })
    app.sandbox.control.fail(order.id)
    expect(await look()).toMatchObject({
      order_status: 'ACTIVE',
      is_paid: false,
      payments: [{ payment_status: 'FAILED', payment_amount: 499, reason: expect.any(String) }],
    })
    app.sandbox.control.pay(order.id)
    expect(await look()).toMatchObject({
      order_status: 'PAID',
      is_paid: true,
      payments: [
        {
          payment_status: 'SUCCESS',
          payment_amount: 499,
          payment_group: 'upi',
          cf_payment_id: expect.stringMatching(/^\d+$/),
          bank_reference: expect.any(String),
        },
        { payment_status: 'FAILED' },
      ],
      subscription: { status: 'active', current_period_end: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) },
    })
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
    expect((await visitor.postJson('/api/create-payment-token', { orderId: order.id })).status).toBe(409)
  })

  test('an order that Cashfree has not heard of is CREATED', async () => {
    app.sandbox.control.faults({ serverError: true })
    const { visitor, order } = await registered()
    app.sandbox.control.clearFaults()
    for (let i = 0; i < 2; i++)
      expect((await visitor.get(`/api/payment-status/${order.id}`)).json()).toMatchObject({
        order_status: 'CREATED',
        payments: [],
        is_paid: false,
      })
  })

  test('Cashfree away: the status says what is known', async () => {
    const { visitor, order } = await registered()
    app.sandbox.control.faults({ serverError: true })
    await app.sql`update orders set asked_at = now() - interval '1 minute', attempts_asked_at = now() - interval '1 minute' where id = ${order.id}`
    const answer = await visitor.get(`/api/payment-status/${order.id}`)
    app.sandbox.control.clearFaults()
    expect([answer.status, answer.json()]).toEqual([
      200,
      expect.objectContaining({ order_status: 'ACTIVE', is_paid: false }),
    ])
  })

  test('twenty calls at once open one order', async () => {
    const { visitor } = await registered()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => visitor.postJson('/api/create-cashfree-order', { plan: 'annual' })),
    )
    expect(new Set(answers.map((answer) => (answer.json() as { order_id: string }).order_id)).size).toBe(1)
  })

  test('an order whose last minute was paid says so, instead of blaming Cashfree', async () => {
    const { visitor, order } = await registered()
    app.sandbox.control.pay(order.id)
    await app.sql`update orders set expires_at = now() + interval '10 seconds' where id = ${order.id}`
    const answer = await visitor.postJson('/api/create-cashfree-order', { plan: 'monthly' })
    expect([answer.status, answer.json()]).toEqual([
      409,
      { error: { code: 'conflict', message: 'This order is paid already.' } },
    ])
  })
})
