import { createRequire } from 'node:module'
import { Cashfree, CFEnvironment } from 'cashfree-pg'
import { expect, test } from 'vitest'
import {
  CLIENT_ID,
  CLIENT_SECRET,
  chargeBody,
  mandateBody,
  openShop,
  orderBody,
  planBody,
  type Received,
} from './shop.ts'

// axios is the client's dependency, not ours, so it is asked for from where the client stands.
const require = createRequire(import.meta.url)
const theirAxios = createRequire(require.resolve('cashfree-pg'))('axios')

test('Cashfree’s own Node client does not notice that it is not talking to Cashfree', async () => {
  const { sandbox, control, received } = await openShop()
  const cashfree = officialClient(sandbox.url)

  const created = await cashfree.PGCreateOrder(orderBody(), 'request-1', 'b5b9a4a0-0f3e-4a53-9c1e-000000000001')
  expect(created.status).toBe(200)
  expect(created.data).toMatchObject({ order_id: 'sub_7f3a_1', order_status: 'ACTIVE', order_amount: 499 })
  const replayed = await cashfree.PGCreateOrder(orderBody(), 'request-2', 'b5b9a4a0-0f3e-4a53-9c1e-000000000001')
  expect(replayed.data.payment_session_id).toBe(created.data.payment_session_id)

  const paying = await cashfree.PGPayOrder({
    payment_session_id: created.data.payment_session_id!,
    payment_method: { upi: { channel: 'link' } } as never,
  })
  const { cf_payment_id } = paying.data
  await cashfree.PGSimulatePayment({
    entity: 'PAYMENTS',
    entity_id: cf_payment_id!,
    entity_simulation: { payment_status: 'SUCCESS' },
  } as never)
  expect((await cashfree.PGFetchOrder('sub_7f3a_1')).data.order_status).toBe('PAID')
  const payments = (await cashfree.PGOrderFetchPayments('sub_7f3a_1')).data
  expect(payments.map((payment) => payment.payment_status)).toEqual(['SUCCESS'])

  const refund = await cashfree.PGOrderCreateRefund('sub_7f3a_1', { refund_amount: 499, refund_id: 'rf_1' })
  expect(refund.data.refund_status).toBe('PENDING')
  await control.settled()
  expect((await cashfree.PGOrderFetchRefund('sub_7f3a_1', 'rf_1')).data.refund_status).toBe('SUCCESS')
  expect((await cashfree.PGOrderFetchRefunds('sub_7f3a_1')).data).toHaveLength(1)

  const { dispute_id } = control.dispute('sub_7f3a_1', { amount: 1 })
  await control.settled()
  const [dispute] = (await cashfree.PGFetchOrderDisputes('sub_7f3a_1')).data
  expect(dispute).toMatchObject({ dispute_id: Number(dispute_id), dispute_status: 'CHARGEBACK_CREATED' })
  expect((await cashfree.PGFetchDisputeByID(Number(dispute_id))).data).toEqual(dispute)

  await cashfree.PGCreateOrder(orderBody({ order_id: 'sub_7f3a_2' }))
  const ended = await cashfree.PGTerminateOrder('sub_7f3a_2', { order_status: 'TERMINATED' })
  expect(ended.data.order_status).toBe('TERMINATED')

  expect(received.map(({ event }) => event.type)).toEqual([
    'PAYMENT_SUCCESS_WEBHOOK',
    'REFUND_STATUS_WEBHOOK',
    'DISPUTE_CREATED',
  ])
  for (const webhook of received) {
    expect(verify(cashfree, webhook, webhook.body).type).toBe(webhook.event.type)
    expect(() => verify(cashfree, webhook, JSON.stringify(webhook.event))).toThrow(/signature/i)
  }
})

