import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { registration } from '../support/visitor.ts'

let app: TestApp
let address: string
beforeAll(async () => {
  app = await startApp({ BASE_URL: 'https://ETF.example.in:443' })
  address = `http://localhost:${app.config.port}`
})
afterAll(() => app.close())

test('an https site says so for two years, and upgrades what it loads', async () => {
  const answer = await fetch(address)
  expect(answer.headers.get('strict-transport-security')).toBe('max-age=63072000; includeSubDomains')
  expect(answer.headers.get('content-security-policy')).toMatch(/; upgrade-insecure-requests$/)
})

test('its cookies are bound to this host and to https', async () => {
  const body = new URLSearchParams(registration())
  const answer = await fetch(`${address}/register`, { method: 'POST', body, redirect: 'manual' })
  expect(answer.status).toBe(303)
  const cookies = answer.headers.getSetCookie().sort()
  expect(cookies.map((line) => line.split('=')[0])).toEqual(['__Host-device', '__Host-sid'])
  for (const cookie of cookies)
    for (const part of ['; Path=/', '; Secure', '; HttpOnly', '; SameSite=Lax']) expect(cookie).toContain(part)
})

test('its own origin is recognised however BASE_URL was written', async () => {
  const send = (origin: string) =>
    fetch(`${address}/login`, { method: 'POST', body: new URLSearchParams({}), headers: { origin } })
  expect((await send('https://etf.example.in')).status).toBe(422)
  expect((await send('http://etf.example.in')).status).toBe(403)
  expect((await send('https://etf.example.in:8443')).status).toBe(403)
})

test('Cashfree is told where to come back to, and where to call', async () => {
  const [order] = app.sandbox.control.state().orders
  expect(order).toMatchObject({ notifyUrl: expect.stringMatching(/^https:\/\/.*\/webhooks\/cashfree$/) })
})
