import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { findOrCreateOrder } from '../../../src/billing/checkout/create-order.ts'
import { insertUser } from '../../../src/identity/registration/queries.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { startApp, type TestApp } from '../../support/app.ts'

const payers = 200
const minute = 60_000

let app: TestApp
beforeAll(async () => {
  // One clock for the look-alike, its limits and ours, moved by hand; timers stay real.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  app = await startApp({ RECONCILE_MIN_AGE_MS: '0' })
})
afterAll(async () => {
  vi.useRealTimers()
  await app.close()
})

/** A minute for everybody: Cashfree's clock, the database's due times, and this process's own. */
async function aMinuteLater() {
  vi.setSystemTime(Date.now() + minute)
  await app.sql`update orders set next_look_at = next_look_at - interval '1 minute' where next_look_at is not null`
  await app.sql`update webhook_events set next_settle_at = next_settle_at - interval '1 minute' where settled_at is null`
}

test('an hour without us, all webhooks given up on: everybody who paid is active soon after the restart, within Cashfree’s limits', {
  timeout: 120_000,
}, async () => {
  const { control } = app.sandbox
  const orders: string[] = []
  for (let i = 0; i < payers; i++) {
    const user = await insertUser(app.sql, {
      name: 'Asha Rao',
      username: `down${i}`,
      email: `down${i}@example.in`,
      phone: '+919876500001',
      stateCode: '27',
      passwordHash: 'none',
      consentedTo: 'test',
    })
    orders.push((await findOrCreateOrder(app.services, user, 'monthly')).id)
  }
  // From here on nobody answers: Cashfree's retries end after half an hour, and the hour goes by.
  control.webhooks({ url: 'http://127.0.0.1:9/away' })
  for (const id of orders) control.pay(id)
  await control.advance(60 * minute)
  expect(control.deliveries().every(({ state }) => state === 'gave up')).toBe(true)
  expect(await app.sql`select from orders where paid_at is not null`).toHaveLength(0)

  control.settings({ enforceRateLimits: true })
  await app.sql`update orders set next_look_at = now(), expires_at = expires_at - interval '1 hour', created_at = created_at - interval '1 hour'`
  let refused = 0
  const real = globalThis.fetch
  globalThis.fetch = async (...args) => {
    const answer = await real(...args)
    if (answer.status === 429) refused++
    return answer
  }
  let minutes = 0
  const paid = async () =>
    (await app.sql<{ n: number }[]>`select count(*)::int as n from orders where paid_at is not null`)[0]!.n
  try {
    for (; minutes < 20 && (await paid()) < payers; minutes++) {
      await app.run('reconcile')
      await pause(5)
      await aMinuteLater()
    }
  } finally {
    globalThis.fetch = real
  }
  console.log(`${payers} orders active ${minutes} minutes after the restart; Cashfree refused ${refused} calls`)
  expect(await paid()).toBe(payers)
  // 30 lists of payments a minute is the sandbox's limit; the last tenth is left to people.
  expect(minutes).toBeLessThanOrEqual(Math.ceil(payers / 27) + 1)
  expect(refused).toBeLessThanOrEqual(4)
  const withAccess = await app.sql`select from subscriptions s where has_access(s)`
  expect(withAccess).toHaveLength(payers)
  expect((await checkInvariants(app.sql)).checks.filter(({ wrong }) => wrong > 0)).toEqual([])
})
