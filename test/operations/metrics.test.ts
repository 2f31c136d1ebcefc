import { setTimeout as pause } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { settle } from '../../src/billing/checkout/settle.ts'
import { freePort } from '../../src/dev/free-port.ts'
import { businessMetrics } from '../../src/operations/observability/business-metrics.ts'
import { instrumentPool } from '../../src/operations/observability/instrumented-pool.ts'
import { bounded } from '../../src/operations/observability/labels.ts'
import { createMetrics } from '../../src/operations/observability/metrics.ts'
import { connect } from '../../src/platform/db.ts'
import { commitPrices, newestSessions } from '../market/feed/fixture.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ CASHFREE_TIMEOUT_MS: '500' })
})
afterAll(() => app.close())

type Site = Awaited<ReturnType<typeof buildApp>>

/** Another app on the same database, for injected requests. */
async function site(
  changes: { env?: object; sql?: TestApp['sql']; isClosing?: () => boolean; jobsReady?: () => boolean } = {},
) {
  const { env, sql = app.sql, ...options } = changes
  const config = { ...app.config, operations: { ...app.config.operations, ...env } }
  return buildApp({ services: { ...app.services, config, sql }, sessionKeys: [Buffer.alloc(32, 7)], ...options })
}

async function valuesOf(registry: Registry): Promise<Record<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
}

async function business(): Promise<Record<string, number>> {
  const registry = new Registry()
  await businessMetrics(app.sql, registry).refresh()
  return valuesOf(registry)
}

async function withSite<T>(changes: Parameters<typeof site>[0], work: (site: Site) => Promise<T>): Promise<T> {
  const running = await site(changes)
  try {
    return await work(running)
  } finally {
    await running.close()
  }
}

const mandateCalls = [
  ['POST', '/subscriptions/pay'],
  ['GET', '/subscriptions/sub_5f0c/payments/c_5f0c_20270109'],
  ['POST', '/subscriptions/sub_5f0c/payments/c_5f0c_20270109/manage'],
  ['GET', '/subscriptions/sub_5f0c'],
  ['GET', '/subscriptions/sub_5f0c/refunds/rf_1'],
] as const

