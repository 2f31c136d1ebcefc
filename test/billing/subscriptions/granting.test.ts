import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refundPayment } from '../../../src/billing/refunds/refunds.ts'
import { findEnd } from '../../../src/billing/subscriptions/queries.ts'
import { cancelSubscription, grantDays, subscriptionOf } from '../../../src/billing/subscriptions/subscriptions.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const by = {
  actor: `user:${randomUUID()}`,
  origin: { address: '203.0.113.7', userAgent: 'a browser', requestId: 'r1' },
}
const day = 86_400_000

async function person(pays = true) {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  if (pays) {
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
  }
  const { userId } = order
  const seenEnd = async () => (await findEnd(app.sql, userId, 0))!.seenEnd
  const grant = async (days: number, key: string = randomUUID()) =>
    grantDays(app.sql, { userId, days, reason: 'site was down', key, seenEnd: await seenEnd() }, by)
  const cancel = async (key: string = randomUUID()) =>
    cancelSubscription(app.sql, { userId, reason: 'asked by mail', key, seenEnd: await seenEnd() }, by)
  const stands = () => subscriberOf(app, form.email!)
  return { visitor, email: form.email!, userId, order, seenEnd, grant, cancel, stands }
}

const brokenBooks = async () => (await checkInvariants(app.sql)).checks.filter(({ wrong }) => wrong > 0)

describe('granted days', () => {
  test('give access to somebody who never paid, and do not call it paid', async () => {
    const { visitor, grant, stands, userId } = await person(false)
    await grant(7)
    const now = await stands()
    expect(now).toMatchObject({ status: 'active', isPaid: false })
    expect((now.currentPeriodEnd!.getTime() - Date.now()) / day).toBeCloseTo(7, 1)
    expect(await subscriptionOf(app.sql, userId)).toMatchObject({ hasAccess: true, status: 'active' })
    expect((await visitor.get('/dashboard')).body).toContain('Free days')
    expect(await brokenBooks()).toEqual([])
  })

  test('on top of a paid period begin where it ends, and it stays paid', async () => {
    const { grant, stands } = await person()
    const before = await stands()
    await grant(10)
    const after = await stands()
    expect(after).toMatchObject({ status: 'active', isPaid: true, currentPeriodStart: before.currentPeriodStart })
    expect(after.currentPeriodEnd!.getTime() - before.currentPeriodEnd!.getTime()).toBe(10 * day)
    expect(await brokenBooks()).toEqual([])
  })

  test('go on to a bought period without a gap, and it is paid from then on', async () => {
    const { visitor, email, grant, stands } = await person(false)
    await grant(3)
    const granted = (await stands()).currentPeriodEnd!
    const order = await newestOrder(app, email)
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const after = await stands()
    expect(after.isPaid).toBe(true)
    expect((after.currentPeriodEnd!.getTime() - granted.getTime()) / day).toBeGreaterThan(27.9)
    expect(await brokenBooks()).toEqual([])
  })

  test('pass through grace to the end like bought ones', async () => {
    const { grant, stands, userId } = await person(false)
    await grant(1)
    await app.sql`update subscriptions set current_period_end = now() - interval '1 hour' where user_id = ${userId}`
    await app.run('keep-statuses')
    expect(await stands()).toMatchObject({ status: 'grace', isPaid: false })
    expect((await subscriptionOf(app.sql, userId)).hasAccess).toBe(true)
    await app.sql`update subscriptions set current_period_end = now() - interval '4 days' where user_id = ${userId}`
    await app.run('keep-statuses')
    expect(await stands()).toMatchObject({ status: 'expired', isPaid: false })
    await app.sql`update subscription_periods set starts_at = now() - interval '5 days', ends_at = now() - interval '4 days' where user_id = ${userId}`
    await app.sql`update subscriptions s set current_period_end = p.ends_at from subscription_periods p where p.user_id = s.user_id and s.user_id = ${userId}`
    expect(await brokenBooks()).toEqual([])
  })

  test('asked for twenty times at once with one key are one grant, one mail, one line in the audit with its origin', async () => {
    const { userId, email, seenEnd } = await person()
    const ask = { userId, days: 5, reason: 'once', key: randomUUID(), seenEnd: await seenEnd() }
    await Promise.all(Array.from({ length: 20 }, () => grantDays(app.sql, ask, by)))
    const periods =
      await app.sql`select id from subscription_periods where user_id = ${userId} and granted_by = ${by.actor}`
    expect(periods).toHaveLength(1)
    const notes = await app.sql<{ details: Record<string, unknown>; origin: object }[]>`
      select details, origin from audit where user_id = ${userId} and action = 'subscription.granted'`
    expect(notes).toHaveLength(1)
    expect(notes[0]).toMatchObject({ details: { days: 5, reason: 'once' }, origin: { address: '203.0.113.7' } })
    await app.run('deliver-mails')
    const mails = (await app.mailbox.list()).filter(
      (mail) => mail.recipients.includes(email) && /5 days were added/.test(mail.subject),
    )
    expect(mails).toHaveLength(1)
    expect(mails[0]!.text).not.toContain('once')
  })

  test('of two administrators who saw the same end, one grants', async () => {
    const { userId, seenEnd } = await person()
    const seen = await seenEnd()
    const ask = () => grantDays(app.sql, { userId, days: 30, reason: 'both', key: randomUUID(), seenEnd: seen }, by)
    const outcomes = await Promise.allSettled([ask(), ask()])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(
      await app.sql`select from subscription_periods where user_id = ${userId} and granted_by is not null`,
    ).toHaveLength(1)
  })

  test('move forward when the paid period before them is refunded, and are no longer paid', async () => {
    const { order, grant, stands } = await person()
    await grant(10)
    const [payment] = await app.sql<{ cfPaymentId: string; left: number }[]>`
      select cf_payment_id, (amount_paise - gone_or_going(cf_payment_id))::int as left from payments where order_id = ${order.id}`
    await refundPayment(app.services, {
      cfPaymentId: payment!.cfPaymentId,
      ordinal: 1,
      amountPaise: 49_900,
      reason: 'asked',
      leftPaise: payment!.left,
      ...by,
    } as never)
    await until(async () => {
      await app.sql`update refunds set next_look_at = now() where finished_at is null`
      await app.run('send-refunds')
      return (await app.sql`select from refunds where order_id = ${order.id} and status = 'succeeded'`).length === 1
    })
    const after = await stands()
    expect(after).toMatchObject({ status: 'active', isPaid: false })
    expect((after.currentPeriodEnd!.getTime() - Date.now()) / day).toBeCloseTo(10, 1)
    expect(await brokenBooks()).toEqual([])
  })

  test('are refused to nobody, for no reason, and for no days, by the database itself', async () => {
    const { userId } = await person(false)
    const nobody = { userId: randomUUID(), days: 5, reason: 'x', key: randomUUID(), seenEnd: null }
    await expect(grantDays(app.sql, nobody, by)).rejects.toThrow('no such account')
    for (const days of [0, 367, -1])
      await expect(grantDays(app.sql, { ...nobody, userId, days }, by)).rejects.toThrow('p_days')
    await expect(
      app.sql`insert into subscription_periods (user_id, starts_at, ends_at, granted_by) values (${userId}, now(), now() + interval '1 day', 'user:x')`,
    ).rejects.toThrow('granted_says_why')
    await expect(
      app.sql`insert into subscription_periods (user_id, starts_at, ends_at) values (${userId}, now(), now() + interval '1 day')`,
    ).rejects.toThrow('bought_granted_or_a_gift')
  })
})

