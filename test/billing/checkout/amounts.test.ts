import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, nothingGranted, paidOnce, subscriberOf, tracesOf } from '../../support/ledger.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())
afterEach(() => app.sandbox.control.clearFaults())

async function opened() {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  const look = async () => {
    await app.sql`update orders set next_look_at = now(), created_at = created_at - interval '2 minutes' where id = ${order.id}`
    await app.run('reconcile')
  }
  return { visitor, email: form.email!, order, look }
}

describe('a payment that does not agree is held, and nothing is granted', () => {
  test.each([
    ['one paisa less', { wrongAmount: { paise: -1 } }],
    ['one paisa more', { wrongAmount: { paise: 1 } }],
    ['a hundred times as much', { wrongAmount: { paise: 49_900 * 99 } }],
    ['nothing', { wrongAmount: { paise: -49_900 } }],
    ['a negative amount', { wrongAmount: { paise: -99_900 } }],
    ['dollars', { wrongCurrency: true }],
    ['the id of another order', { wrongOrderId: true }],
  ])('the order says %s', async (_what, faults) => {
    const { visitor, email, order, look } = await opened()
    app.sandbox.control.pay(order.id)
    app.sandbox.control.faults(faults)
    const page = await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(stageOn(page)).toBe('session-created')
    expect(page.body).toContain('We are looking at your payment')
    expect(page.body).not.toContain('name="payment_session_id"')
    await look()
    expect(await tracesOf(app, order.id)).toMatchObject({
      status: 'active',
      heldAt: expect.any(Date),
      ...nothingGranted,
      incidents: ['order-mismatch'],
    })
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'pending', isPaid: false })

    app.sandbox.control.clearFaults()
    await look()
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: ['order-mismatch'] })
  })

  test('the payment brought less than the price', async () => {
    const { visitor, order } = await opened()
    app.sandbox.control.pay(order.id, { amount: 498.99 })
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(await tracesOf(app, order.id)).toMatchObject({
      heldAt: expect.any(Date),
      ...nothingGranted,
      incidents: ['payment-mismatch'],
    })
  })

  test('both sides are kept for the admin, without the session', async () => {
    const { visitor, order } = await opened()
    app.sandbox.control.pay(order.id)
    app.sandbox.control.faults({ wrongAmount: { paise: 100 } })
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const [incident] = await app.sql<
      { details: { ours: object; theirs: object } }[]
    >`select details from incidents where order_id = ${order.id}`
    expect(incident?.details).toMatchObject({
      ours: { amountPaise: 49_900 },
      theirs: { amountPaise: 50_000, status: 'PAID' },
    })
    expect(JSON.stringify(incident)).not.toContain('session_')
  })
})

describe('a wrong answer before anything was paid', () => {
  test('stops the payer from paying it, until the answer agrees again', async () => {
    const { visitor, order, look } = await opened()
    app.sandbox.control.faults({ wrongAmount: { paise: 100 } })
    await look()
    const page = await visitor.get('/checkout/monthly')
    expect(page.body).toContain('as far as we know nothing was charged')
    expect(page.body).not.toContain('name="payment_session_id"')
    app.sandbox.control.clearFaults()
    await look()
    expect((await visitor.get('/checkout/monthly')).body).toContain('name="payment_session_id"')
    app.sandbox.control.pay(order.id)
    await look()
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })
})

describe('a payment that agrees', () => {
  test('may have brought more than the price: a fee the payer bore', async () => {
    const { visitor, order } = await opened()
    app.sandbox.control.pay(order.id, { amount: 508.98 })
    expect(stageOn(await visitor.get(`/payment/return?order_id=${order.id}`))).toBe('paid')
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: [] })
    const [row] =
      await app.sql`select p.amount_paise as paid, r.amount_paise as receipt from payments p join receipts r using (order_id) where p.order_id = ${order.id}`
    expect(row).toEqual({ paid: 50_898, receipt: 49_900 })
  })

  test('whose attempts cannot be read grants nothing yet, and everything later', async () => {
    const { visitor, order, look } = await opened()
    app.sandbox.control.pay(order.id)
    app.sandbox.control.faults({ paymentsUnreadable: true })
    await visitor.get(`/payment/return?order_id=${order.id}`)
    await look()
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'active', ...nothingGranted, incidents: [] })
    app.sandbox.control.clearFaults()
    await look()
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })

  test('may write its ids as long numbers', async () => {
    app.sandbox.control.faults({ numericIds: true, longIds: true })
    const { visitor, order } = await opened()
    const { payment } = app.sandbox.control.pay(order.id) as { payment: { cf_payment_id: unknown } }
    expect(stageOn(await visitor.get(`/payment/return?order_id=${order.id}`))).toBe('paid')
    const [row] = await app.sql<{ id: string }[]>`select cf_payment_id as id from payments where order_id = ${order.id}`
    const [attempt] = app.sandbox.control.order(order.id).attempts
    expect(row?.id).toBe(attempt!.id)
    expect(row?.id).toMatch(/^\d{19}$/)
    expect(payment).toBeDefined()
  })

  test('twice on one order is one period, and an incident with the refund prepared', async () => {
    const { visitor, order, look } = await opened()
    app.sandbox.control.faults({ doubleSuccess: true })
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    await look()
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: ['paid-twice'] })
    const [incident] = await app.sql<{ details: object }[]>`select details from incidents where order_id = ${order.id}`
    expect(incident?.details).toMatchObject({ preparedRefundPaise: 49_900, cfPaymentId: expect.any(String) })
  })
})
