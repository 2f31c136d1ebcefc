import { expect, test } from 'vitest'
import { type Json, openShop } from './shop.ts'

type Shop = Awaited<ReturnType<typeof openShop>>

test('the control API has the powers of the control object', async () => {
  const shop = await openShop()
  const press = presser(shop)
  await shop.order()
  expect((await press('POST', '/orders/sub_7f3a_1/fail', { reason: 'invalid_pin' })).json.payment.payment_status).toBe(
    'FAILED',
  )
  const paid = await press('POST', '/orders/sub_7f3a_1/pay', { method: 'card', amount: 450.5 })
  expect(paid.json).toMatchObject({ order: { order_status: 'PAID' }, payment: { payment_amount: 450.5 } })
  expect(paid.json.deliveries).toHaveLength(1)
  await press('POST', '/settled')
  expect(shop.received).toHaveLength(2)
  await press('POST', `/deliveries/${paid.json.deliveries[0]}/redeliver`)
  expect(shop.received).toHaveLength(3)

  expect((await press('POST', '/clock', { advanceMs: 60_000 })).json.offsetMs).toBeGreaterThanOrEqual(59_000)
  expect((await press('POST', '/clock', { reset: true })).json.offsetMs).toBe(0)
  expect((await press('POST', '/faults', { slow: { ms: 1 }, garbage: 2 })).json).toHaveLength(2)
  expect((await press('DELETE', '/faults')).json).toEqual([])
  expect((await press('POST', '/settings', { refundOutcome: 'FAILED' })).json.refundOutcome).toBe('FAILED')
  expect((await press('POST', '/webhooks', { paused: true })).json).toMatchObject({
    url: shop.webhookUrl,
    paused: true,
  })
  expect((await press('GET', '/state')).json.orders[0]).toMatchObject({ orderId: 'sub_7f3a_1', status: 'PAID' })
  await press('POST', '/reset')
  expect((await press('GET', '/state')).json).toMatchObject({ orders: [], deliveries: [] })
})

test('the console’s buttons play people, their banks and their apps', async () => {
  const shop = await openShop()
  const look = async () => (await fetch(`${shop.sandbox.url}/`)).text()
  expect(await look()).toContain('No mandates yet')
  const customer = { customer_email: 'u7@example.in', customer_phone: '9876500001', customer_name: '<b>Bold' }
  await shop.mandate({ customer_details: customer })
  const press = (what: string, fields = {}) => shop.form(`/console/mandates/sub_u7_1/${what}`, fields)
  expect(await look()).toContain('&lt;b&gt;Bold')
  expect((await press('bank-pending')).location).toBe('/')
  await press('bank-approves')
  await shop.control.advanceTo('2030-12-06T12:00:00+05:30')
  await shop.charge('2030-12-08')
  expect(await look()).toContain('on 2030-12-08')
  await shop.form('/console/charges/c_u7_1/FAILED', {})
  expect(await look()).toContain('DEBIT HAS BEEN FAILED')
  await press('script', { debits: 'low-balance', times: '2' })
  expect(shop.control.mandate('sub_u7_1').script).toEqual({ debits: 'low-balance', times: 2 })
  await press('cancel')
  expect(await look()).toContain('Cashfree hears of it in')
  expect((await press('resume')).status).toBe(400)
  expect((await shop.form('/console/mandates/nobody/approve', {})).status).toBe(404)
})

