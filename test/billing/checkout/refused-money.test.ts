import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { setSuspension } from '../../../src/admin/subscribers/actions/queries.ts'
import { findOrCreateOrder } from '../../../src/billing/checkout/create-order.ts'
import { openOrder } from '../../../src/billing/checkout/queries.ts'
import { settle } from '../../../src/billing/checkout/settle.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { refundInFull, registrant, subscriber } from '../../account/people.ts'
import { type Admin, adminOf } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, nothingGranted, paidOnce, subscriberOf, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
let admin: Admin
beforeAll(async () => {
  app = await startApp()
  admin = await adminOf(app)
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())
beforeEach(() => app.sandbox.control.clearFaults())

const by = () => ({ actor: `user:${admin.id}`, origin: null })
const suspend = (userId: string) => setSuspension(app.sql, userId, 'a chargeback', by())
const lift = (userId: string) => setSuspension(app.sql, userId, null, by())
const pay = (id: string, options = {}) =>
  (app.sandbox.control.pay(id, options) as { payment: { cf_payment_id: string } }).payment.cf_payment_id
const look = async (id: string) => {
  await app.sql`update orders set next_look_at = now(), created_at = created_at - interval '2 minutes' where id = ${id}`
  await app.run('reconcile')
}
const incidentsOf = (id: string) =>
  app.sql<{ kind: string; subjectKey: string; details: object }[]>`
    select kind, subject_key, details from incidents where order_id = ${id} order by id`
const sound = async () => {
  const { checks, money } = await checkInvariants(app.sql)
  expect(checks.filter(({ wrong }) => wrong > 0)).toEqual([])
  expect(money.filter(({ missing }) => missing !== 0)).toEqual([])
}

describe('when an account is suspended', () => {
  test('its open order is ended at Cashfree, however young it is, and there is nothing left to pay', async () => {
    const { userId, order } = await registrant(app)
    expect(await suspend(userId)).toBe('done')
    await app.run('reconcile')
    expect(app.sandbox.control.order(order.id).status).toBe('TERMINATED')
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'terminated', ...nothingGranted, incidents: [] })
    const [asked] = await app.sql<{ details: object }[]>`
      select details from audit where order_id = ${order.id} and action = 'order.termination-asked'`
    expect(asked!.details).toEqual({ from: 'active', why: 'suspended' })
    await sound()
  })

  test('an order that Cashfree never heard of ends here, and is ended there when it turns out to exist', async () => {
    app.sandbox.control.faults({ replyLost: { endpoint: 'orders.create' } })
    const { userId, order } = await registrant(app)
    app.sandbox.control.clearFaults()
    expect(order.status).toBe('created')
    await suspend(userId)
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'terminated' })
    expect(app.sandbox.control.order(order.id).status).toBe('ACTIVE')
    await look(order.id)
    expect(app.sandbox.control.order(order.id).status).toBe('TERMINATED')
    await sound()
  })

  test('while Cashfree is away, the order is ended as soon as it answers', async () => {
    const { userId, order } = await registrant(app)
    app.sandbox.control.faults({ serverError: { endpoint: 'orders.terminate' } })
    await suspend(userId)
    await look(order.id)
    expect(app.sandbox.control.order(order.id).status).toBe('ACTIVE')
    app.sandbox.control.clearFaults()
    await look(order.id)
    expect(app.sandbox.control.order(order.id).status).toBe('TERMINATED')
  })

  test('what was paid for before runs on', async () => {
    const { userId, order, email } = await subscriber(app)
    await suspend(userId)
    await look(order.id)
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: [] })
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
  })

  test('nobody opens an order for it: no endpoint, no request that was under way', async () => {
    const { visitor, userId, order } = await registrant(app)
    const [user] =
      await app.sql`select id, username, email, name, phone, state_code, role from users where id = ${userId}`
    app.sandbox.control.expire(order.id)
    await look(order.id)
    await suspend(userId)
    const before = await app.sql`select from orders where user_id = ${userId}`
    for (const answer of [
      await visitor.post('/checkout/monthly'),
      await visitor.post('/checkout/annual'),
      await visitor.post('/checkout/monthly/restart'),
      await visitor.get('/checkout/monthly'),
      await visitor.post('/api/create-cashfree-order', { plan: 'annual' }),
    ])
      expect(answer.location?.startsWith('/login') || answer.status >= 400).toBe(true)
    expect(await openOrder(app.sql, { userId, planName: 'annual', newId: 'ds_refused' })).toEqual({
      refusal: 'entitlement',
      orderId: null,
    })
    await expect(findOrCreateOrder(app.services, user as never, 'annual')).rejects.toThrow()
    expect(await app.sql`select from orders where user_id = ${userId}`).toHaveLength(before.length)
  })
})

