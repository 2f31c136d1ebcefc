import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { toJson } from '../../../src/dev/cashfree-sandbox/json.ts'
import { Rupees } from '../../../src/dev/cashfree-sandbox/money.ts'
import { sign } from '../../../src/dev/cashfree-sandbox/webhooks/signature.ts'
import { CLIENT_SECRET, openShop, type Received } from './shop.ts'

test('the serialiser and the signature give Cashfree’s test vector', () => {
  const order = { order_id: 'ord_demo_1', order_amount: new Rupees(49_900), order_currency: 'INR', order_tags: null }
  const payment = { cf_payment_id: '5114900000001', payment_status: 'SUCCESS', payment_amount: new Rupees(49_900) }
  const body = toJson({
    data: { order, payment },
    event_time: '2026-10-09T14:23:20+05:30',
    type: 'PAYMENT_SUCCESS_WEBHOOK',
  })
  expect(Buffer.byteLength(body)).toBe(276)
  expect(sign(CLIENT_SECRET, '1760000000123', body)).toBe('8uTQkWIe3CuVWsYgqOCWrLG4t2c6vNRJr/OBRBKjJFE=')
})

test('a payment is announced with two-decimal amounts, signed over the exact bytes', async () => {
  const { control, order, received } = await openShop()
  await order({ order_tags: { plan: 'monthly' } })
  control.pay('sub_7f3a_1')
  await control.settled()
  const [webhook] = received as [Received]
  expect(webhook.body).toContain('"order_amount":499.00')
  expect(webhook.event).toMatchObject({
    type: 'PAYMENT_SUCCESS_WEBHOOK',
    data: {
      order: { order_id: 'sub_7f3a_1', order_tags: { plan: 'monthly' } },
      payment: { payment_status: 'SUCCESS' },
    },
  })
  expect(webhook.headers['x-webhook-version']).toBe('2025-01-01')
  expect(webhook.headers['x-webhook-attempt']).toBe('1')
  expect(webhook.headers['x-idempotency-key']).toHaveLength(44)
  expect(webhook.headers['x-webhook-timestamp']).toMatch(/^\d{13}$/)
  expect(verifies(webhook, webhook.body)).toBe(true)
  expect(verifies(webhook, JSON.stringify(webhook.event))).toBe(false)
})

test('time does its work alone: the payment settles and its webhook goes out', async () => {
  const { call, order, received } = await openShop({ settings: { collectSettleMs: 60, webhookDelayMs: 60 } })
  const { payment_session_id } = await order()
  const payment_method = { upi: { channel: 'collect', upi_id: 'testsuccess@gocash' } }
  await call('POST', '/orders/sessions', { body: { payment_session_id, payment_method } })
  expect(received).toHaveLength(0)
  await expect.poll(() => received.map(({ event }) => event.type)).toEqual(['PAYMENT_SUCCESS_WEBHOOK'])
})

test('a failure says why at data level, a drop says little', async () => {
  const { control, order, received } = await openShop()
  await order()
  control.fail('sub_7f3a_1', { reason: 'auth_declined' })
  control.drop('sub_7f3a_1')
  await control.settled()
  const [failed, dropped] = received.map(({ event }) => event)
  expect(failed).toMatchObject({
    type: 'PAYMENT_FAILED_WEBHOOK',
    data: {
      error_details: { error_reason: 'auth_declined', error_source: 'customer' },
      payment: { bank_reference: 'NA', auth_id: 'null' },
    },
  })
  expect(Object.keys(dropped!.data)).toEqual(['order', 'payment', 'customer_details', 'terminal_details'])
})

test('both the dashboard’s endpoint and the order’s notify_url are called', async () => {
  const { control, order, received, webhookUrl } = await openShop()
  await order({ order_meta: { notify_url: `${webhookUrl}/own` } })
  control.pay('sub_7f3a_1')
  await control.settled()
  expect(received).toHaveLength(2)
  expect(received[0]!.body).toBe(received[1]!.body)
})

test('anything but 200 is tried again after 2, 10 and 30 minutes of the sandbox’s clock', async () => {
  const { control, order, received, answers } = await openShop()
  await order()
  answers.status = 204
  control.pay('sub_7f3a_1')
  await control.settled()
  expect(received).toHaveLength(1)
  for (const [minutes, count] of [
    [1.9, 1],
    [0.2, 2],
    [7.8, 2],
    [0.2, 3],
    [19.8, 3],
    [0.2, 4],
    [600, 4],
  ] as const) {
    await control.advance(minutes * 60_000)
    expect(received).toHaveLength(count)
  }
  expect(received.map(({ headers }) => headers['x-webhook-attempt'])).toEqual(['1', '2', '3', '4'])
  expect(new Set(received.map(({ headers }) => headers['x-idempotency-key'])).size).toBe(1)
  const [delivery] = control.deliveries('sub_7f3a_1')
  expect(delivery).toMatchObject({ state: 'gave up', dueAt: null })
  expect(delivery!.sendings.map(({ status }) => status)).toEqual([204, 204, 204, 204])

  answers.status = 200
  expect((await control.redeliver(delivery!.n)).state).toBe('delivered')
})

test('a retry that is answered ends the story', async () => {
  const { control, order, received, answers } = await openShop()
  await order()
  answers.status = 503
  control.pay('sub_7f3a_1')
  await control.settled()
  answers.status = 200
  await control.advance(86_400_000)
  expect(received).toHaveLength(2)
  expect(received.every((webhook) => verifies(webhook, webhook.body))).toBe(true)
})

test('paused webhooks wait, and go out when resumed', async () => {
  const { control, order, received } = await openShop()
  await order()
  control.webhooks({ paused: true })
  control.pay('sub_7f3a_1')
  await control.advance(3_600_000)
  expect(received).toHaveLength(0)
  control.webhooks({ paused: false })
  await control.settled()
  expect(received).toHaveLength(1)
})

test('the dashboard’s test ping carries no order', async () => {
  const { control, received } = await openShop()
  expect((await control.ping())?.state).toBe('delivered')
  expect(received[0]!.event).toMatchObject({ type: 'WEBHOOK', data: { test_object: {} } })
  await control.ping('DISPUTE_CREATED', { dispute: {} })
  expect(received[1]!.event.type).toBe('DISPUTE_CREATED')
})

function verifies({ headers }: Received, body: string): boolean {
  const expected = createHmac('sha256', CLIENT_SECRET)
    .update(headers['x-webhook-timestamp'] + body)
    .digest('base64')
  return headers['x-webhook-signature'] === expected
}