test('it makes plans, mandates, charges and their refunds without noticing either', async () => {
  const { sandbox, control, received } = await openShop()
  const cashfree = officialClient(sandbox.url)
  const key = 'b5b9a4a0-0f3e-4a53-9c1e-000000000003'
  await control.advanceTo('2030-12-06T12:00:00+05:30')

  await cashfree.SubsCreatePlan(planBody())
  expect((await cashfree.SubsFetchPlan('mandate_v1')).data).toMatchObject({
    plan_type: 'ON_DEMAND',
    plan_max_amount: 998,
  })
  const created = await cashfree.SubsCreateSubscription(mandateBody(), 'request-1', key)
  expect(created.data.subscription_status).toBe('INITIALIZED')
  const replayed = await cashfree.SubsCreateSubscription(mandateBody(), 'request-2', key)
  expect(replayed.data.subscription_session_id).toBe(created.data.subscription_session_id)

  const session = { subscription_session_id: created.data.subscription_session_id! }
  const link = { payment_method: { upi: { channel: 'link' } } as never }
  const authorise = { subscription_id: 'sub_u7_1', payment_id: 'auth_1', payment_type: 'AUTH', ...session, ...link }
  expect((await cashfree.SubsCreatePayment(authorise)).data.payment_status).toBe('PENDING')
  const simulated = { entity: 'SUBS_PAYMENTS', entity_id: 'auth_1', entity_simulation: { payment_status: 'SUCCESS' } }
  await cashfree.PGSimulatePayment(simulated as never)
  expect((await cashfree.SubsFetchSubscription('sub_u7_1')).data.subscription_status).toBe('ACTIVE')

  await cashfree.SubsCreatePayment(chargeBody('2030-12-08'))
  await cashfree.SubsCreatePayment(chargeBody('2030-12-09', { payment_id: 'c_u7_2' }))
  const called = await cashfree.SubsManageSubscriptionPayment('sub_u7_1', 'c_u7_2', {
    subscription_id: 'sub_u7_1',
    payment_id: 'c_u7_2',
    action: 'CANCEL',
  })
  expect(called.data.payment_status).toBe('CANCELLED')
  await control.advanceTo('2030-12-08T12:00:00+05:30')
  expect((await cashfree.SubsFetchSubscriptionPayment('sub_u7_1', 'c_u7_1')).data.payment_status).toBe('SUCCESS')
  const payments = (await cashfree.SubsFetchSubscriptionPayments('sub_u7_1')).data
  expect(payments.map(({ payment_status }) => payment_status)).toEqual(['CANCELLED', 'SUCCESS', 'SUCCESS'])

  const refund = { subscription_id: 'sub_u7_1', payment_id: 'c_u7_1', refund_id: 'rf_1', refund_amount: 499 }
  expect((await cashfree.SubsCreateRefund('sub_u7_1', refund)).data.refund_status).toBe('PENDING')
  await control.advance(3_600_000)
  expect((await cashfree.SubsFetchSubscriptionRefund('sub_u7_1', 'rf_1')).data.refund_status).toBe('SUCCESS')
  const cancel = { subscription_id: 'sub_u7_1', action: 'CANCEL' }
  expect((await cashfree.SubsManageSubscription('sub_u7_1', cancel)).data.subscription_status).toBe('CANCELLED')

  await control.settled()
  expect(received).toHaveLength(9)
  for (const webhook of received) expect(verify(cashfree, webhook, webhook.body).type).toBe(webhook.event.type)
})

test('Cashfree’s own Node client reports refusals as it would of Cashfree', async () => {
  const { sandbox } = await openShop()
  const cashfree = officialClient(sandbox.url)
  await expect(cashfree.PGFetchOrder('nobody')).rejects.toMatchObject({
    response: { status: 404, data: { code: 'order_not_found', type: 'invalid_request_error' } },
  })
})

/** The client with telemetry off and its fixed host rewritten to ours. */
function officialClient(url: string): Cashfree {
  const axios = theirAxios.create()
  axios.interceptors.request.use((config: { url?: string }) => {
    config.url = config.url!.replace('https://sandbox.cashfree.com', url)
    return config
  })
  const [partnerKey, clientSignature, partnerId] = [undefined, undefined, undefined]
  return new Cashfree(
    CFEnvironment.SANDBOX,
    CLIENT_ID,
    CLIENT_SECRET,
    partnerKey,
    clientSignature,
    partnerId,
    false,
    axios,
  )
}

function verify(cashfree: Cashfree, { headers }: Received, body: string) {
  const [signature, timestamp] = [headers['x-webhook-signature'], headers['x-webhook-timestamp']]
  return cashfree.PGVerifyWebhookSignature(String(signature), body, String(timestamp))
}
