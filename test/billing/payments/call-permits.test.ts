import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { callPermits } from '../../../src/billing/payments/call-permits.ts'
import { cashfree } from '../../../src/billing/payments/cashfree.ts'
import type { GatewayUnavailable } from '../../../src/billing/payments/gateway.ts'
import { connect, type Sql } from '../../../src/platform/db.ts'
import { deleteEndedWindows } from '../../../src/platform/rate-counters.ts'
import { freshDatabase } from '../../support/database.ts'
import { answer, failureOf, subscriptionId } from './mandate-fixtures.ts'
import { type RecordingGateway, startRecordingGateway } from './recording-gateway.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let one: Sql
let other: Sql
beforeAll(async () => {
  database = await freshDatabase()
  one = connect(database.url, { max: 4 })
  other = connect(database.url, { max: 4 })
})
afterAll(async () => {
  await Promise.all([one.end(), other.end()])
  await database.drop()
})
beforeEach(() => one`delete from rate_counters`)

const charges = 'POST /subscriptions/pay'
const later = (seconds: number) =>
  one`update rate_counters set resets_at = resets_at - make_interval(secs => ${seconds})`
const readyInS = async () =>
  (await one<{ s: number }[]>`select extract(epoch from resets_at - now())::float as s from rate_counters`)[0]?.s ?? 0

/** How many of so many calls may go at once, asked by both processes in turn. */
async function permitted(calls: number, patient: boolean, endpoint = charges): Promise<number> {
  const processes = [callPermits(one), callPermits(other)] as const
  const waits = await Promise.all(
    Array.from({ length: calls }, (_, at) => processes[at % 2 ? 1 : 0](endpoint, patient)),
  )
  return waits.filter((waitS) => waitS === 0).length
}

/** So many, and on a busy machine those that came back while the calls were made. */
async function expectPermitted(work: () => Promise<number>, many: number): Promise<void> {
  const began = performance.now()
  const count = await work()
  expect(count).toBeGreaterThanOrEqual(many)
  expect(count).toBeLessThanOrEqual(many + Math.ceil((performance.now() - began) / 1_250))
}

describe('calls that nobody waits for', () => {
  test('share nine tenths of sixty a minute among all processes, whatever way the minute is cut', async () => {
    await expectPermitted(async () => {
      let inAMinute = await permitted(30, true)
      for (let second = 1; second < 60; second++) {
        await later(1)
        inAMinute += await permitted(3, true)
      }
      return inAMinute
    }, 53)
    await later(60)
    await expectPermitted(() => permitted(30, true), 6)
  })

  test('are told how long to wait', async () => {
    await permitted(6, true)
    await one`update rate_counters set resets_at = now() + interval '20 seconds'`
    const waitS = await callPermits(one)(charges, true)
    expect(waitS).toBeGreaterThan(5)
    expect(waitS).toBeLessThanOrEqual(14)
    await later(14)
    expect(await callPermits(one)(charges, true)).toBe(0)
  })

  test('are counted for each kind of call by itself', async () => {
    await expectPermitted(() => permitted(10, true), 6)
    await expectPermitted(() => permitted(10, true, 'GET /subscriptions/:id'), 6)
    await expectPermitted(() => permitted(10, true, 'POST /plans'), 6)
  })

  test('wait while the database is away', async () => {
    const away = connect('postgres://nobody@127.0.0.1:1/none', { max: 1 })
    expect(await callPermits(away)(charges, true)).toBe(10)
    expect(await callPermits(away)(charges, false)).toBe(0)
    await away.end()
  })
})

describe('calls that people wait for', () => {
  test('always go, and the others wait for them', async () => {
    expect(await permitted(20, false)).toBe(20)
    expect(await permitted(2, true)).toBe(0)
    await later(20 * 1.25)
    await expectPermitted(() => permitted(8, true), 6)
  })

  test('leave no more than a minute of debt behind, however many they are', async () => {
    expect(await permitted(100, false)).toBe(100)
    expect(await readyInS()).toBeLessThanOrEqual(60)
    expect(await callPermits(one)(charges, true)).toBeLessThanOrEqual(60)
  })
})

test('a count whose permits lie ready again is swept away, and no other', async () => {
  await permitted(4, true)
  await later(10)
  await permitted(30, false, 'POST /plans')
  expect(await deleteEndedWindows(one)).toBe(1)
  expect(await one`select key from rate_counters`).toEqual([{ key: 'cashfree POST /plans' }])
})

test('calls about orders are not counted', async () => {
  expect(await permitted(100, true, 'GET /orders/:id')).toBe(100)
  expect(await one`select key from rate_counters`).toEqual([])
})

describe('the client', () => {
  let meter: RecordingGateway
  beforeAll(async () => {
    meter = await startRecordingGateway()
    meter.instead = () => answer('created')
  })
  afterAll(() => meter.close())

  test('does not call where there is no permit, and counts a repeated call twice', async () => {
    const settings = { clientId: 'TEST_app', clientSecret: 'cfsk_ma_test_app', timeoutMs: 2_000 }
    const [here, there] = [one, other].map(
      (sql) => cashfree({ ...settings, apiBase: `${meter.url}/pg`, permit: callPermits(sql) }).mandates,
    )
    let broken = true
    meter.instead = () => {
      if (!broken) return answer('created')
      broken = false
      return 'hang-up'
    }
    for (const mandates of [here!, there!, here!, there!, here!]) {
      expect(await mandates.fetchMandate(subscriptionId, undefined, 'patient')).toMatchObject({ status: 'INITIALIZED' })
    }
    expect(meter.calls).toHaveLength(6)
    expect(await one`select count from rate_counters`).toEqual([{ count: 6 }])
    await one`update rate_counters set resets_at = now() + interval '20 seconds'`
    const waiting = await failureOf(there!.fetchMandate('sub_another', undefined, 'patient'))
    expect(waiting).toMatchObject({ name: 'GatewayUnavailable', message: 'rate limit' })
    expect((waiting as GatewayUnavailable).retryAfterS).toBeGreaterThan(5)
    expect(meter.calls).toHaveLength(6)
    expect(await there!.fetchMandate(subscriptionId, undefined, 'light')).toMatchObject({ status: 'INITIALIZED' })
  })
})
