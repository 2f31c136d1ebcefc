import { expect, test } from 'vitest'
import { UnknownFault } from '../../../src/dev/cashfree-sandbox/faults.ts'
import { type Json, openShop, orderBody } from './shop.ts'

test('a fault strikes as often as it was told to, and only where', async () => {
  const { call, control } = await openShop()
  control.faults({ rateLimited: { count: 2, endpoint: 'orders.get', retryAfterS: 7 } })
  expect((await call('POST', '/orders', { body: orderBody() })).status).toBe(200)
  const first = await call('GET', '/orders/sub_7f3a_1')
  expect(first.status).toBe(429)
  expect(first.headers.get('x-ratelimit-retry')).toBe('7')
  expect(first.json).toEqual({
    message: 'Too many requests from IP. Check headers',
    code: 'request_failed',
    type: 'rate_limit_error',
  })
  expect((await call('GET', '/orders/sub_7f3a_1')).status).toBe(429)
  expect((await call('GET', '/orders/sub_7f3a_1')).status).toBe(200)
})

test('a fault that does not exist is refused', async () => {
  const { control } = await openShop()
  expect(() => control.faults({ serverErorr: true } as never)).toThrow(UnknownFault)
})

test('an answer can be an error, a page, a redirect, late, or missing', async () => {
  const { call, control, order, sandbox } = await openShop()
  await order()
  const get = () => call('GET', '/orders/sub_7f3a_1')
  control.faults({ serverError: 1 })
  expect((await get()).json).toMatchObject({ code: 'internal_error', type: 'api_error' })
  control.faults({ serverError: { count: 1, status: 503 } })
  expect((await get()).status).toBe(503)
  control.faults({ badGateway: 1 })
  expect((await get()).status).toBe(502)
  control.faults({ garbage: 1 })
  expect((await get()).headers.get('content-type')).toContain('text/html')
  control.faults({ redirect: 1 })
  const moved = await get()
  expect([moved.status, moved.headers.get('location')]).toEqual([
    307,
    `${sandbox.publicUrl}/elsewhere/pg/orders/sub_7f3a_1`,
  ])
  control.faults({ slow: { count: 1, ms: 120 } })
  const began = performance.now()
  expect((await get()).status).toBe(200)
  expect(performance.now() - began).toBeGreaterThan(100)
  control.faults({ hang: { count: 1, ms: 10 } })
  await expect(get()).rejects.toThrow()
  expect((await get()).status).toBe(200)
})

test('a lost reply leaves the order made, and the same key finds it', async () => {
  const { call, control } = await openShop()
  const create = () => call('POST', '/orders', { body: orderBody(), headers: { 'x-idempotency-key': 'k1' } })
  control.faults({ replyLost: 1 })
  await expect(create()).rejects.toThrow()
  const again = await create()
  expect([again.status, again.headers.get('x-idempotency-replayed')]).toEqual([200, 'true'])
})

test('GET order can lie about amount, currency and order', async () => {
  const { call, control, order } = await openShop()
  await order()
  control.faults({ wrongAmount: { count: 1, paise: -100 }, wrongCurrency: 1, wrongOrderId: 1, unknownEnums: 1 })
  expect((await call('GET', '/orders/sub_7f3a_1')).json).toMatchObject({
    order_amount: 498,
    order_currency: 'USD',
    order_id: 'sub_7f3a_1_other',
    order_status: 'IN_REVIEW',
  })
  expect((await call('GET', '/orders/sub_7f3a_1')).json).toMatchObject({ order_amount: 499, order_currency: 'INR' })
})

test('the list of payments can be unreadable, or full of statuses nobody knows', async () => {
  const { call, control, order } = await openShop()
  await order()
  control.pending('sub_7f3a_1')
  control.faults({ paymentsUnreadable: 1 })
  expect((await call('GET', '/orders/sub_7f3a_1/payments')).json).toBeNull()
  control.faults({ unknownEnums: true })
  expect((await call('GET', '/orders/sub_7f3a_1/payments')).json[0].payment_status).toBe('FLAGGED')
})

test('ids can be numbers, and too long for a double', async () => {
  const { call, control } = await openShop()
  control.faults({ numericIds: true, longIds: true })
  const { text } = await call('POST', '/orders', { body: orderBody() })
  const [, id] = text.match(/"cf_order_id":(\d+),/)!
  expect(id).toHaveLength(19)
  expect(Number.isSafeInteger(Number(id))).toBe(false)
})

test('webhooks can come twice, reversed, badly signed, without a key, or not at all', async () => {
  const { control, order, received } = await openShop()
  await order()
  const types = () => received.splice(0).map(({ event }) => event.type)

  control.faults({ duplicateWebhooks: 1 })
  control.fail('sub_7f3a_1')
  await control.settled()
  expect(types()).toEqual(['PAYMENT_FAILED_WEBHOOK', 'PAYMENT_FAILED_WEBHOOK'])

  control.faults({ outOfOrderWebhooks: true })
  control.fail('sub_7f3a_1')
  await control.settled()
  expect(types()).toEqual([])
  control.pay('sub_7f3a_1')
  await control.advance(1_000)
  expect(types()).toEqual(['PAYMENT_SUCCESS_WEBHOOK', 'PAYMENT_FAILED_WEBHOOK'])
  control.clearFaults()

  control.faults({ webhooksMuted: 1 })
  control.fail('sub_7f3a_1', { newAttempt: true })
  await control.settled()
  expect(types()).toEqual([])
  const [muted] = control.deliveries()
  expect(muted!.state).toBe('muted')

  control.faults({ wrongSignature: 1, noIdempotencyHeader: 1 })
  await control.redeliver(muted!.n)
  await control.redeliver(muted!.n)
  const [bad, good] = received
  expect(bad!.headers['x-idempotency-key']).toBeUndefined()
  expect(good!.headers['x-idempotency-key']).toBeDefined()
  expect(bad!.headers['x-webhook-signature']).not.toBe(good!.headers['x-webhook-signature'])
})

test('a webhook can be made to wait until the customer is back', async () => {
  const { control, order, received } = await openShop()
  await order()
  control.faults({ webhookAfterRedirect: { count: 1, ms: 5_000 } })
  control.pay('sub_7f3a_1')
  await control.advance(4_000)
  expect(received).toHaveLength(0)
  await control.advance(1_500)
  expect(received).toHaveLength(1)
})

test('the next success can come after expiry, too late, or twice', async () => {
  const { call, control, order } = await openShop()
  const paid = async (order_id: string) => {
    await order({ order_id })
    control.pay(order_id)
    const { json } = await call('GET', `/orders/${order_id}`)
    const payments = (await call('GET', `/orders/${order_id}/payments`)).json
    return { json, statuses: payments.map((payment: Json) => payment.payment_status) }
  }
  control.faults({ successAfterExpiry: 1 })
  const late = await paid('late_1')
  expect(late.json.order_status).toBe('PAID')
  expect(Date.parse(late.json.order_expiry_time)).toBeLessThanOrEqual(Date.now())
  control.faults({ successAfterTtl: 1 })
  expect((await paid('too_late_1')).statuses).toEqual(['CANCELLED'])
  control.faults({ doubleSuccess: 1 })
  expect((await paid('double_1')).statuses).toEqual(['SUCCESS', 'SUCCESS'])
})
