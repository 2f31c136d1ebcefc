import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { settleWith } from '../../../src/billing/checkout/settle.ts'
import { settleDisputes } from '../../../src/billing/disputes/disputes.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { isoInIndia } from '../../../src/platform/dates.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, nothingGranted, paidOnce, subscriberOf, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { type RecordingGateway, startRecordingGateway } from '../payments/recording-gateway.ts'
import { remoteAttempt } from '../payments/remote-orders.ts'
import { deliver, lastEvent, signed } from '../webhooks/sender.ts'

let app: TestApp
let meter: RecordingGateway
const woken: string[] = []
beforeAll(async () => {
  meter = await startRecordingGateway()
  app = await startApp({ API_BASE: `${meter.url}/pg` })
  meter.target = app.sandbox.publicUrl
  app.sandbox.control.webhooks({ paused: true })
  app.services.wake = (job) => woken.push(job)
})
afterAll(async () => {
  await app.close()
  await meter.close()
})
afterEach(() => {
  meter.instead = () => null
  app.sandbox.control.clearFaults()
  woken.length = 0
})

async function buyer() {
  const visitor = new Visitor(app)
  const { email } = await visitor.register()
  const order = await newestOrder(app, email!)
  // The return page asks for the list of payments too.
  const look = () => visitor.get(`/payment/return?order_id=${order.id}`)
  const lookAgain = async () => {
    await app.sql`update orders set next_look_at = now(), created_at = created_at - interval '2 minutes' where id = ${order.id}`
    await app.run('reconcile')
  }
  return { visitor, email: email!, id: order.id, userId: order.userId, look, lookAgain }
}

/** A success as Cashfree lists it under an order. */
const success = (orderId: string | number, cfPaymentId: string | number, changes: object = {}) => ({
  cf_payment_id: cfPaymentId,
  order_id: orderId,
  entity: 'payment',
  order_amount: 499,
  order_currency: 'INR',
  payment_amount: 499,
  payment_currency: 'INR',
  payment_status: 'SUCCESS',
  is_captured: true,
  payment_time: isoInIndia(new Date()),
  payment_group: 'upi',
  ...changes,
})

/** From now on Cashfree says PAID of this order, with these changes, and lists these payments. */
function cashfreeSays(id: string, payments: object[], changes: object = {}) {
  const order = app.sandbox.control.order(id)
  const shown = {
    cf_order_id: order.cfId,
    order_id: id,
    order_amount: 499,
    order_currency: 'INR',
    order_status: 'PAID',
    payment_session_id: order.sessionId,
    order_expiry_time: isoInIndia(new Date(order.expiresAt)),
    customer_details: { customer_id: order.customer.id },
    ...changes,
  }
  const headers = { 'content-type': 'application/json' }
  meter.instead = ({ method, path }) => {
    if (method !== 'GET') return null
    if (path === `/pg/orders/${id}`) return { status: 200, headers, body: JSON.stringify(shown) }
    if (path === `/pg/orders/${id}/payments`) return { status: 200, headers, body: JSON.stringify(payments) }
    return null
  }
}

const incidentsOf = (id: string) =>
  app.sql<{ kind: string; details: Record<string, unknown> }[]>`
    select kind, details from incidents where order_id = ${id} order by id`
const paymentsOf = (id: string) =>
  app.sql<{ cfPaymentId: string }[]>`select cf_payment_id from payments where order_id = ${id}`
let number = 880_000_000
const newPayment = () => String(++number)

