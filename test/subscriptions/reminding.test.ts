import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder, subscriberOf } from '../support/books.ts'
import { Visitor } from '../support/visitor.ts'

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
    (mail) => mail.recipients.includes(email) && mail.subject.startsWith('Your plan ends'),
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
})
