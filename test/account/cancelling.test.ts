import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endingIn } from '../billing/reminders/fixture.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { mailsTo } from './mailed.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const year = new Date().getFullYear()

describe('cancelling', () => {
  test('while the paid time runs keeps access until its end, and says so', async () => {
    const { visitor, email } = await endingIn(app, 10)
    const before = (await visitor.get('/account/subscription/cancel')).body
    expect(before).toContain('Cancelling also ends the extra days to renew, which would run until')
    expect(before.replace(/\s+/g, ' ')).toContain(
      'We never charge you automatically, so there is no payment to stop: cancelling stops our reminders to renew.',
    )
    expect(before.replace(/\s+/g, ' ')).toContain(
      'Paid less than 7 days ago? Ask for a full refund: mail <a href="mailto:',
    )
    await visitor.post('/account/subscription/cancel', { reason: 'price' })
    const { body } = await visitor.get('/account')
    expect(body).toMatch(/Cancelled\. You have access until [\w, ]+\./)
    expect(body).toContain('Resume subscription')
    const [mail] = await mailsTo(app, email, /^You cancelled: access until/)
    expect(mail!.text).toContain('You have access until')
    expect(mail!.text).toContain('Until that day you can resume with one click: http')
    for (const text of [mail!.text, mail!.html])
      expect(text).toContain('Paid less than 7 days ago? Ask for a full refund')
    expect(mail!.text).toContain(`${app.url}/refunds`)
  })

  test('within grace ends access at once: no day is promised, least of all one that is over', async () => {
    const { visitor, email, userId } = await endingIn(app, -1)
    await visitor.post('/account/subscription/cancel', {})
    const { body } = await visitor.get('/account')
    expect(body).toContain('Cancelled. Your paid period has ended, so your access has stopped.')
    expect([body.includes('You have access until'), body.includes('Resume subscription')]).toEqual([false, false])
    const [mail] = await mailsTo(app, email, /^You cancelled/)
    expect(mail!.subject).toBe('You cancelled: your access has stopped')
    for (const text of [mail!.subject, mail!.text, mail!.html])
      expect([text, new RegExp(`${year}|stays until|resume`).test(text ?? '')]).toEqual([text, false])
    const [access] = await app.sql`select has_access(s) as has from subscriptions s where user_id = ${userId}`
    expect(access).toEqual({ has: false })
  })

  test('can be taken back while a payment is under way, for resuming takes no money', async () => {
    const { visitor, userId } = await endingIn(app, 10)
    await visitor.post('/account/subscription/cancel', {})
    await visitor.post('/checkout/monthly')
    const [order] = await app.sql<
      { id: string }[]
    >`select id from orders where user_id = ${userId} and status = 'active'`
    app.sandbox.control.pending(order!.id)
    await visitor.get(`/payment/return?order_id=${order!.id}`)
    const { body } = await visitor.get('/account')
    expect([body.includes('Confirming your payment'), body.includes('Resume subscription')]).toEqual([true, true])
    await visitor.post('/account/subscription/resume')
    expect(
      await app.sql`select from subscriptions where user_id = ${userId} and cancel_requested_at is null`,
    ).toHaveLength(1)
  })
})