describe('a payment that names another order', () => {
  test('grants nothing to the one and goes to the other, whoever that belongs to', async () => {
    const [a, b] = [await buyer(), await buyer()]
    const { payment } = app.sandbox.control.pay(b.id) as { payment: { cf_payment_id: string } }
    cashfreeSays(a.id, [success(b.id, payment.cf_payment_id)])
    await a.look()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...nothingGranted, heldAt: expect.any(Date), status: 'active' })
    expect(await paymentsOf(a.id)).toEqual([])
    expect(await subscriberOf(app, a.email)).toMatchObject({ status: 'pending', isPaid: false })
    expect(woken).toContain('reconcile')
    await app.run('reconcile')
    expect(await tracesOf(app, b.id)).toMatchObject(paidOnce)
    expect(await subscriberOf(app, b.email)).toMatchObject({ status: 'active', isPaid: true })

    const [incident, ...others] = await incidentsOf(a.id)
    expect(others).toEqual([])
    expect(incident).toMatchObject({
      kind: 'payment-on-two-orders',
      details: {
        ours: { orderId: a.id, amountPaise: 49_900 },
        theirs: { orderId: a.id, status: 'PAID', attempts: [{ orderId: b.id }] },
        contradictions: [{ field: 'orderId', payment: payment.cf_payment_id, ours: a.id, theirs: b.id }],
      },
    })
    expect(JSON.stringify(incident)).not.toContain('session_')
  })

  test('passes: the next answer that agrees lets the order be paid', async () => {
    const [a, b] = [await buyer(), await buyer()]
    cashfreeSays(a.id, [success(b.id, newPayment())])
    await a.look()
    expect((await a.visitor.get('/checkout/monthly')).body).not.toContain('name="payment_session_id"')
    meter.instead = () => null
    await a.lookAgain()
    expect(await tracesOf(app, a.id)).toMatchObject({ heldAt: null, status: 'active' })
    expect((await a.visitor.get('/checkout/monthly')).body).toContain('name="payment_session_id"')
    app.sandbox.control.pay(a.id)
    await a.lookAgain()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: ['payment-on-two-orders'] })
    expect(await tracesOf(app, b.id)).toMatchObject(nothingGranted)
  })

  const others: [string, (a: string) => string | number][] = [
    ['nobody’s', () => 'ds_nobody_has_this'],
    ['a number', () => 4711],
    ['the same id in small letters', (a) => a.toLowerCase()],
    ['the same id with a space before it', (a) => ` ${a}`],
    ['the same id with a line break after it', (a) => `${a}\n`],
    ['the beginning of the id', (a) => a.slice(0, -1)],
    ['nothing', () => ''],
  ]
  test.each(others)('which is %s: nothing is granted', async (_what, named) => {
    const a = await buyer()
    cashfreeSays(a.id, [success(named(a.id), newPayment())])
    await a.look()
    expect(await tracesOf(app, a.id)).toMatchObject({
      ...nothingGranted,
      heldAt: expect.any(Date),
      incidents: ['payment-on-two-orders'],
    })
    expect(await paymentsOf(a.id)).toEqual([])
  })

  test.each([
    ['is a list', { order_id: ['x'] }],
    ['is right, and whose own is empty', { cf_payment_id: '' }],
  ])('whose order id %s is no proof: nothing is granted, and it is asked again', async (_what, change) => {
    const a = await buyer()
    cashfreeSays(a.id, [success(a.id, newPayment(), change)])
    await a.look()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...nothingGranted, incidents: [] })
    cashfreeSays(a.id, [success(a.id, newPayment())])
    await a.lookAgain()
    expect(await tracesOf(app, a.id)).toMatchObject(paidOnce)
  })

  test.each([undefined, null])(
    'is not one where the order id is %s: it was listed under its order',
    async (order_id) => {
      const a = await buyer()
      cashfreeSays(a.id, [success(a.id, newPayment(), { order_id })])
      await a.look()
      expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: [] })
    },
  )

  test('that names none and that we know as another order’s is not counted twice', async () => {
    const [a, b] = [await buyer(), await buyer()]
    const id = newPayment()
    cashfreeSays(b.id, [success(b.id, id)])
    await b.look()
    cashfreeSays(a.id, [success(a.id, id, { order_id: undefined })])
    await a.look()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...nothingGranted, incidents: ['payment-on-two-orders'] })
  })

  test('beside one that names the right order: the list is not believed, and what is ours of it is kept', async () => {
    const [a, b] = [await buyer(), await buyer()]
    const good = success(a.id, newPayment())
    cashfreeSays(a.id, [success(b.id, newPayment(), { payment_status: 'FAILED' }), good])
    await a.look()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...nothingGranted, heldAt: expect.any(Date) })
    expect(await paymentsOf(a.id)).toEqual([{ cfPaymentId: good.cf_payment_id }])
    cashfreeSays(a.id, [good])
    await a.lookAgain()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: ['payment-on-two-orders'] })
  })

  test('fifty times over, at once and one after the other: one incident', async () => {
    const [a, b] = [await buyer(), await buyer()]
    cashfreeSays(a.id, [success(b.id, newPayment())])
    await Promise.all(Array.from({ length: 50 }, () => a.visitor.get(`/payment/status/${a.id}`)))
    for (let i = 0; i < 5; i++) await a.lookAgain()
    expect(await incidentsOf(a.id)).toHaveLength(1)
    expect(await tracesOf(app, a.id)).toMatchObject(nothingGranted)
  })

  test('that names nobody’s is not counted where it was counted before', async () => {
    const [a, b] = [await buyer(), await buyer()]
    const id = newPayment()
    cashfreeSays(b.id, [success(b.id, id)])
    await b.look()
    expect(await tracesOf(app, b.id)).toMatchObject(paidOnce)
    // Now the same payment is listed under A, and says that it is A's.
    cashfreeSays(a.id, [success(a.id, id)])
    await a.look()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...nothingGranted, incidents: ['payment-on-two-orders'] })
    expect((await incidentsOf(a.id))[0]!.details.contradictions).toMatchObject([{ names: b.id, payment: id }])
    expect(await tracesOf(app, b.id)).toMatchObject({ ...paidOnce, incidents: [] })
  })

  test('under a paid order changes nothing of it, and a person is told', async () => {
    const [a, b] = [await buyer(), await buyer()]
    const own = success(a.id, newPayment())
    cashfreeSays(a.id, [own])
    await a.look()
    const { payment } = app.sandbox.control.pay(b.id) as { payment: { cf_payment_id: string } }
    cashfreeSays(a.id, [own, success(b.id, payment.cf_payment_id)])
    await a.lookAgain()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: ['payment-on-two-orders'] })
    await app.run('reconcile')
    expect(await tracesOf(app, b.id)).toMatchObject(paidOnce)
  })

  test('two orders that name each other at once: no deadlock, and each is asked about', async () => {
    const [a, b] = [await buyer(), await buyer()]
    const settle = async (one: string, other: string) => {
      const remote = await app.services.gateway.fetchOrder(one)
      const attempt = remoteAttempt(other, {
        cfPaymentId: newPayment(),
        orderAmountPaise: 49_900,
        orderCurrency: 'INR',
      })
      const said = { ...remote, status: 'PAID', attempts: [attempt] }
      return (await settleWith(app.services, one, said, 'webhook')).outcome
    }
    for (let round = 0; round < 10; round++)
      expect(await Promise.all([settle(a.id, b.id), settle(b.id, a.id)])).toEqual(['held', 'held'])
    expect(await incidentsOf(a.id)).toHaveLength(1)
    expect(await incidentsOf(b.id)).toHaveLength(1)
  })
})

