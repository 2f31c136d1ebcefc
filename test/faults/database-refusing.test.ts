import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { connect } from '../../src/platform/db.ts'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { freshDatabase } from '../support/database.ts'
import { newestOrder } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { crowd, type FaultFixture, startFixture } from './fixture.ts'

let database: { url: string; drop: () => Promise<void> }
let fixture: FaultFixture
let visitor: Visitor
let orderId: string
let name: string
const server = postgres(inject('serverUrl'), { max: 1, onnotice: () => {} })
beforeAll(async () => {
  database = await freshDatabase()
  name = new URL(database.url).pathname.slice(1)
  fixture = await startFixture(database.url, { poolMax: 3 })
  visitor = new Visitor(fixture)
  orderId = (await newestOrder(fixture, (await visitor.register()).email!)).id
})
afterAll(async () => {
  await fixture.close()
  await database.drop()
  await server.end()
})

const endConnections = () =>
  server`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`.then(() => {})
const works = () => until(async () => (await visitor.get('/dashboard')).status === 200)

describe('when the database refuses', () => {
  test('no connection left: 503 with Retry-After, and all is well when there is one again', {
    timeout: 30_000,
  }, async () => {
    const role = `few_${name}`
    await server.unsafe(`create role ${role} login password 'few' connection limit 3`)
    const mine = postgres(database.url, { max: 1, onnotice: () => {} })
    await mine.unsafe(
      `grant all on all tables in schema public to ${role}; grant all on all sequences in schema public to ${role}`,
    )
    const url = new URL(database.url)
    url.username = role
    url.password = 'few'
    const others = [1, 2, 3].map(() => postgres(url.href, { max: 1, onnotice: () => {} }))
    await Promise.all(others.map((other) => other`select 1`))
    const small = await startFixture(url.href, { poolMax: 3 })
    try {
      const person = new Visitor(small)
      for (const [cookie, value] of visitor.cookies) person.cookies.set(cookie, value)
      const away = await crowd(20, () => person.get('/dashboard'))
      expect(away.statuses).toEqual({ 503: 20 })
      expect(away.slowestMs).toBeLessThan(8_000)
      expect(Number((await person.get('/dashboard')).headers.get('retry-after'))).toBeGreaterThan(0)
      await Promise.all(others.map((other) => other.end()))
      await until(async () => (await person.get('/dashboard')).status === 200)
    } finally {
      await small.close()
      await mine.unsafe(`drop owned by ${role}; drop role ${role}`)
      await mine.end()
    }
  })

  test('what a page has around it is waited for side by side: it is complete without, within one deadline', async () => {
    expect((await visitor.get('/contact')).status).toBe(200)
    const holder = postgres(database.url, { max: 1, onnotice: () => {} })
    await holder.unsafe('begin; lock table subscriptions, orders, announcements in access exclusive mode')
    const began = performance.now()
    const page = await visitor.get('/contact')
    const ms = performance.now() - began
    await holder.end({ timeout: 1 })
    expect([page.status, page.body.includes('class="site-header')]).toEqual([200, true])
    // A lock is waited for two seconds.
    expect(ms).toBeGreaterThan(1_500)
    expect(ms).toBeLessThan(3_500)
  })

  test('a read-only database: public pages work, what must write is 503, and it is over when the database is writable', {
    timeout: 30_000,
  }, async () => {
    await server.unsafe(`alter database ${name} set default_transaction_read_only = on`)
    await endConnections()
    try {
      const body = successBody(orderId)
      await until(async () => (await new Visitor(fixture).get('/')).status === 200)
      expect((await deliver(fixture, body, signed(body))).status).toBe(503)
      for (const answer of [await visitor.get('/dashboard'), await visitor.post('/checkout/annual')]) {
        expect(answer.status).toBe(503)
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      }
    } finally {
      // Nobody ends the connections, as after a failover behind one address: each that could not write was closed.
      await server.unsafe(`alter database ${name} reset default_transaction_read_only`)
    }
    await works()
    expect((await visitor.post('/checkout/annual')).status).toBe(303)
  })

  test('connections that are closed while rows arrive on them end nobody’s process', { timeout: 30_000 }, async () => {
    const sql = connect(`${database.url}?options=-c%20default_transaction_read_only%3Don`, { max: 4 })
    for (let round = 0; round < 5; round++) {
      const rows = [1, 2, 3].map(() => sql`select repeat('x', 900) from generate_series(1, 100000)`.catch(() => {}))
      await sql`select pg_sleep(0.05)`
      await expect(sql`create table written (at date)`).rejects.toThrow(/read-only/)
      await Promise.all(rows)
    }
    await sql.end({ timeout: 1 })
  })

  test('neither pages nor log lines hold statements, parameters or paths', async () => {
    fixture.lines.length = 0
    const marks = ['marked.person@example.in', 'MarkedPass123']
    const body = successBody(orderId)
    await fixture.sql`alter table sessions rename to sessions_gone`
    await fixture.sql`alter table webhook_events rename to webhook_events_gone`
    try {
      const answers = [
        await visitor.get('/dashboard'),
        await visitor.get('/dashboard', { 'hx-request': 'true' }),
        await visitor.get(`/api/payment-status/${orderId}`),
        await new Visitor(fixture).post('/login', { login: marks[0]!, password: marks[1]! }),
        await deliver(fixture, body, signed(body)),
      ]
      expect(answers.map(({ status }) => status)).toEqual([500, 500, 500, expect.any(Number), 500])
      for (const answer of answers)
        expect(answer.body).not.toMatch(
          /select |insert |sessions_|webhook_events|42P01|node_modules|\.ts\b|\bat \w+ \(|postgres/i,
        )
    } finally {
      await fixture.sql`alter table sessions_gone rename to sessions`
      await fixture.sql`alter table webhook_events_gone rename to webhook_events`
    }
    const log = fixture.lines.join('')
    expect(log).toContain('42P01')
    expect(log).not.toMatch(/insert into|select \w+,|"query"|"parameters"|"args"/i)
    for (const secret of [...marks, ...visitor.cookies.values()]) expect(log).not.toContain(secret)
  })
})
