import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { subscriberOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { deliver, lastEvent, signed } from '../webhooks/sender.ts'
import { disputesOf, incidentsOf, payer, quiet, sound } from './fixture.ts'

const operator = 'owner@example.in'
let app: TestApp
beforeAll(async () => {
  app = await startApp({ ALERT_EMAIL: operator, CASHFREE_TIMEOUT_MS: '500' })
})
afterAll(() => app.close())
afterEach(() => {
  app.sandbox.control.clearFaults()
  app.sandbox.control.webhooks({ paused: false })
})

/** A dispute as its webhook tells it. */
const body = (orderId: string | null, changes: Record<string, unknown> = {}) =>
  JSON.stringify({
    data: {
      dispute: {
        dispute_id: '433475258',
        dispute_type: 'CHARGEBACK',
        dispute_status: 'CHARGEBACK_CREATED',
        dispute_amount: 499,
        reason_description: 'Fraud Transaction',
        respond_by: '2026-12-18T23:59:59+05:30',
        ...changes,
      },
      order_details: orderId === null ? {} : { order_id: orderId, order_amount: 499, order_currency: 'INR' },
      customer_details: { customer_name: 'Asha Rao', customer_phone: '9876500001' },
    },
    event_time: '2026-12-01T10:00:00+05:30',
    type: 'DISPUTE_CREATED',
  })

const waiting = (orderId: string) =>
  app.sql`select from webhook_events where order_id = ${orderId} and accepted and settled_at is null`
const later = (minutes: number) =>
  app.sql`update webhook_events set received_at = received_at - make_interval(mins => ${minutes}), next_settle_at = now()
          where settled_at is null`
const due = (orderId: string) => app.sql`update disputes set next_look_at = now() where order_id = ${orderId}`
const reminders = async () =>
  (await app.mailbox.list()).filter(
    ({ recipients, subject }) => recipients.includes(operator) && /Answer/.test(subject),
  )

describe('a webhook is a hint', () => {
  test('a signed one for a dispute that Cashfree does not list books nothing and reaches a person', async () => {
    const { email, order } = await payer(app)
    const sent = body(order.id, { dispute_status: 'CHARGEBACK_MERCHANT_LOST' })
    expect((await deliver(app, sent, signed(sent))).status).toBe(200)
    await quiet(app)
    expect(await disputesOf(app, order.id)).toEqual([])
    // On a busy machine the look-alike may take longer for the payment's own than this site waits: that one is the job's then.
    await until(async () => {
      await app.run('settle-events')
      return (await waiting(order.id)).count === 1
    })
    await app.run('watch-disputes')
    expect(await incidentsOf(app, order.id)).toEqual([])
    await later(16)
    await app.run('settle-events')
    await app.run('watch-disputes')
    await app.run('watch-disputes')
    expect(await incidentsOf(app, order.id)).toEqual(['dispute-unconfirmed'])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    await sound(app)
    // Once a person has looked into it, it is not asked about any more.
    await app.sql`update incidents set resolved_at = now(), resolved_by = 'user:admin', resolution = 'not there'
                  where order_id = ${order.id}`
    await later(1)
    await app.run('settle-events')
    expect(await waiting(order.id)).toHaveLength(0)
  })

  test('a forged one is refused and does nothing', async () => {
    const { order } = await payer(app)
    const forged = body(order.id)
    expect((await deliver(app, forged, signed(forged, { secret: 'guessed' }))).status).toBe(401)
    await app.run('watch-disputes')
    expect(await disputesOf(app, order.id)).toEqual([])
    expect(await incidentsOf(app, order.id)).toEqual([])
  })

  test('one that does not say which dispute it is has Cashfree asked all the same', async () => {
    const { order } = await payer(app)
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.dispute(order.id)
    const sent = body(order.id, { dispute_id: undefined })
    await deliver(app, sent, signed(sent))
    await quiet(app)
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'open' }])
    expect(await waiting(order.id)).toHaveLength(0)
  })

  test.each([
    ['an order that is not ours', 'order_of_another_shop'],
    ['no order', null],
  ])('one of %s reaches a person once, with its deadline', async (_whose, orderId) => {
    const id = String(Math.floor(Math.random() * 1e9))
    const sent = body(orderId, { dispute_id: Number(id) })
    for (let i = 0; i < 3; i++) expect((await deliver(app, sent, signed(sent))).status).toBe(200)
    const rows = await app.sql<{ kind: string; details: Record<string, unknown> }[]>`
      select kind, details from incidents where subject_key = ${id}`
    expect(rows).toEqual([
      {
        kind: 'unknown-dispute',
        details: {
          id,
          amountPaise: 49_900,
          reason: 'Fraud Transaction',
          respondBy: '2026-12-18T18:29:59.000Z',
          orderId,
          cfPaymentId: null,
        },
      },
    ])
    expect(await app.sql`select from disputes where id = ${id}`).toHaveLength(0)
    await sound(app)
  })

  test('waits while Cashfree does not answer about disputes, and is settled when it does', async () => {
    const { order } = await payer(app)
    app.sandbox.control.faults({ serverError: { endpoint: 'disputes' } })
    app.sandbox.control.dispute(order.id)
    await quiet(app)
    expect((await lastEvent(app))?.outcome).toMatch(/^Cashfree/)
    expect(await disputesOf(app, order.id)).toEqual([])
    app.sandbox.control.clearFaults()
    await later(0)
    await app.run('settle-events')
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'open' }])
    expect(await waiting(order.id)).toHaveLength(0)
  })

  test('a status nobody has heard of, in Cashfree’s own answer, goes to a person', async () => {
    const { order } = await payer(app)
    app.sandbox.control.faults({ unknownEnums: { endpoint: 'disputes' } })
    app.sandbox.control.dispute(order.id)
    await quiet(app)
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'unclear', type: 'COMPLAINT' }])
    expect(await incidentsOf(app, order.id)).toEqual(['dispute-unclear'])
  })
})

