import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { checkAutopay } from '../../src/operations/doctor/autopay.ts'
import type { DoctorContext } from '../../src/operations/doctor/context.ts'
import { report } from '../../src/operations/doctor/finding.ts'
import { checkSite } from '../../src/operations/doctor/site.ts'
import { type RecordingGateway, startRecordingGateway } from '../billing/payments/recording-gateway.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { folder } from './databases.ts'

let app: TestApp
let meter: RecordingGateway
beforeAll(async () => {
  meter = await startRecordingGateway()
  app = await startApp({ API_BASE: `${meter.url}/pg`, CASHFREE_SUBSCRIPTIONS: 'on' })
})
afterAll(async () => {
  await app.close()
  await meter.close()
})
afterEach(() => {
  meter.target = app.sandbox.publicUrl
  meter.instead = () => null
})

function context(autopay = true, baseUrl = app.config.baseUrl): DoctorContext {
  return {
    config: { ...app.config, baseUrl, cashfree: { ...app.config.cashfree, autopay } },
    databaseUrl: app.databaseUrl,
    standIn: { cashfree: false, mail: false },
    root: join(import.meta.dirname, '..', '..'),
    backupDir: folder(),
  }
}
const says = (status: number, code: string) => ({
  status,
  body: JSON.stringify({ code, type: 'invalid_request_error', message: code }),
})

describe('the doctor about Autopay', () => {
  test('says nothing and asks nothing where it is off', async () => {
    const before = meter.calls.length
    expect(await checkAutopay(context(false))).toEqual([])
    expect(meter.calls).toHaveLength(before)
    expect(report(await checkSite(context(false)))).not.toContain('Autopay')
  })

  test('finds it activated, and the plan of today’s ceiling made, once; no mandate is opened', async () => {
    meter.target = app.sandbox.publicUrl
    for (let turn = 0; turn < 2; turn++)
      expect(await checkAutopay(context())).toEqual([
        { level: 'ok', about: 'Autopay', says: 'Cashfree answers about mandates' },
        { level: 'ok', about: 'Autopay’s plan', says: 'autopay_v1_998000 stands at Cashfree: at most ₹9,980 a debit' },
      ])
    expect(meter.count(/POST \/pg\/subscriptions/)).toBe(0)
  })

  test.each([
    ['payment_mode_invalid_for_action', 400, /has not activated it.*CASHFREE_SUBSCRIPTIONS=off/s],
    ['authentication_error', 401, /refuses our keys for mandates \(401\)/],
    ['api_error', 500, /cannot be asked about/],
  ])('says what is wrong where Cashfree answers %s', async (code, status, expected) => {
    meter.instead = () => says(status, code)
    expect(report(await checkAutopay(context()))).toMatch(expected)
  })

  test('hears it from the plan as well, and of a plan that has another ceiling', async () => {
    meter.target = app.sandbox.publicUrl
    const here = { plan_id: 'autopay_v1_998000', plan_type: 'ON_DEMAND', plan_currency: 'INR', plan_max_amount: 100 }
    meter.instead = ({ path }) =>
      path.startsWith('/pg/plans') ? { status: 200, body: JSON.stringify({ ...here, plan_status: 'ACTIVE' }) } : null
    expect(report(await checkAutopay(context()))).toContain('Cashfree has another one under our id')
    meter.instead = ({ method, path }) => {
      if (!path.startsWith('/pg/plans')) return null
      return method === 'POST' ? says(400, 'payment_mode_invalid_for_action') : says(404, 'plan_not_found')
    }
    expect(report(await checkAutopay(context()))).toContain('has not activated it')
  })

  test('tries the endpoint of its own webhook tab, signed and unsigned', async () => {
    let answers = 404
    meter.instead = ({ path, headers }) => {
      if (path === '/readyz') return { status: 200, body: '{"status":"ready"}' }
      if (!path.startsWith('/webhooks/')) return { status: 200, body: '' }
      const status = path.endsWith('-subscriptions') ? answers : 200
      return { status: headers['x-webhook-signature'] ? status : 401, body: '' }
    }
    const lines = async () => report(await checkSite(context(true, meter.url)))
    expect(await lines()).toMatch(/failure +Autopay endpoint +answers 404 to a webhook signed with secret 1 of 1/)
    answers = 200
    expect(await lines()).toMatch(
      /ok +Autopay endpoint .*cashfree-subscriptions accepts webhooks signed with the secret/,
    )
  })
})
