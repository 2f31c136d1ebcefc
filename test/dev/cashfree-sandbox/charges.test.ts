import { expect, test } from 'vitest'
import { chargeBody, type Json, openShop } from './shop.ts'

type Shop = Awaited<ReturnType<typeof openShop>>

test.each([
  ['00:00', '2030-12-06', 400],
  ['12:00', '2030-12-05', 400],
  ['20:59', '2030-12-07', 200],
  ['21:00', '2030-12-07', 400],
  ['23:59', '2030-12-08', 200],
  ['12:00', '2030-12-20', 200],
  ['12:00', '2030-12-21', 400],
])('raised at %s on 6 December for %s it answers %i', async (time, day, status) => {
  const shop = await shopWithMandate(`2030-12-06T${time}:00+05:30`)
  const answer = await shop.charge(day)
  expect(answer.status).toBe(status)
  if (status === 400) expect(answer.json.code).toBe('payment_schedule_date_invalid')
})

test('a charge is accepted, not paid, and announced to its payer', async () => {
  const shop = await shopWithMandate('2030-12-06T12:00:00+05:30')
  const accepted = await shop.charge('2030-12-08')
  expect(accepted.json).toMatchObject({
    action: null,
    cf_payment_id: expect.stringMatching(/^\d+$/),
    payment_amount: 499,
    payment_id: 'c_u7_1',
    payment_status: 'INITIALIZED',
    payment_type: 'CHARGE',
    subscription_id: 'sub_u7_1',
  })
  await shop.control.settled()
  expect(shop.received.at(-1)!.event).toMatchObject({
    type: 'SUBSCRIPTION_PAYMENT_NOTIFICATION_INITIATED',
    data: { payment_id: 'c_u7_1', payment_amount: 499, payment_schedule_date: '2030-12-08T12:00:00+05:30' },
  })
})

test.each([
  [{ payment_amount: 998.01 }, 400, 'payment_amount_invalid'],
  [{ payment_amount: undefined }, 400, 'payment_amount_missing'],
  [{ payment_schedule_date: undefined }, 400, 'payment_schedule_date_missing'],
  [{ payment_schedule_date: 'tomorrow' }, 400, 'payment_schedule_date_invalid'],
  [{ payment_type: 'GIFT' }, 400, 'invalid_payment_type'],
  [{ payment_id: undefined }, 400, 'payment_id_missing'],
  [{ subscription_id: 'nobody' }, 404, 'subscription_does_not_exist'],
])('a charge with %o is refused', async (fields, status, code) => {
  const shop = await shopWithMandate('2030-12-06T12:00:00+05:30')
  expect(await shop.charge('2030-12-08', fields)).toMatchObject({ status, json: { code } })
})

test('only a mandate that is active can be charged, and a payment id once', async () => {
  const shop = await openShop()
  await shop.control.advanceTo('2030-12-06T12:00:00+05:30')
  await shop.mandate()
  expect(await shop.charge('2030-12-08')).toMatchObject({ status: 400, json: { code: 'subscription_inactive' } })
  shop.control.approveMandate('sub_u7_1')
  expect((await shop.charge('2030-12-08')).status).toBe(200)
  expect(await shop.charge('2030-12-08')).toMatchObject({ status: 409, json: { code: 'payment_already_exists' } })
  const authorise = chargeBody('', { payment_id: 'auth_2', payment_type: 'AUTH', subscription_session_id: 'no' })
  expect(await shop.call('POST', '/subscriptions/pay', { body: authorise })).toMatchObject({
    json: { code: 'subscription_session_id_invalid' },
  })
})

test('two workers that raise the same charge with one key raise it once', async () => {
  const shop = await shopWithMandate('2030-12-06T12:00:00+05:30')
  const options = { body: chargeBody('2030-12-08'), headers: { 'x-idempotency-key': 'key-1' } }
  const answers = await Promise.all([1, 2].map(() => shop.call('POST', '/subscriptions/pay', options)))
  expect(answers[0]!.text).toBe(answers[1]!.text)
  expect((await payments(shop)).map(({ payment_type }) => payment_type)).toEqual(['CHARGE', 'AUTH'])
})

test.each([
  ['raised days before, at midnight', '2030-12-05T12:00:00+05:30', '2030-12-08T00:00:00+05:30'],
  ['raised in the morning before, 25 hours later', '2030-12-07T08:00:00+05:30', '2030-12-08T09:00:00+05:30'],
  ['not between ten and one', '2030-12-07T09:30:00+05:30', '2030-12-08T13:00:00+05:30'],
  ['not between five and half past nine', '2030-12-07T16:30:00+05:30', '2030-12-08T21:30:00+05:30'],
  ['raised in the last minute, in the last hours', '2030-12-07T20:59:00+05:30', '2030-12-08T21:59:00+05:30'],
])('the debit comes when banks may take it: %s', async (_name, raised, debited) => {
  const shop = await shopWithMandate(raised)
  await shop.charge('2030-12-08')
  await shop.control.advanceTo(before(debited))
  expect(await statusOf(shop)).toBe('INITIALIZED')
  await shop.control.advanceTo(after(debited, 2_000))
  expect(await statusOf(shop)).toBe('PENDING')
  await shop.control.advanceTo(after(debited, 62_000))
  expect(await statusOf(shop)).toBe('SUCCESS')
})

