import { expect, test } from 'vitest'
import { type Json, mandateBody, openShop, planBody } from './shop.ts'

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:30$/

test('a plan is created once, and read as often as one likes', async () => {
  const { call } = await openShop()
  const created = await call('POST', '/plans', { body: planBody() })
  expect(created.status).toBe(200)
  expect(created.text).toContain('"plan_max_amount":998.00')
  expect(created.json).toMatchObject({ plan_status: 'ACTIVE', plan_recurring_amount: 0, plan_intervals: null })
  expect(await call('POST', '/plans', { body: planBody() })).toMatchObject({
    status: 409,
    json: { code: 'plan_already_exists' },
  })
  expect((await call('GET', '/plans/mandate_v1')).json).toEqual(created.json)
  expect((await call('GET', '/plans/nobody')).status).toBe(404)
})

test.each([
  [{ plan_id: 'a plan' }, 'plan_id_invalid'],
  [{ plan_name: 'x'.repeat(41) }, 'plan_name_invalid'],
  [{ plan_type: 'SOMETIMES' }, 'plan_type_invalid'],
  [{ plan_max_amount: undefined }, 'plan_max_amount_missing'],
  [{ plan_max_amount: 0.5 }, 'plan_max_amount_invalid'],
  [{ plan_currency: 'USD' }, 'plan_currency_invalid'],
  [{ plan_type: 'PERIODIC' }, 'plan_recurring_amount_missing'],
  [{ plan_type: 'PERIODIC', plan_recurring_amount: 999 }, 'plan_recurring_amount_invalid'],
  [{ plan_type: 'PERIODIC', plan_recurring_amount: 499 }, 'plan_interval_type_missing'],
  [{ plan_max_cycles: 1.5 }, 'plan_max_cycles_invalid'],
])('a plan with %o is refused', async (fields, code) => {
  const { call } = await openShop()
  expect(await call('POST', '/plans', { body: planBody(fields) })).toMatchObject({ status: 400, json: { code } })
})

test('a mandate begins INITIALIZED, and every look at it gives another session', async () => {
  const { call, mandate } = await openShop()
  const created = await mandate({ subscription_tags: { user: 'u7' } })
  expect(created).toMatchObject({
    subscription_id: 'sub_u7_1',
    subscription_status: 'INITIALIZED',
    subscription_tags: { user: 'u7' },
    cf_subscription_id: expect.stringMatching(/^\d+$/),
    plan_details: { plan_id: 'mandate_v1', plan_max_amount: 998, plan_status: null },
    authorization_details: { authorization_amount: 499, authorization_status: null, payment_method: null },
  })
  expect(created.subscription_session_id).toMatch(/^sub_session_[\w-]+payment$/)
  const read = (await call('GET', '/subscriptions/sub_u7_1')).json
  expect(read.subscription_session_id).not.toBe(created.subscription_session_id)
  expect((await call('GET', '/subscriptions/sub_u7_1/payments')).json).toEqual([])
  expect(await call('GET', '/subscriptions/nobody')).toMatchObject({
    status: 404,
    json: { code: 'subscription_does_not_exist' },
  })
})

test.each([
  [{ subscription_id: undefined }, 400, 'subscription_id_missing'],
  [{ subscription_id: 'a/b' }, 400, 'subscription_id_invalid'],
  [{ customer_details: undefined }, 400, 'customer_details_missing'],
  [{ customer_details: { customer_phone: '9876500001' } }, 400, 'customer_details.customer_email_missing'],
  [
    { customer_details: { customer_email: 'u@example.in', customer_phone: '12345' } },
    400,
    'customer_details.customer_phone_invalid',
  ],
  [{ plan_details: { plan_id: 'nobody' } }, 404, 'plan_not_found'],
  [{ plan_details: { plan_name: 'Inline' } }, 400, 'plan_details.plan_type_missing'],
  [
    { authorization_details: { authorization_amount: 998.01 } },
    400,
    'authorization_details.authorization_amount_invalid',
  ],
  [{ authorization_details: { payment_methods: ['cash'] } }, 400, 'authorization_details.payment_methods_invalid'],
  [{ subscription_expiry_time: '2020-01-01T00:00:00+05:30' }, 400, 'subscription_expiry_time_invalid'],
  [{ subscription_meta: { return_url: 'javascript:alert(1)' } }, 400, 'subscription_meta.return_url_invalid'],
])('a mandate with %o is refused', async (fields, status, code) => {
  const { call } = await openShop()
  await call('POST', '/plans', { body: planBody() })
  expect(await call('POST', '/subscriptions', { body: mandateBody(fields) })).toMatchObject({ status, json: { code } })
})