describe('every field that can contradict', () => {
  const differing: [string, object, object, string][] = [
    ['another customer', { customer_details: { customer_id: 'somebody_else' } }, {}, 'order-mismatch'],
    ['a customer with a number for an id', { customer_details: { customer_id: 12 } }, {}, 'order-mismatch'],
    ['another number of Cashfree’s', { cf_order_id: '999' }, {}, 'order-mismatch'],
    ['no amount', { order_amount: null }, {}, 'order-mismatch'],
    ['no currency', { order_currency: null }, {}, 'order-mismatch'],
    ['an id in other letters', { order_id: 'DS_OTHER' }, {}, 'order-mismatch'],
    ['a payment of an order with another price', {}, { order_amount: 599 }, 'payment-mismatch'],
    ['a payment of an order with another price as text', {}, { order_amount: '499.01' }, 'payment-mismatch'],
    ['a payment of an order in another currency', {}, { order_currency: 'USD' }, 'payment-mismatch'],
    ['a payment in another currency', {}, { payment_currency: 'USD' }, 'payment-mismatch'],
    ['a payment without an amount', {}, { payment_amount: null }, 'payment-mismatch'],
    ['a payment of nothing', {}, { payment_amount: 0 }, 'payment-mismatch'],
    ['a payment of less than nothing', {}, { payment_amount: -499 }, 'payment-mismatch'],
    ['a payment of an order whose price is no amount', {}, { order_amount: 499.004 }, 'payment-mismatch'],
    ['a payment of an order whose price is an object', {}, { order_amount: { value: 499 } }, 'payment-mismatch'],
    ['an id that is a number', { order_id: 4711 }, {}, 'order-mismatch'],
    ['no id', { order_id: undefined }, {}, 'order-mismatch'],
    ['a customer with a list for an id', { customer_details: { customer_id: ['x'] } }, {}, 'order-mismatch'],
  ]
  test.each(differing)('%s: held, told once, and granted once it agrees', async (_what, ofOrder, ofPayment, kind) => {
    const a = await buyer()
    const id = newPayment()
    cashfreeSays(a.id, [success(a.id, id, ofPayment)], ofOrder)
    await a.look()
    await a.lookAgain()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...nothingGranted, heldAt: expect.any(Date), incidents: [kind] })
    cashfreeSays(a.id, [success(a.id, id)])
    await a.lookAgain()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: [kind] })
  })

  test('Cashfree’s number of another order of ours: that one is asked about too', async () => {
    const [a, b] = [await buyer(), await buyer()]
    app.sandbox.control.pay(b.id)
    await app.sql`update orders set cf_order_id = null where id = ${a.id}`
    cashfreeSays(a.id, [success(a.id, newPayment())], { cf_order_id: app.sandbox.control.order(b.id).cfId })
    await a.look()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...nothingGranted, incidents: ['order-mismatch'] })
    await app.run('reconcile')
    expect(await tracesOf(app, b.id)).toMatchObject(paidOnce)
  })

  test('what Cashfree may leave out is no contradiction', async () => {
    const a = await buyer()
    cashfreeSays(
      a.id,
      [
        success(a.id, Number(newPayment()), {
          order_amount: undefined,
          order_currency: null,
          payment_currency: undefined,
        }),
      ],
      { customer_details: undefined, cf_order_id: null },
    )
    await a.look()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: [] })
  })

  const describing: [string, object, object?][] = [
    ['errors that are no object', { error_details: 'none' }],
    ['errors that are an empty list', { error_details: [] }],
    ['a reference that is a number', { bank_reference: 1_234_567_890 }],
    ['a method that is an object', { payment_group: { upi: {} } }],
    ['a message that is a number', { payment_message: 7 }],
    ['times that are numbers', { payment_time: 1_764_350_000, payment_completion_time: 1 }],
    ['times that are none', { payment_time: 'yesterday', payment_completion_time: '+275000-01-01T00:00:00Z' }],
    ['a capture in words', { is_captured: 'true' }],
    ['blank currencies', { payment_currency: '', order_currency: '' }],
    ['an expiry that is a number', {}, { order_expiry_time: 1_764_350_000_000 }],
    ['a session that is a number', {}, { payment_session_id: 5 }],
  ]
  test.each(describing)('what only describes stops no payment: %s', async (_what, ofPayment, ofOrder = {}) => {
    const a = await buyer()
    cashfreeSays(a.id, [success(a.id, newPayment(), ofPayment)], ofOrder)
    await a.look()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: [] })
  })

  test('what only describes a dispute does not stop its deadline', async () => {
    const a = await buyer()
    cashfreeSays(a.id, [success(a.id, newPayment())])
    await a.look()
    const dispute = {
      dispute_id: Number(newPayment()),
      dispute_type: 'CHARGEBACK',
      dispute_status: 'CHARGEBACK_CREATED',
      dispute_amount: 499,
      respond_by: '2026-12-18T23:59:59+05:30',
      reason_description: { text: 'Fraud' },
      cf_dispute_remarks: ['please', 'answer'],
      updated_at: 1_764_350_000,
    }
    meter.instead = ({ path }) =>
      path === `/pg/orders/${a.id}/disputes` ? { status: 200, headers: {}, body: JSON.stringify([dispute]) } : null
    expect(await settleDisputes(app.services, a.id, 'disputes')).toBe('changed')
    expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: ['dispute-opened'] })
    const [known] = await app.sql`select status, reason, remarks, respond_by from disputes where order_id = ${a.id}`
    expect(known).toEqual({ status: 'open', reason: null, remarks: null, respondBy: new Date('2026-12-18T18:29:59Z') })
  })

  test.each([false, 'false', 0, 'no'])(
    'a success that says %j of its capture has brought nothing yet',
    async (is_captured) => {
      const a = await buyer()
      cashfreeSays(a.id, [success(a.id, newPayment(), { is_captured })])
      await a.look()
      expect(await tracesOf(app, a.id)).toMatchObject(nothingGranted)
    },
  )

  test('an amount that changes after it was counted stays as it was counted, and is told', async () => {
    const a = await buyer()
    const id = newPayment()
    cashfreeSays(a.id, [success(a.id, id)])
    await a.look()
    cashfreeSays(a.id, [success(a.id, id, { payment_amount: 4.99 })])
    await a.lookAgain()
    expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: ['payment-mismatch'] })
    const [payment] = await app.sql<
      { amountPaise: string }[]
    >`select amount_paise from payments where order_id = ${a.id}`
    expect(Number(payment!.amountPaise)).toBe(49_900)
  })

  test('an answer about another order closes nothing here', async () => {
    const a = await buyer()
    cashfreeSays(a.id, [], {
      order_id: 'ds_other',
      order_status: 'EXPIRED',
      order_expiry_time: '2020-01-01T00:00:00+05:30',
    })
    await a.look()
    expect(await tracesOf(app, a.id)).toMatchObject({ status: 'active', incidents: ['order-mismatch'] })
    meter.instead = () => null
    app.sandbox.control.pay(a.id)
    await a.lookAgain()
    expect(await tracesOf(app, a.id)).toMatchObject(paidOnce)
  })
})

