import { createRequire } from 'node:module'
import { Cashfree, CFEnvironment } from 'cashfree-pg'
import { expect, test } from 'vitest'
import { CLIENT_ID, CLIENT_SECRET, openShop, orderBody, type Received } from './shop.ts'

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
