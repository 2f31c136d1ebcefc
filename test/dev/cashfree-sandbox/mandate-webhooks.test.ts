import { expect, test } from 'vitest'
import type { Settings } from '../../../src/dev/cashfree-sandbox/settings.ts'
import { sign } from '../../../src/dev/cashfree-sandbox/webhooks/signature.ts'
import { CLIENT_SECRET, openShop } from './shop.ts'

type Shop = Awaited<ReturnType<typeof openShop>>

const AUTHORISED = ['SUBSCRIPTION_AUTH_STATUS', 'SUBSCRIPTION_PAYMENT_SUCCESS', 'SUBSCRIPTION_STATUS_CHANGED']

test('the signature is Cashfree’s, over the bytes as they were sent', () => {
  const body =
    '{"data":{"payment_id":"c_u7_202612","cf_payment_id":"49585001","subscription_id":"sub_u7_1","payment_type":"CHARGE",' +
    '"payment_amount":499.00,"payment_status":"SUCCESS"},"event_time":"2026-12-09T13:04:45+05:30",' +
    '"type":"SUBSCRIPTION_PAYMENT_SUCCESS"}'
  expect(Buffer.byteLength(body)).toBe(247)
  expect(sign(CLIENT_SECRET, '1796802285123', body)).toBe('G4eTYX3CsfqsRZFlALSeDnvV17cOqX2oMpy3WIlDC6M=')
  const rewritten = JSON.stringify(JSON.parse(body))
  expect(sign(CLIENT_SECRET, '1796802285123', rewritten)).toBe('cH+2Iec0aE9VbeVrtJWS/vBsHjNQ69kFQTx73uhVgYU=')
})

test('an approval is told three times, at the endpoint of subscriptions and nowhere else', async () => {
  const shop = await shopWithMandate({ mandateEventOrder: 'fixed' })
  expect(shop.received.map(({ path }) => path)).toEqual(Array(3).fill('/subscription-hooks'))
  expect(shop.received.map(({ event }) => event.type)).toEqual(AUTHORISED)
  for (const { headers, body } of shop.received) {
    const stamp = String(headers['x-webhook-timestamp'])
    expect(headers['x-webhook-signature']).toBe(sign(CLIENT_SECRET, stamp, body))
  }
})

test('its events come in any order', async () => {
  const reversed = await shopWithMandate({ mandateEventOrder: 'reversed' })
  expect(reversed.received.map(({ event }) => event.type)).toEqual(AUTHORISED.toReversed())
  const random = await shopWithMandate()
  expect(random.received.map(({ event }) => event.type).sort()).toEqual(AUTHORISED)
})

test('a status is told nested, a payment flat', async () => {
  const { received } = await shopWithMandate({ mandateEventOrder: 'fixed' })
  const [auth, success, status] = received.map(({ event }) => event.data)
  expect(auth).toEqual(success)
  expect(auth).toMatchObject({
    subscription_id: 'sub_u7_1',
    payment_type: 'AUTH',
    payment_status: 'SUCCESS',
    payment_amount: 499,
    payment_currency: 'INR',
    payment_schedule_date: '',
    payment_remarks: 'auth payment',
    authorization_details: { payment_method: { upi: { channel: 'link' } }, payment_group: 'upi' },
  })
  expect(status).not.toHaveProperty('subscription_id')
  expect(status).toMatchObject({
    subscription_details: { subscription_id: 'sub_u7_1', subscription_status: 'ACTIVE' },
    authorization_details: { authorization_status: 'ACTIVE', payment_id: auth.payment_id },
    payment_gateway_details: { gateway_name: 'CASHFREE', gateway_plan_id: 'mandate_v1' },
  })
  expect(status.subscription_details.subscription_expiry_time).toBe('2100-01-01T00:00:00')
})

test('the other spelling, string and number, as some accounts were seen to get them', async () => {
  const shop = await shopWithMandate({
    mandateEventOrder: 'fixed',
    mandateSpelling: 'authorisation',
    mandatePaymentMethod: 'string',
    mandateNumericIds: true,
    mandateOffset: '+0530',
  })
  const [auth] = shop.received.map(({ event }) => event.data)
  expect(auth.authorisation_details).toMatchObject({ payment_method: 'upi', instrument_id: null })
  expect(auth.authorisation_details).not.toHaveProperty('payment_group')
  expect(typeof auth.cf_payment_id).toBe('number')
  expect(auth.payment_initiated_date).toMatch(/\+0530$/)
  const { json } = await shop.call('GET', '/subscriptions/sub_u7_1')
  expect(json).toHaveProperty('authorisation_details.payment_method', 'upi')
  shop.control.settings({ mandatePaymentMethod: 'object' })
  shop.control.faults({ numericIds: true })
  expect((await shop.call('GET', '/subscriptions/sub_u7_1')).json).toMatchObject({
    authorisation_details: { payment_method: { upi: { upi_id: '9910000000@ybl' } } },
    cf_subscription_id: expect.any(Number),
  })
})

test('INITIALIZED is told to nobody, a declined or unanswered authorisation twice', async () => {
  const shop = await openShop({ settings: { mandateEventOrder: 'fixed' } })
  await shop.mandate()
  await shop.control.settled()
  expect(shop.received).toEqual([])
  shop.control.declineMandate('sub_u7_1')
  await shop.control.settled()
  expect(shop.received.map(({ event }) => [event.type, event.data.payment_status])).toEqual([
    ['SUBSCRIPTION_AUTH_STATUS', 'FAILED'],
    ['SUBSCRIPTION_PAYMENT_FAILED', 'FAILED'],
  ])
})