describe('money that comes all the same', () => {
  /** Somebody who is suspended while their payment is under way at the bank; it succeeds a moment later. */
  async function latePayer() {
    const person = await registrant(app)
    app.sandbox.control.pending(person.order.id)
    await suspend(person.userId)
    await look(person.order.id)
    expect(await tracesOf(app, person.order.id)).toMatchObject({ status: 'terminating' })
    const cfPaymentId = pay(person.order.id)
    await look(person.order.id)
    return { ...person, cfPaymentId, id: person.order.id }
  }

  test('is booked and held, grants nothing, and its refund is prepared, once', async () => {
    const { id, email, cfPaymentId } = await latePayer()
    for (let i = 0; i < 3; i++) await look(id)
    await Promise.all(Array.from({ length: 20 }, () => settle(app.services, id, 'webhook')))
    expect(await tracesOf(app, id)).toMatchObject({ ...nothingGranted, heldAt: expect.any(Date) })
    expect(await incidentsOf(id)).toMatchObject([
      {
        kind: 'entitlement-refused',
        subjectKey: cfPaymentId,
        details: { account: 'suspended', preparedRefundPaise: 49_900, cfPaymentId },
      },
    ])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'pending', isPaid: false })
    await sound()
  })

  test('goes back when an administrator confirms, and is never counted after that', async () => {
    const { id, userId, cfPaymentId } = await latePayer()
    const incident = await app.sql<{ id: number }[]>`select id from incidents where order_id = ${id}`
    const page = await admin.visitor.get(`/admin/incidents/${incident[0]!.id}`)
    expect(page.body).toContain(`/admin/refunds/of/${cfPaymentId}`)
    expect((await admin.visitor.get(`/admin/orders/${id}`)).body).toContain('Refund the payment')
    expect((await admin.visitor.get(`/admin/refunds/of/${cfPaymentId}`)).body).toContain(
      'Paid while the account was suspended',
    )
    await refundInFull(app, cfPaymentId, id)
    await lift(userId)
    await look(id)
    expect(await tracesOf(app, id)).toMatchObject({ ...nothingGranted, heldAt: null })
    await sound()
  })

  test('counts at once when the suspension is lifted first', async () => {
    const { id, userId, email } = await latePayer()
    await lift(userId)
    await app.run('reconcile')
    expect(await tracesOf(app, id)).toMatchObject({ ...paidOnce, incidents: ['entitlement-refused'] })
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    await sound()
  })

  test('waits while its refund is under way, and counts when that fails', async () => {
    const { id, userId, cfPaymentId } = await latePayer()
    app.sandbox.control.settings({ refundOutcome: 'PENDING' })
    await app.sql`select request_refund(${cfPaymentId}, 1, 49900, 'a test', ${by().actor}, null::jsonb, null::bigint)`
    await app.run('send-refunds')
    await lift(userId)
    await look(id)
    expect(await tracesOf(app, id)).toMatchObject({ ...nothingGranted, heldAt: expect.any(Date) })
    app.sandbox.control.settings({ refundOutcome: 'SUCCESS' })
    const [refund] = await app.sql<{ id: string }[]>`select id from refunds where order_id = ${id}`
    app.sandbox.control.settleRefund(refund!.id, 'FAILED')
    await app.sql`update refunds set next_look_at = now() where order_id = ${id}`
    await app.run('send-refunds')
    await look(id)
    expect(await tracesOf(app, id)).toMatchObject(paidOnce)
    await sound()
  })

  test('twice on one order: both are told, each with its refund', async () => {
    const { id } = await latePayer()
    const second = pay(id, { newAttempt: true })
    await look(id)
    const told = await incidentsOf(id)
    expect(told.map(({ kind }) => kind)).toEqual(['entitlement-refused', 'entitlement-refused'])
    expect(told.map(({ subjectKey }) => subjectKey)).toContain(second)
    await sound()
  })

  test('that was taken before Cashfree could be told is held as well', async () => {
    const { userId, order } = await registrant(app)
    pay(order.id)
    await suspend(userId)
    await look(order.id)
    expect(await tracesOf(app, order.id)).toMatchObject({ ...nothingGranted, incidents: ['entitlement-refused'] })
    await sound()
  })

  test('at the very moment of the suspension, it counts before it or is held after it', async () => {
    for (let round = 0; round < 8; round++) {
      const { userId, order, email } = await registrant(app)
      pay(order.id)
      await Promise.all([
        settle(app.services, order.id, 'webhook'),
        suspend(userId),
        settle(app.services, order.id, 'return'),
        app.run('reconcile'),
      ])
      const traces = await tracesOf(app, order.id)
      const { isPaid } = await subscriberOf(app, email)
      expect(isPaid).toBe(traces.status === 'paid')
      if (!isPaid) expect(traces).toMatchObject({ ...nothingGranted, incidents: ['entitlement-refused'] })
      const [late] = await app.sql`
        select from orders o join users u on u.id = o.user_id where o.id = ${order.id} and o.paid_at > clock_timestamp()`
      expect(late).toBeUndefined()
    }
    await sound()
  })
})

test('a state to come needs one line: whoever is unknown is refused too', async () => {
  const [row] = await app.sql<{ refusal: string }[]>`select entitlement_refusal(gen_random_uuid()) as refusal`
  expect(row!.refusal).toBe('unknown')
})

test('the panel says what becomes of open orders and of money before the button', async () => {
  const { userId } = await registrant(app)
  const before = await admin.visitor.get(`/admin/subscribers/${userId}/suspension`)
  expect(before.body).toContain('cancelled at Cashfree')
  await suspend(userId)
  const after = await admin.visitor.get(`/admin/subscribers/${userId}/lifting`)
  expect(after.body).toContain('count at once')
})

test('a person who was suspended and is free again buys as before', async () => {
  const { userId, form, email } = await registrant(app)
  await suspend(userId)
  await app.run('reconcile')
  await lift(userId)
  const visitor = new Visitor(app)
  await visitor.post('/login', { login: form.email!, password: form.password! })
  await visitor.post('/checkout/monthly')
  const order = await newestOrder(app, email)
  pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  await until(async () => (await tracesOf(app, order.id)).status === 'paid')
  expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
})
