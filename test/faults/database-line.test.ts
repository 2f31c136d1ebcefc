import { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { connect, DatabaseUnavailable } from '../../src/platform/db.ts'
import { freshDatabase } from '../support/database.ts'
import { startProxy, type TcpProxy, through } from '../support/proxy.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { crowd, type FaultFixture, startFixture } from './fixture.ts'

let database: { url: string; drop: () => Promise<void> }
let proxy: TcpProxy
let fixture: FaultFixture
let visitor: Visitor
const server = postgres(inject('serverUrl'), { max: 1, onnotice: () => {} })
const surprises: unknown[] = []
const note = (error: unknown) => surprises.push(error)
beforeAll(async () => {
  process.on('unhandledRejection', note)
  database = await freshDatabase()
  proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(database.url).port) })
  fixture = await startFixture(through(proxy, database.url), { poolMax: 3 })
  visitor = new Visitor(fixture)
  await visitor.register()
})
afterAll(async () => {
  await fixture.close()
  await proxy.close()
  await database.drop()
  await server.end()
  process.off('unhandledRejection', note)
  expect(surprises).toEqual([])
})
afterEach(() => proxy.setMode('pass'))

const answersAgain = () => until(async () => (await visitor.get('/dashboard')).status === 200, 10_000)
const dashboards = (size: number) => crowd(size, () => visitor.get('/dashboard'))

describe('when packets to the database vanish in silence', () => {
  test('pages answer 503 in time, and dead connections are not used again when the line is back', {
    timeout: 40_000,
  }, async () => {
    expect((await dashboards(10)).statuses).toEqual({ 200: 10 })
    await proxy.setMode('hold')
    const away = await dashboards(20)
    expect(away.statuses).toEqual({ 503: 20 })
    expect(away.slowestMs).toBeLessThan(9_000)
    const began = performance.now()
    await proxy.setMode('pass')
    await answersAgain()
    expect(performance.now() - began).toBeLessThan(8_000)
    expect((await dashboards(20)).statuses).toEqual({ 200: 20 })
  })
})

describe('when the line to the database', () => {
  test.each(['refuse', 'reset', 'hang-up'] as const)(
    'does this to connections: %s, pages say so, nobody dials without pause, and it heals at once',
    { timeout: 40_000 },
    async (mode) => {
      expect((await dashboards(6)).statuses).toEqual({ 200: 6 })
      await proxy.setMode(mode)
      proxy.breakAll()
      const dialled = proxy.connections
      const away = await dashboards(30)
      expect(Object.keys(away.statuses)).toEqual(['503'])
      expect(away.slowestMs).toBeLessThan(7_000)
      expect((await visitor.get('/healthz')).status).toBe(200)
      expect(proxy.connections - dialled).toBeLessThan(100)
      await proxy.setMode('pass')
      const began = performance.now()
      await answersAgain()
      expect(performance.now() - began).toBeLessThan(3_000)
      expect((await dashboards(30)).statuses).toEqual({ 200: 30 })
    },
  )

  test('breaks under a statement that may take minutes, as the check of the audit does, it is unavailable too', async () => {
    const sql = connect(through(proxy, database.url), { max: 1 })
    const long = sql.unsafe("set local statement_timeout = '1min'; select pg_sleep(30)").catch((error) => error)
    await until(
      async () => (await server`select from pg_stat_activity where query like 'set local%pg_sleep(30)'`).length > 0,
    )
    proxy.breakAll()
    expect(await long).toBeInstanceOf(DatabaseUnavailable)
    expect(await sql`select ${sql.unsafe('1 + 1')} as two`).toEqual([{ two: 2 }])
    await sql.end({ timeout: 1 })
  })

  test('breaks again and again under load, no statement is called done that was not sent', {
    timeout: 30_000,
  }, async () => {
    await fixture.sql`create table if not exists told (n integer)`
    const done: number[] = []
    const end = Date.now() + 2_000
    const breaking = (async () => {
      while (Date.now() < end) {
        proxy.breakAll()
        await new Promise((resolve) => setTimeout(resolve, 7))
      }
    })()
    const writers = Array.from({ length: 12 }, async (_, writer) => {
      for (let n = writer * 1_000_000; Date.now() < end; n++)
        await fixture.sql`insert into told values (${n})`.then(
          () => done.push(n),
          () => {},
        )
    })
    await Promise.all([...writers, breaking])
    await answersAgain()
    const kept = new Set((await fixture.sql<{ n: number }[]>`select n from told`).map(({ n }) => n))
    expect(done.length).toBeGreaterThan(5)
    expect(done.filter((n) => !kept.has(n))).toEqual([])
  })
})