test('faults of webhooks are the same as with orders', async () => {
  const shop = await openShop({ settings: { mandateEventOrder: 'fixed' } })
  await shop.mandate()
  shop.control.faults({ duplicateWebhooks: 1, wrongSignature: 1, webhooksMuted: { count: 1 } })
  shop.control.approveMandate('sub_u7_1')
  await shop.control.settled()
  // The first copy is muted, the second signed wrongly.
  const [wrong, ...others] = shop.received
  expect([wrong!.event.type, ...others.map(({ event }) => event.type)]).toEqual(AUTHORISED)
  const stamp = String(wrong!.headers['x-webhook-timestamp'])
  expect(wrong!.headers['x-webhook-signature']).not.toBe(sign(CLIENT_SECRET, stamp, wrong!.body))

  shop.control.faults({ outOfOrderWebhooks: 2 })
  shop.control.inApp('sub_u7_1', { does: 'pause', heardAfterMinutes: 0 })
  shop.control.inApp('sub_u7_1', { does: 'resume', heardAfterMinutes: 0 })
  await shop.control.advance(1_000)
  const statuses = shop.received.slice(-2).map(({ event }) => event.data.subscription_details.subscription_status)
  expect(statuses).toEqual(['ACTIVE', 'CUSTOMER_PAUSED'])
  expect(shop.control.deliveries('sub_u7_1')).toHaveLength(6)
})

test('a webhook that is not answered with 200 comes again after 2, 10 and 30 minutes', async () => {
  const shop = await openShop()
  await shop.mandate()
  shop.answers.status = 500
  shop.control.approveMandate('sub_u7_1')
  await shop.control.advance(31 * 60_000)
  expect(shop.received).toHaveLength(12)
  await shop.control.advance(86_400_000)
  expect(shop.received).toHaveLength(12)
})

test('a refund of the authorisation is announced like one of an order, at the other endpoint', async () => {
  const shop = await shopWithMandate()
  const { id, cfId } = shop.control.mandate('sub_u7_1').charges[0]!
  const body = { refund_id: 'rf_1', refund_amount: 499, cf_payment_id: Number(cfId), refund_speed: 'STANDARD' }
  const asked = await shop.call('POST', '/subscriptions/sub_u7_1/refunds', { body })
  expect(asked.json).toMatchObject({ payment_id: id, refund_status: 'PENDING' })
  await shop.control.advance(3_600_000)
  expect(shop.received.at(-1)).toMatchObject({
    path: '/hooks',
    event: { type: 'REFUND_STATUS_WEBHOOK', data: { refund: { refund_id: 'rf_1', refund_status: 'SUCCESS' } } },
  })
})

test.each([
  ['mandateLags', '', { subscription_status: 'INITIALIZED' }],
  ['wrongChargeAmount', '/payments', [{ payment_amount: 500 }]],
  ['wrongChargeCurrency', '/payments', [{ payment_currency: 'USD' }]],
  ['foreignCharge', '/payments', [{ subscription_id: 'sub_u7_1_other' }]],
] as const)('GET shows what the fault %s says, once', async (fault, path, shown) => {
  const shop = await shopWithMandate()
  const read = async () => (await shop.call('GET', `/subscriptions/sub_u7_1${path}`)).json
  shop.control.faults({ [fault]: 1 })
  expect(await read()).toMatchObject(shown)
  expect(await read()).not.toMatchObject(shown)
})

test('calls about mandates break as the others do', async () => {
  const shop = await shopWithMandate()
  shop.control.faults({ serverError: { count: 1, endpoint: 'mandates.get' } })
  expect((await shop.call('GET', '/subscriptions/sub_u7_1')).status).toBe(500)
  shop.control.faults({ rateLimited: { count: 1, endpoint: 'charges', retryAfterS: 7 } })
  const limited = await shop.call('GET', '/subscriptions/sub_u7_1/payments')
  expect([limited.status, limited.headers.get('x-ratelimit-retry')]).toEqual([429, '7'])
  shop.control.faults({ paymentsUnreadable: 1 })
  expect((await shop.call('GET', '/subscriptions/sub_u7_1/payments')).json).toBe(null)
  shop.control.faults({ replyLost: { count: 1, endpoint: 'mandates.manage' } })
  const cancel = { body: { action: 'CANCEL' } }
  await expect(shop.call('POST', '/subscriptions/sub_u7_1/manage', cancel)).rejects.toThrow('fetch failed')
  expect((await shop.call('GET', '/subscriptions/sub_u7_1')).json.subscription_status).toBe('CANCELLED')
})

test('with limits enforced the 61st look within a minute is refused', async () => {
  const shop = await shopWithMandate({ enforceRateLimits: true })
  const looks = await Promise.all(Array.from({ length: 61 }, () => shop.call('GET', '/subscriptions/sub_u7_1')))
  expect(looks.filter(({ status }) => status === 429)).toHaveLength(1)
})

async function shopWithMandate(settings: Partial<Settings> = {}): Promise<Shop> {
  const shop = await openShop({ settings })
  await shop.mandate()
  shop.control.approveMandate('sub_u7_1')
  await shop.control.settled()
  return shop
}