describe('the job', () => {
  test('hears of an end whose webhook was lost', async () => {
    const { email, order } = await payer(app)
    const { dispute_id } = app.sandbox.control.dispute(order.id)
    await quiet(app)
    app.sandbox.control.faults({ webhooksMuted: true })
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await app.run('watch-disputes')
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'open' }])
    await due(order.id)
    await Promise.all([app.run('watch-disputes'), app.run('watch-disputes')])
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'lost', nextLookAt: null }])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled' })
    await sound(app)
  })

  test('leaves it for ten minutes while Cashfree is away', async () => {
    const { order } = await payer(app)
    app.sandbox.control.dispute(order.id)
    await quiet(app)
    await due(order.id)
    app.sandbox.control.faults({ badGateway: { endpoint: 'disputes' } })
    await app.run('watch-disputes')
    const [dispute] = await disputesOf(app, order.id)
    expect(dispute!.nextLookAt!.getTime() - Date.now()).toBeGreaterThan(9 * 60_000)
  })

  test('reminds once before the deadline, again when it moved, and not when it was answered', async () => {
    const { order } = await payer(app)
    const { dispute_id } = app.sandbox.control.dispute(order.id, { respondInDays: 1.5 })
    await quiet(app)
    const before = (await reminders()).length
    const remind = async () => {
      await app.sql`update disputes set created_at = created_at - interval '3 hours' where order_id = ${order.id}`
      await app.run('watch-disputes')
      await app.run('watch-disputes')
      await app.run('deliver-mails')
      return (await reminders()).length - before
    }
    expect(await remind()).toBe(1)
    expect((await reminders())[0]?.text).toContain(dispute_id)
    app.sandbox.control.updateDispute(dispute_id, { respondInDays: 1.8, remarks: 'Target date moved' })
    await quiet(app)
    expect(await remind()).toBe(2)
    app.sandbox.control.updateDispute(dispute_id, { respondInDays: 1.9 })
    await quiet(app)
    expect((await disputesOf(app, order.id))[0]).toMatchObject({ status: 'under-review' })
    expect(await remind()).toBe(2)
  })

  test('reminds of a deadline that is told to the millisecond', async () => {
    const { order } = await payer(app)
    const { dispute_id } = app.sandbox.control.dispute(order.id, { respondInDays: 1 })
    await quiet(app)
    await app.sql`update disputes set created_at = created_at - interval '3 hours',
                  respond_by = date_trunc('second', respond_by) + interval '999 milliseconds' where order_id = ${order.id}`
    await app.run('watch-disputes')
    await app.run('deliver-mails')
    const [mail] = await app.sql<{ status: string }[]>`
      select status from mails where kind = 'alert' and subject_key like ${`dispute:${dispute_id}:%`}`
    expect(mail?.status).toBe('sent')
  })

  test('a reminder that waits in the outbox is not sent once the dispute was answered', async () => {
    const { order } = await payer(app)
    const { dispute_id } = app.sandbox.control.dispute(order.id, { respondInDays: 1 })
    await quiet(app)
    await app.sql`update disputes set created_at = created_at - interval '3 hours' where order_id = ${order.id}`
    await app.run('watch-disputes')
    app.sandbox.control.updateDispute(dispute_id)
    await quiet(app)
    await app.run('deliver-mails')
    const [mail] = await app.sql<{ status: string }[]>`
      select status from mails where kind = 'alert' and subject_key like ${`dispute:${dispute_id}:%`}`
    expect(mail?.status).toBe('skipped')
  })
})