describe('a cancelled subscription', () => {
  test('ends now with everything ahead, keeps its money and receipt, and can be bought again', async () => {
    const { visitor, email, order, grant, cancel, stands, userId } = await person()
    await grant(20)
    await cancel()
    const now = await stands()
    expect(now).toMatchObject({ status: 'cancelled', isPaid: false })
    expect(now.currentPeriodEnd!.getTime()).toBeLessThanOrEqual(Date.now() + 1000)
    expect((await subscriptionOf(app.sql, userId)).hasAccess).toBe(false)
    expect(await app.sql`select from receipts where order_id = ${order.id}`).toHaveLength(1)
    expect(await app.sql`select from refunds where order_id = ${order.id}`).toHaveLength(0)
    expect(await brokenBooks()).toEqual([])
    await app.run('deliver-mails')
    const mails = (await app.mailbox.list()).filter((mail) => mail.recipients.includes(email))
    expect(mails.map(({ subject }) => subject)).toContain('Your subscription was cancelled')

    await app.sql`update orders set paid_at = paid_at - interval '2 days' where user_id = ${userId}`
    await visitor.post('/checkout/monthly')
    const again = await newestOrder(app, email)
    app.sandbox.control.pay(again.id)
    await visitor.get(`/payment/return?order_id=${again.id}`)
    expect(await stands()).toMatchObject({ status: 'active', isPaid: true })
    expect(await brokenBooks()).toEqual([])
  })

  test('is cancelled once, whoever asks how often, and refused when nothing runs', async () => {
    const { userId, seenEnd, cancel } = await person()
    const ask = { userId, reason: 'twice', key: randomUUID(), seenEnd: await seenEnd() }
    await Promise.all([1, 2, 3].map(() => cancelSubscription(app.sql, ask, by)))
    expect(
      await app.sql`select from audit where user_id = ${userId} and action = 'subscription.cancelled'`,
    ).toHaveLength(1)
    await expect(cancelSubscription(app.sql, { ...ask, key: randomUUID() }, by)).rejects.toThrow(
      'changed in the meantime',
    )
    await expect(cancel()).rejects.toThrow('nothing to cancel')
    expect(await app.sql`select from mails where user_id = ${userId} and kind = 'cancelled'`).toHaveLength(1)
  })

  test('is refused when a renewal came in meanwhile, so that nothing unseen is lost', async () => {
    const { visitor, email, userId, seenEnd, stands } = await person()
    const seen = await seenEnd()
    await visitor.post('/checkout/annual')
    const order = await newestOrder(app, email)
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const ask = cancelSubscription(app.sql, { userId, reason: 'late', key: randomUUID(), seenEnd: seen }, by)
    await expect(ask).rejects.toThrow('changed in the meantime')
    expect(await stands()).toMatchObject({ status: 'active', isPaid: true })
  })
})
