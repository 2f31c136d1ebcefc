import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/platform/db.ts'
import { newestOrder, paidOnce, tracesOf } from '../support/ledger.ts'
import { type AppProcess, buildHarness, type ProcessHarness, run } from '../support/process.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

const token = 'sixteen-letters-and-more'
let harness: ProcessHarness
let web: AppProcess
let worker: AppProcess
beforeAll(async () => {
  harness = await buildHarness()
  worker = await harness.start({ ROLE: 'worker', METRICS_TOKEN: token })
  web = await harness.start({ ROLE: 'web', METRICS_TOKEN: token })
})
afterAll(() => harness.close())

const get = (app: AppProcess, path: string) => fetch(app.url + path, { redirect: 'manual' })
const metricsOf = async (app: AppProcess) =>
  (await fetch(`${app.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text()
/** Statements are counted by the moments at which connections went idle: PostgreSQL's counters are up to ten seconds late. */
const askedSince = async (moment: Date) => {
  const sql = connect(harness.databaseUrl, { max: 1, name: 'etf-test' })
  const rows = await sql`
    select left(query, 200) as query from pg_stat_activity
    where datname = current_database() and application_name <> 'etf-test' and state_change > ${moment}`
  await sql.end({ timeout: 1 })
  return rows.map(({ query }) => query)
}

describe('a web node and a worker', () => {
  test('a worker answers probes, and 404 to everything else', async () => {
    expect(await (await get(worker, '/readyz')).json()).toMatchObject({ status: 'ready', database: true, jobs: true })
    expect((await get(worker, '/healthz')).status).toBe(200)
    expect(await metricsOf(worker)).toContain('etf_job_runs_total')
    for (const path of ['/', '/login', '/admin', '/favicon.ico', '/api/ranks', '/robots.txt'])
      expect([path, (await get(worker, path)).status]).toEqual([path, 404])
    const webhook = await fetch(`${worker.url}/webhooks/cashfree`, { method: 'POST', body: '{}' })
    expect([webhook.status, await webhook.json()]).toEqual([404, { status: 'not found' }])
  })

  test('a receipt’s mail leaves within two seconds, although the payment is settled in the other process', async () => {
    const buyer = new Visitor(web)
    const { email } = await buyer.register()
    const { id } = await newestOrder(harness, email!)
    harness.sandbox.control.pay(id)
    expect((await buyer.get(`/payment/return?order_id=${id}`)).status).toBe(200)
    const paid = performance.now()
    const receipt = async () =>
      (await harness.mailbox.list()).some(
        ({ recipients, subject }) => recipients.includes(email!) && /receipt/.test(subject),
      )
    await until(receipt, 20_000)
    // Without a wake it would be the next run of the job: ten seconds.
    expect(performance.now() - paid).toBeLessThan(5_000)
    expect(await tracesOf(harness, id)).toMatchObject({ ...paidOnce, incidents: [] })
  })

  test('the business is told by the worker, the requests by the web node, and both say whether the database answers', async () => {
    const [told, served] = [await metricsOf(worker), await metricsOf(web)]
    expect(told).toMatch(/^etf_subscriptions\{/m)
    expect(served).not.toMatch(/^etf_(orders|mails|incidents|subscriptions|price)/m)
    expect(served).toMatch(/^etf_http_request_duration_seconds_count/m)
    for (const text of [told, served]) expect(text).toMatch(/^etf_database_up 1$/m)
  })

  test('without a worker the site is ready and sells, and what waited is done when one comes', {
    timeout: 60_000,
  }, async () => {
    await worker.stop()
    const ready = await get(web, '/readyz')
    expect([ready.status, await ready.json()]).toEqual([200, expect.not.objectContaining({ jobs: expect.anything() })])
    const buyer = new Visitor(web)
    const { email } = await buyer.register()
    const { id } = await newestOrder(harness, email!)
    harness.sandbox.control.pay(id)
    await buyer.get(`/payment/return?order_id=${id}`)
    expect((await buyer.get('/dashboard')).status).toBe(200)
    worker = await harness.start({ ROLE: 'worker', METRICS_TOKEN: token })
    const mails = async () =>
      await harness.sql`select from mails where to_email = ${email!} and kind = 'receipt' and status = 'sent'`
    await until(async () => (await mails()).length === 1, 20_000)
  })

  test('a web node that nobody visits asks the database nothing', { timeout: 60_000 }, async () => {
    await worker.stop()
    await get(web, '/readyz')
    await pause(500)
    const [row] = await harness.sql<{ now: Date }[]>`select clock_timestamp() + interval '100 milliseconds' as now`
    await pause(4_000)
    expect(await askedSince(row!.now)).toEqual([])
  })
})

test('a role of its own needs services that both share, and says which are missing', async () => {
  const { SMTP_SERVER: _, ...without } = harness.settings
  const refused = run({ ...without, PORT: '0', ROLE: 'worker' })
  await refused.stop('SIGCONT')
  expect([refused.child.exitCode, refused.output()]).toEqual([
    1,
    expect.stringContaining('ROLE: worker needs SMTP_SERVER, for processes of both roles share them'),
  ])
})
