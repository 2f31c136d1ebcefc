import { afterAll, beforeAll, expect, test } from 'vitest'
import { replayEvent } from '../../../src/billing/webhooks/inbox.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, paidOnce, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const admin = { actor: 'user:admin', origin: null }

const eventsOf = (orderId: string) =>
  app.sql<{ id: number; outcome: string }[]>`
    select id, outcome from webhook_events where order_id = ${orderId} and settled_at is not null order by id`

test('a replayed delivery changes nothing that is settled, and the audit says who asked', async () => {
  const form = await new Visitor(app).register()
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id)
  await until(async () => (await eventsOf(order.id)).length > 0)
  const [event] = await eventsOf(order.id)
  for (let i = 0; i < 3; i++) await replayEvent(app.services, event!.id, admin)
  expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  expect((await eventsOf(order.id))[0]!.outcome).toBe('already-paid')
  const replays = await app.sql`select actor from audit where action = 'webhook.replayed' and order_id = ${order.id}`
  expect(replays.map(({ actor }) => actor)).toEqual(['user:admin', 'user:admin', 'user:admin'])
})

test('a refused delivery and one for an unknown order cannot be replayed', async () => {
  const answer = await fetch(`${app.url}/webhooks/cashfree`, { method: 'POST', body: '{}' })
  expect(answer.status).toBe(401)
  await until(async () => (await app.sql`select 1 from webhook_events where not accepted`).length > 0)
  const [refused] = await app.sql<{ id: number }[]>`select id from webhook_events where not accepted limit 1`
  await expect(replayEvent(app.services, refused!.id, admin)).rejects.toThrow('cannot be replayed')
  await expect(replayEvent(app.services, 999_999, admin)).rejects.toThrow('cannot be replayed')
})
