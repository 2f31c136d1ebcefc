import { afterAll, beforeAll, expect, test } from 'vitest'
import { openOrder } from '../../../src/billing/checkout/queries.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { subscriberOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ DB_POOL_MAX: '10' })
})
afterAll(() => app.close())

test('an order that closes at the very moment somebody clicks never makes the plan look unknown', {
  timeout: 30_000,
}, async () => {
  const form = await new Visitor(app).register()
  const { userId } = await subscriberOf(app, form.email!)
  for (let round = 0; round < 150; round++) {
    const close = app.sql`update orders set status = 'expired' where user_id = ${userId} and status in ('created', 'active')`
    const opening = Array.from({ length: 4 }, (_, i) =>
      openOrder(app.sql, { userId, planName: 'monthly', newId: `race_${round}_${i}` }),
    )
    const [, ...opened] = await Promise.all([close, ...opening])
    expect(opened.map(({ refusal }) => refusal)).toEqual(Array(4).fill(null))
  }
})
