import { describe, expect, test } from 'vitest'
import { GatewayUnavailable } from '../../../src/billing/payments/gateway.ts'
import type { NewMandate } from '../../../src/billing/payments/mandate-gateway.ts'
import { paise } from '../../../src/platform/money.ts'
import {
  answer,
  contentOf,
  failureOf,
  keysRefused,
  says,
  scriptedGateway,
  subscriptionId,
  taken,
} from './mandate-fixtures.ts'

const gateway = scriptedGateway()

const wanted: NewMandate = {
  subscriptionId,
  idempotencyKey: '0a4f0000-0000-4000-8000-000000000001',
  planId: 'dsrs_mandate_v1',
  customer: { name: 'Asha Rao', email: 'asha@example.in', phone: '9876500001' },
  authorisationPaise: paise(49_900),
  refundAuthorisation: false,
  expiresAt: new Date('2036-12-09T13:00:00Z'),
  returnUrl: 'https://example.in/autopay/return/k7f3',
  tags: { plan: 'monthly' },
}
const mandatePath = `/subscriptions/${subscriptionId}`

describe('a mandate', () => {
  test('is asked for under our id and key, for UPI, and ends by India’s clock', async () => {
    gateway.answers = { 'POST /subscriptions': answer('created') }
    expect(await gateway.mandates.createMandate(wanted)).toMatchObject({
      subscriptionId,
      status: 'INITIALIZED',
      sessionId: 'sub_session_Zt1madeUp0000payment',
      charges: null,
    })
    const { headers, body } = gateway.sent()
    expect(headers['x-idempotency-key']).toBe(wanted.idempotencyKey)
    expect(body).toEqual({
      subscription_id: subscriptionId,
      customer_details: {
        customer_name: 'Asha Rao',
        customer_email: 'asha@example.in',
        customer_phone: '9876500001',
      },
      plan_details: { plan_id: 'dsrs_mandate_v1' },
      authorization_details: {
        authorization_amount: 499,
        authorization_amount_refund: false,
        payment_methods: ['upi'],
      },
      subscription_meta: { return_url: 'https://example.in/autopay/return/k7f3' },
      subscription_expiry_time: '2036-12-09T18:30:00+05:30',
      subscription_tags: { plan: 'monthly' },
    })
  })

  test.each(taken)('whose reply was lost (%s) is found', async (_what, refusal) => {
    gateway.answers = { 'POST /subscriptions': refusal, [`GET ${mandatePath}`]: answer('created') }
    expect(await gateway.mandates.createMandate(wanted)).toMatchObject({ subscriptionId, status: 'INITIALIZED' })
  })

  test('whose connection broke is asked for once more under the same key', async () => {
    let broken = true
    gateway.answers = {
      'POST /subscriptions': () => {
        if (!broken) return answer('created')
        broken = false
        return 'hang-up'
      },
    }
    expect(await gateway.mandates.createMandate(wanted)).toMatchObject({ status: 'INITIALIZED' })
    expect(gateway.calls().map(({ headers }) => headers['x-idempotency-key'])).toEqual(
      Array(2).fill(wanted.idempotencyKey),
    )
  })

  const details = contentOf('created') as { plan_details: object; authorization_details: object }
  test.each([
    ['another plan', { plan_details: { ...details.plan_details, plan_id: 'dsrs_mandate_v2' } }],
    ['another amount', { authorization_details: { ...details.authorization_details, authorization_amount: 1 } }],
    ['an amount that is given back', { authorization_details: { authorization_amount_refund: true } }],
    ['another id', { subscription_id: 'sub_another' }],
  ])('that stands under our id with %s is not ours', async (_what, changes) => {
    gateway.answers = { 'POST /subscriptions': says(409, 'x'), [`GET ${mandatePath}`]: answer('created', changes) }
    expect(await failureOf(gateway.mandates.createMandate(wanted))).toMatchObject({
      status: 409,
      code: 'mandate_differs',
    })
  })

  test.each([
    ['404', says(404, 'subscription_does_not_exist')],
    ['400', says(400, 'request_failed', 'Subscription does not exist')],
  ])('that is refused and not there (%s) is refused in the first words', async (_status, absent) => {
    gateway.answers = {
      'POST /subscriptions': says(400, 'customer_details.customer_phone_invalid'),
      [`GET ${mandatePath}`]: absent,
    }
    const refused = await failureOf(gateway.mandates.createMandate(wanted))
    expect(refused).toMatchObject({ status: 400, code: 'customer_details.customer_phone_invalid' })
  })

  test('that is refused while nobody knows whether it is there is unknown', async () => {
    gateway.answers = { 'POST /subscriptions': says(400, 'x'), [`GET ${mandatePath}`]: says(500, 'internal_error') }
    expect(await failureOf(gateway.mandates.createMandate(wanted))).toBeInstanceOf(GatewayUnavailable)
  })

  test('is not looked for when our keys are refused', async () => {
    gateway.answers = { 'POST /subscriptions': keysRefused }
    expect(await failureOf(gateway.mandates.createMandate(wanted))).toMatchObject({
      name: 'GatewayRefused',
      status: 401,
    })
    expect(gateway.calls()).toHaveLength(1)
  })

  test.each([
    ['a page', { status: 200, body: '<html>' }],
    ['something else', { status: 200, body: '{"order_status":"ACTIVE"}' }],
    ['a 500', says(500, 'internal_error')],
    ['nothing', 'hang-up' as const],
  ])('is unknown when the answer to it is %s', async (_what, reply) => {
    gateway.answers = { 'POST /subscriptions': reply, [`GET ${mandatePath}`]: reply }
    expect(await failureOf(gateway.mandates.createMandate(wanted))).toBeInstanceOf(GatewayUnavailable)
    expect(await failureOf(gateway.mandates.fetchMandate(subscriptionId))).toBeInstanceOf(GatewayUnavailable)
  })
})