test('in whatever turn of the event loop a statement comes while its connection breaks, those after it are answered', {
  timeout: 60_000,
}, async () => {
  const dialled = vi.spyOn(Socket.prototype, 'connect')
  const sql = connect(database.url, { max: 1, deadline: 4_000 })
  try {
    for (let round = 0; round < 24; round++) {
      await sql`select 1`
      const broken = dialled.mock.contexts.at(-1) as Socket
      broken.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
      for (let turn = 0; turn < round % 6; turn++) await nextTurn()
      await sql`select 1`.catch((error) => expect(error).toBeInstanceOf(DatabaseUnavailable))
      const began = performance.now()
      await until(() =>
        sql`select 1`.then(
          () => true,
          () => false,
        ),
      )
      expect([round % 6, performance.now() - began < 3_500]).toEqual([round % 6, true])
    }
  } finally {
    dialled.mockRestore()
    await sql.end({ timeout: 1 })
  }
})

describe('a pool of three', () => {
  test('met by hundreds of slow requests lets so many wait, tells the others at once, and health still answers', {
    timeout: 30_000,
  }, async () => {
    const holder = postgres(database.url, { max: 1, onnotice: () => {} })
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const holding = holder.begin(async (tx) => {
      await tx`lock table users`
      await held
    })
    await until(async () => (await server`select 1 from pg_locks where mode = 'AccessExclusiveLock'`).length > 0)
    const began = performance.now()
    const refused: number[] = []
    const waiting = crowd(400, async () => {
      const answer = await visitor.get('/dashboard')
      // Those in the queue wait five seconds, and of the three at the lock nine at most give up before that.
      if (answer.status === 503 && performance.now() - began < 5_000)
        refused.push(Number(answer.headers.get('retry-after')))
      return answer
    })
    await until(async () => refused.length > 50)
    expect((await visitor.get('/healthz')).status).toBe(200)
    expect(refused.every((seconds) => seconds > 0)).toBe(true)
    const { statuses, slowestMs } = await waiting
    expect(statuses).toEqual({ 503: 400 })
    expect(slowestMs).toBeLessThan(9_000)
    letGo()
    await holding
    await holder.end()
    await answersAgain()
  })

  test('takes back what waited too long: it is never run', async () => {
    await fixture.sql`create table if not exists late (n integer)`
    const sql = connect(database.url, { max: 1, deadline: 300 })
    const slow = sql`select pg_sleep(1)`.catch((error) => error)
    const late = await sql`insert into late values (1)`.catch((error) => error)
    expect(late).toBeInstanceOf(DatabaseUnavailable)
    expect(await slow).toBeInstanceOf(DatabaseUnavailable)
    await until(() =>
      sql`select 1`.then(
        () => true,
        () => false,
      ),
    )
    expect(await fixture.sql`select from late`).toHaveLength(0)
    await sql.end({ timeout: 1 })
  })

  test('is closed in time while the database is silent', { timeout: 15_000 }, async () => {
    const sql = connect(through(proxy, database.url), { max: 2 })
    await sql`select 1`
    await proxy.setMode('hold')
    const pending = Promise.allSettled([sql`select 1`, sql`select 2`, sql`select 3`])
    const began = performance.now()
    await sql.end({ timeout: 1 })
    expect(performance.now() - began).toBeLessThan(3_000)
    expect((await pending).every(({ status }) => status === 'rejected')).toBe(true)
    proxy.breakAll()
  })
})
