import { describe, expect, test } from 'vitest'
import { GatewayUnavailable } from '../../../src/billing/payments/gateway.ts'
import type { NewCharge } from '../../../src/billing/payments/mandate-gateway.ts'
import { paise } from '../../../src/platform/money.ts'
import {
  answer,
  failureOf,
  keysRefused,
  paymentId,
  says,
  scriptedGateway,
  subscriptionId,
  taken,
} from './mandate-fixtures.ts'

const gateway = scriptedGateway()

const debit: NewCharge = {
  subscriptionId,
  paymentId,
  idempotencyKey: '0a4f0000-0000-4000-8000-000000000002',
  amountPaise: paise(49_900),
  scheduledOn: '2027-01-09',
  remarks: 'Monthly, 9 Jan 2027',
}
const mandatePath = `/subscriptions/${subscriptionId}`
const chargePath = `${mandatePath}/payments/${paymentId}`

describe('a charge', () => {
  test('is asked for under our id and key, for noon of its Indian day', async () => {
    gateway.answers = { 'POST /subscriptions/pay': answer('charge') }
    expect(await gateway.mandates.charge(debit)).toMatchObject({
      paymentId,
      status: 'INITIALIZED',
      amountPaise: 49_900,
    })
    const { headers, body } = gateway.sent()
    expect(headers['x-idempotency-key']).toBe(debit.idempotencyKey)
    expect(body).toEqual({
      subscription_id: subscriptionId,
      payment_id: paymentId,
      payment_type: 'CHARGE',
      payment_amount: 499,
      payment_schedule_date: '2027-01-09T12:00:00+05:30',
      payment_remarks: 'Monthly, 9 Jan 2027',
    })
  })

  test.each(taken)('whose reply was lost (%s) is found', async (_what, refusal) => {
    gateway.answers = { 'POST /subscriptions/pay': refusal, [`GET ${chargePath}`]: answer('charge') }
    expect(await gateway.mandates.charge(debit)).toMatchObject({ paymentId, status: 'INITIALIZED' })
  })

  test.each([
    ['another amount', { payment_amount: 999 }],
    ['another mandate', { subscription_id: 'sub_another' }],
    ['another id', { payment_id: 'c_another' }],
    ['another type', { payment_type: 'AUTH' }],
  ])('that stands under our id with %s is not ours', async (_what, changes) => {
    gateway.answers = { 'POST /subscriptions/pay': says(409, 'x'), [`GET ${chargePath}`]: answer('charge', changes) }
    expect(await failureOf(gateway.mandates.charge(debit))).toMatchObject({ status: 409, code: 'charge_differs' })
  })

  test('that is refused and not there is refused; while nobody knows, it is unknown', async () => {
    const refusal = says(400, 'payment_notification_restriction_error')
    gateway.answers = { 'POST /subscriptions/pay': refusal, [`GET ${chargePath}`]: says(404, 'payment_not_found') }
    const refused = await failureOf(gateway.mandates.charge(debit))
    expect(refused).toMatchObject({ status: 400, code: 'payment_notification_restriction_error' })
    gateway.answers = { 'POST /subscriptions/pay': refusal, [`GET ${chargePath}`]: says(429, 'request_failed') }
    expect(await failureOf(gateway.mandates.charge(debit))).toBeInstanceOf(GatewayUnavailable)
    gateway.answers = { 'POST /subscriptions/pay': keysRefused, [`GET ${chargePath}`]: answer('charge') }
    expect(await failureOf(gateway.mandates.charge(debit))).toMatchObject({ name: 'GatewayRefused', status: 401 })
  })

  test('that nobody asked for is null, and one that cannot be read is unknown', async () => {
    gateway.answers = { [`GET ${chargePath}`]: says(404, 'payment_not_found') }
    expect(await gateway.mandates.fetchCharge(subscriptionId, paymentId)).toBeNull()
    gateway.answers = { [`GET ${chargePath}`]: { status: 200, body: '[]' } }
    expect(await failureOf(gateway.mandates.fetchCharge(subscriptionId, paymentId))).toBeInstanceOf(GatewayUnavailable)
    gateway.answers = { [`GET ${chargePath}`]: says(404, 'request_failed', 'bad URL') }
    expect(await failureOf(gateway.mandates.fetchCharge(subscriptionId, paymentId))).toBeInstanceOf(GatewayUnavailable)
  })

  test.each([
    ['called off', answer('charge'), 'CANCELLED'],
    ['paid before it could be called off', says(400, 'payment_execution_restriction_error'), 'SUCCESS'],
  ])('that was %s is what Cashfree says it is', async (_what, reply, payment_status) => {
    gateway.answers = {
      [`POST ${chargePath}/manage`]: reply,
      [`GET ${chargePath}`]: answer('charge', { payment_status }),
    }
    expect(await gateway.mandates.cancelCharge(subscriptionId, paymentId)).toMatchObject({ status: payment_status })
    expect(gateway.sent().body).toEqual({ subscription_id: subscriptionId, payment_id: paymentId, action: 'CANCEL' })
  })

  test('that is not there cannot be called off', async () => {
    const absent = says(404, 'payment_not_found')
    gateway.answers = { [`POST ${chargePath}/manage`]: absent, [`GET ${chargePath}`]: absent }
    const refused = await failureOf(gateway.mandates.cancelCharge(subscriptionId, paymentId))
    expect(refused).toMatchObject({ name: 'GatewayRefused', status: 404, code: 'payment_not_found' })
  })
})

