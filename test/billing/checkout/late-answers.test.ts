import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settleWith } from '../../../src/billing/checkout/settle.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, nothingGranted, paidOnce, subscriberOf, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'
import { remoteAttempt, remoteOrder } from '../payments/remote-orders.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

async function opened() {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  return { visitor, email: form.email!, order: await newestOrder(app, form.email!) }
}
const settledAll = async (orderId: string) => {
  await app.sandbox.control.settled()
  await until(
    async () =>
      (await app.sql`select from webhook_events where order_id = ${orderId} and settled_at is null`).length === 0,
  )
}

describe('what comes late', () => {
  test.each(['FAILED', 'USER_DROPPED', 'PENDING', 'FLAGGED'] as const)(
    'a %s attempt after the success changes nothing',
    async (status) => {
      const { email, order } = await opened()
      app.sandbox.control.pay(order.id)
      await settledAll(order.id)
      const before = await subscriberOf(app, email)
      app.sandbox.control.pay(order.id, { status, newAttempt: true })
      await settledAll(order.id)
      expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: [] })
      expect(await subscriberOf(app, email)).toEqual(before)
    },
  )

  test('a success after two failed attempts pays once, and all three are kept', async () => {
    const { visitor, order } = await opened()
    app.sandbox.control.fail(order.id)
    app.sandbox.control.drop(order.id)
    app.sandbox.control.pay(order.id)
    await settledAll(order.id)
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
    const rows = await app.sql<
      { status: string }[]
    >`select status from payments where order_id = ${order.id} order by status`
    expect(rows.map(({ status }) => status)).toEqual(['FAILED', 'SUCCESS', 'USER_DROPPED'])
    expect(stageOn(await visitor.get('/checkout/monthly'))).toBe('paid')
  })

  test('webhooks in the wrong order and twice end in the same records', async () => {
    const { order } = await opened()
    app.sandbox.control.faults({ outOfOrderWebhooks: true, duplicateWebhooks: true })
    app.sandbox.control.fail(order.id)
    app.sandbox.control.pay(order.id)
    app.sandbox.control.clearFaults()
    await settledAll(order.id)
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: [] })
  })

  test('a success after expiry is paid all the same', async () => {
    const { order } = await opened()
    app.sandbox.control.pay(order.id, { when: 'after-expiry' })
    await settledAll(order.id)
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })

  test('a success after the time limit is cancelled by Cashfree: nothing granted, and the payer is told', async () => {
    const { visitor, order } = await opened()
    app.sandbox.control.pay(order.id, { when: 'after-ttl' })
    await settledAll(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(await tracesOf(app, order.id)).toMatchObject({ ...nothingGranted, incidents: [] })
    expect((await visitor.get('/checkout/monthly')).body).toContain('left your last payment unfinished')
  })

  test('a success that Cashfree takes back is told to the admin, never acted on by itself', async () => {
    const { email, order } = await opened()
    app.sandbox.control.pay(order.id)
    await settledAll(order.id)
    const remote = await app.services.gateway.fetchOrder(order.id)
    remote.attempts![0]!.status = 'VOID'
    expect((await settleWith(app.services, order.id, remote, 'webhook')).outcome).toBe('already-paid')
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: ['payment-reversed'] })
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active' })
  })

  test('statuses nobody has heard of are kept and grant nothing', async () => {
    const { visitor, order } = await opened()
    app.sandbox.control.faults({ unknownEnums: true })
    app.sandbox.control.pending(order.id)
    const page = await visitor.get(`/payment/return?order_id=${order.id}`)
    app.sandbox.control.clearFaults()
    expect([page.status, stageOn(page)]).toEqual([200, 'session-created'])
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'active', ...nothingGranted })
  })
})

describe('any order of Cashfree’s answers', () => {
  test('ends in the same records: paid once when a success was among them', { timeout: 60_000 }, async () => {
    const attempt = fc.record({
      id: fc.integer({ min: 1, max: 3 }),
      status: fc.constantFrom('SUCCESS', 'FAILED', 'USER_DROPPED', 'PENDING', 'CANCELLED'),
    })
    const answer = fc.record({
      status: fc.constantFrom('ACTIVE', 'PAID', 'EXPIRED', 'TERMINATION_REQUESTED', 'ABSENT', 'ODD'),
      amountPaise: fc.constantFrom(49_900, 49_900, 49_900, 49_899, null),
      attempts: fc.option(fc.uniqueArray(attempt, { selector: ({ id }) => id, maxLength: 3 })),
    })
    const { email } = await opened()
    const { userId } = await subscriberOf(app, email)
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 6 }), async (answers) => {
        const id = `prop_${++run}`
        await app.sql`update orders set status = 'terminated' where user_id = ${userId} and status in ('created', 'active')`
        await app.sql`insert into orders (id, user_id, plan_key, amount_paise, expires_at) values (${id}, ${userId}, 'monthly_v1', 49900, now() + interval '1 hour')`
        let payable = false
        const paidIds = new Set<number>()
        for (const { status, amountPaise, attempts } of answers) {
          const remote = remoteOrder(id, {
            status,
            amountPaise,
            attempts:
              attempts?.map((given) => remoteAttempt(id, { cfPaymentId: `${id}_${given.id}`, status: given.status })) ??
              null,
          })
          for (const given of attempts ?? [])
            if (given.status === 'SUCCESS') paidIds.add(given.id)
            else if (given.status === 'CANCELLED') paidIds.delete(given.id)
          payable ||= status === 'PAID' && amountPaise === 49_900 && paidIds.size > 0
          await settleWith(app.services, id, remote, 'webhook')
        }
        const traces = await tracesOf(app, id)
        if (payable) expect(traces).toMatchObject(paidOnce)
        else expect(traces).toMatchObject(nothingGranted)
      }),
      { numRuns: 60, verbose: 1 },
    )
  })
})
