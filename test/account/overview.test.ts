import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { periodBar } from '../../src/account/overview/period-bar.ts'
import type { PeriodRow } from '../../src/account/overview/queries.ts'
import { give } from '../billing/gifts/giving.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { refundInFull, registrant, subscriber } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const text = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')

describe('the account’s first page', () => {
  test('says that nothing was paid, and offers the plans', async () => {
    const { visitor } = await registrant(app)
    const page = text((await visitor.get('/account')).body)
    for (const words of [
      'Not active yet',
      'Activate monthly, ₹499',
      'Why you have no access',
      'Order opened: monthly plan, ₹499',
      'No receipts yet',
    ])
      expect([words, page.includes(words)]).toEqual([words, true])
    expect(page).not.toContain('Your periods')
  })

  test('asks to confirm the address until that is done, and sends the link again', async () => {
    const { visitor, email } = await registrant(app)
    expect(text((await visitor.get('/account')).body)).toContain(
      `Please confirm your e-mail: we sent a link to ${email}`,
    )
    const again = await visitor.post('/account/security/verification', { next: '/account' })
    expect([again.status, again.location]).toEqual([303, '/account'])
    await app.sql`update users set email_verified_at = now() where email = ${email}`
    expect((await visitor.get('/account')).body).not.toContain('Please confirm your e-mail')
  })

  test('says why there is access: order, payment, period, each with its cause', async () => {
    const { visitor, order } = await subscriber(app)
    const page = text((await visitor.get('/account')).body)
    for (const words of [
      'Why you have access',
      'Your periods',
      '₹499 paid by UPI',
      `Cashfree confirmed the payment of order ${order.id}`,
      `Bought with order ${order.id}, receipt R`,
      'access stops on',
    ])
      expect([words, page.includes(words)]).toEqual([words, true])
  })

  test('says how a payment younger than seven days is refunded, until something of it went back', async () => {
    const { visitor, order, cfPaymentId } = await subscriber(app)
    const offers = async () =>
      / you can have the ₹499 of .* back in full: mail /.test(text((await visitor.get('/account')).body))
    expect(await offers()).toBe(true)
    await refundInFull(app, cfPaymentId, order.id)
    expect(await offers()).toBe(false)
    const late = await subscriber(app)
    await app.sql`
      update payments set completed_at = now() - interval '7 days' where cf_payment_id = ${late.cfPaymentId}`
    expect((await late.visitor.get('/account')).body).not.toContain('back in full')
  })

  test('offers the money of a gift back as well, and leaves gifts bought for others out of why there is access', async () => {
    const { visitor, order } = await subscriber(app)
    const { orderId } = await give(app, visitor)
    const { body } = await visitor.get('/account')
    const why = body.slice(body.indexOf('id="why-title"'))
    expect([why.includes(order.id), why.includes(orderId)]).toEqual([true, false])
    expect(text(body)).toMatch(
      /Changed your mind about a gift\? Until .* you can have the ₹499 of .* back in full: mail .* receipt number\. The gift then ends\./,
    )
    const [{ cfPaymentId }] = await app.sql<[{ cfPaymentId: string }]>`
      select cf_payment_id from payments where order_id = ${orderId}`
    await refundInFull(app, cfPaymentId, orderId)
    const after = (await visitor.get('/account')).body
    expect(after).not.toContain('Changed your mind about a gift?')
    expect(after.slice(after.indexOf('id="why-title"'))).not.toContain('refunded')
  })

  test('says what a refund did', async () => {
    const { visitor, order, cfPaymentId } = await subscriber(app)
    await refundInFull(app, cfPaymentId, order.id)
    const page = text((await visitor.get('/account')).body)
    for (const words of [
      'Why you have no access',
      'Cancelled',
      '₹499 refunded',
      'Credit note C',
      'The whole price was refunded.',
      'Refunds',
    ])
      expect([words, page.includes(words)]).toEqual([words, true])
  })

  test('shows the failed try and the expired order, and what they did not do', async () => {
    const { visitor, order, email } = await registrant(app)
    app.sandbox.control.fail(order.id)
    app.sandbox.control.expire(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect((await newestOrder(app, email)).status).toBe('expired')
    const page = text((await visitor.get('/account')).body)
    for (const words of ['did not go through', 'Order closed unpaid', 'Nothing was charged and no access was given'])
      expect([words, page.includes(words)]).toEqual([words, true])
  })

  test('holds nothing of anybody else', async () => {
    const other = await subscriber(app)
    const { visitor } = await subscriber(app)
    const { body } = await visitor.get('/account')
    for (const foreign of [other.email, other.order.id, other.cfPaymentId]) expect(body).not.toContain(foreign)
  })
})

describe('the bar of periods', () => {
  const period = (from: string, to: string, voidedAt: string | null = null): PeriodRow => ({
    startsAt: new Date(from),
    endsAt: new Date(to),
    createdAt: new Date(from),
    voidedAt: voidedAt ? new Date(voidedAt) : null,
    voidReason: null,
    endCause: voidedAt === null ? null : 'refund',
    grantReason: null,
    planTitle: 'Monthly',
    orderId: 'ds_1',
    isGift: false,
    receiptNumber: null,
  })
  const now = new Date('2026-11-15')

  test('is true to scale and marks today, what ran, runs and will run, and grace', () => {
    const bar = periodBar(
      [period('2026-10-01', '2026-11-01'), period('2026-11-01', '2026-12-01'), period('2026-12-01', '2026-12-31')],
      new Date('2027-01-03'),
      now,
    )!
    expect(bar.stretches.map((one) => one.kind)).toEqual(['past', 'now', 'ahead', 'grace'])
    const days = 94
    expect(bar.stretches.map((one) => Math.round((one.width / bar.width) * days))).toEqual([31, 30, 30, 3])
    expect(Math.round((bar.today! / bar.width) * days)).toBe(45)
  })

  test('draws a period that was ended early as far as it was enjoyed, and no grace for it', () => {
    const bar = periodBar([period('2026-11-01', '2026-12-01', '2026-11-11')], new Date('2026-11-14'), now)!
    expect(bar.stretches.map((one) => one.kind)).toEqual(['past', 'voided'])
    const untouched = periodBar([period('2026-12-01', '2026-12-31', '2026-11-11')], new Date('2026-11-14'), now)!
    expect(untouched.stretches.map((one) => one.kind)).toEqual(['voided'])
    expect(untouched.today).toBeNull()
  })

  test('is none without periods', () => {
    expect(periodBar([], null, now)).toBeNull()
  })
})
