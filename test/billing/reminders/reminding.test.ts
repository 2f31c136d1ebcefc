import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findEnd } from '../../../src/billing/subscriptions/queries.ts'
import { grantDays } from '../../../src/billing/subscriptions/subscriptions.ts'
import { registrant } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { atAnHour, endingIn, endsIn, mailed, nextDay, pathIn } from './fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  await atAnHour(app, true)
})
afterAll(() => app.close())

const aboutAnEnd = /^Your (plan|access) (ends|ended) on/
const stepsOf = async (userId: string) =>
  (await app.sql<{ step: string }[]>`select step from reminders where user_id = ${userId} order by id`).map(
    ({ step }) => step,
  )

describe('the ladder around an end', () => {
  test('has a step a week, three days and a day before, on the day, in grace, and three and fourteen days after', async () => {
    const steps = await app.sql<{ day: number; step: string | null }[]>`
      select day, renewal_step('2027-03-10', '2027-03-10'::date + day, 3) as step from generate_series(-9, 18) day`
    expect(steps.filter(({ step }) => step !== null).map(({ day, step }) => [day, step])).toEqual([
      [-7, '7'],
      [-6, '7'],
      [-3, '3'],
      [-2, '3'],
      [-1, '1'],
      [0, '0'],
      [1, 'grace-first'],
      [2, 'grace-first'],
      [3, 'grace-last'],
      [4, 'grace-last'],
      [6, 'after-3'],
      [7, 'after-3'],
      [17, 'after-14'],
      [18, 'after-14'],
    ])
  })

  test.each([
    [0, ['0', 'after-3', 'after-14']],
    [1, ['0', 'grace-first', 'after-3', 'after-14']],
  ])('with %i days of grace has their steps only', async (grace, expected) => {
    const rows = await app.sql<
      { step: string }[]
    >`select step from renewal_steps(${grace}) where days >= 0 order by days`
    expect(rows.map(({ step }) => step)).toEqual(expected)
  })

  test('goes out between nine and eight in India, to the second', async () => {
    const rows = await app.sql<{ may: boolean }[]>`
      select is_daytime_in_india(at::timestamptz) as may from (values ('2027-03-10 08:59:59+05:30'), ('2027-03-10 09:00:00+05:30'),
        ('2027-03-10 19:59:59+05:30'), ('2027-03-10 20:00:00+05:30'), ('2027-03-10 03:30:00+00:00')) hours(at)`
    expect(rows.map(({ may }) => may)).toEqual([false, true, true, false, true])
  })

  test('is walked once, step by step, never two on a day, and stops with the payment', async () => {
    const { email, userId, visitor } = await endingIn(app, 7)
    expect(await mailed(app, email, aboutAnEnd)).toHaveLength(1)
    expect(await mailed(app, email, aboutAnEnd)).toHaveLength(1)
    await endsIn(app, userId, 3)
    expect(await mailed(app, email, aboutAnEnd)).toHaveLength(1)
    for (const [day, many] of [
      [3, 2],
      [1, 3],
      [0, 4],
      [-1, 5],
      [-3, 6],
      [-6, 7],
      [-17, 8],
    ] as const) {
      await nextDay(app)
      await endsIn(app, userId, day)
      expect([day, (await mailed(app, email, aboutAnEnd)).length]).toEqual([day, many])
    }
    await nextDay(app)
    await endsIn(app, userId, -6)
    const last = (await mailed(app, email, aboutAnEnd)).at(-1)!
    await visitor.post(pathIn(app, last.text, 'renew'))
    const [order] = await app.sql<
      { id: string }[]
    >`select id from orders where user_id = ${userId} and status = 'active'`
    app.sandbox.control.pay(order!.id)
    await visitor.get(`/payment/return?order_id=${order!.id}`)
    const [counted] =
      await app.sql`select count(*)::int as many from reminders where user_id = ${userId} and paid_order_id = ${order!.id}`
    expect(counted).toEqual({ many: 1 })
    expect((await visitor.get(pathIn(app, last.text, 'renew'))).status).toBe(404)
  })

  test('waits for the morning, and a step that a later one overtook is not sent', async () => {
    const { email, userId } = await endingIn(app, 3)
    await app.run('remind')
    await atAnHour(app, false)
    try {
      await app.run('deliver-mails')
      const [mail] = await app.sql`select status from mails where kind = 'renewal' and to_email = ${email}`
      expect(mail).toEqual({ status: 'queued' })
      await app.run('remind')
    } finally {
      await atAnHour(app, true)
    }
    await app.sql`insert into reminders (user_id, ladder, about, step, plan_name)
                  select user_id, ladder, about, '1', plan_name from reminders where user_id = ${userId}`
    expect(await mailed(app, email, aboutAnEnd)).toHaveLength(0)
  })

  test('does not mail twice on a day, when a step of the evening before leaves in the morning', async () => {
    const { email, userId } = await endingIn(app, 1)
    await app.run('remind')
    await app.sql`update reminders set queued_at = queued_at - interval '1 day' where user_id = ${userId}`
    await app.run('deliver-mails')
    await endsIn(app, userId, 0)
    expect(await mailed(app, email, aboutAnEnd)).toHaveLength(1)
    expect(await stepsOf(userId)).toEqual(['1'])
  })

  test('counts a payment once, for the last step that was sent', async () => {
    const paidFor = async (userId: string) =>
      app.sql`select step from reminders where user_id = ${userId} and paid_order_id is not null`
    const { email, userId, visitor } = await endingIn(app, 3)
    const pay = async () => {
      await visitor.post('/checkout/monthly')
      const [order] = await app.sql<
        { id: string }[]
      >`select id from orders where user_id = ${userId} and status = 'active'`
      app.sandbox.control.pay(order!.id)
      await visitor.get(`/payment/return?order_id=${order!.id}`)
    }
    await mailed(app, email, aboutAnEnd)
    await nextDay(app)
    await endsIn(app, userId, 1)
    await mailed(app, email, aboutAnEnd)
    await pay()
    await pay()
    expect(await paidFor(userId)).toEqual([{ step: '1' }])
    const unsent = await endingIn(app, 3)
    await app.run('remind')
    await unsent.visitor.post('/checkout/monthly')
    const [order] = await app.sql<{ id: string }[]>`
      select id from orders where user_id = ${unsent.userId} and status = 'active'`
    app.sandbox.control.pay(order!.id)
    await unsent.visitor.get(`/payment/return?order_id=${order!.id}`)
    expect(await paidFor(unsent.userId)).toEqual([])
  })

  test('is not walked by who left, stopped, withdrew consent, is suspended or renewed', async () => {
    for (const change of [
      'update subscriptions set cancel_requested_at = now() where user_id = $1',
      'update users set reminders_stopped_at = now() where id = $1',
      'update users set consent_withdrawn_at = now() where id = $1',
      `update users set suspended_at = now(), suspended_reason = 'x' where id = $1`,
      `update subscriptions set current_period_end = now() + interval '40 days' where user_id = $1`,
    ]) {
      const before = await endingIn(app, 3)
      await app.sql.unsafe(change, [before.userId])
      expect([change, await mailed(app, before.email, aboutAnEnd)]).toEqual([change, []])
      expect(await stepsOf(before.userId)).toEqual([])
      const written = await endingIn(app, 3)
      await app.run('remind')
      await app.sql.unsafe(change, [written.userId])
      expect([change, await mailed(app, written.email, aboutAnEnd)]).toEqual([change, []])
    }
  })

  test('is written once by many workers', async () => {
    const { userId } = await endingIn(app, 3)
    await Promise.all(Array.from({ length: 6 }, () => app.run('remind')))
    expect(await stepsOf(userId)).toEqual(['3'])
  })

  test('says what a changed price was and since when, and offers the plan that was chosen for later', async () => {
    const { email, userId } = await endingIn(app, 3)
    await app.sql`update plans set on_sale = false, withdrawn_at = now() where key = 'monthly_v1'`
    await app.sql`insert into plans (key, name, title, price_paise, months, replaces, offered_at)
                  values ('monthly_v9', 'monthly', 'Monthly', 59900, 1, 'monthly_v1', now())`
    try {
      const [mail] = await mailed(app, email, aboutAnEnd)
      expect(mail!.text).toMatch(/₹599 \(was ₹499; ₹599 since /)
      await nextDay(app)
      await endsIn(app, userId, 1)
      await app.sql`update subscriptions set next_plan = 'annual' where user_id = ${userId}`
      const next = (await mailed(app, email, aboutAnEnd)).at(-1)!
      expect(next.text).toContain('₹4,990')
    } finally {
      await app.sql`delete from account_links where plan_name is not null`
      await app.sql`delete from plans where key = 'monthly_v9'`
      await app.sql`update plans set on_sale = true, withdrawn_at = null where key = 'monthly_v1'`
    }
  })

  test('does not tell at once what the mail about granted days has just said', async () => {
    const { email, userId } = await registrant(app)
    const { seenEnd } = (await findEnd(app.sql, userId, 0))!
    await grantDays(
      app.sql,
      { userId, days: 5, reason: 'to try it', key: randomUUID(), seenEnd },
      { actor: 'user:x', origin: null },
    )
    expect(await mailed(app, email, aboutAnEnd)).toEqual([])
  })
})

describe('what was begun and not paid', () => {
  const unpaid = /is not paid yet$/
  const begun = async (hours: number) => {
    const person = await registrant(app)
    await app.sql`update users set email_verified_at = now() where id = ${person.userId}`
    const ago = async (more: number) =>
      app.sql`update orders set created_at = now() - make_interval(hours => ${more}, mins => 1) where user_id = ${person.userId}`
    await ago(hours)
    return { ...person, ago }
  }

  test('is reminded of after an hour, a day and three days, and not again', async () => {
    const { email, ago } = await begun(0)
    expect(await mailed(app, email, unpaid)).toHaveLength(0)
    for (const [hours, many] of [
      [1, 1],
      [24, 2],
      [72, 3],
      [100, 3],
    ] as const) {
      await nextDay(app)
      await ago(hours)
      expect([hours, (await mailed(app, email, unpaid)).length]).toEqual([hours, many])
    }
  })

  test('is resumed by its link as the same order, and says why the last try failed', async () => {
    const { email, order, visitor, ago } = await begun(0)
    await app.sql`
      insert into payments (cf_payment_id, order_id, status, amount_paise, failure_reason, started_at, completed_at)
      values ('failed-1', ${order.id}, 'FAILED', 49900, 'Insufficient funds', now(), now())`
    await ago(1)
    const [mail] = await mailed(app, email, unpaid)
    expect(mail!.text).toContain('Your last payment didn’t go through: Insufficient funds')
    const path = pathIn(app, mail!.text, 'renew')
    await visitor.post(path)
    const open = await app.sql<
      { id: string }[]
    >`select id from orders where user_id = ${order.userId} and status = 'active'`
    expect(open.map(({ id }) => id)).toEqual([order.id])
  })

  test('ends by itself: paid, money under way, nothing sold, an address that nobody confirmed', async () => {
    const paid = await begun(1)
    await app.run('remind')
    app.sandbox.control.pay(paid.order.id)
    await paid.visitor.get(`/payment/return?order_id=${paid.order.id}`)
    expect(await mailed(app, paid.email, unpaid)).toEqual([])
    const unconfirmed = await begun(1)
    await app.sql`update users set email_verified_at = null where id = ${unconfirmed.userId}`
    expect(await mailed(app, unconfirmed.email, unpaid)).toHaveLength(1)
    await nextDay(app)
    await unconfirmed.ago(24)
    expect(await mailed(app, unconfirmed.email, unpaid)).toHaveLength(1)
    await nextDay(app)
    await app.sql`update orders set status = 'terminated', closed_at = now() where id = ${unconfirmed.order.id}`
    await unconfirmed.visitor.post('/checkout/annual')
    await unconfirmed.ago(1)
    expect(await mailed(app, unconfirmed.email, unpaid)).toHaveLength(1)
    const waiting = await begun(1)
    app.sandbox.control.pending(waiting.order.id)
    await waiting.visitor.get(`/payment/return?order_id=${waiting.order.id}`)
    expect(await mailed(app, waiting.email, unpaid)).toEqual([])
    const unsold = await begun(1)
    await app.sql`update plans set on_sale = false where name = 'monthly'`
    expect(await mailed(app, unsold.email, unpaid)).toEqual([])
    await app.sql`update plans set on_sale = true where key = 'monthly_v1'`
  })

  test('is reminded of as well where somebody comes back after their access ended, and not after leaving it be', async () => {
    const gone = await endingIn(app, -30)
    expect(await mailed(app, gone.email, unpaid)).toEqual([])
    await gone.visitor.post('/checkout/monthly')
    await app.sql`
      update orders set created_at = now() - case when paid_at is null then interval '61 minutes' else interval '60 days' end
      where user_id = ${gone.userId}`
    expect(await mailed(app, gone.email, unpaid)).toHaveLength(1)
  })
})
