import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startSandbox } from '../../../src/dev/cashfree-sandbox/sandbox.ts'
import { CLIENT_ID, CLIENT_SECRET, openShop } from './shop.ts'

test('orders, attempts and unsent webhooks survive a restart', async () => {
  const stateFile = join(await scratchFolder(), 'state.json')
  const shop = await openShop({ stateFile })
  const { payment_session_id } = await shop.order()
  shop.control.pending('sub_7f3a_1')
  shop.answers.status = 500
  shop.control.fail('sub_7f3a_1')
  await shop.control.settled()
  await shop.sandbox.close()
  expect((await stat(stateFile)).mode & 0o777).toBe(0o600)

  shop.answers.status = 200
  const restarted = await openShop({ stateFile })
  const { json } = await restarted.call('GET', '/orders/sub_7f3a_1')
  expect(json).toMatchObject({ payment_session_id, order_status: 'ACTIVE' })
  expect((await restarted.call('GET', '/orders/sub_7f3a_1/payments')).json).toHaveLength(1)
  await restarted.control.advance(2 * 60_000)
  expect(shop.received.map(({ headers }) => headers['x-webhook-attempt'])).toEqual(['1', '2'])
})

test('mandates, charges under way and their refunds survive a restart', async () => {
  const stateFile = join(await scratchFolder(), 'state.json')
  const shop = await openShop({ stateFile })
  await shop.control.advanceTo('2030-12-06T12:00:00+05:30')
  const { subscription_session_id } = await shop.mandate()
  shop.control.approveMandate('sub_u7_1')
  shop.control.script('sub_u7_1', { debits: 'low-balance', times: 1 })
  await shop.charge('2030-12-08')
  await shop.charge('2030-12-07', { payment_id: 'c_u7_0' })
  await shop.control.advanceTo('2030-12-07T22:00:00+05:30')
  shop.control.settleCharge('c_u7_0')
  const refund = { payment_id: 'c_u7_0', refund_id: 'rf_1', refund_amount: 499 }
  await shop.call('POST', '/subscriptions/sub_u7_1/refunds', { body: refund })
  await shop.sandbox.close()

  const { call, control, form } = await openShop({ stateFile })
  expect((await call('GET', '/plans/mandate_v1')).status).toBe(200)
  const page = await form('/pg/view/sessions/checkout/subs', { subs_session_id: subscription_session_id })
  expect(page.text).toContain('expired')
  await control.advanceTo('2030-12-08T12:00:00+05:30')
  const { json } = await call('GET', '/subscriptions/sub_u7_1/payments/c_u7_1')
  expect(json).toMatchObject({ payment_status: 'SUCCESS' })
  expect((await call('GET', '/subscriptions/sub_u7_1/refunds/rf_1')).json.refund_status).toBe('SUCCESS')
})

test('the snapshot is written while the sandbox runs, so that a crash loses little', async () => {
  const stateFile = join(await scratchFolder(), 'deep', 'state.json')
  const shop = await openShop({ stateFile })
  await shop.order()
  await expect.poll(() => readFile(stateFile, 'utf8').catch(() => ''), { timeout: 5_000 }).toContain('sub_7f3a_1')
})

test('a snapshot that cannot be read is put aside, not overwritten', async () => {
  const stateFile = join(await scratchFolder(), 'state.json')
  await writeFile(stateFile, '{"version":1,"ord')
  const { call } = await openShop({ stateFile })
  expect((await call('GET', '/orders/any_1')).status).toBe(404)
  expect(await readFile(`${stateFile}.unreadable`, 'utf8')).toContain('"ord')
})

test('closing is quick although a client keeps its connection open and a call hangs', async () => {
  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    webhookUrl: null,
    stateFile: null,
  })
  await fetch(`${sandbox.url}/`).then((response) => response.text())
  sandbox.control.faults({ slow: true })
  const hanging = fetch(`${sandbox.url}/pg/orders/x_1`).catch(() => 'broken')
  await new Promise((resolve) => setTimeout(resolve, 50))
  const began = performance.now()
  await sandbox.close()
  await hanging
  expect(performance.now() - began).toBeLessThan(1_000)
})

async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