test('too little money is tried again within the day, an hour apart, and the fourth try is the last', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  shop.control.script('sub_u7_1', { debits: 'low-balance' })
  await shop.charge('2030-12-08')
  await shop.control.advanceTo('2030-12-08T23:59:00+05:30')
  const failures = eventsOf(shop, 'SUBSCRIPTION_PAYMENT_FAILED')
  expect(failures.map(({ retry_attempts }) => retry_attempts)).toEqual([0, 1, 2, 3])
  expect(failures[0].failure_details.failure_reason).toContain('Insufficient Funds')
  expect(await statusOf(shop)).toBe('FAILED')
  await shop.control.advanceTo('2030-12-20T12:00:00+05:30')
  expect(await statusOf(shop)).toBe('FAILED')
})

test('tries keep to the hours of banks as well, and end with the day', async () => {
  const shop = await shopWithMandate('2030-12-07T08:30:00+05:30')
  shop.control.script('sub_u7_1', { debits: 'low-balance' })
  await shop.charge('2030-12-08')
  await shop.control.advanceTo('2030-12-10T12:00:00+05:30')
  const failures = shop.received.flatMap(({ event }) => (event.type.endsWith('_FAILED') ? [event.event_time] : []))
  expect(failures.map((time) => time.slice(11, 16))).toEqual(['09:31', '13:01', '14:02', '15:03'])

  const late = await shopWithMandate('2030-12-07T20:59:00+05:30')
  late.control.script('sub_u7_1', { debits: 'low-balance' })
  await late.charge('2030-12-08')
  await late.control.advanceTo('2030-12-10T12:00:00+05:30')
  expect(eventsOf(late, 'SUBSCRIPTION_PAYMENT_FAILED')).toHaveLength(2)
})

test('too little money once, then enough, the same day', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  shop.control.script('sub_u7_1', { debits: 'low-balance', times: 1 })
  await shop.charge('2030-12-08')
  await shop.control.advanceTo('2030-12-08T00:30:00+05:30')
  expect(await statusOf(shop)).toBe('FAILED')
  await shop.control.advanceTo('2030-12-08T01:30:00+05:30')
  expect((await charge(shop)).payment_status).toBe('SUCCESS')
  expect((await charge(shop)).retry_attempts).toBe(1)
  expect(eventsOf(shop, 'SUBSCRIPTION_PAYMENT_SUCCESS').at(-1)).toMatchObject({ payment_id: 'c_u7_1' })
})

test('with silent tries only the last failure is told', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30', { failedTries: 'silent' })
  shop.control.script('sub_u7_1', { debits: 'low-balance' })
  await shop.charge('2030-12-08')
  await shop.control.advanceTo('2030-12-08T00:30:00+05:30')
  expect(await statusOf(shop)).toBe('PENDING')
  await shop.control.advanceTo('2030-12-09T00:00:00+05:30')
  expect(eventsOf(shop, 'SUBSCRIPTION_PAYMENT_FAILED')).toMatchObject([{ retry_attempts: 3 }])
})

test.each([
  [{ debits: 'closed-account' }, 'FAILED', 'Account Closed'],
  [{ debits: 'opt-out', times: 1 }, 'CANCELLED', null],
  [{ debits: 'no-answer' }, 'PENDING', null],
] as const)('a person whose script is %o ends it as %s', async (script, status, failure_reason) => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  shop.control.script('sub_u7_1', script)
  await shop.charge('2030-12-08')
  await shop.control.advanceTo('2030-12-10T12:00:00+05:30')
  expect(await charge(shop)).toMatchObject({ payment_status: status, failure_details: { failure_reason } })
})

test('who opted out of one debit pays the next; the refusal may be called FAILED', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30', { optOutEnds: 'FAILED' })
  shop.control.script('sub_u7_1', { debits: 'opt-out', times: 1 })
  await shop.charge('2030-12-08')
  await shop.control.advance(3_600_000)
  expect(await statusOf(shop)).toBe('FAILED')
  await shop.charge('2030-12-09', { payment_id: 'c_u7_2' })
  await shop.control.advanceTo('2030-12-09T12:00:00+05:30')
  expect(await statusOf(shop, 'c_u7_2')).toBe('SUCCESS')
})

