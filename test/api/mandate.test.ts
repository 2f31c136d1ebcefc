import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dayInIndia } from '../../src/platform/dates.ts'
import { apiFields } from '../../src/site/api-fields.ts'
import { adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'
import { ask, makeKey } from './key-holder.ts'

let app: TestApp
let off: TestApp
beforeAll(async () => {
  app = await startApp({ CASHFREE_SUBSCRIPTIONS: 'on' })
  off = await startApp()
})
afterAll(async () => {
  await app.close()
  await off.close()
})

/** Somebody on Autopay, or with a mandate in another state, whose period has paid. */
async function onAutopay(state: Record<string, unknown> = {}) {
  const visitor = new Visitor(app)
  const { email } = await visitor.register()
  const order = await newestOrder(app, email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  await app.sql`
    insert into mandates ${app.sql({
      ...{
        userId: order.userId,
        subscriptionId: `sub_${crypto.randomUUID().replaceAll('-', '')}`,
        planId: 'autopay_v1_998000',
      },
      ...{
        maxPaise: 998_000,
        authorisationPaise: 100,
        refundAuthorisation: true,
        status: 'ACTIVE',
        umn: 'J7iuqUTK0123@upi',
      },
      ...{ consentVersion: '1', consentText: 'agreed', expiresAt: new Date('2036-11-30'), authorisedAt: new Date() },
      ...state,
    })}`
  const [row] = await app.sql<
    { end: Date }[]
  >`select current_period_end as end from subscriptions where user_id = ${order.userId}`
  return { visitor, userId: order.userId, end: dayInIndia(row!.end) }
}

describe('GET /api/mandate', () => {
  test('says how Autopay stands, with the number masked, the ceiling and the next debit in rupees', async () => {
    const { visitor, end } = await onAutopay()
    const answer = await visitor.get('/api/mandate')
    expect(answer.json()).toEqual({
      status: 'active',
      umn: 'J7iu…@upi',
      ceiling: 9980,
      next_debit: { on: end, amount: 499 },
      ended: null,
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(apiFields.mandate.map(([name]) => name)).toEqual(Object.keys(answer.json() as object))
    const { body } = await visitor.get('/developers')
    for (const name of ['/api/mandate', ...Object.keys(answer.json() as object)]) expect(body).toContain(name)
    expect((await visitor.get('/account/api-keys')).body).toContain('how your Autopay stands')
  })

  test.each([
    ['waiting', { status: 'INITIALIZED', authorisedAt: null }],
    ['paused', { status: 'CUSTOMER_PAUSED' }],
    ['ending', { cancelAskedAt: new Date() }],
    ['ended', { status: 'CANCELLED', endedAt: new Date('2026-11-01T00:00:00Z'), endedBy: 'customer' }],
  ])('calls one %s, with nothing to be debited', async (status, state) => {
    const { visitor } = await onAutopay(state)
    const said = (await visitor.get('/api/mandate')).json()
    expect(said).toMatchObject({
      status,
      next_debit: null,
      ended: status === 'ended' ? '2026-11-01T00:00:00.000Z' : null,
    })
  })

  test('says none to whoever has none, and asks visitors to log in', async () => {
    const visitor = new Visitor(app)
    expect((await visitor.get('/api/mandate')).status).toBe(401)
    await visitor.register()
    expect((await visitor.get('/api/mandate')).json()).toMatchObject({ status: 'none', ceiling: null })
  })

  test('is answered to a key, as the other numbers of its owner are', async () => {
    const { visitor } = await onAutopay()
    expect(await ask(app, '/api/mandate', await makeKey(visitor))).toMatchObject({ status: 200 })
  })

  test('is not there where Autopay is off and nobody has a mandate, as little as its pages in the panel', async () => {
    const visitor = new Visitor(off)
    await visitor.register()
    expect((await visitor.get('/api/mandate')).json()).toEqual((await visitor.get('/api/nothing')).json())
    expect((await visitor.get('/api/mandate')).status).toBe(404)
    expect((await ask(off, '/api/mandate', 'a key')).status).toBe(404)
    const { visitor: admin } = await adminOf(off)
    expect((await admin.get('/admin/mandates')).status).toBe(404)
    for (const page of ['/admin', '/admin/orders', '/privacy', '/developers', '/account/api-keys'])
      expect((await admin.get(page)).body, page).not.toContain('Autopay')
  })
})
