import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { longPending, newestOrder, paidOnce, subscriberOf, tracesOf } from '../../support/ledger.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'
import { type RecordingGateway, startRecordingGateway } from '../payments/recording-gateway.ts'
import { having, openSwitch } from '../switching/fixture.ts'

let app: TestApp
let meter: RecordingGateway
beforeAll(async () => {
  meter = await startRecordingGateway()
  app = await startApp({ API_BASE: `${meter.url}/pg`, CASHFREE_TIMEOUT_MS: '1000' })
  meter.target = app.sandbox.publicUrl
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(async () => {
  await app.close()
  await meter.close()
})

async function opened(plan = 'monthly') {
  const visitor = new Visitor(app)
  const form = await visitor.register({ plan })
  return { visitor, email: form.email!, order: await newestOrder(app, form.email!) }
}

describe('starting over', () => {
  test('ends the old order at Cashfree before a new one is opened', async () => {
    const { visitor, email, order } = await opened()
    const answer = await visitor.post('/checkout/monthly/restart')
    expect([answer.status, answer.location]).toEqual([303, '/checkout/monthly'])
    const next = await newestOrder(app, email)
    expect(next.id).not.toBe(order.id)
    expect(app.sandbox.control.order(order.id).status).toBe('TERMINATED')
    expect((await tracesOf(app, order.id)).status).toBe('terminated')
    expect(stageOn(await visitor.get('/checkout/monthly'))).toBe('session-created')
  })

  test('loses the race to a payment: the payment stands and no second order is opened', async () => {
    const { visitor, email, order } = await opened()
    app.sandbox.control.pay(order.id)
    await visitor.post('/checkout/monthly/restart')
    expect((await newestOrder(app, email)).id).toBe(order.id)
    expect(stageOn(await visitor.get('/checkout/monthly'))).toBe('paid')
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })

  test('while an attempt is under way, both orders are watched, and a late success of the old one counts', async () => {
    const { visitor, email, order } = await opened()
    app.sandbox.control.pending(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    await longPending(app, order.id)
    await visitor.post('/checkout/monthly/restart')
    expect((await tracesOf(app, order.id)).status).toBe('terminating')
    const next = await newestOrder(app, email)
    expect(next.id).not.toBe(order.id)
    app.sandbox.control.pay(order.id)
    await app.sql`update orders set next_look_at = now(), created_at = created_at - interval '2 minutes' where id = ${order.id}`
    await app.run('reconcile')
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active' })
  })

  test('Cashfree away: the old order stays the one to pay', async () => {
    const { visitor, email, order } = await opened()
    app.sandbox.control.faults({ serverError: true })
    expect((await visitor.post('/checkout/monthly/restart')).status).toBe(303)
    app.sandbox.control.clearFaults()
    expect((await newestOrder(app, email)).id).toBe(order.id)
    expect(stageOn(await visitor.get('/checkout/monthly'))).toBe('session-created')
  })

  test('is refused before anything is ended where no other order may be opened', async () => {
    const { visitor, email, order } = await opened('annual')
    await app.sql`select withdraw_plan('annual_v1', 'command', null)`
    const answer = await visitor.post('/checkout/annual/restart', { order: order.id })
    await app.sql`update plans set on_sale = true, withdrawn_at = null where key = 'annual_v1'`
    expect([answer.status, answer.body.includes('href="/checkout/annual">To the open order')]).toEqual([404, true])
    expect(app.sandbox.control.order(order.id).status).toBe('ACTIVE')
    expect((await tracesOf(app, order.id)).status).toBe('active')
    expect((await newestOrder(app, email)).id).toBe(order.id)
    expect(await app.sql`select from audit where order_id = ${order.id} and action = 'order.terminated'`).toEqual([])
  })

  test('ends the order whose page it stands on, and leads to what replaced it', async () => {
    const person = await having(app, 'monthly')
    const change = await openSwitch(app, person)
    await person.visitor.post('/checkout/annual')
    const openNow = () => app.sql<{ id: string; purpose: string }[]>`
      select id, purpose from orders where user_id = ${person.userId} and status = 'active' and plan_key like 'annual%'
      order by purpose`
    const [purchase] = await openNow()
    const page = (await person.visitor.get(`/checkout/annual?order=${change.id}`)).body
    expect(page).toMatch(
      new RegExp(`action="/checkout/annual/restart"><input type="hidden" name="order"\\s+value="${change.id}"`),
    )
    const { location } = await person.visitor.post('/checkout/annual/restart', { order: change.id })
    const [still, next] = await openNow()
    expect([still!.id, next!.purpose, location]).toEqual([purchase!.id, 'switch', `/checkout/annual?order=${next!.id}`])
    expect(app.sandbox.control.order(change.id).status).toBe('TERMINATED')
    expect((await person.visitor.get(location!)).body).toContain(`Order <code>${next!.id}</code>`)

    // What is typed for the purchase is shown on the page of the purchase, although the change was opened later.
    const saved = await person.visitor.post('/checkout/annual', { coupon: '', company: 'Rao Traders' })
    const shown = (await person.visitor.get(saved.location!)).body
    expect(shown).toContain('Saved. Please check the details below')
    expect([shown.includes(purchase!.id), shown.includes('Rao Traders')]).toEqual([true, true])
    const refused = (await person.visitor.post('/checkout/annual', { coupon: 'NOSUCH', company: '' })).body
    expect([refused.includes(purchase!.id), refused.includes('name="purpose"')]).toEqual([true, false])
  })

  test('ten times at once leaves one open order, every other one ended', async () => {
    const { visitor, email } = await opened()
    await Promise.all(Array.from({ length: 10 }, () => visitor.post('/checkout/monthly/restart')))
    const rows = await app.sql<{ id: string; status: string }[]>`
      select o.id, o.status from orders o join users u on u.id = o.user_id where u.email = ${email}`
    const open = rows.filter(({ status }) => status === 'active' || status === 'created')
    expect(open.length).toBeLessThanOrEqual(1)
    for (const { id, status } of rows)
      if (status === 'terminated') expect(app.sandbox.control.order(id).status).toBe('TERMINATED')
  })
})

describe('an order that ran out', () => {
  test('is followed by another; the late success of the first still counts, and both paid extend twice', async () => {
    const { visitor, email, order } = await opened()
    app.sandbox.control.pending(order.id)
    app.sandbox.control.expire(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect((await tracesOf(app, order.id)).status).toBe('expired')
    await longPending(app, order.id)
    await visitor.post('/checkout/monthly/restart')
    const second = await newestOrder(app, email)
    expect(second.id).not.toBe(order.id)
    app.sandbox.control.pay(second.id)
    await visitor.get(`/payment/return?order_id=${second.id}`)
    const afterOne = (await subscriberOf(app, email)).currentPeriodEnd!

    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: ['two-orders-paid'] })
    expect(await tracesOf(app, second.id)).toMatchObject(paidOnce)
    const days = ((await subscriberOf(app, email)).currentPeriodEnd!.getTime() - afterOne.getTime()) / 86_400_000
    expect(days).toBeGreaterThanOrEqual(28)
    expect(days).toBeLessThanOrEqual(31)
  })
})
