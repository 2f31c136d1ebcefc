import { expect, test } from 'vitest'
import { openShop } from './shop.ts'

const refund = (refund_id: string, refund_amount: unknown, more = {}) => ({
  body: { refund_id, refund_amount, ...more },
})

test('a refund is PENDING at first and announced when it is through', async () => {
  const { call, control, order, received } = await openShop({ settings: { refundDelayMs: 1_500 } })
  await order()
  control.pay('sub_7f3a_1')
  const { json } = await call('POST', '/orders/sub_7f3a_1/refunds', refund('rf_1', 200, { refund_note: 'partial' }))
  expect(json).toMatchObject({
    entity: 'refund',
    refund_status: 'PENDING',
    refund_type: 'MERCHANT_INITIATED',
    status_description: 'In Progress',
    processed_at: null,
  })
  await control.advance(1_500)
  expect((await call('GET', '/orders/sub_7f3a_1/refunds/rf_1')).json).toMatchObject({
    refund_status: 'SUCCESS',
    status_description: 'Refund processed successfully',
  })
  const webhook = received.find(({ event }) => event.type === 'REFUND_STATUS_WEBHOOK')!
  expect(webhook.body).toContain('"refund_amount":200.00')
  expect(webhook.event.data.refund).toMatchObject({ refund_id: 'rf_1', refund_status: 'SUCCESS', entity: 'Refund' })
  expect(typeof webhook.event.data.refund.cf_refund_id).toBe('number')
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('PAID')
  expect((await call('GET', '/orders/sub_7f3a_1/refunds')).json).toHaveLength(1)
})

test('refunds never add up to more than was paid', async () => {
  const { call, control, order } = await openShop()
  await order()
  control.pay('sub_7f3a_1')
  expect((await call('POST', '/orders/sub_7f3a_1/refunds', refund('rf_1', 300))).status).toBe(200)
  const more = await call('POST', '/orders/sub_7f3a_1/refunds', refund('rf_2', 199.01))
  expect(more.json).toMatchObject({
    code: 'refund_post_failed',
    message: 'Total amount of Refunds cannot be greater than the transaction amount.',
  })
  expect((await call('POST', '/orders/sub_7f3a_1/refunds', refund('rf_2', 199))).status).toBe(200)
})

test.each([
  ['rf-1', 10, 'refund_id_invalid', 'refund_id format not valid'],
  ['rf_0', 10, 'refund_id_invalid', 'Duplicate Merchant Refund Id'],
  ['rf_2', 0, 'refund_amount_invalid', 'refund_amount : Invalid amount entered '],
  ['rf_2', 1.001, 'refund_amount_invalid', 'refund_amount : Invalid amount entered '],
])('a refund %s of %s is refused as %s', async (id, amount, code, message) => {
  const { call, control, order } = await openShop()
  await order({ order_id: 'other_1' })
  control.pay('other_1')
  await call('POST', '/orders/other_1/refunds', refund('rf_0', 1))
  await order()
  control.pay('sub_7f3a_1')
  const { status, json } = await call('POST', '/orders/sub_7f3a_1/refunds', refund(id, amount))
  expect(status).toBe(400)
  expect(json).toMatchObject({ code, message })
})

test('an order that is not paid cannot be refunded', async () => {
  const { call, order } = await openShop()
  await order()
  expect((await call('POST', '/orders/sub_7f3a_1/refunds', refund('rf_1', 1))).json).toMatchObject({
    code: 'order_id_not_paid',
    message: 'transaction not found',
  })
})

test('a refund on hold can be cancelled, and its money refunded again', async () => {
  const { call, control, order } = await openShop({ settings: { refundOutcome: 'ONHOLD' } })
  await order()
  control.pay('sub_7f3a_1')
  await call('POST', '/orders/sub_7f3a_1/refunds', refund('rf_1', 499))
  await control.settled()
  const cancel = { body: { refund_status: 'CANCELLED', remarks: 'typo' } }
  expect((await call('PUT', '/orders/sub_7f3a_1/refunds/rf_1', cancel)).json.refund_status).toBe('CANCELLED')
  expect((await call('PUT', '/orders/sub_7f3a_1/refunds/rf_1', cancel)).status).toBe(400)
  expect((await call('POST', '/orders/sub_7f3a_1/refunds', refund('rf_2', 499))).status).toBe(200)
})

test('both payments of an order paid twice can be refunded', async () => {
  const { call, control, order } = await openShop()
  await order()
  control.faults({ doubleSuccess: 1 })
  control.pay('sub_7f3a_1')
  const one = await call('POST', '/orders/sub_7f3a_1/refunds', refund('rf_1', 499))
  const other = await call('POST', '/orders/sub_7f3a_1/refunds', refund('rf_2', 499))
  expect(one.json.cf_payment_id).not.toBe(other.json.cf_payment_id)
  expect((await call('POST', '/orders/sub_7f3a_1/refunds', refund('rf_3', 1))).status).toBe(400)
})
