import { expect, test } from 'vitest'
import { openShop, orderBody } from './shop.ts'

const HELP =
  'Check latest errors and resolution from Merchant Dashboard API logs: https://bit.ly/4glEd0W Help Document: https://bit.ly/4eeZYO9'

test.each([0, -5, 0.5, 1.999, '499'])('the amount %j is refused in Cashfree’s words', async (order_amount) => {
  const { call } = await openShop()
  const { status, json } = await call('POST', '/orders', { body: orderBody({ order_amount }) })
  expect(status).toBe(400)
  expect(json).toEqual({
    message: 'order_amount : Invalid amount entered ',
    code: 'order_amount_invalid',
    type: 'invalid_request_error',
    help: HELP,
  })
})

test('a currency that is not enabled is refused', async () => {
  const { call } = await openShop()
  const { json } = await call('POST', '/orders', { body: orderBody({ order_currency: 'XYZ' }) })
  expect(json).toMatchObject({
    message: 'order_currency : is not valid or not enabled. Value received: XYZ',
    code: 'order_currency_invalid',
  })
})

test('a missing phone is named with its whole path', async () => {
  const { call } = await openShop()
  const { json } = await call('POST', '/orders', { body: orderBody({ customer_details: { customer_id: 'u_1' } }) })
  expect(json).toMatchObject({
    message: 'customer_details.customer_phone : is missing in the request. Value received: ',
    code: 'customer_details.customer_phone_missing',
  })
})

test.each([
  ['customer_phone', '98765000011', 'customer_details.customer_phone_invalid'],
  ['customer_phone', '919876500001', 'customer_details.customer_phone_invalid'],
  ['customer_id', 'a@b.in', 'customer_details.customer_id_invalid'],
  ['customer_id', 'a+b', 'customer_details.customer_id_invalid'],
])('the %s %s is refused', async (name, value, code) => {
  const { call } = await openShop()
  const customer_details = { ...orderBody().customer_details, [name]: value }
  expect((await call('POST', '/orders', { body: orderBody({ customer_details }) })).json.code).toBe(code)
})

test('wrong credentials, no version and an unknown version are told apart', async () => {
  const { call } = await openShop()
  const stranger = await call('GET', '/orders/x_1', { headers: { 'x-client-secret': 'wrong' } })
  expect(stranger.status).toBe(401)
  expect(stranger.json).toEqual({
    message: 'authentication Failed',
    code: 'request_failed',
    type: 'authentication_error',
  })
  const unversioned = await call('GET', '/orders/x_1', { headers: { 'x-api-version': undefined } })
  expect([unversioned.status, unversioned.json.code]).toEqual([400, 'version_missing'])
  const oddly = await call('GET', '/orders/x_1', { headers: { 'x-api-version': '2024-02-30' } })
  expect([oddly.status, oddly.json.code]).toEqual([400, 'version_invalid'])
})

test('older versions get no help', async () => {
  const { call } = await openShop()
  const { json } = await call('GET', '/orders/x_1', { headers: { 'x-api-version': '2023-08-01' } })
  expect(json).toEqual({
    message: 'Order Reference Id does not exist',
    code: 'order_not_found',
    type: 'invalid_request_error',
  })
})

test('an address that does not exist is a bad URL, and a body that is no JSON a bad request', async () => {
  const { call } = await openShop()
  const lost = await call('GET', '/orderz')
  expect(lost.status).toBe(400)
  expect(lost.json).toMatchObject({ code: 'request_failed', message: 'bad URL, please check API documentation' })
  expect((await call('POST', '/orders', { body: '{"order' })).status).toBe(400)
})

test('the same key and body get the first answer again, another body is refused', async () => {
  const { call } = await openShop()
  const headers = { 'x-idempotency-key': '5b7a3b7e-54a4-4f57-a2f2-0f3a4a1d0001' }
  const first = await call('POST', '/orders', { body: orderBody(), headers })
  const second = await call('POST', '/orders', { body: orderBody(), headers })
  expect(first.headers.get('x-idempotency-replayed')).toBe('false')
  expect(second.headers.get('x-idempotency-replayed')).toBe('true')
  expect(second.text).toBe(first.text)
  const other = await call('POST', '/orders', { body: orderBody({ order_amount: 500 }), headers })
  expect(other.status).toBe(422)
  expect(other.json).toMatchObject({
    message: 'invalid body in request for x-idempotency-key',
    code: 'request_invalid',
    type: 'idempotency_error',
  })
})

test('limits are announced always and enforced on demand', async () => {
  const { call, control } = await openShop()
  for (let n = 0; n < 31; n++) expect((await call('GET', '/orders/x_1/payments')).status).toBe(404)
  control.settings({ enforceRateLimits: true })
  const over = await call('GET', '/orders/x_1/payments')
  expect(over.status).toBe(429)
  expect(over.headers.get('x-ratelimit-remaining')).toBe('0')
  expect(Number(over.headers.get('x-ratelimit-retry'))).toBeGreaterThan(0)
  expect(over.json.type).toBe('rate_limit_error')
  await control.advance(60_000)
  expect((await call('GET', '/orders/x_1/payments')).status).toBe(404)
})