describe('what a mandate is now', () => {
  const both = { [`GET ${mandatePath}`]: answer('active'), [`GET ${mandatePath}/payments`]: answer('payments') }

  test('comes with its debits, which are in the plan’s currency where they name none', async () => {
    gateway.answers = both
    const mandate = await gateway.mandates.fetchMandate(subscriptionId)
    expect(mandate).toMatchObject({ status: 'ACTIVE', reference: 'Kx81madeUp@upi', payerAddress: '98…@ybl' })
    expect(mandate.charges).toMatchObject([
      { type: 'AUTH', status: 'SUCCESS', amountPaise: 49_900, currency: 'INR', paymentId: '613463' },
      { type: 'CHARGE', status: 'FAILED', currency: 'INR', scheduledOn: '2027-01-09' },
    ])
    expect(JSON.stringify(mandate)).not.toContain('9876500001')
  })

  test('is known without its debits when only their list fails: unknown, not empty', async () => {
    for (const reply of [says(500, 'x'), says(400, 'x'), { status: 200, body: '{}' }, 'hang-up' as const]) {
      gateway.answers = { ...both, [`GET ${mandatePath}/payments`]: reply }
      expect(await gateway.mandates.fetchMandate(subscriptionId)).toMatchObject({ status: 'ACTIVE', charges: null })
    }
    gateway.answers = { ...both, [`GET ${mandatePath}/payments`]: says(404, 'subscription_does_not_exist') }
    expect(await gateway.mandates.fetchMandate(subscriptionId)).toMatchObject({ status: 'ACTIVE', charges: null })
  })

  test('has no debits when Cashfree says that there are none', async () => {
    for (const reply of [says(404, 'payment_not_found'), { status: 200, body: '[]' }]) {
      gateway.answers = { ...both, [`GET ${mandatePath}/payments`]: reply }
      expect(await gateway.mandates.fetchMandate(subscriptionId)).toMatchObject({ status: 'ACTIVE', charges: [] })
    }
  })

  test.each(['light', 'patient'] as const)('costs one call before it is authorised (%s), two after', async (manner) => {
    gateway.answers = { ...both, [`GET ${mandatePath}`]: answer('created') }
    expect(await gateway.mandates.fetchMandate(subscriptionId, undefined, manner)).toMatchObject({ charges: null })
    expect(gateway.calls()).toHaveLength(1)
    gateway.answers = both
    expect((await gateway.mandates.fetchMandate(subscriptionId, undefined, manner)).charges).toHaveLength(2)
    expect(gateway.calls()).toHaveLength(3)
  })

  test('is ABSENT only where Cashfree itself says so', async () => {
    gateway.answers = { [`GET ${mandatePath}`]: says(404, 'subscription_does_not_exist') }
    expect(await gateway.mandates.fetchMandate(subscriptionId)).toMatchObject({
      subscriptionId,
      status: 'ABSENT',
      charges: [],
    })
    const others = [
      says(404, 'request_failed', 'bad URL'),
      says(400, 'merchant_not_found'),
      { status: 404, body: '{"message":"Subscription not found"}' },
    ]
    for (const reply of others) {
      gateway.answers = { [`GET ${mandatePath}`]: reply }
      expect(await failureOf(gateway.mandates.fetchMandate(subscriptionId))).toBeInstanceOf(GatewayUnavailable)
    }
    gateway.answers = { [`GET ${mandatePath}`]: keysRefused }
    expect(await failureOf(gateway.mandates.fetchMandate(subscriptionId))).toMatchObject({ name: 'GatewayRefused' })
  })

  test('is asked about by an id that cannot leave its place in the path', async () => {
    await failureOf(gateway.mandates.fetchMandate('../orders/ds_1?x', undefined, 'light'))
    expect(gateway.asked()).toEqual(['GET /subscriptions/..%2Forders%2Fds_1%3Fx'])
  })

  test.each([
    ['done', answer('active', { subscription_status: 'CANCELLED' }), 'CANCELLED'],
    ['refused, because the person was quicker', says(400, 'payment_mode_invalid_for_action'), 'CUSTOMER_CANCELLED'],
  ])('counts after an end that was %s', async (_what, reply, status) => {
    gateway.answers = {
      ...both,
      [`POST ${mandatePath}/manage`]: reply,
      [`GET ${mandatePath}`]: answer('active', { subscription_status: status }),
    }
    expect(await gateway.mandates.cancelMandate(subscriptionId)).toMatchObject({ status, charges: [{}, {}] })
    expect(gateway.sent().body).toEqual({ subscription_id: subscriptionId, action: 'CANCEL' })
  })

  test('stays unknown when nobody knows whether the end was taken, or our keys are refused', async () => {
    gateway.answers = { [`POST ${mandatePath}/manage`]: 'hang-up', ...both }
    expect(await failureOf(gateway.mandates.cancelMandate(subscriptionId))).toBeInstanceOf(GatewayUnavailable)
    gateway.answers = { [`POST ${mandatePath}/manage`]: keysRefused, ...both }
    expect(await failureOf(gateway.mandates.cancelMandate(subscriptionId))).toMatchObject({ name: 'GatewayRefused' })
  })
})
