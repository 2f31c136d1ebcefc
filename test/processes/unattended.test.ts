import { afterAll, beforeAll, expect, test } from 'vitest'
import { newestOrder, paidOnce, subscriberOf, tracesOf } from '../support/ledger.ts'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

let harness: ProcessHarness
let app: AppProcess
beforeAll(async () => {
  harness = await buildHarness()
  app = await harness.start({ RECONCILE_INTERVAL_MS: '200', RECONCILE_MIN_AGE_MS: '0' })
}, 60_000)
afterAll(() => harness.close())

test('the browser was closed and no webhook came: the reconciler activates, and the receipt is mailed', {
  timeout: 60_000,
}, async () => {
  const form = await new Visitor(app).register()
  const order = await newestOrder(harness, form.email!)
  harness.sandbox.control.faults({ webhooksMuted: true })
  harness.sandbox.control.pay(order.id)
  // The first look would come after 45 seconds; nobody here wants to wait for it.
  await harness.sql`update orders set next_look_at = now() where id = ${order.id}`
  await until(async () => (await subscriberOf(harness, form.email!)).status === 'active', 20_000)
  expect(await tracesOf(harness, order.id)).toMatchObject(paidOnce)
  const [cause] = await harness.sql<
    { actor: string }[]
  >`select actor from audit where order_id = ${order.id} and action = 'order.paid'`
  expect(cause?.actor).toBe('reconciler')
  await until(
    async () =>
      (await harness.mailbox.list()).some(
        ({ recipients, subject }) => recipients.includes(form.email!) && subject.includes('receipt'),
      ),
    20_000,
  )
})

test('paid while we were down: settled after the next start', { timeout: 60_000 }, async () => {
  const form = await new Visitor(app).register()
  const order = await newestOrder(harness, form.email!)
  expect(await app.stop()).toBe(0)
  harness.sandbox.control.pay(order.id)
  await harness.sql`update orders set next_look_at = now() where id = ${order.id}`
  app = await harness.start({ RECONCILE_INTERVAL_MS: '200', RECONCILE_MIN_AGE_MS: '0' })
  await until(async () => (await tracesOf(harness, order.id)).status === 'paid', 30_000)
  expect(await tracesOf(harness, order.id)).toMatchObject(paidOnce)
})

test('a success that comes before Cashfree calls the order paid counts within seconds, with nobody watching', {
  timeout: 60_000,
}, async () => {
  expect(await app.stop()).toBe(0)
  // As installed: a regular look would come after 45 seconds.
  app = await harness.start()
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(harness, form.email!)
  harness.sandbox.control.faults({ webhooksMuted: true, orderLags: { count: 2 } })
  harness.sandbox.control.pay(order.id)
  const paidAt = performance.now()
  await visitor.get(`/payment/return?order_id=${order.id}`)
  expect(await tracesOf(harness, order.id)).toMatchObject({ status: 'active' })
  await until(async () => (await tracesOf(harness, order.id)).status === 'paid', 40_000)
  const tookS = (performance.now() - paidAt) / 1000
  console.log(`counted ${tookS.toFixed(1)} s after the payment, which Cashfree showed at the third look`)
  expect(tookS).toBeLessThan(30)
  expect(await tracesOf(harness, order.id)).toMatchObject(paidOnce)
})

test('nothing secret was printed', () => {
  expect(app.output()).not.toMatch(/cfsk_ma|TestPass123|session_[A-Za-z0-9]{20}/)
})