test('the control API plays people and their banks', async () => {
  const shop = await openShop()
  const press = presser(shop)
  await shop.mandate()
  const declined = await press('POST', '/mandates/sub_u7_1/decline', { reason: 'Wrong PIN' })
  expect(declined.json).toMatchObject({ charge: { failure_details: { failure_reason: 'Wrong PIN' } } })
  expect(declined.json.deliveries).toHaveLength(2)
  expect((await press('POST', '/mandates/sub_u7_1/ignore')).json.charge.payment_status).toBe('PENDING')
  const approved = await press('POST', '/mandates/sub_u7_1/approve', { bankPending: true })
  expect(approved.json.mandate.subscription_status).toBe('BANK_APPROVAL_PENDING')
  expect((await press('POST', '/mandates/sub_u7_1/bank')).json.mandate.subscription_status).toBe('ACTIVE')

  await press('POST', '/clock', { to: '2030-12-06T12:00:00+05:30' })
  await press('POST', '/mandates/sub_u7_1/script', { debits: 'no-answer', times: 1 })
  await shop.charge('2030-12-08')
  await press('POST', '/clock', { to: '2030-12-08T12:00:00+05:30' })
  expect((await press('GET', '/mandates/sub_u7_1')).json.charges.at(-1)).toMatchObject({ status: 'PENDING' })
  const settled = await press('POST', '/charges/c_u7_1/settle', { status: 'FAILED', reason: 'Account Closed' })
  expect(settled.json.charge).toMatchObject({ payment_status: 'FAILED' })
  expect((await press('POST', '/charges/c_u7_1/settle')).json.charge.payment_status).toBe('SUCCESS')
  const refund = { payment_id: 'c_u7_1', refund_id: 'rf_1', refund_amount: 1 }
  await shop.call('POST', '/subscriptions/sub_u7_1/refunds', { body: refund })
  expect((await press('POST', '/charge-refunds/rf_1/settle', { status: 'FAILED' })).json.refund_status).toBe('FAILED')

  await press('POST', '/mandates/sub_u7_1/in-app', { does: 'pause', heardAfterMinutes: 0 })
  expect((await press('GET', '/mandates')).json).toMatchObject([{ id: 'sub_u7_1', status: 'CUSTOMER_PAUSED' }])
  expect((await press('POST', '/mandates/sub_u7_1/expire')).json.mandate.subscription_status).toBe('COMPLETED')
  const url = `${shop.sandbox.url}/nowhere`
  expect((await press('POST', '/webhooks', { subscriptionUrl: url })).json).toMatchObject({ subscriptionUrl: url })
})

test('what does not exist is refused with a sentence', async () => {
  const press = presser(await openShop())
  expect(await press('POST', '/orders/nobody/pay')).toMatchObject({ status: 404, json: { error: /nobody/ } })
  expect((await press('POST', '/deliveries/9/redeliver')).status).toBe(404)
  expect(await press('POST', '/mandates/nobody/approve')).toMatchObject({ status: 404, json: { error: /nobody/ } })
  expect((await press('POST', '/charges/nobody/settle')).status).toBe(404)
  expect((await press('POST', '/charge-refunds/nobody/settle')).status).toBe(404)
  expect((await press('POST', '/clock', { to: 'tomorrow' })).status).toBe(400)
  expect((await press('POST', '/faults', { nonsense: true })).status).toBe(400)
  expect((await press('POST', '/settings', { nonsense: 1 })).status).toBe(400)
})

test('another site cannot operate the sandbox through a visitor’s browser', async () => {
  const { sandbox } = await openShop()
  for (const path of ['/control/reset', '/console/reset']) {
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect((await fetch(sandbox.url + path, { method: 'POST', headers })).status).toBe(403)
  }
})

test('the console shows what happened, escaped, and its buttons lead back to it', async () => {
  const shop = await openShop()
  const look = async () => (await fetch(`${shop.sandbox.url}/`)).text()
  expect(await look()).toContain('No orders yet')
  await shop.order({ customer_details: { customer_id: 'u_1', customer_phone: '9876500001', customer_name: '<b>Bold' } })
  expect((await shop.form('/console/orders/sub_7f3a_1/pay', {})).location).toBe('/')
  await shop.control.settled()
  const shown = await look()
  expect(shown).toContain('&lt;b&gt;Bold')
  expect(shown).toContain('PAYMENT_SUCCESS_WEBHOOK')
  expect(shown).toContain('HTTP 200')

  await shop.form('/console/faults', { name: 'slow', on: 'true', count: '3' })
  expect(shop.control.state().faults).toEqual([{ name: 'slow', count: 3 }])
  await shop.form('/console/faults', {})
  expect(shop.control.state().faults).toEqual([])
  await shop.form('/console/clock', { ms: '600000' })
  expect(await look()).toContain('10 min ahead of the wall')
  await shop.form('/console/ping', {})
  await shop.form('/console/deliveries/1/redeliver', {})
  expect(shop.received).toHaveLength(3)
})

test('any page may load the browser script', async () => {
  const { sandbox } = await openShop()
  const { headers } = await fetch(`${sandbox.url}/js/v3/cashfree.js`)
  expect(headers.get('content-type')).toContain('text/javascript')
  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin')
})

function presser({ sandbox }: Shop) {
  return async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${sandbox.url}/control${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    return { status: response.status, json: (await response.json()) as Json }
  }
}
