import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { numberDueReceipts } from '../../../src/billing/receipts/numbering.ts'
import { markSettled } from '../../../src/billing/webhooks/queries.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, nothingGranted, paidOnce, tracesOf } from '../../support/ledger.ts'
import { until, untilLocked } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { deliver, lastEvent, signed, successBody } from './sender.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ CASHFREE_TIMEOUT_MS: '300' })
})
afterAll(() => app.close())
afterEach(() => {
  app.sandbox.control.clearFaults()
  app.sandbox.control.webhooks({ paused: false })
})

async function opened() {
  const form = await new Visitor(app).register()
  return newestOrder(app, form.email!)
}
const waitingFor = (orderId: string) =>
  app.sql`select from webhook_events where order_id = ${orderId} and accepted and settled_at is null`
const makeDue = (orderId: string) =>
  app.sql`
    update webhook_events set next_settle_at = now()
    where id in (select id from webhook_events where order_id = ${orderId} and settled_at is null order by id for update)`

describe('a stored delivery', () => {
  test('is settled although Cashfree could not be asked when it came', async () => {
    const order = await opened()
    app.sandbox.control.faults({ serverError: { endpoint: 'orders.get' } })
    app.sandbox.control.pay(order.id)
    await app.sandbox.control.settled()
    await until(async () => /^Cashfree/.test((await lastEvent(app))?.outcome ?? ''))
    expect(await tracesOf(app, order.id)).toMatchObject(nothingGranted)
    await app.run('settle-events')
    expect(await waitingFor(order.id)).toHaveLength(1)
    app.sandbox.control.clearFaults()
    await makeDue(order.id)
    await app.run('settle-events')
    expect(await waitingFor(order.id)).toHaveLength(0)
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })

  test('whose process died between answering and settling is found by the sweep', async () => {
    const order = await opened()
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.pay(order.id)
    const body = successBody(order.id)
    await app.sql`insert into webhook_events (accepted, verdict, type, order_id, headers, body, next_settle_at)
                  values (true, 'verified', 'PAYMENT_SUCCESS_WEBHOOK', ${order.id}, '{}', ${Buffer.from(body)}, now() - interval '1 second')`
    await Promise.all([app.run('settle-events'), app.run('settle-events')])
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
    expect(await waitingFor(order.id)).toHaveLength(0)
  })

  test('waits longer each time, at most half an hour', async () => {
    const order = await opened()
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.faults({ serverError: { endpoint: 'orders.get' } })
    const body = successBody(order.id)
    await deliver(app, body, signed(body))
    const pauses: number[] = []
    for (let attempts = 1; attempts <= 12; attempts++) {
      await until(
        async () =>
          (await app.sql`select from webhook_events where order_id = ${order.id} and settle_attempts >= ${attempts}`)
            .length === 1,
      )
      const [row] = await app.sql<
        { s: number }[]
      >`select round(extract(epoch from next_settle_at - now()))::int as s from webhook_events where order_id = ${order.id}`
      pauses.push(row!.s)
      if (attempts === 3) await app.sql`update webhook_events set settle_attempts = 11 where order_id = ${order.id}`
      if (attempts === 3) break
      await makeDue(order.id)
      await app.run('settle-events')
    }
    expect(pauses[0]).toBeLessThanOrEqual(10)
    expect(pauses[2]).toBeGreaterThan(pauses[0]!)
    await makeDue(order.id)
    await app.run('settle-events')
    const [row] = await app.sql<
      { s: number }[]
    >`select round(extract(epoch from next_settle_at - now()))::int as s from webhook_events where order_id = ${order.id}`
    expect(row!.s).toBeLessThanOrEqual(1_800)
    expect(row!.s).toBeGreaterThan(1_700)
  })

  test('in a rush, what has no lane yet waits in line here, and needs no job', { timeout: 30_000 }, async () => {
    const orders = await Promise.all(Array.from({ length: 20 }, opened))
    app.sandbox.control.webhooks({ paused: true })
    for (const { id } of orders) app.sandbox.control.pay(id)
    app.sandbox.control.faults({ slow: { ms: 200 } })
    const sent = orders.map(({ id }) => deliver(app, successBody(id), signed(successBody(id))))
    expect(new Set((await Promise.all(sent)).map(({ status }) => status))).toEqual(new Set([200]))
    for (const { id } of orders) {
      await until(async () => (await waitingFor(id)).length === 0, 3_000)
      expect(await tracesOf(app, id)).toMatchObject(paidOnce)
    }
  })

  test('what the line has no room for is the job’s at once', { timeout: 60_000 }, async () => {
    const order = await opened()
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.pay(order.id)
    app.sandbox.control.faults({ slow: { ms: 3_000 } })
    const body = successBody(order.id)
    const sent = Array.from({ length: 560 }, () => deliver(app, body, signed(body)))
    expect(new Set((await Promise.all(sent)).map(({ status }) => status))).toEqual(new Set([200]))
    const atOnce = await app.sql`
      select from webhook_events where order_id = ${order.id} and next_settle_at < received_at + interval '1 second'`
    expect(atOnce.length).toBeGreaterThan(30)
    app.sandbox.control.clearFaults()
    await app.run('settle-events')
    await until(async () => (await waitingFor(order.id)).length === 0)
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })

  test('mails give way while deliveries wait in line, for a second and no longer', { timeout: 30_000 }, async () => {
    const order = await opened()
    await app.run('deliver-mails')
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.pay(order.id)
    app.sandbox.control.faults({ slow: { ms: 2_500 } })
    const timed = async () => {
      const since = performance.now()
      await app.run('deliver-mails')
      return performance.now() - since
    }
    const body = successBody(order.id)
    await Promise.all(Array.from({ length: 8 }, () => deliver(app, body, signed(body))))
    expect(await timed()).toBeLessThan(900) // each has a lane
    await Promise.all(Array.from({ length: 30 }, () => deliver(app, body, signed(body))))
    const late = await timed()
    expect(late).toBeGreaterThan(950)
    expect(late).toBeLessThan(2_400)
    app.sandbox.control.clearFaults()
    await until(async () => (await waitingFor(order.id)).length === 0)
  })

  test('payments do not wait for the receipts’ numbers of those before, and are marked done with them', {
    timeout: 30_000,
  }, async () => {
    const orders = await Promise.all(Array.from({ length: 20 }, opened))
    app.sandbox.control.webhooks({ paused: true })
    for (const { id } of orders) app.sandbox.control.pay(id)
    await numberDueReceipts(app.services)
    const ids = orders.map(({ id }) => id)
    const holder = postgres(app.databaseUrl, { max: 1 })
    await holder.begin(async (tx) => {
      await tx`select from receipt_series for update`
      await Promise.all(ids.map((id) => deliver(app, successBody(id), signed(successBody(id)))))
      const paid = async () =>
        (await app.sql`select from orders where id in ${app.sql(ids)} and status = 'paid'`).length
      await until(async () => (await paid()) === ids.length, 1_500) // less than a number waits for its lock
      expect(
        await app.sql`select from webhook_events where order_id in ${app.sql(ids)} and settled_at is null`,
      ).toHaveLength(20)
    })
    await holder.end()
    for (const id of ids) {
      await until(async () => (await waitingFor(id)).length === 0)
      expect(await tracesOf(app, id)).toMatchObject(paidOnce)
    }
  })

  test('fifty copies at once, signed anew each time, pay once', { timeout: 30_000 }, async () => {
    const order = await opened()
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.pay(order.id)
    const body = successBody(order.id)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => deliver(app, body, signed(body, { timestamp: String(Date.now() + i) }))),
    )
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    await until(async () => (await tracesOf(app, order.id)).status === 'paid')
    for (let i = 0; i < 3; i++) {
      await makeDue(order.id)
      await app.run('settle-events')
    }
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: [] })
    expect(await waitingFor(order.id)).toHaveLength(0)
  })

  test('deliveries are marked in the order they came, wherever their rows lie: nobody holds what another waits for', async () => {
    const order = await opened()
    const ids = await app.sql<{ id: number; receivedAt: Date }[]>`
      insert into webhook_events (accepted, verdict, type, order_id, headers, body, next_settle_at)
      select true, 'verified', 'PAYMENT_SUCCESS_WEBHOOK', ${order.id}, '{}', '\\x00', now() + interval '1 day'
      from generate_series(1, 3) returning id, received_at`
    const [first, second] = ids.map(({ id }) => id)
    const { id: upTo, receivedAt } = ids.at(-1)!
    // A row that was changed lies behind the others.
    await app.sql`update webhook_events set outcome = 'touched' where id = ${first!}`
    // Read as they lie, as the planner may choose to.
    const settling = postgres(app.databaseUrl, {
      max: 1,
      connection: { enable_indexscan: 'off', enable_bitmapscan: 'off' },
    })
    const holder = postgres(app.databaseUrl, { max: 1 })
    const { marking } = await holder.begin(async (tx) => {
      await tx`select from webhook_events where id = ${first!} for update`
      const came = { orderId: order.id, upTo, firstAt: receivedAt, lastAt: receivedAt }
      const marking = markSettled(settling, [{ ...came, refunds: false, disputes: false, outcome: 'paid' }])
      await untilLocked(app.sql)
      await tx`select from webhook_events where id = ${second!} for update nowait`
      return { marking }
    })
    await marking
    await Promise.all([holder.end(), settling.end()])
    expect(await waitingFor(order.id)).toHaveLength(0)
  })

  test('those of several orders are marked by one statement, each as far as it was asked about', async () => {
    const orders = [await opened(), await opened()] as const
    const events = await app.sql<{ id: number; orderId: string; receivedAt: Date }[]>`
      insert into webhook_events (accepted, verdict, type, order_id, headers, body, next_settle_at)
      select true, 'verified', type, o.id, '{}', '\\x00', now() + interval '1 day'
      from orders o
      cross join unnest(array['PAYMENT_SUCCESS_WEBHOOK', 'REFUND_STATUS_WEBHOOK', 'PAYMENT_FAILED_WEBHOOK']) type
      where o.id in ${app.sql(orders.map(({ id }) => id))}
      returning id, order_id, received_at`
    const settled = orders.map(({ id: orderId }, i) => {
      const mine = events.filter((event) => event.orderId === orderId)
      // Of the second order the last one came after the question.
      const { id: upTo, receivedAt } = mine.at(i === 0 ? -1 : -2)!
      return {
        orderId,
        upTo,
        firstAt: receivedAt,
        lastAt: receivedAt,
        refunds: i === 1,
        disputes: false,
        outcome: `outcome ${i}`,
      }
    })
    await markSettled(app.sql, settled)
    const left = await app.sql<{ orderId: string; type: string }[]>`
      select order_id, type from webhook_events where id in ${app.sql(events.map(({ id }) => id))} and settled_at is null order by id`
    expect(left).toEqual([
      { orderId: orders[0].id, type: 'REFUND_STATUS_WEBHOOK' },
      { orderId: orders[1].id, type: 'PAYMENT_FAILED_WEBHOOK' },
    ])
    const outcomes = await app.sql<{ outcome: string }[]>`
      select outcome from webhook_events where order_id in ${app.sql(orders.map(({ id }) => id))} and settled_at is not null order by outcome`
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['outcome 0', 'outcome 0', 'outcome 1', 'outcome 1'])
  })
})
