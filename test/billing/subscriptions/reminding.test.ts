import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findEnd } from '../../../src/billing/subscriptions/queries.ts'
import { grantDays } from '../../../src/billing/subscriptions/subscriptions.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** A subscriber whose period ends in so many hours. */
async function subscriberEndingIn(hours: number) {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  await app.sql`
    update subscriptions set current_period_end = now() + make_interval(hours => ${hours}) where user_id = ${order.userId}
  `
  await app.run('deliver-mails')
  return { visitor, email: form.email!, userId: order.userId }
}

async function remindersTo(email: string) {
  await app.run('remind')
  await app.run('deliver-mails')
  return (await app.mailbox.list()).filter(
    (mail) => mail.recipients.includes(email) && /^Your (plan|access) ends/.test(mail.subject),
  )
}

describe('the mail before a period ends', () => {
  test('comes once a week ahead, and once more on the last day', async () => {
    const { email, userId } = await subscriberEndingIn(6 * 24)
    expect(await remindersTo(email)).toHaveLength(1)
    expect(await remindersTo(email)).toHaveLength(1)
    await app.sql`update subscriptions set current_period_end = now() + interval '10 hours' where user_id = ${userId}`
    const mails = await remindersTo(email)
    expect(mails).toHaveLength(2)
    expect(mails[0]!.text).toContain('renew for ₹499')
    expect(mails[0]!.text).toContain(`${app.config.baseUrl}/checkout/monthly`)
  })

  test('does not come while there is more than a week', async () => {
    const { email } = await subscriberEndingIn(8 * 24)
    expect(await remindersTo(email)).toHaveLength(0)
  })

  test('is not sent to someone who renewed before it went out', async () => {
    const { email, userId } = await subscriberEndingIn(3 * 24)
    await app.run('remind')
    await app.sql`update subscriptions set current_period_end = now() + interval '33 days' where user_id = ${userId}`
    expect(await remindersTo(email)).toHaveLength(0)
    expect((await subscriberOf(app, email)).status).toBe('active')
    const [mail] = await app.sql`select status from mails where kind = 'renewal' and to_email = ${email}`
    expect(mail?.status).toBe('skipped')
  })

  /** Somebody who never paid and was given so many days, of which so many hours are left. */
  async function guestEndingIn(hours: number, days: number) {
    const form = await new Visitor(app).register()
    const { userId } = await newestOrder(app, form.email!)
    const by = { actor: `user:${randomUUID()}`, origin: null }
    const { seenEnd } = (await findEnd(app.sql, userId, 0))!
    await grantDays(app.sql, { userId, days, reason: 'to try it', key: randomUUID(), seenEnd }, by)
    await app.sql`
      update subscriptions
      set current_period_start = now() + make_interval(hours => ${hours - 24 * days}), current_period_end = now() + make_interval(hours => ${hours})
      where user_id = ${userId}`
    await app.run('deliver-mails')
    return { email: form.email!, userId }
  }

  test('comes before granted days end too, and offers what is on sale', async () => {
    const { email } = await guestEndingIn(10, 14)
    const [mail, ...more] = await remindersTo(email)
    expect(more).toEqual([])
    expect(mail!.subject).toMatch(/^Your access ends on/)
    expect(mail!.text).toContain('take the monthly plan for ₹499')
    expect(mail!.text).toContain(`${app.config.baseUrl}/checkout/monthly`)
    expect(mail!.text).not.toContain('renew')
  })

  test('does not come at once where the mail about granted days has just said their end', async () => {
    const fresh = await guestEndingIn(5 * 24, 5)
    expect(await remindersTo(fresh.email)).toHaveLength(0)
    const single = await guestEndingIn(24, 1)
    expect(await remindersTo(single.email)).toHaveLength(0)
    const last = await guestEndingIn(12, 5)
    expect(await remindersTo(last.email)).toHaveLength(1)
  })

  test('offers the shortest plan on sale where one’s own is not sold any more', async () => {
    const { email } = await subscriberEndingIn(6 * 24)
    await app.sql`update plans set on_sale = false, withdrawn_at = now() where key = 'monthly_v1'`
    try {
      const [mail] = await remindersTo(email)
      expect(mail!.text).toContain(`${app.config.baseUrl}/checkout/annual`)
      expect(mail!.text).toContain('renew for ₹4,990')
    } finally {
      await app.sql`update plans set on_sale = true, withdrawn_at = null where key = 'monthly_v1'`
    }
  })
})
