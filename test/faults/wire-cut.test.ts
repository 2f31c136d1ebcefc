import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { freshDatabase } from '../support/database.ts'
import { newestOrder, paidOnce, tracesOf } from '../support/ledger.ts'
import { type Cut, startProxy, type TcpProxy, through } from '../support/proxy.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { type FaultFixture, startFixture } from './fixture.ts'

let database: { url: string; drop: () => Promise<void> }
let proxy: TcpProxy
let fixture: FaultFixture
beforeAll(async () => {
  database = await freshDatabase()
  proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(database.url).port) })
  fixture = await startFixture(through(proxy, database.url), { poolMax: 2 })
})
afterAll(async () => {
  await fixture.close()
  await proxy.close()
  await database.drop()
})
afterEach(() => {
  proxy.cut = null
})

const moments: [string, Cut['moment']][] = [
  ['the line breaks before', 'before'],
  ['the line breaks just after', 'after'],
]

/** Someone whose payment Cashfree has taken and whom nobody has told us about. */
async function paying() {
  const visitor = new Visitor(fixture)
  const form = await visitor.register()
  const order = await newestOrder(fixture, form.email!)
  fixture.sandbox.control.pay(order.id)
  return { visitor, order }
}

test.each(moments)('%s the settling statement arrives: the repeat finds the truth, one period', async (_, moment) => {
  const { visitor, order } = await paying()
  proxy.cut = { when: '"status":"PAID"', moment }
  const first = await visitor.get(`/payment/return?order_id=${order.id}`)
  expect(first.status).toBe(503)
  expect(proxy.cut).toBeNull()
  expect((await tracesOf(fixture, order.id)).status).toBe(moment === 'after' ? 'paid' : 'active')
  await until(async () => (await visitor.get(`/payment/return?order_id=${order.id}`)).status === 200)
  expect(await tracesOf(fixture, order.id)).toMatchObject({ ...paidOnce, incidents: [] })
})

test.each(moments)(
  '%s a delivery is stored: what was not answered 200 comes again and counts once',
  async (_, moment) => {
    const { order } = await paying()
    // Stands in the parameters alone, so that the statement's own text on a new connection is not taken for it.
    const cfPaymentId = moment === 'after' ? '777000111222' : '777000111333'
    const body = successBody(order.id, { cfPaymentId })
    proxy.cut = { when: cfPaymentId, moment }
    const first = await deliver(fixture, body, signed(body))
    expect(first.status).toBe(503)
    expect(Number(first.headers['retry-after'])).toBeGreaterThan(0)
    const kept = await fixture.sql`select from webhook_events where order_id = ${order.id}`
    expect(kept).toHaveLength(moment === 'after' ? 1 : 0)
    await until(async () => (await deliver(fixture, body, signed(body))).status === 200)
    await until(async () => (await tracesOf(fixture, order.id)).status === 'paid')
    expect(await tracesOf(fixture, order.id)).toMatchObject({ ...paidOnce, incidents: [] })
  },
)
