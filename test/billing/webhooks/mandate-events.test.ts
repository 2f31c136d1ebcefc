import { describe, expect, test } from 'vitest'
import { sign } from '../../../src/billing/payments/signature.ts'
import { judgeMandateDelivery, readMandateEvent } from '../../../src/billing/webhooks/mandate-event.ts'
import { contentOf, paymentId, subscriptionId } from '../payments/mandate-fixtures.ts'

const event = (name: string) => contentOf(`events/${name}`) as { data: Record<string, unknown>; type: string }

describe('an event of a mandate', () => {
  test('of its status has its names inside', () => {
    expect(readMandateEvent(event('status-changed'))).toMatchObject({
      type: 'SUBSCRIPTION_STATUS_CHANGED',
      isKnown: true,
      subscriptionId,
      cfSubscriptionId: '7204411',
      status: 'BANK_APPROVAL_PENDING',
      paymentId: null,
      eventTime: '2026-12-09T12:32:12.000Z',
    })
  })

  test('of a debit has its names at the top, and ids that may be numbers', () => {
    expect(readMandateEvent(event('payment-failed'))).toEqual({
      type: 'SUBSCRIPTION_PAYMENT_FAILED',
      isKnown: true,
      subscriptionId,
      cfSubscriptionId: '7204411',
      paymentId,
      cfPaymentId: '49585655',
      refundId: null,
      paymentType: 'CHARGE',
      status: 'FAILED',
      amountPaise: 49_900,
      currency: 'INR',
      retries: 2,
      failureReason: 'DEBIT FAILED | Insufficient Funds In Customer (Remitter) Account',
      cardExpiresOn: null,
      eventTime: '2027-01-09T04:54:45.000Z',
      dedupeKey: JSON.stringify(['SUBSCRIPTION_PAYMENT_FAILED', subscriptionId, paymentId, 'FAILED', 2]),
    })
  })

  test('of a debit may describe the mandate beside it, and be spelt as before', () => {
    const { data, ...envelope } = event('payment-failed')
    const { failure_details, subscription_id, ...rest } = data
    const newer = { ...rest, subscription_details: { subscription_id, subscription_status: 'ACTIVE' } }
    const older = { ...newer, failureDetails: { failureReason: 'Account Closed' } }
    expect(readMandateEvent({ data: older, ...envelope })).toMatchObject({
      subscriptionId,
      status: 'FAILED',
      failureReason: 'Account Closed',
    })
    expect(failure_details).toBeDefined()
  })

  test('of a refund names no mandate, and has text for its failure', () => {
    expect(readMandateEvent(event('refund-status'))).toMatchObject({
      isKnown: true,
      subscriptionId: null,
      paymentId,
      refundId: 'rf_1',
      status: 'SUCCESS',
      amountPaise: 49_900,
      failureReason: null,
    })
  })

  test('of a card that ends has its names deeper inside', () => {
    expect(readMandateEvent(event('card-expiry'))).toMatchObject({
      isKnown: true,
      subscriptionId,
      status: 'ACTIVE',
      cardExpiresOn: '2027-01-31',
    })
  })

  test.each([
    'SUBSCRIPTION_STATUS_CHANGE',
    'SUBSCRIPTION_AUTHORIZED',
    'SUBSCRIPTION_NEW_PAYMENT',
    'SUBSCRIPTION_PAYMENT_DECLINED',
    'SUBSCRIPTION_CANCELLED',
    'PAYMENT_SUCCESS_WEBHOOK',
    '',
  ])('of the type %j is not known, and named', (type) => {
    expect(readMandateEvent({ data: {}, type })).toMatchObject({ type: type || null, isKnown: false })
  })

  test.each([
    [null],
    ['text'],
    [[]],
    [{}],
    [{ type: 7, data: null }],
    [{ type: 'SUBSCRIPTION_AUTH_STATUS', data: [] }],
    [{ type: {}, data: { subscription_id: {}, payment_status: [], retry_attempts: 'many', payment_amount: 'x' } }],
    [{ data: { subscription_details: 'x', subscription_status_webhook: 'y' } }],
  ])('may be %j: nothing fails', (content) => {
    expect(readMandateEvent(content)).toMatchObject({ subscriptionId: null, status: null, retries: 0 })
  })

  test('is the same as its copy, and no other', () => {
    const { data, ...envelope } = event('payment-failed')
    const keyOf = (changes: object, around = {}) =>
      readMandateEvent({ ...envelope, ...around, data: { ...data, ...changes } }).dedupeKey
    expect(keyOf({}, { event_time: '2027-01-09T10:34:45+05:30' })).toBe(keyOf({}))
    const others = [
      keyOf({ payment_id: 'c_2' }),
      keyOf({ subscription_id: 'sub_2' }),
      keyOf({ payment_status: 'SUCCESS' }),
      keyOf({ retry_attempts: 3 }),
      keyOf({}, { type: 'SUBSCRIPTION_AUTH_STATUS' }),
      keyOf({ refund_id: 'rf_1' }),
    ]
    expect(new Set([...others, keyOf({})]).size).toBe(7)
    const status = event('status-changed')
    const [now, later] = ['2026-12-09T18:02:12+05:30', '2026-12-10T18:02:12+05:30'].map(
      (event_time) => readMandateEvent({ ...status, event_time }).dedupeKey,
    )
    expect(now).not.toBe(later)
  })
})