describe('a success on an order that Cashfree does not call paid', () => {
  test.each(['ACTIVE', 'EXPIRED', 'TERMINATED', 'TERMINATION_REQUESTED', 'PARTIALLY_PAID'])(
    'but %s grants nothing; after ten minutes a person is told, once, and it still counts when it is',
    async (order_status) => {
      const a = await buyer()
      const payment = success(a.id, newPayment())
      cashfreeSays(a.id, [payment], { order_status })
      await a.look()
      await a.lookAgain()
      expect(await tracesOf(app, a.id)).toMatchObject({ ...nothingGranted, incidents: [] })
      await app.sql`update orders set money_seen_at = money_seen_at - interval '11 minutes' where id = ${a.id}`
      await app.sql`update payments set created_at = created_at - interval '20 minutes' where order_id = ${a.id}`
      await a.lookAgain()
      await a.lookAgain()
      expect(await tracesOf(app, a.id)).toMatchObject({ ...nothingGranted, incidents: ['success-unpaid'] })
      expect((await checkInvariants(app.sql)).checks.filter(({ wrong }) => wrong > 0)).toEqual([])
      expect((await a.visitor.get('/account')).body).toContain('Payment being confirmed')
      cashfreeSays(a.id, [payment])
      await a.lookAgain()
      expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: ['success-unpaid'] })
    },
  )
})

