import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedPostgres, startPostgres } from '../../src/dev/embedded-postgres/postgres.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { newestOrder, paidOnce, tracesOf } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { crowd, type FaultFixture, startFixture } from './fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'etf-faults-'))
let server: EmbeddedPostgres
let fixture: FaultFixture
let visitor: Visitor
const surprises: unknown[] = []
const note = (error: unknown) => surprises.push(error)
const start = (port = 0) => startPostgres({ checkout: folder, dataDir: folder, port, relaunch: false })
beforeAll(async () => {
  process.on('unhandledRejection', note)
  server = await start()
  await migrate(server.url)
  fixture = await startFixture(server.url, { poolMax: 4 })
  visitor = new Visitor(fixture)
  await visitor.register()
}, 120_000)
afterAll(async () => {
  await fixture.close()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
  process.off('unhandledRejection', note)
  expect(surprises).toEqual([])
})

const dashboards = (size: number) => crowd(size, () => visitor.get('/dashboard'))
const secondsUntilItWorks = async () => {
  const began = performance.now()
  await until(async () => (await visitor.get('/dashboard')).status === 200, 20_000)
  return (performance.now() - began) / 1000
}

test('a server that falls over: pages say so in time, it heals at once, and what was answered 200 is there', {
  timeout: 90_000,
}, async () => {
  const people = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const form = await new Visitor(fixture).register()
      return newestOrder(fixture, form.email!)
    }),
  )
  for (const { id } of people) fixture.sandbox.control.pay(id)
  const taken = await Promise.all(
    people.map(async ({ id }) => {
      const body = successBody(id)
      return { id, status: (await deliver(fixture, body, signed(body))).status }
    }),
  )
  // "Immediate" is what a power cut is to it: nothing is written down any more, the next start recovers from the log.
  process.kill(Number(readFileSync(join(server.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGQUIT')
  for (let round = 0; round < 3; round++) {
    const away = await dashboards(30)
    expect(Object.keys(away.statuses)).toEqual(['503'])
    expect(away.slowestMs).toBeLessThan(7_000)
  }
  expect(Number((await visitor.get('/dashboard')).headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await visitor.get('/healthz')).status).toBe(200)
  await server.stop()
  server = await start(server.port)
  expect(await secondsUntilItWorks()).toBeLessThan(5)
  expect((await dashboards(30)).statuses).toEqual({ 200: 30 })
  for (const { id } of taken.filter(({ status }) => status === 200)) {
    expect(await fixture.sql`select from webhook_events where order_id = ${id} and accepted`).not.toHaveLength(0)
    // Settled before the fall, by the process that answered; else the sweep would find it, or the payer's return.
    await visitor.get(`/payment/return?order_id=${id}`)
    const body = successBody(id)
    await until(async () => (await deliver(fixture, body, signed(body))).status === 200)
    await until(async () => (await tracesOf(fixture, id)).status === 'paid')
    expect(await tracesOf(fixture, id)).toMatchObject({ ...paidOnce, incidents: [] })
  }
})

test('frozen backends: every page answers within its deadline, and it heals when they thaw', {
  timeout: 60_000,
}, async () => {
  await dashboards(10)
  const admin = postgres(server.url, { max: 1, onnotice: () => {} })
  const pids = (
    await admin<{ pid: number }[]>`select pid from pg_stat_activity where application_name = 'etf-web'`
  ).map(({ pid }) => pid)
  await admin.end()
  expect(pids.length).toBeGreaterThan(0)
  const postmaster = Number(readFileSync(join(server.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0])
  // The postmaster too: it would make new backends, which are not frozen.
  for (const pid of [postmaster, ...pids]) process.kill(pid, 'SIGSTOP')
  try {
    const away = await dashboards(60)
    expect(Object.keys(away.statuses)).toEqual(['503'])
    // Five seconds for the one query that is waited for, and none for what the error page has around it.
    expect(away.slowestMs).toBeLessThan(7_000)
    expect((await visitor.get('/healthz')).status).toBe(200)
  } finally {
    for (const pid of [postmaster, ...pids]) process.kill(pid, 'SIGCONT')
  }
  expect(await secondsUntilItWorks()).toBeLessThan(10)
  expect((await dashboards(30)).statuses).toEqual({ 200: 30 })
})