// The test vector of the contract: 499.00 stays 499.00.
const secret = 'cfsk_ma_test_0000exampleonly'
const timestamp = '1796802285123'
const body =
  '{"data":{"payment_id":"c_u7_202612","cf_payment_id":"49585001","subscription_id":"sub_u7_1","payment_type":"CHARGE","payment_amount":499.00,"payment_status":"SUCCESS"},"event_time":"2026-12-09T13:04:45+05:30","type":"SUBSCRIPTION_PAYMENT_SUCCESS"}'
const signature = 'G4eTYX3CsfqsRZFlALSeDnvV17cOqX2oMpy3WIlDC6M='
const judged = (
  given: { body?: string; timestamp?: string; signature?: string } = {},
  secrets = [secret],
  now = Number(timestamp),
) => {
  const sent = { body, timestamp, signature, ...given }
  const headers = { 'x-webhook-timestamp': sent.timestamp, 'x-webhook-signature': sent.signature }
  return judgeMandateDelivery({ headers, body: Buffer.from(sent.body) }, { secrets, maxAgeS: 86_400, now })
}

describe('a delivery of the Subscriptions API', () => {
  test('is signed as the contract’s test vector, by any of our secrets', () => {
    expect(body).toHaveLength(247)
    for (const secrets of [[secret], ['new-secret', secret], ['', secret, 'old']]) {
      expect(judged({}, secrets)).toMatchObject({
        accepted: true,
        verdict: 'verified',
        answer: 200,
        hint: { subscriptionId: 'sub_u7_1', paymentId: 'c_u7_202612', amountPaise: 49_900, status: 'SUCCESS' },
      })
    }
  })

  test('may write its time in seconds', () => {
    const seconds = timestamp.slice(0, 10)
    const given = { timestamp: seconds, signature: sign(secret, seconds, Buffer.from(body)) }
    expect(judged(given)).toMatchObject({ verdict: 'verified' })
    expect(judged(given, [secret], Number(timestamp) + 3 * 86_400_000)).toMatchObject({
      accepted: true,
      verdict: 'too-old',
      hint: { subscriptionId: 'sub_u7_1' },
    })
  })

  test.each([
    ['was written anew', { body: JSON.stringify(JSON.parse(body)) }, 'wrong-signature'],
    [
      'was written anew and signed so',
      { signature: 'cH+2Iec0aE9VbeVrtJWS/vBsHjNQ69kFQTx73uhVgYU=' },
      'wrong-signature',
    ],
    ['has another time', { timestamp: '1796802285124' }, 'wrong-signature'],
    ['has a newline more', { body: `${body}\n` }, 'wrong-signature'],
    ['has no signature', { signature: '' }, 'missing-signature'],
    ['has no time', { timestamp: '' }, 'missing-timestamp'],
  ])('is refused unread when it %s', (_what, given, verdict) => {
    expect(judged(given)).toMatchObject({
      accepted: false,
      verdict,
      answer: 401,
      hint: { type: null, paymentId: null },
    })
  })

  test('is refused without a secret', () => {
    expect(judged({}, [])).toMatchObject({ accepted: false, verdict: 'wrong-signature' })
    expect(judged({ signature: sign('', timestamp, Buffer.from(body)) }, [''])).toMatchObject({ accepted: false })
  })

  test('in the form of the first version is answered, so that it is not repeated, and believed in nothing', () => {
    const form = 'cf_event=SUBSCRIPTION_NEW_PAYMENT&cf_subscriptionId=sub_u7_1&signature=x'
    expect(judged({ body: form, signature: '', timestamp: '' })).toMatchObject({
      accepted: false,
      verdict: 'missing-signature',
      answer: 200,
      hint: { subscriptionId: null },
    })
  })

  test('that is signed and cannot be read is accepted, and says nothing', () => {
    const given = { body: '{"data":', signature: sign(secret, timestamp, Buffer.from('{"data":')) }
    expect(judged(given)).toMatchObject({
      accepted: true,
      verdict: 'unreadable',
      hint: { type: null, isKnown: false },
    })
  })

  test('of the dashboard’s test is a ping', () => {
    const ping = '{"data":{"test_object":{"test_key":"x"}},"type":"WEBHOOK","event_time":"2026-12-09T13:04:45+05:30"}'
    expect(judged({ body: ping, signature: '' })).toMatchObject({ accepted: false, verdict: 'test-ping', answer: 200 })
    const given = { body: ping, signature: sign(secret, timestamp, Buffer.from(ping)) }
    expect(judged(given)).toMatchObject({ accepted: true, verdict: 'test-ping', hint: { isKnown: false } })
  })
})
