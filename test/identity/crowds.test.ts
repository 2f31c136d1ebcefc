import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

describe('a crowd at the log-in page', () => {
  test('is shed with 429 and Retry-After when too many wait, and other pages stay quick', async () => {
    const form = await new Visitor(app).register()
    const crowd = Promise.all(
      Array.from({ length: 150 }, () =>
        new Visitor(app).post('/login', { login: form.email!, password: 'not-the-password' }),
      ),
    )
    const times: number[] = []
    for (let i = 0; i < 10; i++) {
      const began = performance.now()
      expect((await new Visitor(app).get('/healthz')).status).toBe(200)
      times.push(performance.now() - began)
    }
    const answers = await crowd
    // On a starved machine the queue for the database sheds some as well, with 503.
    const statuses = new Set(answers.map(({ status }) => status).filter((status) => status !== 503))
    expect([...statuses].sort()).toEqual([422, 429])
    const shed = answers.find(({ status }) => status === 429)!
    expect(Number(shed.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(shed.body).toContain('Many people are signing in right now')
    expect(times.sort((a, b) => a - b)[5]).toBeLessThan(1_000)
    expect((await new Visitor(app).post('/login', { login: form.email!, password: form.password! })).status).toBe(303)
  })

  test('from one address is told to wait, whatever address it claims to come from', async () => {
    const strict = await startApp({ RATE_LIMIT_SCALE: '0.2' })
    const statuses: number[] = []
    for (let i = 0; i < 8; i++) {
      const claims = { 'x-forwarded-for': `10.0.0.${i}`, forwarded: `for=10.0.0.${i}`, 'x-real-ip': `10.0.0.${i}` }
      statuses.push((await new Visitor(strict).post('/login', { login: `user${i}`, password: 'y' }, claims)).status)
    }
    expect(statuses).toEqual([422, 422, 422, 422, 422, 422, 429, 429])
    expect((await new Visitor(strict).get('/')).status).toBe(200)
    await strict.close()
  })

  test('behind a proxy that is trusted, each address is counted by itself', async () => {
    const strict = await startApp({ RATE_LIMIT_SCALE: '0.04', TRUST_PROXY: '127.0.0.1,::1' })
    const from = (address: string) =>
      new Visitor(strict).post('/login', { login: address, password: 'y' }, { 'x-forwarded-for': address })
    expect((await from('203.0.113.1')).status).toBe(422)
    expect((await from('203.0.113.1')).status).toBe(429)
    expect((await from('203.0.113.2')).status).toBe(422)
    await strict.close()
  })
})