test('a mandate cancelled in the app is not debited, although nobody was told yet', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  await shop.charge('2030-12-08')
  await shop.control.advanceTo('2030-12-07T23:50:00+05:30')
  shop.control.inApp('sub_u7_1', { does: 'cancel', heardAfterMinutes: 40 })
  await shop.control.advanceTo('2030-12-08T00:10:00+05:30')
  expect(await charge(shop)).toMatchObject({ failure_details: { failure_reason: 'Mandate Cancelled' } })
  expect((await shop.call('GET', '/subscriptions/sub_u7_1')).json.subscription_status).toBe('ACTIVE')
  await shop.control.advanceTo('2030-12-08T00:31:00+05:30')
  expect((await shop.call('GET', '/subscriptions/sub_u7_1')).json.subscription_status).toBe('CUSTOMER_CANCELLED')
})

test('a mandate paused and resumed before the day is debited as if nothing had been', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  await shop.charge('2030-12-08')
  shop.control.inApp('sub_u7_1', { does: 'pause' })
  await shop.control.advanceTo('2030-12-07T12:00:00+05:30')
  expect(await shop.charge('2030-12-09', { payment_id: 'c_u7_2' })).toMatchObject({ status: 400 })
  shop.control.inApp('sub_u7_1', { does: 'resume' })
  await shop.control.advanceTo('2030-12-08T12:00:00+05:30')
  expect(await statusOf(shop)).toBe('SUCCESS')
})

test('a cancelled charge takes no money, one that the bank has cannot be called off', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  await shop.charge('2030-12-08')
  await shop.charge('2030-12-08', { payment_id: 'c_u7_2' })
  const manage = (id: string, action: string) =>
    shop.call('POST', `/subscriptions/sub_u7_1/payments/${id}/manage`, { body: { action } })
  expect(await manage('c_u7_1', 'RETRY')).toMatchObject({ json: { code: 'payment_mode_invalid_for_action' } })
  expect(await manage('nobody', 'CANCEL')).toMatchObject({ status: 404, json: { code: 'payment_not_found' } })
  expect((await manage('c_u7_1', 'CANCEL')).json.payment_status).toBe('CANCELLED')
  await shop.control.advanceTo('2030-12-08T00:00:30+05:30')
  expect(await manage('c_u7_2', 'CANCEL')).toMatchObject({ status: 400, json: { code: 'payment_status_invalid' } })
  await shop.control.advanceTo('2030-12-08T12:00:00+05:30')
  expect([await statusOf(shop), await statusOf(shop, 'c_u7_2')]).toEqual(['CANCELLED', 'SUCCESS'])
})

test('a debit under way may succeed after the mandate was cancelled; one that only waits fails', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  await shop.charge('2030-12-08')
  await shop.charge('2030-12-09', { payment_id: 'c_u7_2' })
  await shop.control.advanceTo('2030-12-08T00:00:30+05:30')
  await shop.call('POST', '/subscriptions/sub_u7_1/manage', { body: { action: 'CANCEL' } })
  await shop.control.advanceTo('2030-12-09T12:00:00+05:30')
  expect(await statusOf(shop)).toBe('SUCCESS')
  expect(await charge(shop, 'c_u7_2')).toMatchObject({
    failure_details: { failure_reason: 'Subscription is not active' },
  })
})

test.each([
  ['the mandate', '/subscriptions/sub_u7_1/manage'],
  ['the charge', '/subscriptions/sub_u7_1/payments/c_u7_1/manage'],
])('with that fault a charge succeeds a minute after %s was cancelled', async (_name, path) => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  await shop.charge('2030-12-08')
  shop.control.faults({ successAfterCancel: 1 })
  await shop.call('POST', path, { body: { action: 'CANCEL' } })
  await shop.control.advance(61_000)
  expect(await statusOf(shop)).toBe('SUCCESS')
})

test('without a delivered notice there is no debit', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  shop.control.faults({ noticeUndelivered: 1 })
  await shop.charge('2030-12-08')
  await shop.control.advance(7 * 3_600_000)
  expect(await charge(shop)).toMatchObject({ payment_status: 'FAILED' })
  expect(eventsOf(shop, 'SUBSCRIPTION_PAYMENT_NOTIFICATION_INITIATED')).toEqual([])
})

test('/simulate decides what waits for the bank, and nothing else', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  shop.control.script('sub_u7_1', { debits: 'no-answer' })
  await shop.charge('2030-12-08')
  const simulate = (payment_status: string) =>
    shop.call('POST', '/simulate', {
      body: { entity: 'SUBS_PAYMENTS', entity_id: 'c_u7_1', entity_simulation: { payment_status } },
    })
  expect(await simulate('SUCCESS')).toMatchObject({ status: 400, json: { code: 'transaction_status_invalid' } })
  await shop.control.advanceTo('2030-12-08T12:00:00+05:30')
  const done = await simulate('SUCCESS')
  expect(done.json).toMatchObject({ entity: 'SUBS_PAYMENTS', entity_simulation: { payment_status: 'SUCCESS' } })
  expect(await statusOf(shop)).toBe('SUCCESS')
  expect((await shop.call('GET', `/simulate/${done.json.simulation_id}`)).json).toEqual(done.json)
})

