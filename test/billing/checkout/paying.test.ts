import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

describe('paying', () => {
  test('registration opens the account, the order and Cashfree’s session in one go', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const page = await visitor.get('/checkout/monthly')
    expect(stageOn(page)).toBe('session-created')
    expect(page.body).toContain(`action="${app.config.cashfree.apiBase}/view/sessions/checkout"`)
    const order = await newestOrder(app, form.email!)
    expect(page.body).toContain(`value="${order.paymentSessionId}"`)
    expect(order).toMatchObject({ status: 'active', amountPaise: 49_900, currency: 'INR' })
    expect(app.sandbox.control.order(order.id).amountPaise).toBe(49_900)
    expect(await subscriberOf(app, form.email!)).toMatchObject({
      status: 'pending',
      isPaid: false,
      currentPeriodEnd: null,
    })
  })

  test('the return page shows the truth at once when Cashfree already says paid', async () => {
    app.sandbox.control.webhooks({ paused: true })
    const visitor = new Visitor(app)
    const form = await visitor.register({ plan: 'annual' })
    const order = await newestOrder(app, form.email!)
    app.sandbox.control.pay(order.id)
    const page = await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(stageOn(page)).toBe('paid')
    expect(stageOn(await visitor.get('/checkout/annual'))).toBe('paid')
    expect(await subscriberOf(app, form.email!)).toMatchObject({ status: 'active', isPaid: true })
    expect((await visitor.get('/dashboard')).body).toContain('Annual')
    app.sandbox.control.webhooks({ paused: false })
  })

  test('the webhook alone activates the subscription, and the receipt is mailed once', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const order = await newestOrder(app, form.email!)
    app.sandbox.control.pay(order.id)
    await until(async () => (await subscriberOf(app, form.email!)).status === 'active')
    await app.run('deliver-mails')
    await app.run('deliver-mails')
    const mails = (await app.mailbox.list()).filter(
      (mail) => mail.recipients.includes(form.email!) && mail.subject.includes('receipt'),
    )
    expect(mails).toHaveLength(1)
    expect(mails[0]!.subject).toMatch(/^₹499 received, your plan is active: receipt R\d{4}-\d{6}$/)
    expect(mails[0]!.text).toContain('Your plan is active until')
    expect(mails[0]!.html).toContain('₹499')
  })

  test('a failed attempt is told on the checkout, and the same order can be paid', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const order = await newestOrder(app, form.email!)
    app.sandbox.control.fail(order.id)
    const back = await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(stageOn(back)).toBe('session-created')
    const page = await visitor.get('/checkout/monthly')
    expect(stageOn(page)).toBe('session-created')
    expect(page.body).toContain('didn’t go through')
    app.sandbox.control.pay(order.id)
    expect(stageOn(await visitor.get(`/payment/return?order_id=${order.id}`))).toBe('paid')
    const attempts = await app.sql`select status from payments where order_id = ${order.id} order by cf_payment_id`
    expect(attempts.map((row) => row.status)).toEqual(['FAILED', 'SUCCESS'])
  })
})
