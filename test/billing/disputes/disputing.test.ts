import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { refundPayment } from '../../../src/billing/refunds/refunds.ts'
import { deletionForm } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { subscriberOf, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { disputesOf, incidentsOf, payer, quiet, remoteDispute, sound, write } from './fixture.ts'

const operator = 'owner@example.in'
let app: TestApp
beforeAll(async () => {
  app = await startApp({ ALERT_EMAIL: operator })
})
afterAll(() => app.close())
afterEach(() => app.sandbox.control.clearFaults())

const refund = (cfPaymentId: string, amountPaise = 49_900, ordinal = 1) =>
  refundPayment(app.services, { cfPaymentId, ordinal, amountPaise, reason: 'asked for', actor: 'user:admin' })
const creditNotes = (orderId: string) =>
  app.sql`select n.number from credit_notes n join refunds r on r.id = n.refund_id where r.order_id = ${orderId}`
const audited = async (orderId: string) =>
  (
    await app.sql<{ action: string }[]>`
      select action from audit where order_id = ${orderId} and action like 'dispute.%' order by id`
  ).map(({ action }) => action)

describe('a dispute that is opened', () => {
  test('reaches a person with amount, reason and deadline, and access goes on', async () => {
    const { email, order, cfPaymentId } = await payer(app)
    app.sandbox.control.dispute(order.id, { reason: 'Card holder does not recognise it', respondInDays: 5 })
    await quiet(app)
    const [dispute] = await disputesOf(app, order.id)
    expect(dispute).toMatchObject({
      status: 'open',
      type: 'CHARGEBACK',
      amountPaise: 49_900,
      cfPaymentId,
      lostAt: null,
    })
    const days = (dispute!.respondBy!.getTime() - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(4.9)
    expect(days).toBeLessThan(5.1)
    expect(await incidentsOf(app, order.id)).toEqual(['dispute-opened'])
    expect(await audited(order.id)).toEqual(['dispute.open'])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    await app.run('alert')
    await app.run('deliver-mails')
    const [mail] = (await app.mailbox.list()).filter(
      ({ recipients, text }) => recipients.includes(operator) && text?.includes(order.id),
    )
    expect(mail?.text).toContain('Amount: ₹499')
    expect(mail?.text).toContain('Reason: Card holder does not recognise it')
    expect(mail?.text).toMatch(/Answer by: \w{3}, \d+ \w{3} \d{4}, .* IST/)
    await sound(app)
  })

  test('stops every refund of that payment, and none of another', async () => {
    const disputed = await payer(app)
    const other = await payer(app)
    app.sandbox.control.dispute(disputed.order.id, { amount: 100 })
    await quiet(app)
    await expect(refund(disputed.cfPaymentId)).rejects.toThrow('disputes this payment')
    await expect(refund(disputed.cfPaymentId, 100)).rejects.toThrow('disputes this payment')
    expect(await app.sql`select from refunds where cf_payment_id = ${disputed.cfPaymentId}`).toHaveLength(0)
    expect(await refund(other.cfPaymentId)).toMatchObject({ status: 'requested' })
    await app.run('send-refunds')
    await quiet(app)
  })

  test('keeps a refund back that was promised and not sent: it goes when the dispute is won, and fails when it is lost', async () => {
    for (const outcome of ['won', 'lost'] as const) {
      const { order, cfPaymentId } = await payer(app)
      const { id } = await refund(cfPaymentId)
      const { dispute_id } = app.sandbox.control.dispute(order.id)
      await quiet(app)
      const send = async () => {
        await app.sql`update refunds set next_look_at = now() where id = ${id} and finished_at is null`
        await app.run('send-refunds')
        const [row] = await app.sql<{ status: string; lastError: string | null }[]>`
          select status, last_error from refunds where id = ${id}`
        return row!
      }
      expect(await send()).toMatchObject({
        status: 'requested',
        lastError: expect.stringContaining('disputes this payment'),
      })
      expect(await app.services.gateway.listRefunds(order.id)).toEqual([])
      app.sandbox.control.closeDispute(dispute_id, outcome)
      await quiet(app)
      await send()
      expect(await app.services.gateway.listRefunds(order.id)).toHaveLength(outcome === 'won' ? 1 : 0)
      expect((await send()).status).toMatch(outcome === 'won' ? /^(pending|succeeded)$/ : /^failed$/)
      await sound(app)
    }
  })

  test.each([
    ['twice on the wire', { duplicateWebhooks: true }],
    ['in the wrong order', { outOfOrderWebhooks: true }],
    ['with 19-digit numbers', { longIds: true }],
  ] as const)('and whose webhooks come %s is one dispute with one end', async (_how, faults) => {
    const { email, order } = await payer(app)
    app.sandbox.control.faults(faults)
    const { dispute_id } = app.sandbox.control.dispute(order.id)
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await quiet(app)
    for (const { n } of app.sandbox.control.deliveries(order.id)) await app.sandbox.control.redeliver(n)
    await quiet(app)
    expect(await disputesOf(app, order.id)).toMatchObject([{ id: dispute_id, status: 'lost' }])
    expect((await audited(order.id)).filter((action) => action === 'dispute.lost')).toHaveLength(1)
    expect((await incidentsOf(app, order.id)).filter((kind) => kind === 'dispute-lost')).toHaveLength(1)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled', isPaid: false })
    await sound(app)
  })

  test('moves on: with the bank, more asked for, another stage, each once', async () => {
    const { order } = await payer(app)
    const { control } = app.sandbox
    const { dispute_id } = control.dispute(order.id, { type: 'DISPUTE' })
    await quiet(app)
    control.updateDispute(dispute_id)
    await quiet(app)
    expect((await disputesOf(app, order.id))[0]).toMatchObject({ status: 'under-review' })
    control.updateDispute(dispute_id, { status: 'DISPUTE_INSUFFICIENT_EVIDENCE' })
    await app.sandbox.control.settled()
    control.escalateDispute(dispute_id)
    await quiet(app)
    expect((await disputesOf(app, order.id))[0]).toMatchObject({ status: 'open', type: 'CHARGEBACK' })
    const opened = (await incidentsOf(app, order.id)).filter((kind) => kind === 'dispute-opened')
    expect(opened.length).toBeGreaterThanOrEqual(2)
    await sound(app)
  })
})

describe('a dispute that ends', () => {
  test('won changes nothing, and the payment can be refunded again', async () => {
    const { email, order, cfPaymentId } = await payer(app)
    const before = await subscriberOf(app, email)
    const { dispute_id } = app.sandbox.control.dispute(order.id)
    app.sandbox.control.closeDispute(dispute_id, 'won')
    await quiet(app)
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'won', lostAt: null, nextLookAt: null }])
    expect(await subscriberOf(app, email)).toEqual(before)
    expect(await refund(cfPaymentId)).toMatchObject({ status: 'requested' })
    await app.run('send-refunds')
    await until(async () => (await subscriberOf(app, email)).status === 'cancelled')
    expect(await creditNotes(order.id)).toHaveLength(1)
    await sound(app)
  })

  test('lost for more, or for less, than it was at first: the whole price gone ends the period, what came back goes to a person', async () => {
    const { email, order, cfPaymentId } = await payer(app)
    const lost = { status: 'CHARGEBACK_MERCHANT_LOST' }
    await write(app, order.id, remoteDispute(order, cfPaymentId, { ...lost, amountPaise: 10_000 }))
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active' })
    await write(app, order.id, remoteDispute(order, cfPaymentId, { ...lost, updatedAt: '2026-11-21T10:00:00.000Z' }))
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled' })
    await sound(app)
    const less = { ...lost, amountPaise: 100, updatedAt: '2026-11-22T10:00:00.000Z' }
    for (const _ of [1, 2]) await write(app, order.id, remoteDispute(order, cfPaymentId, less))
    expect(await incidentsOf(app, order.id)).toEqual(['dispute-lost', 'dispute-turned'])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled' })
    await sound(app)
  })

  test.each(['lost', 'accepted'] as const)('%s in full ends the period: no refund, no credit note', async (outcome) => {
    const { email, order, cfPaymentId } = await payer(app)
    const { dispute_id } = app.sandbox.control.dispute(order.id)
    app.sandbox.control.closeDispute(dispute_id, outcome)
    await quiet(app)
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'lost', amountPaise: 49_900 }])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled', isPaid: false })
    expect(await incidentsOf(app, order.id)).toContain('dispute-lost')
    await expect(refund(cfPaymentId)).rejects.toThrow('more than what is left')
    await expect(refund(cfPaymentId, 1)).rejects.toThrow('more than what is left')
    expect(await creditNotes(order.id)).toHaveLength(0)
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'paid', receipts: 1 })
    await sound(app)
  })

  test('lost moves a later period of the same person forward; that one was paid for', async () => {
    const { visitor, email, order } = await payer(app)
    await visitor.post('/checkout/annual', {})
    const [later] = await app.sql<{ id: string }[]>`
      select o.id from orders o join users u on u.id = o.user_id where u.email = ${email} and o.id <> ${order.id}`
    app.sandbox.control.pay(later!.id)
    await quiet(app)
    const { dispute_id } = app.sandbox.control.dispute(order.id)
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await quiet(app)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    const [period] = await app.sql<{ startsAt: Date }[]>`
      select starts_at from subscription_periods where order_id = ${later!.id} and voided_at is null`
    expect(Math.abs(period!.startsAt.getTime() - Date.now())).toBeLessThan(60_000)
    await sound(app)
  })

  test.each([
    [100, 39_900, 'kept'],
    [498.99, 1, 'kept'],
    [499, 0, 'ended'],
  ])('with ₹%d of ₹499 lost leaves %d paise to refund, and the period is %s', async (rupees, left, period) => {
    const { email, order, cfPaymentId } = await payer(app)
    const { dispute_id } = app.sandbox.control.dispute(order.id, { amount: rupees })
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await quiet(app)
    expect((await subscriberOf(app, email)).isPaid).toBe(period === 'kept')
    await expect(refund(cfPaymentId, left + 1)).rejects.toThrow('more than what is left')
    if (left > 0) {
      await refund(cfPaymentId, left)
      await app.run('send-refunds')
      await until(async () => !(await subscriberOf(app, email)).isPaid)
      expect(await creditNotes(order.id)).toHaveLength(1)
    }
    await sound(app)
  })

  test('lost after the money was refunded went twice: a person is told, the books say so', async () => {
    const { email, order, cfPaymentId } = await payer(app)
    await refund(cfPaymentId)
    await app.run('send-refunds')
    await until(async () => !(await subscriberOf(app, email)).isPaid)
    const { dispute_id } = app.sandbox.control.dispute(order.id)
    await quiet(app)
    const [opened] = await app.sql<{ details: { backPaise: number } }[]>`
      select details from incidents where order_id = ${order.id} and kind = 'dispute-opened'`
    expect(opened?.details.backPaise).toBe(49_900)
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await quiet(app)
    expect(await incidentsOf(app, order.id)).toEqual(['dispute-lost', 'dispute-opened', 'refunded-twice'])
    expect(await creditNotes(order.id)).toHaveLength(1)
    await sound(app)
  })

  test('lost over the second payment of an order leaves the period alone', async () => {
    const { email, order } = await payer(app)
    app.sandbox.control.pay(order.id, { newAttempt: true })
    await quiet(app)
    const [extra] = await app.sql<{ cfPaymentId: string }[]>`
      select cf_payment_id from payments where order_id = ${order.id} and status = 'SUCCESS' and applied_at is null`
    const { dispute_id } = app.sandbox.control.dispute(order.id, { cfPaymentId: extra!.cfPaymentId })
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await quiet(app)
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'lost', cfPaymentId: extra!.cfPaymentId }])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    await expect(refund(extra!.cfPaymentId)).rejects.toThrow('more than what is left')
    await sound(app)
  })

  test('of an account that was deleted meanwhile is booked all the same', async () => {
    const { visitor, form, email, order } = await payer(app)
    const gone = await visitor.post('/account/delete', await deletionForm(visitor, form.username!))
    expect(gone.status).toBe(303)
    expect(await app.sql`select from users where email = ${email}`).toHaveLength(0)
    const { dispute_id } = app.sandbox.control.dispute(order.id)
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await quiet(app)
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'lost' }])
    await sound(app)
  })
})

