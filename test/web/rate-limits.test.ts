import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/platform/db.ts'
import { rateCounter } from '../../src/web/rate-limits.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { registration, Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ RATE_LIMIT_SCALE: '1', TRUST_PROXY: '127.0.0.1,::1' })
})
afterAll(() => app.close())

const minute = 60_000
const times = async <T>(n: number, work: (i: number) => Promise<T>) => {
  const answers: T[] = []
  for (let i = 0; i < n; i++) answers.push(await work(i))
  return answers
}

describe('a limited route takes thirty requests a minute from one address', () => {
  test.each([
    ['registration', '/register', {}],
    ['opening a checkout', '/checkout/monthly', {}],
    ['starting it over', '/checkout/monthly/restart', {}],
    ['an order by the API', '/api/create-cashfree-order', {}],
  ])('%s', async (_what, path, form) => {
    const from = { 'x-forwarded-for': `203.0.113.${path.length}` }
    const answers = await times(32, () => new Visitor(app).post(path, form, from))
    expect(answers.map(({ status }) => status === 429)).toEqual([...Array(30).fill(false), true, true])
    const shut = answers.at(-1)!
    expect(Number(shut.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(shut.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(shut.body).toContain('Too many requests')
    expect((await new Visitor(app).post(path, form, { 'x-forwarded-for': '203.0.113.250' })).status).not.toBe(429)
    expect((await new Visitor(app).get('/login', from)).status).toBe(200)
  })

  test('and asking for a payment by the API 240', async () => {
    const from = { 'x-forwarded-for': '203.0.113.77' }
    const answers = await times(241, () => new Visitor(app).get('/api/payment-status/ds_01', from))
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(1)
    expect(answers[240]!.json()).toMatchObject({ error: { code: 'busy' } })
  })

  test('whoever registers and pays at a human pace never meets it', async () => {
    const visitor = new Visitor(app)
    expect((await visitor.post('/register', registration())).status).toBe(303)
    expect((await visitor.post('/checkout/annual')).status).toBe(303)
  })
})

describe('the count', () => {
  test('is one for all who share a database, and starts anew when its window ends', async () => {
    const [one, other] = [rateCounter(app.sql), rateCounter(app.sql)]
    const counts = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? one : other)('shared', 15, minute)))
    expect(counts.map(({ count }) => count).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(counts.filter(({ isTooMany }) => isTooMany)).toHaveLength(5)
    expect(await rateCounter(app.sql)('shared', 15, minute)).toMatchObject({ isTooMany: true })
    await app.sql`update rate_counters set resets_at = now() where key = 'shared'`
    expect(await rateCounter(app.sql)('shared', 15, minute)).toMatchObject({ count: 1, isTooMany: false })
  })

  test('of who is over the limit costs the database nothing until their window ends', async () => {
    const count = rateCounter(app.sql)
    await times(3, () => count('noisy', 2, minute))
    await app.sql`delete from rate_counters where key = 'noisy'`
    expect((await count('noisy', 2, minute)).isTooMany).toBe(true)
    expect(await app.sql`select from rate_counters where key = 'noisy'`).toHaveLength(0)
    await times(3, () => count('brief', 2, 50))
    await pause(60)
    expect((await count('brief', 2, 50)).isTooMany).toBe(false)
  })

  test('goes on in this process while the database is away: looser, never open', async () => {
    const sql = connect('postgres://nobody@127.0.0.1:1/nothing', { max: 2 })
    const count = rateCounter(sql)
    const counts = await times(5, () => count('away', 3, minute))
    expect(counts.map(({ isTooMany }) => isTooMany)).toEqual([false, false, false, true, true])
    expect((await count('somebody else', 3, minute)).isTooMany).toBe(false)
    await sql.end({ timeout: 1 })
  })
})
