import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startSandbox } from '../../../src/dev/cashfree-sandbox/sandbox.ts'
import { CLIENT_ID, CLIENT_SECRET, openShop } from './shop.ts'

test('a dispute is announced by webhook with text for its number, and listed by the API with a number and local times', async () => {
  const { call, control, order, received } = await openShop()
  await order()
  control.pay('sub_7f3a_1')
  const { dispute_id } = control.dispute('sub_7f3a_1', { amount: 200, reason: 'Duplicate Processing' })
  await control.settled()
  const webhook = received.find(({ event }) => event.type === 'DISPUTE_CREATED')!
  expect(webhook.event.data).toMatchObject({
    dispute: {
      dispute_id,
      dispute_type: 'CHARGEBACK',
      dispute_status: 'CHARGEBACK_CREATED',
      dispute_action_on: 'MERCHANT',
    },
    order_details: { order_id: 'sub_7f3a_1', order_amount: 499 },
  })
  expect(webhook.body).toContain('"dispute_amount":200.00')
  expect(webhook.event.data.dispute.respond_by).toMatch(/\+05:30$/)

  const { json } = await call('GET', '/orders/sub_7f3a_1/disputes')
  expect(json).toHaveLength(1)
  expect(json[0]).toMatchObject({ dispute_id: Number(dispute_id), resolved_at: '9999-09-09T00:00:00' })
  expect(json[0].respond_by).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
  expect((await call('GET', `/disputes/${dispute_id}`)).json).toEqual(json[0])
  expect((await call('GET', `/payments/${json[0].order_details.cf_payment_id}/disputes`)).json).toEqual(json)
  expect((await call('GET', '/disputes/404')).status).toBe(404)
  expect((await call('GET', '/orders/nobody/disputes')).status).toBe(404)
})

test('it moves on and ends with the type in front of its status, each announced once', async () => {
  const { call, control, order, received } = await openShop()
  await order()
  control.pay('sub_7f3a_1')
  const { dispute_id } = control.dispute('sub_7f3a_1')
  expect(control.updateDispute(dispute_id)).toMatchObject({ dispute_status: 'CHARGEBACK_UNDER_REVIEW' })
  expect(control.closeDispute(dispute_id, 'won')).toMatchObject({ dispute_status: 'CHARGEBACK_MERCHANT_WON' })
  // A bank that is not content goes on after the shop has won.
  expect(control.escalateDispute(dispute_id)).toMatchObject({ dispute_status: 'PRE_ARBITRATION_CREATED' })
  expect(control.closeDispute(dispute_id, 'accepted')).toMatchObject({
    dispute_status: 'PRE_ARBITRATION_MERCHANT_ACCEPTED',
  })
  await control.settled()
  const events = received.filter(({ event }) => event.type.startsWith('DISPUTE')).map(({ event }) => event)
  expect(events.map(({ type, data }) => [type, data.dispute.dispute_update])).toEqual([
    ['DISPUTE_CREATED', undefined],
    ['DISPUTE_UPDATED', 'STATUS_UPDATE'],
    ['DISPUTE_CLOSED', undefined],
    ['DISPUTE_UPDATED', 'TYPE_UPDATE'],
    ['DISPUTE_CLOSED', undefined],
  ])
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('PAID')
})

test('what was not paid cannot be disputed, and an end that is none is refused', async () => {
  const { control, order } = await openShop()
  await order()
  expect(() => control.dispute('sub_7f3a_1')).toThrow('no such payment')
  control.pay('sub_7f3a_1')
  const { dispute_id } = control.dispute('sub_7f3a_1')
  expect(() => control.closeDispute(dispute_id, 'forgotten' as never)).toThrow('won, lost or accepted')
  expect(() => control.closeDispute('404', 'won')).toThrow('There is no dispute 404')
})

test('disputes survive a restart', async () => {
  const stateFile = join(await mkdtemp(join(tmpdir(), 'sandbox-')), 'state.json')
  const { control, order, sandbox } = await openShop({ stateFile })
  await order()
  control.pay('sub_7f3a_1')
  const { dispute_id } = control.dispute('sub_7f3a_1')
  await control.settled()
  await sandbox.close()
  const options = { host: '127.0.0.1', port: 0, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, webhookUrl: null }
  const again = await startSandbox({ ...options, stateFile })
  expect(again.control.closeDispute(dispute_id, 'lost')).toMatchObject({ dispute_status: 'CHARGEBACK_MERCHANT_LOST' })
  await again.close()
})
