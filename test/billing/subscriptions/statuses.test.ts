import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { subscriptionOf } from '../../../src/billing/subscriptions/subscriptions.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())

async function subscriber(plan = 'monthly') {
  const visitor = new Visitor(app)
  const form = await visitor.register({ plan })
  const pay = async () => {
    const order = await newestOrder(app, form.email!)
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    return order
  }
  await pay()
  const { userId } = await subscriberOf(app, form.email!)
  const endsIn = (interval: string) =>
    app.sql`update subscriptions set current_period_end = now() + ${interval}::interval where user_id = ${userId}`
  return { visitor, email: form.email!, userId, endsIn, pay }
}

describe('a subscription', () => {
  test.each([
    ['1 second', 'active', true, true],
    ['-1 second', 'grace', true, true],
    ['-2 days -23 hours -59 minutes', 'grace', true, true],
    ['-3 days -1 second', 'expired', false, false],
    ['-400 days', 'expired', false, false],
  ])('whose period ends in %s is %s', async (interval, status, isPaid, hasAccess) => {
    const { visitor, email, userId, endsIn } = await subscriber()
    await endsIn(interval)
    // By the clock, before any job has run…
    expect(await subscriptionOf(app.sql, userId)).toMatchObject({ status, hasAccess })
    // …and in the table, for those who query it.
    await app.run('keep-statuses')
    expect(await subscriberOf(app, email)).toMatchObject({ status, isPaid })
    expect((await visitor.get('/dashboard')).status).toBe(200)
    const changes = await app.sql`select action from audit where user_id = ${userId} and actor = 'clock'`
    expect(changes).toHaveLength(status === 'active' ? 0 : 1)
    await app.run('keep-statuses')
    expect(await app.sql`select action from audit where user_id = ${userId} and actor = 'clock'`).toHaveLength(
      changes.length,
    )
  })

  test('goes through grace to expired, and each change is noted once, with two jobs at once too', async () => {
    const { email, userId, endsIn } = await subscriber()
    await endsIn('-1 hour')
    await Promise.all([app.run('keep-statuses'), app.run('keep-statuses')])
    await endsIn('-4 days')
    await Promise.all([app.run('keep-statuses'), app.run('keep-statuses')])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'expired', isPaid: false })
    const rows = await app.sql<
      { action: string }[]
    >`select action from audit where user_id = ${userId} and actor = 'clock' order by id`
    expect(rows.map(({ action }) => action)).toEqual(['subscription.grace', 'subscription.expired'])
  })

  test('is judged by the database’s clock, never by ours', async () => {
    const { userId, endsIn } = await subscriber()
    const real = Date.now
    try {
      for (const skew of [-10 * 60_000, 10 * 60_000, 40 * 86_400_000]) {
        Date.now = () => real() + skew
        await endsIn('5 minutes')
        expect(await subscriptionOf(app.sql, userId)).toMatchObject({ status: 'active', hasAccess: true })
        await endsIn('-4 days')
        expect(await subscriptionOf(app.sql, userId)).toMatchObject({ status: 'expired', hasAccess: false })
      }
    } finally {
      Date.now = real
    }
  })

  test('renewed early starts its new period where the running one ends', async () => {
    const { visitor, email, userId, pay } = await subscriber()
    const first = (await subscriberOf(app, email)).currentPeriodEnd!
    await app.sql`update orders set paid_at = paid_at - interval '2 days' where user_id = ${userId}`
    await visitor.post('/checkout/annual')
    const order = await pay()
    const [period] = await app.sql<
      { startsAt: Date; endsAt: Date; planKey: string }[]
    >`select starts_at, ends_at, plan_key from subscription_periods where order_id = ${order.id}`
    expect(period).toMatchObject({ startsAt: first, planKey: 'annual_v1' })
    const now = await subscriberOf(app, email)
    expect(now.currentPeriodEnd).toEqual(period!.endsAt)
    expect(now.currentPeriodStart!.getTime()).toBeLessThan(first.getTime())
  })

  test.each([
    ['-1 day', true],
    ['-10 days', false],
  ])('renewed when it ended %s ago starts where grace runs at the old end, after it now', async (ago, isInGrace) => {
    const { visitor, email, userId, endsIn, pay } = await subscriber()
    await endsIn(ago)
    await app.run('keep-statuses')
    await app.sql`update orders set paid_at = paid_at - interval '40 days' where user_id = ${userId}`
    const { currentPeriodEnd: ended } = await subscriberOf(app, email)
    await visitor.post('/checkout/monthly')
    const order = await pay()
    const [period] = await app.sql<{ startsAt: Date; isNow: boolean }[]>`
      select starts_at, starts_at between now() - interval '1 minute' and now() as is_now
      from subscription_periods where order_id = ${order.id}`
    expect(isInGrace ? period!.startsAt : period!.isNow).toEqual(isInGrace ? ended : true)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
  })

  test('that was never paid stays pending for ever', async () => {
    const form = await new Visitor(app).register()
    await app.run('keep-statuses')
    expect(await subscriberOf(app, form.email!)).toMatchObject({
      status: 'pending',
      isPaid: false,
      currentPeriodEnd: null,
    })
  })

  test('cannot be paid without a period: the database refuses', async () => {
    await expect(app.sql`update subscriptions set is_paid = true, current_period_end = null`).rejects.toThrow(
      'paid_has_a_period',
    )
  })

  test('has one period of grace, the same for SQL and for pages', async () => {
    const [row] = await app.sql<{ days: number }[]>`select extract(epoch from grace_period())::int / 86400 as days`
    expect(row!.days).toBe(app.config.graceDays)
  })
})
