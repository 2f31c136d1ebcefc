import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refreshMandate } from '../../../src/billing/mandates/mandates.ts'
import { replayEvent } from '../../../src/billing/webhooks/inbox.ts'
import { paise } from '../../../src/platform/money.ts'
import { keys, startApp, type TestApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { having, holdings, open, somebody } from '../mandates/fixture.ts'
import { deliver, lastEvent, signed } from './sender.ts'

const path = '/webhooks/cashfree-subscriptions'
const secondSecret = 'whsec_of_the_subscriptions_tab'

let app: TestApp
beforeAll(async () => {
  app = await startApp({
    CASHFREE_SUBSCRIPTIONS: 'on',
    CASHFREE_SUBSCRIPTION_SECRETS: `${secondSecret},${keys.clientSecret}`,
  })
})
afterAll(() => app.close())

const flat = (subscriptionId: string | null, type = 'SUBSCRIPTION_PAYMENT_SUCCESS', more = '') =>
  `{"data":{"payment_id":"c_1","cf_payment_id":"49585001",${subscriptionId ? `"subscription_id":"${subscriptionId}",` : ''}"payment_type":"CHARGE","payment_amount":499.00${more}},"event_time":"2026-12-09T13:04:45+05:30","type":"${type}"}`
const post = (body: string, headers = signed(body)) => deliver(app, body, headers, 'POST', path)
const incidents = () => app.sql`select subject_key from incidents where kind = 'mandate-mismatch'`

/** Somebody at Cashfree's page; it tells nobody of what they do there. */
async function choosing() {
  app.sandbox.control.webhooks({ paused: true })
  await app.sql`delete from rate_counters` // a minute later
  const user = await somebody(app)
  const { mandate } = await open(app, user)
  return { user, subscriptionId: mandate!.subscriptionId }
}

describe('a delivery about a mandate', () => {
  test('is stored with its bytes and answered, and then Cashfree is asked: money that it knows of counts once', async () => {
    const { user, subscriptionId } = await choosing()
    app.sandbox.control.approveMandate(subscriptionId)
    const body = flat(subscriptionId, 'SUBSCRIPTION_AUTH_STATUS')
    const answers = await Promise.all([post(body), post(body), post(body, signed(body, { secret: secondSecret }))])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    await until(async () => (await app.sql`select from webhook_events where settled_at is null`).count === 0)
    expect(await holdings(app, user)).toMatchObject(having(1))
    expect(await lastEvent(app)).toMatchObject({
      accepted: true,
      verdict: 'verified',
      orderId: subscriptionId,
      outcome: 'settled',
      body: Buffer.from(body),
    })
  })

  test('is believed in nothing: what Cashfree does not know is not granted', async () => {
    const { user, subscriptionId } = await choosing()
    expect(await post(flat(subscriptionId))).toMatchObject({ status: 200 })
    await until(async () => (await lastEvent(app))!.settledAt !== null)
    expect(await holdings(app, user)).toMatchObject(having(0))
  })

  test('waits for the job while Cashfree is away, and can be settled again by a person', async () => {
    const { user, subscriptionId } = await choosing()
    app.sandbox.control.approveMandate(subscriptionId)
    app.sandbox.control.faults({ serverError: true })
    await post(flat(subscriptionId))
    await until(async () => (await lastEvent(app))!.outcome !== null)
    expect(await lastEvent(app)).toMatchObject({ settledAt: null, outcome: expect.stringContaining('Cashfree') })
    app.sandbox.control.clearFaults()
    await app.sql`update webhook_events set next_settle_at = now() where settled_at is null`
    await app.run('settle-events')
    expect(await holdings(app, user)).toMatchObject(having(1))
    const { id } = (await lastEvent(app))!
    await replayEvent(app.services, id, { actor: 'admin', origin: null })
    expect(await lastEvent(app)).toMatchObject({ outcome: 'settled', settledAt: expect.any(Date) })
    expect(await holdings(app, user)).toMatchObject(having(1))
  })

  test.each([
    ['without a signature', (body: string) => ({ ...signed(body), 'x-webhook-signature': '' })],
    ['with a wrong secret', (body: string) => signed(body, { secret: 'nobody’s' })],
    ['written anew', (body: string) => signed(body.replace('499.00', '499'))],
  ])('is refused %s', async (_how, headers) => {
    const { subscriptionId } = await choosing()
    const body = flat(subscriptionId)
    const before = (await lastEvent(app))?.id
    expect(await post(body, headers(body))).toMatchObject({ status: 401 })
    await until(async () => (await lastEvent(app))?.id !== before)
    expect(await lastEvent(app)).toMatchObject({ accepted: false, settledAt: expect.any(Date) })
  })

  test.each([
    'SUBSCRIPTION_NEW_PAYMENT',
    'SUBSCRIPTION_PAYMENT_NOTIFICATION_INITIATED',
    'SUBSCRIPTION_CARD_EXPIRY_REMINDER',
  ])('of type %s is kept, and changes nothing', async (type) => {
    const { subscriptionId } = await choosing()
    expect(await post(flat(subscriptionId, type))).toMatchObject({ status: 200 })
    expect(await lastEvent(app)).toMatchObject({ type, orderId: subscriptionId, outcome: 'nothing to settle' })
  })

  test('about a refund made in Cashfree’s dashboard is settled like one of ours', async () => {
    const { user, subscriptionId } = await choosing()
    app.sandbox.control.approveMandate(subscriptionId)
    await refreshMandate(app.services, subscriptionId, 'webhook')
    const [payment] = await app.sql<{ id: string; orderId: string }[]>`
      select p.cf_payment_id as id, p.order_id from payments p join orders o on o.id = p.order_id where o.user_id = ${user.id}`
    const refund = {
      subscriptionId,
      cfPaymentId: payment!.id,
      refundId: 'by_hand_1',
      idempotencyKey: crypto.randomUUID(),
    }
    await app.services.gateway.mandates.createRefund({ ...refund, amountPaise: paise(10_000), note: 'by hand' })
    app.sandbox.control.settleChargeRefund('by_hand_1')
    const body = `{"data":{"payment_id":"their_1","cf_payment_id":"${payment!.id}","refund_id":"by_hand_1","cf_refund_id":"SUB_1","refund_amount":100.00,"refund_status":"SUCCESS","failure_details":""},"event_time":"2026-12-09T13:04:45+05:30","type":"SUBSCRIPTION_REFUND_STATUS"}`
    expect(await post(body)).toMatchObject({ status: 200 })
    await until(async () => (await lastEvent(app))!.settledAt !== null)
    expect(await app.sql`select order_id, amount_paise, status from refunds where id = 'by_hand_1'`).toMatchObject([
      { orderId: payment!.orderId, amountPaise: 10_000, status: 'succeeded' },
    ])
  })

  test('in the unsigned form of the first version is answered and recorded', async () => {
    const body = 'cf_event=SUBSCRIPTION_NEW_PAYMENT&cf_subscriptionId=sub_1&signature=x'
    const before = (await lastEvent(app))?.id
    expect(await post(body, { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({ status: 200 })
    await until(async () => (await lastEvent(app))?.id !== before)
    expect(await lastEvent(app)).toMatchObject({ accepted: false, body: Buffer.from(body) })
  })

  test('of money under a mandate that is not ours opens an incident, once', async () => {
    const body = flat('sub_of_another_site')
    await post(body)
    await post(body)
    expect(await lastEvent(app)).toMatchObject({ verdict: 'unknown-mandate', outcome: 'nothing to settle' })
    expect(await incidents()).toMatchObject([{ subjectKey: '49585001' }])
    expect(await post(flat(null, 'SUBSCRIPTION_REFUND_STATUS'))).toMatchObject({ status: 200 })
    expect(await lastEvent(app)).toMatchObject({ verdict: 'no-mandate' })
  })
})

test('the look-alike of a demo sends them where they are taken', () => {
  const { pathname } = new URL(app.config.embedded.sandboxSubscriptionWebhookUrl)
  expect(app.routes).toContain(`POST ${pathname}`)
})

describe('the form that Cashfree posts with its visitor', () => {
  const form = 'cf_subscriptionId=sub_1&cf_status=ACTIVE&cf_checkoutStatus=SUCCESS&signature=x'
  const back = (headers: Record<string, string>, body = form) =>
    fetch(`${app.url}/autopay/return/0d9ae2a8-3c43-4c51-9f22-6a1b64a0ef11?x=1`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site', ...headers },
      body,
    })

  test('leads to the page from another site, without a cookie, and sets none', async () => {
    for (const body of [form, '', '{"broken', 'x'.repeat(2_000_000)]) {
      const answer = await back({ origin: 'https://api.cashfree.com' }, body)
      expect([answer.status, answer.headers.get('location')]).toEqual([
        303,
        '/autopay/return/0d9ae2a8-3c43-4c51-9f22-6a1b64a0ef11',
      ])
      expect(answer.headers.get('set-cookie')).toBeNull()
    }
  })

  test('is the only post about Autopay that may come from another site', () => {
    const open = app.routes.filter((route) => /autopay/.test(route) && route.startsWith('POST'))
    expect(open).toContain('POST /autopay/return/:mandate')
  })
})

describe('where Autopay is off and nobody has a mandate', () => {
  let without: TestApp
  beforeAll(async () => {
    without = await startApp()
  })
  afterAll(() => without.close())

  test('there is neither endpoint, nor job', async () => {
    const body = flat('sub_1')
    expect(await deliver(without, body, signed(body), 'POST', path)).toMatchObject({ status: 404 })
    expect((await fetch(`${without.url}/autopay/return/x`, { method: 'POST' })).status).toBe(404)
    expect(await without.sql`select from webhook_events`).toHaveLength(0)
    expect(without.jobs.filter((name) => /mandate|charge/.test(name))).toEqual([])
    expect(app.jobs).toEqual(expect.arrayContaining(['raise-charges', 'look-at-mandates']))
  })
})