test('weeks at one jump happen in their order, with every charge on its day', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  await shop.mandate({ subscription_id: 'sub_u8_1' })
  shop.control.approveMandate('sub_u8_1')
  await shop.charge('2030-12-15', { payment_id: 'late' })
  await shop.charge('2030-12-08', { payment_id: 'early' })
  await shop.charge('2030-12-10', { payment_id: 'other', subscription_id: 'sub_u8_1' })
  shop.control.inApp('sub_u8_1', { does: 'cancel', heardAfterMinutes: 45 })
  await shop.control.advance(21 * 86_400_000)
  const told = shop.received
    .map(({ event }) => event)
    .filter(({ data }) => data.payment_type !== 'AUTH' && data.payment_status !== 'INITIALIZED')
    .map(({ data, event_time }) => [data.payment_id ?? data.subscription_details.subscription_status, event_time])
    .slice(2)
  expect(told).toEqual([
    ['CUSTOMER_CANCELLED', expect.stringContaining('2030-12-05T12:45')],
    ['early', '2030-12-08T00:01:00+05:30'],
    ['other', expect.stringContaining('2030-12-10T00:0')],
    ['late', '2030-12-15T00:01:00+05:30'],
  ])
})

test('a refund settles after an hour, and never gives back more than was taken', async () => {
  const shop = await shopWithMandate('2030-12-05T12:00:00+05:30')
  await shop.charge('2030-12-08')
  const refund = (fields: Record<string, unknown>) =>
    shop.call('POST', '/subscriptions/sub_u7_1/refunds', {
      body: { subscription_id: 'sub_u7_1', payment_id: 'c_u7_1', refund_id: 'rf_1', refund_amount: 499, ...fields },
    })
  expect(await refund({})).toMatchObject({ status: 400, json: { code: 'payment_not_successful' } })
  await shop.control.advanceTo('2030-12-08T12:00:00+05:30')
  expect(await refund({ payment_id: 'nobody' })).toMatchObject({ status: 404 })
  expect(await refund({ refund_amount: 499.01 })).toMatchObject({ status: 400, json: { code: 'refund_post_failed' } })
  expect(await refund({ refund_speed: 'INSTANT' })).toMatchObject({ json: { code: 'refund_speed_invalid' } })
  expect((await refund({})).json).toMatchObject({
    refund_status: 'PENDING',
    cf_refund_id: expect.stringMatching(/^SUB_/),
  })
  expect(await refund({ refund_id: 'rf_2', refund_amount: 0.01 })).toMatchObject({ status: 400 })
  expect(await refund({})).toMatchObject({ status: 409, json: { code: 'refund_already_exists' } })
  await shop.control.advance(3_600_000)
  expect((await shop.call('GET', '/subscriptions/sub_u7_1/refunds/rf_1')).json.refund_status).toBe('SUCCESS')
  expect((await shop.call('GET', '/subscriptions/sub_u7_1/refunds/rf_9')).status).toBe(404)
  expect(eventsOf(shop, 'SUBSCRIPTION_REFUND_STATUS')).toMatchObject([
    { refund_id: 'rf_1', refund_status: 'SUCCESS', failure_details: '' },
  ])
})

/** A shop whose mandate was approved at a moment in the years to come. */
async function shopWithMandate(moment: string, settings = {}) {
  const shop = await openShop({ settings: { mandateEventOrder: 'fixed', ...settings } })
  await shop.control.advanceTo(moment)
  await shop.mandate()
  shop.control.approveMandate('sub_u7_1')
  await shop.control.settled()
  return shop
}

async function charge(shop: Shop, id = 'c_u7_1'): Promise<Json> {
  return (await shop.call('GET', `/subscriptions/sub_u7_1/payments/${id}`)).json
}

async function statusOf(shop: Shop, id?: string): Promise<string> {
  return (await charge(shop, id)).payment_status
}

async function payments(shop: Shop): Promise<Json[]> {
  return (await shop.call('GET', '/subscriptions/sub_u7_1/payments')).json
}

/** The data of every event of that type, in the order in which they came. */
function eventsOf(shop: Shop, type: string): Json[] {
  return shop.received.flatMap(({ event }) => (event.type === type ? [event.data] : []))
}

function before(moment: string): string {
  return after(moment, -2_000)
}

function after(moment: string, ms: number): string {
  return new Date(Date.parse(moment) + ms).toISOString()
}
