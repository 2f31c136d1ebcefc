import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, paidOnce, tracesOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { deliver, signed, successBody } from './sender.ts'

let app: TestApp
let visitor: Visitor
let orderId: string
const server = postgres(inject('serverUrl'), { max: 1, onnotice: () => {} })
beforeAll(async () => {
  app = await startApp()
  visitor = new Visitor(app)
  const form = await visitor.register()
  orderId = (await newestOrder(app, form.email!)).id
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(async () => {
  await app.close()
  await server.end()
})

const name = () => new URL(app.databaseUrl).pathname.slice(1)
async function databaseAway<T>(work: () => Promise<T>): Promise<T> {
  await server.unsafe(`alter database ${name()} allow_connections false`)
  await server`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name()}`
  try {
    return await work()
  } finally {
    await server.unsafe(`alter database ${name()} allow_connections true`)
  }
}

describe('while the database is away', () => {
  test('a genuine delivery is answered 503, so that Cashfree sends it again; then it counts', {
    timeout: 60_000,
  }, async () => {
    app.sandbox.control.pay(orderId)
    const body = successBody(orderId)
    await databaseAway(async () => {
      for (let i = 0; i < 3; i++) {
        const began = Date.now()
        const answer = await deliver(app, body, signed(body))
        expect([answer.status, JSON.parse(answer.body)]).toEqual([503, { status: 'not stored' }])
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
        expect(Date.now() - began).toBeLessThan(6_000)
      }
      expect((await deliver(app, body, signed(body, { secret: 'x' }))).status).toBe(401)
    })
    let answer = await deliver(app, body, signed(body))
    for (let i = 0; i < 20 && answer.status !== 200; i++) answer = await deliver(app, body, signed(body))
    expect(answer.status).toBe(200)
    for (let i = 0; i < 50 && (await tracesOf(app, orderId)).status !== 'paid'; i++)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await tracesOf(app, orderId)).toMatchObject(paidOnce)
  })

  test('pages answer 503 with a sentence, nothing of the cause, and their style sheet', {
    timeout: 60_000,
  }, async () => {
    await databaseAway(async () => {
      const page = await visitor.get('/dashboard')
      expect(page.status).toBe(503)
      expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(page.body).toContain('Nothing was lost')
      expect(page.body).not.toMatch(/postgres|ECONN|CONNECT|not currently accepting/i)
      const css = /href="(\/assets\/app[^"]+)"/.exec(page.body)![1]!
      expect((await visitor.get(css)).status).toBe(200)
      const json = await visitor.get(`/api/payment-status/${orderId}`)
      expect([json.status, json.json()]).toEqual([503, { error: { code: 'unavailable', message: expect.any(String) } }])
      expect((await visitor.post('/login', { login: 'a', password: 'b' })).status).toBe(503)
      expect((await visitor.get('/healthz')).status).toBe(200)
      expect((await visitor.get('/readyz')).status).toBe(503)
    })
    for (let i = 0; i < 40 && (await visitor.get('/dashboard')).status !== 200; i++)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await visitor.get('/dashboard')).status).toBe(200)
  })
})

describe('while another session holds the order', () => {
  test('the delivery is stored and answered at once, and settled when it lets go', { timeout: 30_000 }, async () => {
    const form = await new Visitor(app).register()
    const order = await newestOrder(app, form.email!)
    app.sandbox.control.pay(order.id)
    const holder = postgres(app.databaseUrl, { max: 1, onnotice: () => {} })
    const body = successBody(order.id)
    await holder.begin(async (tx) => {
      await tx`select from orders where id = ${order.id} for update`
      const began = Date.now()
      expect((await deliver(app, body, signed(body))).status).toBe(200)
      expect(Date.now() - began).toBeLessThan(1_000)
      await new Promise((resolve) => setTimeout(resolve, 2_500))
    })
    await holder.end()
    await app.sql`update webhook_events set next_settle_at = now() where order_id = ${order.id} and settled_at is null`
    await app.run('settle-events')
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })
})
