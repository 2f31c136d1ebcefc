import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { settleWith } from '../../../src/billing/checkout/settle.ts'
import { type Attempt, GatewayUnavailable } from '../../../src/billing/payments/gateway.ts'
import { msToSoonestLook } from '../../../src/billing/payments/queries.ts'
import { reconcile } from '../../../src/operations/jobs/reconcile.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, paidOnce, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { type RecordingGateway, startRecordingGateway } from './recording-gateway.ts'
import { remoteAttempt } from './remote-orders.ts'

let app: TestApp
let meter: RecordingGateway
beforeAll(async () => {
  meter = await startRecordingGateway()
  app = await startApp({ API_BASE: `${meter.url}/pg`, RECONCILE_MIN_AGE_MS: '0' })
  meter.target = app.sandbox.publicUrl
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(async () => {
  await app.close()
  await meter.close()
})
afterEach(async () => {
  app.sandbox.control.clearFaults()
  meter.instead = () => null
  await app.sql`update orders set next_look_at = null, money_seen_at = null`
})

async function due() {
  const form = await new Visitor(app).register()
  const order = await newestOrder(app, form.email!)
  await app.sql`update orders set next_look_at = now() where id = ${order.id}`
  meter.calls.length = 0
  return order
}
const waitS = async (id: string) =>
  (
    await app.sql<
      { s: number | null }[]
    >`select round(extract(epoch from next_look_at - now()))::int as s from orders where id = ${id}`
  )[0]!.s
const asked = () => meter.count(/^GET \/pg\/orders\/[^/]+$/)

describe('the reconciler', () => {
  test('ends a run after so many orders even while Cashfree is silent, so that it never chases its own tail', async () => {
    const { userId } = await due()
    await app.sql.unsafe(`
      insert into plans (key, name, title, price_paise, months, on_sale)
      select 'silent_' || n, 'silent_' || n, 'Silent', 100, 1, false from generate_series(1, 160) n;
      insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, next_look_at)
      select 'ds_silent_' || n, '${userId}', 'silent_' || n, 100, 'active', now() + interval '9 minutes', now() from generate_series(1, 160) n`)
    let calls = 0
    const fetchOrder = async () => {
      calls++
      throw new GatewayUnavailable('silence')
    }
    const silent = { ...app.services, gateway: { ...app.services.gateway, fetchOrder } }
    expect([await reconcile(silent), calls]).toEqual([0, 150])
    await app.sql`update orders set status = 'expired', closed_at = now() where id like 'ds_silent_%'`
  })

  test('looks at what is due, and again 45 seconds later while it can be paid', async () => {
    const order = await due()
    await app.run('reconcile')
    expect(asked()).toBe(1)
    expect(await waitS(order.id)).toBeGreaterThan(40)
    await app.run('reconcile')
    expect(asked()).toBe(1)
  })

  test('settles what was paid, and looks an hour later for money that came on top', async () => {
    const order = await due()
    app.sandbox.control.pay(order.id)
    await Promise.all([app.run('reconcile'), app.run('reconcile')])
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
    expect(await waitS(order.id)).toBeGreaterThan(3_500)
  })

  test('ends its round when our keys are refused: no hot loop', async () => {
    for (let i = 0; i < 12; i++) await due()
    await app.sql`update orders set next_look_at = now()`
    meter.instead = () => ({
      status: 401,
      headers: { 'content-type': 'application/json' },
      body: '{"code":"request_failed","type":"authentication_error"}',
    })
    await app.run('reconcile')
    expect(asked()).toBeLessThanOrEqual(6)
  })

  test('goes on with the others when one order cannot be asked about', async () => {
    const [bad, good] = [await due(), await due()]
    app.sandbox.control.pay(good.id)
    meter.instead = ({ path }) => (path.includes(bad.id) ? { status: 500, body: 'oops' } : null)
    await app.sql`update orders set next_look_at = now() where id in ${app.sql([bad.id, good.id])}`
    await app.run('reconcile')
    expect(await tracesOf(app, good.id)).toMatchObject(paidOnce)
    expect(await waitS(bad.id)).toBeGreaterThan(50)
  })

  test('settles the others when the database refuses one, and tells a person', async () => {
    const [bad, good] = [await due(), await due()]
    app.sandbox.control.pay(bad.id)
    app.sandbox.control.pay(good.id)
    // A value that fits no column, as a stand-in for whatever we did not think of.
    await app.sql`alter table payments add constraint no_bad_order check (order_id <> ${app.sql.unsafe(`'${bad.id}'`)})`
    await app.sql`update orders set next_look_at = now() where id in ${app.sql([bad.id, good.id])}`
    await app.run('reconcile')
    expect(await tracesOf(app, good.id)).toMatchObject(paidOnce)
    expect(await waitS(bad.id)).toBeGreaterThan(500)
    expect(
      await app.sql`select 1 from incidents where kind = 'settling-fails' and subject_key = ${bad.id}`,
    ).toHaveLength(1)
    await app.sql`alter table payments drop constraint no_bad_order`
  })

  test('a flood of open orders does not starve one that just ran out', async () => {
    const order = await due()
    await app.sql`insert into plans (key, name, title, price_paise, months, on_sale)
                  select 'flood_' || n, 'flood_' || n, 'Flood', 100, 1, false from generate_series(1, 300) n`
    await app.sql`insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, next_look_at, created_at)
                  select 'flood_' || n, ${order.userId}, 'flood_' || n, 100, 'active', now() + interval '20 minutes', now() - interval '1 hour', now() - interval '1 hour'
                  from generate_series(1, 300) n`
    await app.sql`update orders set expires_at = now() - interval '1 minute', next_look_at = now() where id = ${order.id}`
    await app.run('reconcile')
    expect(meter.calls.some(({ path }) => path.includes(order.id))).toBe(true)
  })

  test.each([
    ['1 hour', 'active', 25, 50],
    ['-1 minute', 'active', 25, 50],
    ['-1 hour', 'expired', 1_500, 1_900],
    ['-20 hours', 'expired', 30_000, 40_000],
  ])('of an order that ends in %s and is %s waits between %i and %i s', async (endsIn, status, least, most) => {
    const order = await due()
    if (status === 'expired') app.sandbox.control.expire(order.id)
    await app.sql`update orders set expires_at = now() + ${endsIn}::interval where id = ${order.id}`
    const remote = await app.services.gateway.fetchOrder(order.id)
    await settleWith(app.services, order.id, { ...remote, expiresAt: null }, 'reconciler')
    const wait = await waitS(order.id)
    expect(wait).toBeGreaterThan(least)
    expect(wait).toBeLessThan(most)
  })

  test('forgets an expired order after 25 hours', async () => {
    const order = await due()
    app.sandbox.control.expire(order.id)
    const remote = await app.services.gateway.fetchOrder(order.id)
    await app.sql`update orders set expires_at = now() - interval '26 hours' where id = ${order.id}`
    await settleWith(app.services, order.id, { ...remote, expiresAt: null }, 'reconciler')
    expect(await waitS(order.id)).toBeNull()
  })

  test('takes orders that can still be paid before a backlog of hundreds that cannot', {
    timeout: 30_000,
  }, async () => {
    const order = await due()
    await app.sql`insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, next_look_at, created_at)
                  select 'backlog_' || n, ${order.userId}, 'monthly_v1', 49900, 'expired', now() - interval '2 hours', now() - interval '1 hour', now() - interval '3 hours'
                  from generate_series(1, 400) n`
    await app.run('reconcile')
    expect(meter.calls.slice(0, 130).some(({ path }) => path.includes(order.id))).toBe(true)
    await app.sql`delete from orders where id like 'backlog_%'`
  })

  // Last, because the reconciler of this app stays quiet for the five minutes it was asked for.
  test('ends its round when Cashfree says 429, for as long as it asks', async () => {
    const orders: { id: string }[] = []
    for (let i = 0; i < 12; i++) orders.push(await due())
    await app.sql`update orders set next_look_at = now() where id in ${app.sql(orders.map(({ id }) => id))}`
    app.sandbox.control.faults({ rateLimited: { retryAfterS: 300 } })
    await app.run('reconcile')
    expect(asked()).toBeLessThanOrEqual(6)
    app.sandbox.control.clearFaults()
    const waits = await Promise.all(orders.map(({ id }) => waitS(id)))
    expect(waits.some((wait) => wait! > 290)).toBe(true)
  })
})

describe('money that Cashfree speaks of and that does not count yet is looked at again', () => {
  const success = (orderId: string) => remoteAttempt(orderId, { cfPaymentId: `soon_${orderId}` })
  const cases: [string, string, (id: string) => Attempt[] | null, number][] = [
    ['a success on an order that is still ACTIVE', 'ACTIVE', (id) => [success(id)], 45],
    ['a success on an order that EXPIRED', 'EXPIRED', (id) => [success(id)], 45],
    ['a success while the end is asked for', 'TERMINATION_REQUESTED', (id) => [success(id)], 45],
    ['PAID, and the payments cannot be read', 'PAID', () => null, 15],
    ['PAID, and no payment is listed', 'PAID', () => [], 15],
  ]

  test.each(cases)('%s: after 2, 4, 8 seconds, never later than usual', async (_what, status, attempts, usual) => {
    const order = await due()
    const remote = await app.services.gateway.fetchOrder(order.id)
    const looked = async () => {
      await settleWith(app.services, order.id, { ...remote, status, attempts: attempts(order.id) }, 'webhook')
      return app.sql<{ s: number }[]>`
        select extract(epoch from next_look_at - now())::float8 as s from orders where id = ${order.id}`
    }
    const waits: number[] = []
    for (const gone of [0, 2, 4, 8, 600]) {
      await app.sql`update orders set money_seen_at = now() - make_interval(secs => ${gone})
                    where id = ${order.id} and money_seen_at is not null`
      waits.push((await looked())[0]!.s)
    }
    for (const [i, wanted] of [2, 2, 4, 8].entries()) {
      expect(waits[i]).toBeLessThanOrEqual(wanted + 1.5)
      expect(waits[i]).toBeGreaterThan(wanted - 1.5)
    }
    expect(waits[4]).toBeLessThanOrEqual(usual)
    expect(waits[4]).toBeGreaterThan(usual - 8)
  })

  test('by a look that is wanted before the next run: the reconciler wakes itself, once for all of them', async () => {
    const woken: string[] = []
    const { wake } = app.services
    app.services.wake = (job) => job === 'reconcile' && woken.push(job)
    try {
      for (let i = 0; i < 3; i++) {
        const order = await due()
        await app.sql`update orders set next_look_at = now() + interval '3 seconds', money_seen_at = now() where id = ${order.id}`
      }
      await app.run('reconcile')
      await app.run('reconcile')
      expect(woken).toEqual([])
      await until(async () => woken.length > 0, 15_000)
      expect(woken).toEqual(['reconcile'])
    } finally {
      app.services.wake = wake
    }
  })

  test('and an order that nobody speaks of money for wakes nobody', async () => {
    const order = await due()
    await app.run('reconcile')
    expect(await waitS(order.id)).toBeGreaterThan(40)
    expect(await msToSoonestLook(app.sql)).toBeNull()
  })
})