test('a subscription id is used once for ever, and with its key the first answer comes again', async () => {
  const { call, mandate, control } = await openShop()
  const headers = { 'x-idempotency-key': 'b5b9a4a0-0f3e-4a53-9c1e-000000000002' }
  await call('POST', '/plans', { body: planBody() })
  const first = await call('POST', '/subscriptions', { body: mandateBody(), headers })
  const again = await call('POST', '/subscriptions', { body: mandateBody(), headers })
  expect(again.text).toBe(first.text)
  expect(again.headers.get('x-idempotency-replayed')).toBe('true')
  const other = await call('POST', '/subscriptions', { body: mandateBody({ subscription_note: 'other' }), headers })
  expect(other).toMatchObject({ status: 422, json: { type: 'idempotency_error' } })
  control.expireMandate('sub_u7_1')
  expect((await mandate()).code).toBe('subscription_already_exists')
})

test('nothing authorised becomes one rupee, and an expiry written with Z comes back late, as was seen', async () => {
  const { mandate } = await openShop()
  const shown = await mandate({
    authorization_details: { authorization_amount: 0, authorization_amount_refund: true },
    subscription_expiry_time: '2099-12-24T14:15:22Z',
  })
  expect(shown.authorization_details).toMatchObject({ authorization_amount: 1, authorization_amount_refund: true })
  expect(shown.subscription_expiry_time).toBe('2099-12-25T01:15:22+05:30')
})

test('an account without subscriptions is refused whatever it writes', async () => {
  const { call, mandate, charge } = await openShop({ settings: { subscriptionsActive: false } })
  const refused = { status: 400, json: { code: 'payment_mode_invalid_for_action' } }
  expect(await call('POST', '/plans', { body: planBody() })).toMatchObject(refused)
  expect((await mandate()).code).toBe('payment_mode_invalid_for_action')
  expect(await charge('2099-01-01')).toMatchObject(refused)
})

test('once approved it is ACTIVE, with the bank’s reference and a successful authorisation', async () => {
  const { call, mandate, control } = await openShop()
  await mandate()
  const { charge } = control.approveMandate('sub_u7_1') as Json
  const active = (await call('GET', '/subscriptions/sub_u7_1')).json
  expect(active).toMatchObject({
    subscription_status: 'ACTIVE',
    authorization_details: {
      authorization_status: 'ACTIVE',
      authorization_reference: expect.stringMatching(/^\w+@upi$/),
      authorization_time: expect.stringMatching(INSTANT),
      payment_id: charge.payment_id,
      payment_method: 'upi',
    },
  })
  expect((await call('GET', '/subscriptions/sub_u7_1/payments')).json).toMatchObject([
    { payment_type: 'AUTH', payment_status: 'SUCCESS', payment_amount: 499, subscription_id: 'sub_u7_1' },
  ])
  expect(() => control.approveMandate('sub_u7_1')).toThrow('ACTIVE')
})

test('a declined or unanswered authorisation leaves the mandate open for another', async () => {
  const { call, mandate, control } = await openShop()
  await mandate()
  control.declineMandate('sub_u7_1', { reason: 'Wrong PIN' })
  control.ignoreMandate('sub_u7_1')
  await control.advance(29 * 60_000)
  const payments = async () => (await call('GET', '/subscriptions/sub_u7_1/payments')).json
  expect(await payments()).toMatchObject([{ payment_status: 'PENDING' }, { payment_status: 'FAILED' }])
  await control.advance(60_000)
  expect(await payments()).toMatchObject([
    { failure_details: { failure_reason: 'No action performed by customer' }, payment_status: 'FAILED' },
    { failure_details: { failure_reason: 'Wrong PIN' } },
  ])
  expect((await call('GET', '/subscriptions/sub_u7_1')).json.subscription_status).toBe('INITIALIZED')
  control.approveMandate('sub_u7_1')
  expect((await call('GET', '/subscriptions/sub_u7_1')).json.subscription_status).toBe('ACTIVE')
})

test('a bank that takes its time approves an hour later, or declines', async () => {
  const { call, mandate, control } = await openShop()
  const status = async (id: string) => (await call('GET', `/subscriptions/${id}`)).json.subscription_status
  await mandate()
  await mandate({ subscription_id: 'sub_u7_2' })
  control.approveMandate('sub_u7_1', { bankPending: true })
  control.approveMandate('sub_u7_2', { bankPending: true })
  expect(await status('sub_u7_1')).toBe('BANK_APPROVAL_PENDING')
  control.bankDecides('sub_u7_2', { approves: false })
  expect(await status('sub_u7_2')).toBe('INITIALIZED')
  await control.advance(3_600_000)
  expect(await status('sub_u7_1')).toBe('ACTIVE')
})