describe('a refund of a charge', () => {
  const refund = {
    subscriptionId,
    paymentId,
    refundId: 'rf_1',
    idempotencyKey: '0a4f0000-0000-4000-8000-000000000003',
    amountPaise: paise(49_900),
    note: 'Asked for within seven days',
  }
  const refunds = `${mandatePath}/refunds`

  test('is asked for at standard speed, and read like any other', async () => {
    gateway.answers = { [`POST ${refunds}`]: answer('refund') }
    expect(await gateway.mandates.createRefund(refund)).toEqual({
      refundId: 'rf_1',
      cfRefundId: 'SUB_0c9f',
      cfPaymentId: '513474',
      status: 'PENDING',
      amountPaise: 49_900,
      bankReference: null,
      note: 'Asked for within seven days',
    })
    expect(gateway.sent().body).toEqual({
      subscription_id: subscriptionId,
      payment_id: paymentId,
      refund_id: 'rf_1',
      refund_amount: 499,
      refund_note: 'Asked for within seven days',
      refund_speed: 'STANDARD',
    })
  })

  test.each(taken)('whose reply was lost (%s) is found, with its amount', async (_what, refusal) => {
    gateway.answers = { [`POST ${refunds}`]: refusal, [`GET ${refunds}/rf_1`]: answer('refund') }
    expect(await gateway.mandates.createRefund(refund)).toMatchObject({ refundId: 'rf_1' })
    const other = gateway.mandates.createRefund({ ...refund, amountPaise: paise(100) })
    expect(await failureOf(other)).toMatchObject({ code: 'refund_differs' })
  })

  test('that is refused and not there is refused', async () => {
    const absent = says(404, 'refund_not_found')
    gateway.answers = { [`POST ${refunds}`]: says(400, 'refund_amount_invalid'), [`GET ${refunds}/rf_1`]: absent }
    expect(await failureOf(gateway.mandates.createRefund(refund))).toMatchObject({ code: 'refund_amount_invalid' })
    expect(await gateway.mandates.fetchRefund(subscriptionId, 'rf_1')).toBeNull()
    gateway.answers = { [`GET ${refunds}/rf_1`]: says(400, 'x') }
    expect(await failureOf(gateway.mandates.fetchRefund(subscriptionId, 'rf_1'))).toBeInstanceOf(GatewayUnavailable)
  })
})

describe('the rate limit', () => {
  test('that an answer shows to be nearly used is left to people, for that kind of call alone', async () => {
    const low = { ...answer('created'), headers: { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '6' } }
    gateway.answers = { [`GET ${mandatePath}`]: low, 'POST /subscriptions/pay': answer('charge') }
    await gateway.mandates.fetchMandate(subscriptionId, undefined, 'patient')
    const waiting = await failureOf(gateway.mandates.fetchMandate('sub_another', undefined, 'patient'))
    expect(waiting).toMatchObject({ name: 'GatewayUnavailable', retryAfterS: 10 })
    expect((await gateway.mandates.fetchMandate(subscriptionId, undefined, 'light')).status).toBe('INITIALIZED')
    expect((await gateway.mandates.charge(debit)).status).toBe('INITIALIZED')
  })

  test('that is used up is told, with the pause Cashfree asks for; charges wait, a person’s calls go', async () => {
    const over = { ...says(429, 'request_failed'), headers: { 'x-ratelimit-retry': '17' } }
    gateway.answers = { 'POST /subscriptions/pay': over, [`GET ${mandatePath}`]: answer('created') }
    expect(await failureOf(gateway.mandates.charge(debit))).toMatchObject({ retryAfterS: 17 })
    const calls = gateway.calls().length
    expect(await failureOf(gateway.mandates.charge(debit))).toMatchObject({ message: 'rate limit' })
    expect(gateway.calls()).toHaveLength(calls)
  })
})
