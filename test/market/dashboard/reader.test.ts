import { afterAll, beforeAll, expect, test } from 'vitest'
import { planPriceChange } from '../../../src/billing/plans/queries.ts'
import { listPlansFor } from '../../../src/billing/pricing/queries.ts'
import { subscriptionOf } from '../../../src/billing/subscriptions/subscriptions.ts'
import { findReader } from '../../../src/market/dashboard/queries.ts'
import { findVersion } from '../../../src/market/version/queries.ts'
import { findStars } from '../../../src/market/watch-list/queries.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { subscriberAt } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('what the dashboard asks in one statement is what other pages ask in five, of who paid and of who never did', async () => {
  const { visitor, order } = await subscriberAt(app)
  const never = await newestOrder(app, (await new Visitor(app).register()).email!)
  await visitor.post('/dashboard/watch-list', { star: 'ITBEES' })
  const by = { actor: 'command', origin: null } as never
  await planPriceChange(app.sql, { replaces: 'annual_v1', pricePaise: 599_900, from: '2099-01-01', by })
  for (const { userId } of [order, never]) {
    const { subscription, plans, stars, version, hasMoneyUnderWay } = await findReader(app.sql, userId)
    expect(subscription).toEqual(await subscriptionOf(app.sql, userId))
    expect(plans).toEqual([...(await listPlansFor(app.sql, userId))])
    expect(stars).toEqual(await findStars(app.sql, userId))
    expect(version).toEqual(await findVersion(app.sql))
    expect(hasMoneyUnderWay).toBe(false)
  }
  const { plans, subscription } = await findReader(app.sql, never.userId)
  expect(plans.map(({ nextPricePaise, nextPriceFrom }) => [nextPricePaise, nextPriceFrom?.getTime()])).toContainEqual([
    599_900,
    Date.parse('2099-01-01T00:00:00+05:30'),
  ])
  expect(subscription.hasAccess).toBe(false)
})
