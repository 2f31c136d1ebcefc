import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { deliver, signed, successBody } from './sender.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ RATE_LIMIT_SCALE: '0.1', TRUST_PROXY: '127.0.0.1,::1' })
})
afterAll(() => app.close())

const body = successBody('ds_any')
const from = (address: string, headers: Record<string, string>) => ({ ...headers, 'x-forwarded-for': address })
const forge = (address: string) => deliver(app, body, from(address, signed(body, { secret: 'forged' })))

test('an address that sends forgery after forgery is told to come back later', async () => {
  const answers = []
  for (let i = 0; i < 8; i++) answers.push(await forge('203.0.113.1'))
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401, 429, 429])
  const retryAfter = Number(answers.at(-1)!.headers['retry-after'])
  expect(retryAfter).toBeGreaterThan(0)
  expect(retryAfter).toBeLessThanOrEqual(60)
  expect(JSON.parse(answers.at(-1)!.body)).toEqual({ status: 'too many' })
  expect((await forge('203.0.113.2')).status).toBe(401)
})

test('what Cashfree signed is taken from the very same address, however many come', async () => {
  for (let i = 0; i < 8; i++) await forge('203.0.113.3')
  const genuine = Array.from({ length: 40 }, () => deliver(app, body, from('203.0.113.3', signed(body))))
  expect(new Set((await Promise.all(genuine)).map(({ status }) => status))).toEqual(new Set([200]))
  expect((await forge('203.0.113.3')).status).toBe(429)
})