describe('what Cashfree tells late, again or unclearly', () => {
  test('an older answer undoes nothing, by time and, within one second, by stage', async () => {
    const { email, order, cfPaymentId } = await payer(app)
    const lost = remoteDispute(order, cfPaymentId, {
      status: 'CHARGEBACK_MERCHANT_LOST',
      updatedAt: '2026-11-25T10:00:00.000Z',
    })
    expect(await write(app, order.id, lost)).toBe('changed')
    for (const late of [
      remoteDispute(order, cfPaymentId),
      remoteDispute(order, cfPaymentId, { status: 'CHARGEBACK_MERCHANT_WON', updatedAt: '2026-11-25T09:59:59.000Z' }),
      remoteDispute(order, cfPaymentId, { status: 'CHARGEBACK_UNDER_REVIEW', updatedAt: '2026-11-25T10:00:00.000Z' }),
      remoteDispute(order, cfPaymentId, { status: 'CHARGEBACK_CREATED', updatedAt: null }),
      remoteDispute(order, cfPaymentId, { status: 'SOMETHING_ELSE', updatedAt: null }),
      lost,
    ])
      expect(await write(app, order.id, late)).toBe('unchanged')
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'lost' }])
    expect(await audited(order.id)).toEqual(['dispute.lost'])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled' })
    await sound(app)
  })

  test('written by twenty at once it happens once', async () => {
    const { order, cfPaymentId } = await payer(app)
    const lost = remoteDispute(order, cfPaymentId, { status: 'ARBITRATION_MERCHANT_LOST', type: 'ARBITRATION' })
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => write(app, order.id, lost)))
    expect(outcomes.filter((outcome) => outcome === 'changed')).toHaveLength(1)
    expect(await audited(order.id)).toEqual(['dispute.lost'])
    await sound(app)
  })

  test('pre-arbitration after a chargeback that was won is open again, with its own deadline', async () => {
    const { order, cfPaymentId } = await payer(app)
    const won = { status: 'CHARGEBACK_MERCHANT_WON', updatedAt: '2026-11-25T10:00:00.000Z' }
    await write(app, order.id, remoteDispute(order, cfPaymentId, won))
    const again = { type: 'PRE_ARBITRATION', status: 'PRE_ARBITRATION_CREATED', updatedAt: '2026-12-05T10:00:00.000Z' }
    await write(app, order.id, remoteDispute(order, cfPaymentId, { ...again, respondBy: '2026-12-19T18:29:59.000Z' }))
    expect(await disputesOf(app, order.id)).toMatchObject([
      { status: 'open', closedAt: null, respondBy: new Date('2026-12-19T18:29:59Z') },
    ])
    expect(await incidentsOf(app, order.id)).toEqual(['dispute-opened'])
    await expect(refund(cfPaymentId)).rejects.toThrow('disputes this payment')
    await sound(app)
  })

  test('won after it was lost leaves the period ended and goes to a person', async () => {
    const { email, order, cfPaymentId } = await payer(app)
    await write(app, order.id, remoteDispute(order, cfPaymentId, { status: 'CHARGEBACK_MERCHANT_LOST' }))
    const won = { type: 'ARBITRATION', status: 'ARBITRATION_MERCHANT_WON', updatedAt: '2026-12-25T10:00:00.000Z' }
    await write(app, order.id, remoteDispute(order, cfPaymentId, won))
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'won' }])
    expect(await incidentsOf(app, order.id)).toEqual(['dispute-lost', 'dispute-turned'])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled' })
    await sound(app)
  })

  test.each([
    ['a status nobody has heard of', { status: 'CHARGEBACK_ON_HOLD' }],
    ['a kind nobody has heard of', { type: 'COMPLAINT', status: 'COMPLAINT_MERCHANT_LOST' }],
    ['the bank’s first question, called lost', { type: 'RETRIEVAL', status: 'RETRIEVAL_MERCHANT_LOST' }],
    ['no amount', { amountPaise: null, status: 'CHARGEBACK_MERCHANT_LOST' }],
    ['more than was paid', { amountPaise: 49_901, status: 'CHARGEBACK_MERCHANT_LOST' }],
    ['another currency', { currency: 'USD', status: 'CHARGEBACK_MERCHANT_LOST' }],
    ['a payment that we do not know', { cfPaymentId: '404404404', status: 'CHARGEBACK_MERCHANT_LOST' }],
    ['no payment', { cfPaymentId: null, status: 'CHARGEBACK_MERCHANT_ACCEPTED' }],
  ])('%s takes nothing and goes to a person', async (_what, changes) => {
    const { email, order, cfPaymentId } = await payer(app)
    expect(await write(app, order.id, remoteDispute(order, cfPaymentId, changes))).toBe('changed')
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'unclear', lostAt: null }])
    expect(await incidentsOf(app, order.id)).toEqual(['dispute-unclear'])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    await sound(app)
  })

  test('a payment that becomes known later makes clear what was lost', async () => {
    const { email, order, cfPaymentId } = await payer(app)
    const lost = remoteDispute(order, cfPaymentId, { status: 'CHARGEBACK_MERCHANT_LOST' })
    await write(app, order.id, { ...lost, cfPaymentId: null })
    await write(app, order.id, lost)
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'lost', cfPaymentId }])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled' })
    await sound(app)
  })

  test('a dispute listed under an order that is not its own does nothing to either', async () => {
    const [one, other] = [await payer(app), await payer(app)]
    const lost = { status: 'CHARGEBACK_MERCHANT_LOST' }
    expect(await write(app, other.order.id, remoteDispute(one.order, one.cfPaymentId, lost))).toBe('unchanged')
    await write(app, one.order.id, remoteDispute(one.order, one.cfPaymentId))
    const claimed = { ...remoteDispute(other.order, other.cfPaymentId, lost), disputeId: `9${one.cfPaymentId}` }
    expect(await write(app, other.order.id, claimed)).toBe('unchanged')
    // Nor is another order's payment taken for one of this order.
    await write(
      app,
      other.order.id,
      remoteDispute(other.order, one.cfPaymentId, { ...lost, disputeId: `8${one.cfPaymentId}` }),
    )
    expect(await incidentsOf(app, other.order.id)).toEqual(['dispute-mismatch', 'dispute-unclear'])
    for (const { email } of [one, other])
      expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    await sound(app)
  })
})
