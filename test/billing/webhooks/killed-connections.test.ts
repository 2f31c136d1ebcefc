import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, paidOnce, tracesOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { deliver, signed, successBody } from './sender.ts'

let app: TestApp
const server = postgres(inject('serverUrl'), { max: 1, onnotice: () => {} })
beforeAll(async () => {
  app = await startApp()
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(async () => {
  await app.close()
  await server.end()
})

test('database connections killed every few milliseconds: no order is paid twice, and none is lost', {
  timeout: 60_000,
}, async () => {
  const orders: string[] = []
  for (let i = 0; i < 20; i++) {
    const form = await new Visitor(app).register()
    orders.push((await newestOrder(app, form.email!)).id)
  }
  for (const id of orders) app.sandbox.control.pay(id)

  let killed = 0
  let on = true
  const killing = (async () => {
    const name = new URL(app.databaseUrl).pathname.slice(1)
    while (on) {
      const rows =
        await server`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name} order by random() limit 1`
      killed += rows.length
      await pause(10)
    }
  })()
  const accepted = new Set<string>()
  for (let round = 0; round < 6; round++)
    await Promise.all(
      orders.map(async (id) => {
        const body = successBody(id)
        const { status } = await deliver(app, body, signed(body))
        expect([200, 503]).toContain(status)
        if (status === 200) accepted.add(id)
      }),
    )
  on = false
  await killing

  // What was answered 200 is settled by the sweep if not already; the rest Cashfree would send again.
  const traces = (id: string) => tracesOf(app, id).catch(() => tracesOf(app, id))
  for (let i = 0; i < 20; i++) {
    await app.sql`update webhook_events set next_settle_at = now() where settled_at is null`.catch(() => {})
    await Promise.resolve(app.run('settle-events')).catch(() => {})
    const open = await Promise.all([...accepted].map(async (id) => (await traces(id)).status !== 'paid'))
    if (!open.includes(true)) break
    await pause(250)
  }
  expect(killed).toBeGreaterThan(10)
  expect(accepted.size).toBeGreaterThan(0)
  for (const id of accepted) expect(await traces(id)).toMatchObject({ ...paidOnce, incidents: [] })
  for (const id of orders) expect((await traces(id)).periods).toBeLessThanOrEqual(1)
})