describe('/metrics', () => {
  test('tells the truth about orders, money, mails, deliveries and incidents', async () => {
    app.sandbox.control.webhooks({ paused: true })
    const visitor = new Visitor(app)
    const order = await newestOrder(app, (await visitor.register()).email!)
    app.sandbox.control.pay(order.id)
    await app.sql`update orders set next_look_at = now(), created_at = now() - interval '1 hour' where id = ${order.id}`
    const before = await business()
    expect(before).toMatchObject({ etf_database_up: 1, 'etf_orders{status="active"}': 1, etf_rescued_orders_total: 0 })
    expect(before.etf_oldest_open_order_seconds).toBeGreaterThan(3_599)
    await app.run('reconcile')
    await app.sql.unsafe("set local session_replication_role = replica; update audit set at = at - interval '1 minute'")

    const held = await newestOrder(app, (await new Visitor(app).register()).email!)
    app.sandbox.control.faults({ wrongAmount: true })
    app.sandbox.control.pay(held.id)
    expect((await settle(app.services, held.id, 'admin')).outcome).toBe('held')
    app.sandbox.control.clearFaults()
    await app.sql`
      insert into webhook_events (received_at, accepted, verdict, order_id, headers, body)
      values (now() - interval '7 minutes', true, 'verified', ${order.id}, '{}', ''),
             (now() - interval '1 minutes', true, 'A Strange Verdict', ${order.id}, '{}', '')`
    await fetch(`${app.url}/webhooks/cashfree`, { method: 'POST', body: '{}' })
    await until(async () => ((await app.sql`select count from webhook_refusals`)[0]?.count ?? 0) > 0)
    await app.sql`insert into mails (kind, subject_key, to_email, status) values ('receipt', 'x', 'a@example.in', 'dead')`

    const now = await business()
    expect(now).toMatchObject({
      'etf_orders{status="paid"}': 1,
      'etf_orders{status="active"}': 1,
      'etf_subscriptions{status="active"}': 1,
      etf_rescued_orders_total: 1,
      etf_rescued_rupees_total: 499,
      // Two people asked to confirm their address, and a receipt.
      etf_mails_queued: 3,
      etf_mails_dead: 1,
      'etf_incidents_open{kind="order-mismatch"}': 1,
      'etf_webhook_refusals_total{reason="missing-signature"}': 1,
      'etf_webhook_deliveries_total{verdict="verified"}': 1,
      'etf_webhook_deliveries_total{verdict="other"}': 1,
      etf_webhooks_waiting: 2,
    })
    expect(now.etf_webhook_lag_seconds).toBeGreaterThan(419)
    expect(now.etf_oldest_held_order_seconds).toBeLessThan(60)
  })

  test('counts requests by pattern and never by address', async () => {
    await withSite({}, async (running) => {
      await running.inject('/receipts/R2627-000001')
      await running.inject('/receipts/R2627-000002')
      for (let i = 0; i < 20; i++) await running.inject(`/no-such-page-${i}`)
      await running.inject({ method: 'PROPFIND' as 'GET', url: '/' })
      const { body, headers } = await running.inject('/metrics')
      expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
      expect(body).toContain('etf_http_request_duration_seconds_count{method="GET",route="/receipts/:file"')
      expect(body).toContain('etf_http_request_duration_seconds_count{method="GET",route="no route",status="4xx"} 20')
      expect(body).not.toMatch(/no-such-page|R2627|PROPFIND/)
      expect(body).toMatch(/nodejs_eventloop_lag_seconds|process_resident_memory_bytes/)
    })
  })

  test('is for this machine alone, unless a token is set: then for who holds it', async () => {
    await withSite({}, async (running) => {
      expect((await running.inject('/metrics')).statusCode).toBe(200)
      expect((await running.inject({ url: '/metrics', remoteAddress: '10.0.0.5' })).statusCode).toBe(404)
      expect((await running.inject({ url: '/metrics', headers: { 'x-forwarded-for': '127.0.0.1' } })).statusCode).toBe(
        404,
      )
    })
    const token = 'a-token-of-some-length'
    await withSite({ env: { metricsToken: token } }, async (running) => {
      const ask = (authorization?: string) =>
        running.inject({ url: '/metrics', remoteAddress: '10.0.0.5', headers: authorization ? { authorization } : {} })
      expect((await ask(`Bearer ${token}`)).statusCode).toBe(200)
      for (const wrong of [undefined, 'Bearer ', `Bearer ${token}x`, `Basic ${token}`, token])
        expect((await ask(wrong)).statusCode, wrong).toBe(404)
    })
  })

  test('answers without a database with what the process knows', async () => {
    const registry = createMetrics()
    const sql = instrumentPool(
      connect(`postgresql://x:y@127.0.0.1:${await freePort()}/etf`, { max: 2 }),
      2,
      registry.registry,
    )
    const running = await buildApp({
      services: { ...app.services, sql },
      sessionKeys: [Buffer.alloc(32, 7)],
      metrics: registry,
    })
    const started = performance.now()
    const { statusCode, body } = await running.inject('/metrics')
    expect(performance.now() - started).toBeLessThan(6_000)
    expect(statusCode).toBe(200)
    expect(body).toContain('etf_database_up 0')
    expect(body).not.toMatch(/^etf_(orders|mails_dead|rescued_orders_total|webhook_lag_seconds)/m)
    expect(body).toMatch(/etf_database_(timeouts|unavailable)_total [1-9]/)
    expect((await running.inject('/healthz')).statusCode).toBe(200)
    await running.close()
    await sql.end({ timeout: 1 })
  })

  test('counts the statements that had to wait for a connection', async () => {
    const registry = new Registry()
    const sql = instrumentPool(connect(app.databaseUrl, { max: 2 }), 2, registry)
    const six = Promise.all([1, 2, 3, 4, 5, 6].map((n) => sql`select ${n}::int, pg_sleep(0.1) ${sql`where true`}`))
    await pause(20)
    expect(await valuesOf(registry)).toMatchObject({
      etf_database_statements_under_way: 6,
      etf_database_pool_waiting: 4,
    })
    await six
    expect(await valuesOf(registry)).toMatchObject({
      etf_database_statements_under_way: 0,
      etf_database_pool_waits_total: 4,
      etf_database_timeouts_total: 0,
    })
    await sql.end()
  })

  test('counts calls to Cashfree and jobs under a short list of words', async () => {
    const metrics = createMetrics()
    for (const outcome of ['200', 'timeout', '418', 'anything at all'])
      metrics.gatewayCall({ method: 'GET', path: '/orders/ds_01ABC/payments', outcome, ms: 12 })
    metrics.gatewayCall({ method: 'GET', path: '/something/new', outcome: '200', ms: 12 })
    for (const [method, path] of mandateCalls) metrics.gatewayCall({ method, path, outcome: '200', ms: 12 })
    await metrics.instrumentJob({ name: 'one', everyMs: 1, run: async () => 1 }).run()
    await expect(
      metrics.instrumentJob({ name: 'one', everyMs: 1, run: () => Promise.reject(new Error('no')) }).run(),
    ).rejects.toThrow('no')
    expect(await valuesOf(metrics.registry)).toMatchObject({
      'etf_gateway_call_duration_seconds_count{operation="get payments",outcome="200"}': 1,
      'etf_gateway_call_duration_seconds_count{operation="get payments",outcome="timeout"}': 1,
      'etf_gateway_call_duration_seconds_count{operation="get payments",outcome="other"}': 2,
      'etf_gateway_call_duration_seconds_count{operation="other",outcome="200"}': 1,
      'etf_gateway_call_duration_seconds_count{operation="charge",outcome="200"}': 1,
      'etf_gateway_call_duration_seconds_count{operation="get charge",outcome="200"}': 1,
      'etf_gateway_call_duration_seconds_count{operation="cancel charge",outcome="200"}': 1,
      'etf_gateway_call_duration_seconds_count{operation="get mandate",outcome="200"}': 1,
      'etf_gateway_call_duration_seconds_count{operation="get refund of charge",outcome="200"}': 1,
      'etf_job_runs_total{job="one",result="ok"}': 1,
      'etf_job_runs_total{job="one",result="failed"}': 1,
    })
    const many = bounded(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`kind-${n}`, 1])))
    expect(Object.keys(many)).toHaveLength(31)
    expect(many.other).toBe(70)
  })
})

