import { expect, test } from 'vitest'
import { type Json, openShop } from './shop.ts'

const PAY = (payment_session_id: string, payment_method: unknown) => ({ body: { payment_session_id, payment_method } })
const COLLECT = (upi_id: string) => ({ upi: { channel: 'collect', upi_id } })

test('a collect request to the successful VPA pays the order by itself after its delay', async () => {
  const { call, control, order } = await openShop({ settings: { collectSettleMs: 30_000 } })
  const { payment_session_id } = await order()
  const headers = { 'x-client-id': undefined, 'x-client-secret': undefined }
  const { json } = await call('POST', '/orders/sessions', {
    ...PAY(payment_session_id, COLLECT('testsuccess@gocash')),
    headers,
  })
  expect(json).toMatchObject({ payment_method: 'upi', channel: 'collect', action: 'custom', data: { url: null } })
  expect(json).not.toHaveProperty('payment_status')
  const attempts = async () => (await call('GET', '/orders/sub_7f3a_1/payments')).json
  expect((await attempts())[0].payment_status).toBe('NOT_ATTEMPTED')
  await control.advance(30_000)
  expect((await attempts())[0]).toMatchObject({
    payment_status: 'SUCCESS',
    payment_message: 'Simulated response message',
    bank_reference: '1234567890',
    is_captured: true,
  })
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('PAID')
})

test('a failing VPA leaves the attempt alone, or fails it when told to', async () => {
  const { call, control, order } = await openShop()
  const { payment_session_id } = await order()
  await call('POST', '/orders/sessions', PAY(payment_session_id, COLLECT('testfailure@gocash')))
  await control.advance(63_000)
  expect((await call('GET', '/orders/sub_7f3a_1/payments')).json[0].payment_status).toBe('NOT_ATTEMPTED')
  control.settings({ failingVpas: 'fail' })
  await call('POST', '/orders/sessions', PAY(payment_session_id, COLLECT('testinsufficientfunds@gocash')))
  await control.settled()
  expect((await call('GET', '/orders/sub_7f3a_1/payments')).json[0]).toMatchObject({
    payment_status: 'FAILED',
    error_details: { error_code: 'TRANSACTION_DECLINED', error_reason: 'insufficient_funds' },
  })
})

test('an unknown VPA, a strange session and a closed order are refused', async () => {
  const { call, control, order } = await openShop()
  const { payment_session_id } = await order()
  const vpa = await call('POST', '/orders/sessions', PAY(payment_session_id, COLLECT('someone@okbank')))
  expect(vpa.json).toMatchObject({ code: 'upi_id_invalid', message: 'Invalid UPI ID entered' })
  const session = await call('POST', '/orders/sessions', PAY('session_x', COLLECT('testsuccess@gocash')))
  expect(session.status).toBe(400)
  expect(session.json).toMatchObject({
    code: 'payment_session_id_invalid',
    message: 'payment_session_id is not present or is invalid',
    type: 'request_failed',
  })
  control.pay('sub_7f3a_1')
  const paid = await call('POST', '/orders/sessions', PAY(payment_session_id, COLLECT('testsuccess@gocash')))
  expect(paid.json).toMatchObject({ code: 'order_inactive', message: 'order is no longer active' })
})

test('a QR code is a picture', async () => {
  const { call, order } = await openShop()
  const { payment_session_id } = await order()
  const { json } = await call('POST', '/orders/sessions', PAY(payment_session_id, { upi: { channel: 'qrcode' } }))
  const [, base64] = json.data.payload.qrcode.split('data:image/png;base64,')
  expect(Buffer.from(base64, 'base64').subarray(1, 4).toString()).toBe('PNG')
})

