import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ DB_POOL_MAX: '2', CASHFREE_TIMEOUT_MS: '1500' })
})
afterAll(() => app.close())

test('while Cashfree takes seconds for everybody, the rest of the site is as quick as ever', async () => {
  const people = Array.from({ length: 12 }, () => new Visitor(app))
  for (const visitor of people) await visitor.register()
  app.sandbox.control.faults({ slow: { ms: 3_000 } })
  const waiting = Promise.all(people.map((visitor) => visitor.post('/checkout/annual')))
  const times: number[] = []
  const reader = people[0]!
  for (let i = 0; i < 20; i++) {
    const began = performance.now()
    expect((await reader.get(i % 2 ? '/' : '/dashboard')).status).toBe(200)
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  expect(times[10]).toBeLessThan(500)
  expect(times[19]).toBeLessThan(1_400)
  for (const { status } of await waiting) expect(status).toBe(303)
  app.sandbox.control.clearFaults()
  expect(stageOn(await reader.get('/checkout/annual'))).toBe('none')
})