describe('/readyz', () => {
  test('says no, and when to ask again, while the database is away, jobs stand still, or it was asked to end', async () => {
    const away = connect(`postgresql://x:y@127.0.0.1:${await freePort()}/etf`, { max: 1 })
    const said = async (changes: Parameters<typeof site>[0]) =>
      withSite(changes, async (running) => {
        const { statusCode, headers, body } = await running.inject('/readyz')
        return [statusCode, headers['retry-after'], JSON.parse(body)]
      })
    const prices = { asOf: null, sessionsBehind: null }
    expect(await said({})).toEqual([
      200,
      undefined,
      { status: 'ready', database: true, jobs: true, release: 'current', prices },
    ])
    expect(await said({ sql: away })).toEqual([
      503,
      '5',
      { status: 'not ready', database: false, jobs: true, release: 'current' },
    ])
    expect(await said({ jobsReady: () => false })).toEqual([
      503,
      '5',
      { status: 'not ready', database: true, jobs: false, release: 'current', prices },
    ])
    expect(await said({ isClosing: () => true })).toEqual([503, '5', { status: 'closing' }])
    await away.end({ timeout: 1 })
  })
})

describe('old prices', () => {
  test('are told by /metrics and /readyz, which stays ready', async () => {
    const first = await business()
    expect(first).not.toHaveProperty('etf_price_age_sessions')
    expect(first).not.toHaveProperty('etf_price_look_seconds')
    await commitPrices(app.sql, ['2020-01-01'])
    const [day] = (await newestSessions(app.sql, 1)) as [string]
    await app.sql`
      insert into feed_days (day, state, asked_at) values (${day}, 'failed', now())
    `
    await app.sql`update feed_state set looked_at = now() - interval '1 hour', errors = 4`
    const now = await business()
    expect(now['etf_price_days{state="failed"}']).toBe(1)
    expect(now.etf_price_source_errors).toBe(4)
    expect(now.etf_price_age_sessions).toBeGreaterThan(1_000)
    expect(now.etf_price_look_seconds).toBeGreaterThan(3_599)
    const { statusCode, body } = await withSite({}, (running) => running.inject('/readyz'))
    expect([statusCode, JSON.parse(body).prices]).toEqual([
      200,
      { asOf: '2020-01-01', sessionsBehind: now.etf_price_age_sessions },
    ])
  })
})
