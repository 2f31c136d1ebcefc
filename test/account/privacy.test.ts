import { afterAll, beforeAll, expect, test } from 'vitest'
import { giftForm } from '../billing/gifts/giving.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { registrant, subscriber } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('consent is withdrawn with one button, and what was paid for goes on', async () => {
  const { visitor, userId } = await subscriber(app)
  expect((await visitor.get('/account/privacy')).body).toContain('Withdraw consent')
  expect((await visitor.post('/account/privacy/consent', { consent: 'withdrawn' })).status).toBe(303)
  expect((await visitor.get('/account/privacy')).body).toContain('Give consent again')
  expect((await visitor.get('/dashboard')).status).toBe(200)
  expect(await app.sql`select from known_devices where user_id = ${userId}`).toHaveLength(0)
  expect(await app.sql`select from report_readers(${userId})`).toHaveLength(0)
})

test('who withdrew it buys nothing until they give it again, which is as easy', async () => {
  const { visitor, email, order } = await registrant(app)
  await visitor.post('/account/privacy/consent', { consent: 'withdrawn' })
  app.sandbox.control.expire(order.id)
  await app.sql`update orders set status = 'expired', closed_at = now() where id = ${order.id}`
  const refused = await visitor.post('/checkout/annual')
  expect([refused.status, refused.body.includes('Give it again under Account, Privacy')]).toEqual([409, true])
  expect(refused.body).toContain('href="/account/privacy">Go to Privacy')
  expect((await newestOrder(app, email)).id).toBe(order.id)
  await visitor.post('/account/privacy/consent', { consent: 'given' })
  expect((await visitor.post('/checkout/annual')).status).toBe(303)
  expect((await newestOrder(app, email)).id).not.toBe(order.id)
})

test('where consent was withdrawn no open order is offered or handed out, each is ended, and one at the bank counts', async () => {
  const { visitor, userId, order } = await registrant(app)
  const { location: giftPath } = await visitor.post('/gift', giftForm)
  const giftId = giftPath!.split('/').at(-1)!
  const annual = (await visitor.postJson('/api/create-cashfree-order', { plan: 'annual' })).json() as {
    order_id: string
  }
  await visitor.post('/account/privacy/consent', { consent: 'withdrawn' })
  for (const path of ['/checkout/monthly', '/checkout/annual', giftPath!]) {
    const { body } = await visitor.get(path)
    expect([body.includes('payment_session_id'), body.includes('You withdrew your consent')], path).toEqual([
      false,
      true,
    ])
    expect(body).toContain('href="/account/privacy">Go to Privacy')
  }
  for (const orderId of [order.id, giftId, annual.order_id])
    expect((await visitor.postJson('/api/create-payment-token', { orderId })).status).toBe(409)
  expect((await visitor.postJson('/api/create-cashfree-order', { plan: 'monthly' })).status).toBe(409)
  expect((await visitor.post('/checkout/monthly/restart', { order: order.id })).status).toBe(409)

  app.sandbox.control.pending(annual.order_id)
  await app.run('reconcile')
  const stateAt = (id: string) => app.sandbox.control.order(id).status
  expect([order.id, giftId, annual.order_id].map(stateAt)).toEqual([
    'TERMINATED',
    'TERMINATED',
    'TERMINATION_REQUESTED',
  ])
  expect(await app.sql`select from orders where user_id = ${userId} and status in ('created', 'active')`).toEqual([])
  app.sandbox.control.pay(annual.order_id)
  await visitor.get(`/payment/return?order_id=${annual.order_id}`)
  expect(await app.sql`select status from orders where id = ${annual.order_id}`).toEqual([{ status: 'paid' }])
  expect(await app.sql`select from incidents where user_id = ${userId}`).toEqual([])
})

test('withdrawing twice, and giving it twice, is once in the audit', async () => {
  const { visitor, userId } = await registrant(app)
  await Promise.all([1, 2, 3].map(() => visitor.post('/account/privacy/consent', { consent: 'withdrawn' })))
  await Promise.all([1, 2].map(() => visitor.post('/account/privacy/consent', { consent: 'given' })))
  const rows = await app.sql<{ action: string }[]>`
    select action from audit where user_id = ${userId} and action like 'consent.%' order by id`
  expect(rows.map(({ action }) => action)).toEqual(['consent.withdrawn', 'consent.given'])
})
