import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refundPayment } from '../../../src/billing/refunds/refunds.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** Somebody who just paid, and the payment. */
async function payer(plan = 'monthly') {
  const visitor = new Visitor(app)
  const form = await visitor.register({ plan })
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  const [payment] = await app.sql<
    { cfPaymentId: string }[]
  >`select cf_payment_id from payments where order_id = ${order.id}`
  return { visitor, email: form.email!, order, cfPaymentId: payment!.cfPaymentId }
}

const refundsOf = (orderId: string) =>
  app.sql<{ id: string; status: string; amountPaise: number }[]>`
    select id, status, amount_paise from refunds where order_id = ${orderId} order by created_at`
const asked = (orderId: string) => app.sandbox.control.order(orderId).refunds
const admin = 'user:admin'

describe('refunding', () => {
  test('a full refund ends the period it paid for, writes a credit note and mails it once', async () => {
    const { email, order, cfPaymentId } = await payer()
    await refundPayment(app.services, {
      cfPaymentId,
      ordinal: 1,
      amountPaise: 49_900,
      reason: 'asked within 7 days',
      actor: admin,
    })
    expect((await subscriberOf(app, email)).isPaid).toBe(true)
    await app.run('send-refunds')
    await until(async () => (await refundsOf(order.id))[0]?.status === 'succeeded')
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled', isPaid: false })
    const [note] =
      await app.sql`select number, amount_paise from credit_notes where refund_id = ${`rf_${cfPaymentId}_1`}`
    expect(note).toMatchObject({ amountPaise: 49_900 })
    expect(note?.number).toMatch(/^C\d{4}-\d{6}$/)
    await app.run('deliver-mails')
    await app.run('deliver-mails')
    const mails = (await app.mailbox.list()).filter(
      (mail) => mail.recipients.includes(email) && /refunded/.test(mail.subject),
    )
    expect(mails).toHaveLength(1)
    expect(mails[0]!.text).toContain('the period it paid for has ended')
  })

  test('a partial refund keeps the period; the parts together end it', async () => {
    const { email, order, cfPaymentId } = await payer()
    const part = (ordinal: number, amountPaise: number) =>
      refundPayment(app.services, { cfPaymentId, ordinal, amountPaise, reason: 'goodwill', actor: admin })
    await part(1, 10_000)
    await app.run('send-refunds')
    await until(async () => (await refundsOf(order.id))[0]?.status === 'succeeded')
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    await part(2, 39_900)
    await app.run('send-refunds')
    await until(async () => (await refundsOf(order.id))[1]?.status === 'succeeded')
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled', isPaid: false })
  })

  test('asked for by two admins twenty times at once, it is one refund', async () => {
    const { order, cfPaymentId } = await payer()
    const request = { cfPaymentId, ordinal: 1, amountPaise: 49_900, reason: 'twice' }
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => refundPayment(app.services, { ...request, actor: `user:${i % 2}` })),
    )
    await Promise.all([app.run('send-refunds'), app.run('send-refunds')])
    await until(async () => (await refundsOf(order.id))[0]?.status === 'succeeded')
    expect(await refundsOf(order.id)).toHaveLength(1)
    expect(asked(order.id)).toHaveLength(1)
  })

  test('more than was captured is refused, in one or in two refunds', async () => {
    const { cfPaymentId } = await payer()
    const ask = (ordinal: number, amountPaise: number) =>
      refundPayment(app.services, { cfPaymentId, ordinal, amountPaise, reason: 'too much', actor: admin })
    await expect(ask(1, 0)).rejects.toThrow('enter the amount')
    await expect(ask(1, -5)).rejects.toThrow('enter the amount')
    await expect(ask(1, 49_901)).rejects.toThrow('more than what is left')
    await ask(1, 40_000)
    await expect(ask(2, 10_000)).rejects.toThrow('more than what is left')
    await expect(ask(1, 39_000)).rejects.toThrow('made in the meantime')
    await expect(ask(7, 100)).rejects.toThrow('made in the meantime')
  })

  test('a reply lost after Cashfree accepted does not refund twice', async () => {
    const { order, cfPaymentId } = await payer()
    app.sandbox.control.faults({ replyLost: { count: 2, endpoint: 'refunds.create' } })
    await refundPayment(app.services, {
      cfPaymentId,
      ordinal: 1,
      amountPaise: 49_900,
      reason: 'lost reply',
      actor: admin,
    })
    await app.run('send-refunds')
    await app.sql`update refunds set next_look_at = now() where order_id = ${order.id} and finished_at is null`
    await app.run('send-refunds')
    await until(async () => (await refundsOf(order.id))[0]?.status === 'succeeded')
    expect(asked(order.id)).toHaveLength(1)
    app.sandbox.control.clearFaults()
  })

  test('a failed refund is shown, opens an incident and leaves access alone', async () => {
    const { email, order, cfPaymentId } = await payer()
    app.sandbox.control.settings({ refundOutcome: 'FAILED' })
    await refundPayment(app.services, {
      cfPaymentId,
      ordinal: 1,
      amountPaise: 49_900,
      reason: 'will fail',
      actor: admin,
    })
    await app.run('send-refunds')
    await app.sql`update refunds set next_look_at = now() where order_id = ${order.id} and finished_at is null`
    await app.run('send-refunds')
    await until(async () => (await refundsOf(order.id))[0]?.status === 'failed')
    app.sandbox.control.settings({ refundOutcome: 'SUCCESS' })
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active' })
    expect(await app.sql`select 1 from incidents where kind = 'refund-failed' and order_id = ${order.id}`).toHaveLength(
      1,
    )
  })

  test('refunding the first of two periods moves the second one forward', async () => {
    const { visitor, email, order, cfPaymentId } = await payer('monthly')
    await visitor.post('/checkout/annual')
    const second = await newestOrder(app, email)
    app.sandbox.control.pay(second.id)
    await visitor.get(`/payment/return?order_id=${second.id}`)
    const before = await subscriberOf(app, email)
    await refundPayment(app.services, {
      cfPaymentId,
      ordinal: 1,
      amountPaise: 49_900,
      reason: 'wrong plan',
      actor: admin,
    })
    await app.run('send-refunds')
    await until(async () => (await refundsOf(order.id))[0]?.status === 'succeeded')
    const after = await subscriberOf(app, email)
    expect(after).toMatchObject({ status: 'active', isPaid: true })
    const days = (before.currentPeriodEnd!.getTime() - after.currentPeriodEnd!.getTime()) / 86_400_000
    expect(days).toBeGreaterThan(27)
    expect(days).toBeLessThan(31.1)
  })

  test('two refunds of one person that finish together leave exactly the third period, from now on', async () => {
    for (let round = 0; round < 4; round++) {
      const { visitor, email, cfPaymentId } = await payer('monthly')
      const paid = [cfPaymentId]
      for (const plan of ['annual', 'monthly']) {
        await visitor.post(`/checkout/${plan}`)
        const next = await newestOrder(app, email)
        app.sandbox.control.pay(next.id)
        await visitor.get(`/payment/return?order_id=${next.id}`)
        const [row] = await app.sql<
          { cfPaymentId: string }[]
        >`select cf_payment_id from payments where order_id = ${next.id}`
        paid.push(row!.cfPaymentId)
      }
      const back = [
        [paid[0]!, 49_900],
        [paid[1]!, 499_000],
      ] as const
      for (const [payment, amountPaise] of back)
        await refundPayment(app.services, {
          cfPaymentId: payment,
          ordinal: 1,
          amountPaise,
          reason: 'both',
          actor: admin,
        })
      const done = async () =>
        (await app.sql`select 1 from refunds where cf_payment_id in ${app.sql(paid)} and status = 'succeeded'`)
          .length === 2
      await until(async () => {
        await app.sql`update refunds set next_look_at = now() where finished_at is null`
        await app.run('send-refunds')
        return done()
      })
      const days = ((await subscriberOf(app, email)).currentPeriodEnd!.getTime() - Date.now()) / 86_400_000
      expect(days).toBeGreaterThan(27.9)
      expect(days).toBeLessThan(31.1)
    }
  })

  test('a second payment of one order is refunded without touching the period', async () => {
    const { email, order } = await payer()
    app.sandbox.control.pay(order.id, { newAttempt: true })
    await until(
      async () =>
        (await app.sql`select 1 from incidents where kind = 'paid-twice' and order_id = ${order.id}`).length === 1,
    )
    const [extra] = await app.sql<{ cfPaymentId: string }[]>`
      select cf_payment_id from payments where order_id = ${order.id} and applied_at is null`
    await refundPayment(app.services, {
      cfPaymentId: extra!.cfPaymentId,
      ordinal: 1,
      amountPaise: 49_900,
      reason: 'paid twice',
      actor: admin,
    })
    await app.run('send-refunds')
    await until(async () => (await refundsOf(order.id))[0]?.status === 'succeeded')
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    expect(await app.sql`select 1 from credit_notes where refund_id like ${`rf_${extra!.cfPaymentId}%`}`).toHaveLength(
      0,
    )
  })
})