test('a card paid natively takes the test OTP, and no other', async () => {
  const { call, control, order } = await openShop()
  const { payment_session_id } = await order()
  const card = {
    channel: 'post',
    card_number: '4706131211212123',
    card_expiry_mm: '03',
    card_expiry_yy: '28',
    card_cvv: '123',
  }
  const { json } = await call('POST', '/orders/sessions', PAY(payment_session_id, { card }))
  const submit = (otp: string) =>
    call('POST', `/orders/pay/authenticate/${json.cf_payment_id}`, { body: { otp, action: 'SUBMIT_OTP' } })
  expect((await submit('999999')).json.authenticate_status).toBe('FAILED')
  expect((await submit('111000')).json.authenticate_status).toBe('SUCCESS')
  await control.advance(1000)
  const [payment] = (await call('GET', '/orders/sub_7f3a_1/payments')).json
  expect(payment).toMatchObject({ payment_status: 'SUCCESS', payment_group: 'debit_card' })
  expect(payment.payment_method.card.card_number).toBe('XXXXXXXXXXXX2123')
})

test('simulation decides an attempt once', async () => {
  const { call, order } = await openShop()
  const { payment_session_id } = await order()
  const { json } = await call('POST', '/orders/sessions', PAY(payment_session_id, { upi: { channel: 'link' } }))
  const body = {
    entity: 'PAYMENTS',
    entity_id: json.cf_payment_id,
    entity_simulation: { payment_status: 'SUCCESS' },
  }
  const done = await call('POST', '/simulate', { body })
  expect(done.json).toMatchObject(body)
  expect((await call('GET', `/simulate/${done.json.simulation_id}`)).json).toMatchObject(body)
  const again = await call('POST', '/simulate', { body })
  expect(again.status).toBe(400)
  expect(again.json).toMatchObject({
    code: 'transaction_status_invalid',
    message: 'Transaction status cannot be changed from SUCCESS to SUCCESS',
  })
})

test('an attempt nobody acts on is dropped after ten minutes, a pending one at its time limit', async () => {
  const { call, control, order, received } = await openShop()
  const { payment_session_id } = await order()
  await call('POST', '/orders/sessions', PAY(payment_session_id, { upi: { channel: 'link' } }))
  control.pending('sub_7f3a_1', { newAttempt: true })
  const statuses = async () =>
    (await call('GET', '/orders/sub_7f3a_1/payments')).json.map((payment: Json) => payment.payment_status)
  await control.advance(10 * 60_000)
  expect(await statuses()).toEqual(['PENDING', 'USER_DROPPED'])
  await control.advance(10 * 60_000)
  expect(await statuses()).toEqual(['USER_DROPPED', 'USER_DROPPED'])
  expect(received.map(({ event }) => event.type)).toEqual([
    'PAYMENT_USER_DROPPED_WEBHOOK',
    'PAYMENT_USER_DROPPED_WEBHOOK',
  ])
})

test('a success after the order expired, but within the time limit, still pays it', async () => {
  const { call, control, order } = await openShop()
  await order({ order_expiry_time: new Date(Date.now() + 16 * 60_000).toISOString() })
  await control.advance(15 * 60_000)
  control.pending('sub_7f3a_1')
  await control.advance(5 * 60_000)
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('EXPIRED')
  control.pay('sub_7f3a_1')
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('PAID')
})

test('a success after the time limit is cancelled and sent back, and the order is not paid', async () => {
  const { call, control, order, received } = await openShop()
  await order()
  control.pay('sub_7f3a_1', { when: 'after-ttl' })
  await control.settled()
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('ACTIVE')
  expect((await call('GET', '/orders/sub_7f3a_1/payments')).json[0].payment_status).toBe('CANCELLED')
  expect(received.map(({ event }) => event.type)).toEqual([
    'PAYMENT_USER_DROPPED_WEBHOOK',
    'AUTO_REFUND_STATUS_WEBHOOK',
  ])
  expect(received[1]!.event.data.auto_refund).toMatchObject({
    refund_type: 'PAYMENT_AUTO_REFUND',
    refund_status: 'SUCCESS',
    refund_amount: 499,
  })
})

test('a settlement appears a day after the payment', async () => {
  const { call, control, order } = await openShop()
  await order()
  control.pay('sub_7f3a_1')
  expect((await call('GET', '/orders/sub_7f3a_1/settlements')).status).toBe(404)
  await control.advance(86_400_000)
  expect((await call('GET', '/orders/sub_7f3a_1/settlements')).json).toMatchObject({
    entity: 'settlement',
    service_charge: 9.73,
    service_tax: 1.75,
    settlement_amount: 487.52,
  })
})
