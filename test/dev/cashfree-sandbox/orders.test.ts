import { expect, test } from 'vitest'
import { openShop, orderBody } from './shop.ts'

test('a new order is ACTIVE, lives 30 days, and keeps its return address unfilled', async () => {
  const { call } = await openShop()
  const { status, json, text, headers } = await call('POST', '/orders', { body: orderBody() })
  expect(status).toBe(200)
  expect(json).toMatchObject({
    order_id: 'sub_7f3a_1',
    entity: 'order',
    order_status: 'ACTIVE',
    order_meta: { return_url: 'https://shop.example.in/pay/return?order_id={order_id}', notify_url: null },
  })
  expect(text).toContain('"order_amount":499.00')
  expect(json.cf_order_id).toMatch(/^\d{15}$/)
  expect(json.payment_session_id).toMatch(/^session_[\w-]{123}payment$/)
  expect(json.order_expiry_time).toMatch(/\+05:30$/)
  expect(Date.parse(json.order_expiry_time) - Date.parse(json.created_at)).toBe(30 * 86_400_000)
  expect(headers.get('x-ratelimit-limit')).toBe('30')
  expect(headers.get('x-ratelimit-remaining')).toBe('29')
})

test('an order is read by the merchant’s id and never by the cf id', async () => {
  const { call, order } = await openShop()
  const { cf_order_id } = await order()
  expect((await call('GET', '/orders/sub_7f3a_1')).json.cf_order_id).toBe(cf_order_id)
  const missing = await call('GET', `/orders/${cf_order_id}`)
  expect(missing.status).toBe(404)
  expect(missing.json).toMatchObject({ code: 'order_not_found', message: 'Order Reference Id does not exist' })
})

test('an order that nobody named gets a name', async () => {
  const { order } = await openShop()
  expect((await order({ order_id: '' })).order_id).toMatch(/^order_\w{30,40}$/)
})

test('an order expires by the sandbox’s clock, and its id is never free again', async () => {
  const { call, control, order } = await openShop()
  await order({ order_expiry_time: new Date(Date.now() + 20 * 60_000).toISOString() })
  await control.advance(19 * 60_000)
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('ACTIVE')
  await control.advance(2 * 60_000)
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('EXPIRED')
  const again = await call('POST', '/orders', { body: orderBody() })
  expect(again.status).toBe(409)
  expect(again.json).toMatchObject({ code: 'order_already_exists', message: 'order with same id is already present' })
})

test.each([
  ['15 minutes', 15 * 60_000 - 1000, 400],
  ['16 minutes', 16 * 60_000, 200],
  ['29 days', 29 * 86_400_000, 200],
  ['31 days', 31 * 86_400_000, 400],
])('an expiry %s ahead', async (_name, ahead, status) => {
  const { call } = await openShop()
  const order_expiry_time = new Date(Date.now() + ahead).toISOString()
  const answer = await call('POST', '/orders', { body: orderBody({ order_expiry_time }) })
  expect(answer.status).toBe(status)
  if (status === 400) {
    expect(answer.json).toMatchObject({
      code: 'order_expiry_time_invalid',
      message: 'order_expiry_time : Expiry time should be more than 15 min and less than 30 days',
    })
  }
})

test('an order without an attempt under way ends as soon as it is terminated', async () => {
  const { call, order } = await openShop()
  await order()
  const { json } = await call('PATCH', '/orders/sub_7f3a_1', { body: { order_status: 'TERMINATED' } })
  expect(json.order_status).toBe('TERMINATED')
})

test.each([
  ['fail', 'TERMINATED'],
  ['drop', 'TERMINATED'],
  ['pay', 'PAID'],
] as const)('an order terminated during an attempt waits for it: %s makes it %s', async (what, status) => {
  const { call, control, order } = await openShop()
  await order()
  control.pending('sub_7f3a_1')
  const { json } = await call('PATCH', '/orders/sub_7f3a_1', { body: { order_status: 'TERMINATED' } })
  expect(json.order_status).toBe('TERMINATION_REQUESTED')
  control[what]('sub_7f3a_1')
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe(status)
})

test('terminating a paid order leaves it paid', async () => {
  const { call, control, order } = await openShop()
  await order()
  control.pay('sub_7f3a_1')
  const { status, json } = await call('PATCH', '/orders/sub_7f3a_1', { body: { order_status: 'TERMINATED' } })
  expect([status, json.order_status]).toEqual([200, 'PAID'])
})