test('cancelling is at once and for good; pausing and changing the plan are not for plans on demand', async () => {
  const { call, mandate, control } = await openShop()
  await mandate()
  control.approveMandate('sub_u7_1')
  const manage = (action: string) =>
    call('POST', '/subscriptions/sub_u7_1/manage', { body: { subscription_id: 'sub_u7_1', action } })
  for (const action of ['PAUSE', 'ACTIVATE', 'CHANGE_PLAN'])
    expect(await manage(action)).toMatchObject({ status: 400, json: { code: 'payment_mode_invalid_for_action' } })
  expect(await manage('FORGET')).toMatchObject({ status: 400, json: { code: 'action_invalid' } })
  expect((await manage('CANCEL')).json.subscription_status).toBe('CANCELLED')
  expect(await manage('CANCEL')).toMatchObject({ status: 400, json: { code: 'subscription_status_invalid' } })
})

test('a periodic mandate is paused, activated, and moved to a plan that is not dearer', async () => {
  const { call, control } = await openShop()
  const periodic = { plan_type: 'PERIODIC', plan_interval_type: 'MONTH' }
  const plan = (plan_id: string, rupees: number) =>
    call('POST', '/plans', {
      body: planBody({ ...periodic, plan_id, plan_recurring_amount: rupees, plan_max_amount: rupees }),
    })
  await plan('small', 499)
  await plan('large', 999)
  await call('POST', '/subscriptions', { body: mandateBody({ plan_details: { plan_id: 'small' } }) })
  control.approveMandate('sub_u7_1')
  const manage = async (action: string, action_details = {}) =>
    (await call('POST', '/subscriptions/sub_u7_1/manage', { body: { action, action_details } })).json
  expect((await manage('PAUSE')).subscription_status).toBe('PAUSED')
  expect((await manage('ACTIVATE')).subscription_status).toBe('ACTIVE')
  expect((await manage('CHANGE_PLAN', { plan_id: 'large' })).code).toBe('action_details.plan_id_invalid')
  expect((await manage('CHANGE_PLAN', { plan_id: 'small' })).plan_details.plan_id).toBe('small')
})

test('at its expiry a mandate is COMPLETED, one that was never used has expired', async () => {
  const { call, mandate, control } = await openShop()
  const status = async (id: string) => (await call('GET', `/subscriptions/${id}`)).json.subscription_status
  const soon = { subscription_expiry_time: new Date(Date.now() + 48 * 3_600_000).toISOString().replace('Z', '+00:00') }
  for (const id of ['used', 'never opened', 'declined']) await mandate({ ...soon, subscription_id: id })
  control.approveMandate('used')
  control.declineMandate('declined')
  await control.advance(49 * 3_600_000)
  expect([await status('used'), await status('never opened'), await status('declined')]).toEqual([
    'COMPLETED',
    'LINK_EXPIRED',
    'EXPIRED',
  ])
})

test('what the person does in the UPI app is known after half an hour at the earliest', async () => {
  const { call, mandate, control } = await openShop()
  await mandate()
  control.approveMandate('sub_u7_1')
  const status = async () => (await call('GET', '/subscriptions/sub_u7_1')).json.subscription_status
  control.inApp('sub_u7_1', { does: 'pause', heardAfterMinutes: 0 })
  expect(await status()).toBe('CUSTOMER_PAUSED')
  control.inApp('sub_u7_1', { does: 'resume', heardAfterMinutes: 0 })
  expect(await status()).toBe('ACTIVE')
  control.inApp('sub_u7_1', { does: 'cancel' })
  await control.advance(29 * 60_000)
  expect(await status()).toBe('ACTIVE')
  await control.advance(16 * 60_000)
  expect(await status()).toBe('CUSTOMER_CANCELLED')
  expect(() => control.inApp('sub_u7_1', { does: 'resume' })).toThrow('CUSTOMER_CANCELLED')
})

test('an authorisation that succeeds after the mandate was cancelled is told, and revives nothing', async () => {
  const { call, mandate, control, received } = await openShop({ settings: { mandateEventOrder: 'fixed' } })
  await mandate()
  const { charge } = control.ignoreMandate('sub_u7_1') as Json
  await call('POST', '/subscriptions/sub_u7_1/manage', { body: { action: 'CANCEL' } })
  const entity_simulation = { payment_status: 'SUCCESS' }
  await call('POST', '/simulate', {
    body: { entity: 'SUBS_PAYMENTS', entity_id: charge.payment_id, entity_simulation },
  })
  await control.settled()
  expect((await call('GET', '/subscriptions/sub_u7_1')).json.subscription_status).toBe('CANCELLED')
  expect(received.map(({ event }) => event.type)).toEqual([
    'SUBSCRIPTION_STATUS_CHANGED',
    'SUBSCRIPTION_AUTH_STATUS',
    'SUBSCRIPTION_PAYMENT_SUCCESS',
  ])
})