describe('a signed delivery', () => {
  const body = (a: string, more: { payment?: object; customer?: object; top?: object }) =>
    JSON.stringify({
      type: 'PAYMENT_SUCCESS_WEBHOOK',
      event_time: isoInIndia(new Date()),
      data: {
        order: { order_id: a, order_amount: 499, order_currency: 'INR' },
        payment: { cf_payment_id: newPayment(), payment_status: 'SUCCESS', ...more.payment },
        customer_details: more.customer,
        ...more.top,
      },
    })

  const places: [string, (b: string) => Parameters<typeof body>[1]][] = [
    ['in its payment', (b) => ({ payment: { order_id: b } })],
    ['beside its order', (b) => ({ top: { order_id: b } })],
    ['in a refund', (b) => ({ top: { refund: { order_id: b } } })],
  ]
  test.each(places)(
    'that names a second order %s: both are asked about, it is believed in neither',
    async (_where, more) => {
      const [a, b] = [await buyer(), await buyer()]
      app.sandbox.control.pay(b.id)
      const text = body(a.id, more(b.id))
      expect((await deliver(app, text, signed(text))).status).toBe(200)
      expect(await lastEvent(app)).toMatchObject({ verdict: 'contradicts', orderId: a.id })
      await until(async () => (await lastEvent(app))?.settledAt !== null)
      expect(woken).toContain('reconcile')
      await app.run('reconcile')
      expect(await tracesOf(app, a.id)).toMatchObject({ ...nothingGranted, incidents: ['webhook-differs'] })
      expect(await tracesOf(app, b.id)).toMatchObject(paidOnce)
    },
  )

  test('that names a second order is answered while somebody has that one locked', async () => {
    const [a, b] = [await buyer(), await buyer()]
    await app.sql.begin(async (holding) => {
      await holding`select from orders where id = ${b.id} for update`
      const text = body(a.id, { payment: { order_id: b.id } })
      const waited = new Promise((resolve) => setTimeout(resolve, 5_000, 'it waits'))
      expect(await Promise.race([deliver(app, text, signed(text)), waited])).toMatchObject({ status: 200 })
    })
  })

  test('that names another customer is noted; the true one still pays', async () => {
    const a = await buyer()
    app.sandbox.control.pay(a.id)
    const text = body(a.id, { customer: { customer_id: 'somebody_else' } })
    await deliver(app, text, signed(text))
    await until(async () => (await tracesOf(app, a.id)).status === 'paid')
    expect(await tracesOf(app, a.id)).toMatchObject({ ...paidOnce, incidents: ['webhook-differs'] })
  })

  test.each([
    ['its own customer', (a: { userId: string }) => ({ customer_id: a.userId.replaceAll('-', '') })],
    ['no customer', () => ({ customer_id: null })],
  ])('that names %s is verified', async (_what, customer) => {
    const a = await buyer()
    const text = body(a.id, { customer: customer(a), payment: { order_id: a.id } })
    await deliver(app, text, signed(text))
    expect(await lastEvent(app)).toMatchObject({ verdict: 'verified' })
  })
})

test('after all of this every invariant holds', async () => {
  expect((await checkInvariants(app.sql)).checks.filter(({ wrong }) => wrong > 0)).toEqual([])
})
