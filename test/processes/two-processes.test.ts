import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { newestOrder, paidOnce, subscriberOf, tracesOf } from '../support/ledger.ts'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { until } from '../support/until.ts'
import { stageOn, Visitor } from '../support/visitor.ts'

let harness: ProcessHarness
let one: AppProcess
let two: AppProcess
beforeAll(async () => {
  harness = await buildHarness()
  ;[one, two] = await Promise.all([harness.start(), harness.start()])
}, 60_000)
afterAll(() => harness.close())

/** The same person, in a tab of each process. */
async function registered() {
  const left = new Visitor(one)
  const form = await left.register()
  const right = new Visitor(two)
  for (const [name, value] of left.cookies) right.cookies.set(name, value)
  return { left, right, email: form.email!, order: await newestOrder(harness, form.email!) }
}
const mailsTo = async (email: string) =>
  (await harness.mailbox.list()).filter(
    ({ recipients, subject }) => recipients.includes(email) && subject.includes('receipt'),
  )

describe('two processes on one database', () => {
  test('fifty copies of one success mixed with twenty returns give one period, one receipt, one mail', {
    timeout: 60_000,
  }, async () => {
    const { left, right, email, order } = await registered()
    harness.sandbox.control.pay(order.id)
    harness.meter.calls.length = 0
    const body = successBody(order.id)
    const statuses = await Promise.all([
      ...Array.from(
        { length: 50 },
        async (_, i) =>
          (await deliver(i % 2 ? one : two, body, signed(body, { timestamp: String(Date.now() + i) }))).status,
      ),
      ...Array.from(
        { length: 20 },
        async (_, i) => (await (i % 2 ? left : right).get(`/payment/return?order_id=${order.id}`)).status,
      ),
    ])
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(stageOn(await left.get(`/payment/return?order_id=${order.id}`))).toBe('paid')
    await until(
      async () =>
        (await harness.sql`select from webhook_events where order_id = ${order.id} and settled_at is null`).length ===
        0,
    )
    await until(async () => (await mailsTo(email)).length > 0, 30_000)
    expect(await tracesOf(harness, order.id)).toMatchObject({ ...paidOnce, incidents: [] })
    expect(await harness.sql`select from audit where order_id = ${order.id} and action = 'order.paid'`).toHaveLength(1)
    expect(harness.meter.count(/^GET \/pg\/orders\/[^/]+$/)).toBeLessThanOrEqual(20)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(await mailsTo(email)).toHaveLength(1)
  })

  test('clicks in both at once open one order at Cashfree', async () => {
    const { left, right, email } = await registered()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? left : right).post('/checkout/annual')),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]))
    const orders = await harness.sql<{ id: string }[]>`
      select o.id from orders o join users u on u.id = o.user_id where u.email = ${email} and o.plan_key = 'annual_v1'`
    expect(orders).toHaveLength(1)
    const known = harness.sandbox.control
      .state()
      .orders.filter(({ customer, amountPaise }) => customer.email === email && amountPaise === 499_000)
    expect(known.map(({ orderId }) => orderId)).toEqual([orders[0]!.id])
  })

  test('logging out in one signs out in the other', async () => {
    const { left, right } = await registered()
    expect((await right.get('/dashboard')).status).toBe(200)
    await left.post('/logout')
    expect((await right.get('/dashboard')).status).toBe(303)
  })

  test('a process that is killed in the middle loses nothing: the other one goes on', { timeout: 90_000 }, async () => {
    const three = await harness.start()
    const people = await Promise.all(Array.from({ length: 6 }, () => registered()))
    for (const { order } of people) harness.sandbox.control.pay(order.id)
    const accepted = new Set<string>()
    const sending = people.map(async ({ order }) => {
      const body = successBody(order.id)
      const answer = await deliver(three, body, signed(body)).catch(() => null)
      if (answer?.status === 200) accepted.add(order.id)
    })
    await Promise.race(sending)
    await three.stop('SIGKILL')
    await Promise.all(sending)
    await harness.sql`update webhook_events set next_settle_at = now() where settled_at is null`
    for (const { order, email } of people.filter(({ order }) => accepted.has(order.id))) {
      await until(async () => (await tracesOf(harness, order.id)).status === 'paid', 40_000)
      expect(await tracesOf(harness, order.id)).toMatchObject(paidOnce)
      expect(await subscriberOf(harness, email)).toMatchObject({ status: 'active' })
    }
    expect(accepted.size).toBeGreaterThan(0)
  })
})
