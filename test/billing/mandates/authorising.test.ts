import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endMandate, refreshMandate } from '../../../src/billing/mandates/mandates.ts'
import { untilLocked } from '../../support/until.ts'
import {
  autopayOf,
  expectInvariants,
  type Fixture,
  having,
  holdings,
  later,
  onAutopay,
  open,
  openFixture,
  somebody,
} from './fixture.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.close())

const refresh = (subscriptionId: string) => refreshMandate(fixture.services, subscriptionId, 'webhook')
/** Somebody who is at Cashfree's page. */
async function choosing(more: Parameters<typeof open>[2] = {}) {
  const user = await somebody(fixture)
  const offered = await open(fixture, user, more)
  return { user, offered, subscriptionId: offered.mandate!.subscriptionId }
}

describe('a mandate that starts now', () => {
  test('waits for its person as money under way, and its order is nothing to ask /orders about', async () => {
    const { user, offered, subscriptionId } = await choosing()
    expect(offered).toMatchObject({
      refusal: null,
      sessionId: 'session',
      mandate: { status: 'INITIALIZED', authorisationPaise: 49_900 },
    })
    expect(await holdings(fixture, user)).toMatchObject({ ...having(0), open: 1, underWay: ['autopay'] })
    expect(fixture.cashfree.mandates.get(subscriptionId)!.maxAmountPaise).toBe(998_000)
    const [order] = await fixture.sql`select status, mandate_id, next_look_at from orders where id = ${offered.orderId}`
    expect(order).toMatchObject({ status: 'active', mandateId: offered.mandate!.id, nextLookAt: null })
    const again = await open(fixture, user)
    expect(again).toMatchObject({ refusal: 'mandate', mandate: { id: offered.mandate!.id }, sessionId: 'session' })
  })

  test('pays the first period once, however often and by however many it is told', async () => {
    const { user, subscriptionId } = await choosing()
    fixture.cashfree.approve(subscriptionId)
    await Promise.all([refresh(subscriptionId), refresh(subscriptionId), refresh(subscriptionId)])
    await refresh(subscriptionId)
    expect(await holdings(fixture, user)).toMatchObject({ ...having(1), underWay: [] })
    expect(await autopayOf(fixture, user)).toMatchObject({
      status: 'ACTIVE',
      umn: `${subscriptionId.slice(4, 12)}@upi`,
    })
  })

  test('counts a success that is seen before the mandate is active, and one after it was cancelled in the app', async () => {
    const early = await choosing()
    fixture.cashfree.approve(early.subscriptionId)
    fixture.cashfree.mandates.get(early.subscriptionId)!.status = 'INITIALIZED'
    await refresh(early.subscriptionId)
    expect(await holdings(fixture, early.user)).toMatchObject(having(1))
    const late = await choosing()
    fixture.cashfree.mandates.get(late.subscriptionId)!.status = 'CUSTOMER_CANCELLED'
    await refresh(late.subscriptionId)
    expect(await holdings(fixture, late.user)).toMatchObject({ ...having(0), underWay: [], open: 0 })
    fixture.cashfree.approve(late.subscriptionId)
    fixture.cashfree.mandates.get(late.subscriptionId)!.status = 'CUSTOMER_CANCELLED'
    await refresh(late.subscriptionId)
    expect(await holdings(fixture, late.user)).toMatchObject(having(1))
    expect(await autopayOf(fixture, late.user)).toMatchObject({ status: 'CUSTOMER_CANCELLED', endedBy: 'customer' })
  })

  test('grants nothing for another amount or currency than was agreed, and opens an incident', async () => {
    for (const wrong of [
      { amountPaise: 49_899 },
      { amountPaise: 60_000 },
      { amountPaise: null },
      { currency: 'USD' },
    ]) {
      const { user, subscriptionId } = await choosing()
      fixture.cashfree.approve(subscriptionId, wrong)
      await refresh(subscriptionId)
      expect(await holdings(fixture, user), JSON.stringify(wrong)).toMatchObject({
        ...having(0),
        incidents: ['payment-mismatch'],
        underWay: ['held'],
      })
    }
  })

  test('a second authorisation is money too much, told in an incident', async () => {
    const { user, subscriptionId } = await onAutopay(fixture)
    fixture.cashfree.approve(subscriptionId)
    await refresh(subscriptionId)
    expect(await holdings(fixture, user)).toMatchObject({ ...having(1), incidents: ['paid-twice'] })
  })

  test('a list that cannot be read is not an empty one', async () => {
    const { user, subscriptionId } = await choosing()
    fixture.cashfree.approve(subscriptionId)
    fixture.cashfree.mandates.get(subscriptionId)!.status = 'CANCELLED'
    fixture.cashfree.unread = 1
    expect(await refresh(subscriptionId)).toMatchObject({ outcome: 'unverified', settled: [] })
    expect(await holdings(fixture, user)).toMatchObject({ ...having(0), open: 1, underWay: ['autopay'] })
    await refresh(subscriptionId)
    expect(await holdings(fixture, user)).toMatchObject(having(1))
  })

  test('is ended where nobody authorised it within two hours, and paying by hand is possible again', async () => {
    const { user, subscriptionId } = await choosing()
    await later(fixture, user, '3 hours')
    await refresh(subscriptionId)
    expect(await autopayOf(fixture, user)).toMatchObject({ status: 'CANCELLED', endedBy: 'site' })
    expect(await holdings(fixture, user)).toMatchObject({ ...having(0), open: 0, underWay: [] })
  })

  test('that Cashfree refuses to open is over at once; one whose answer was lost is found', async () => {
    const user = await somebody(fixture)
    fixture.cashfree.refuse = 'payment_mode_invalid_for_action'
    await expect(open(fixture, user)).rejects.toThrow('payment_mode_invalid_for_action')
    fixture.cashfree.refuse = null
    expect(await holdings(fixture, user)).toMatchObject({ open: 0, underWay: [] })
    fixture.cashfree.replyLost = 1
    await expect(open(fixture, user)).rejects.toThrow('reply lost')
    expect(await open(fixture, user)).toMatchObject({
      refusal: 'mandate',
      sessionId: 'session',
      mandate: { status: 'INITIALIZED' },
    })
  })

  test('of an account that was suspended or deleted meanwhile grants nothing, and is called off', async () => {
    const waiting = await choosing()
    await fixture.sql`update users set suspended_at = now(), suspended_reason = 'x' where id = ${waiting.user.id}`
    await refresh(waiting.subscriptionId)
    expect(await autopayOf(fixture, waiting.user)).toMatchObject({ status: 'CANCELLED', endedBy: 'site' })
    const paid = await choosing()
    await fixture.sql`update users set deleted_at = now() where id = ${paid.user.id}`
    fixture.cashfree.approve(paid.subscriptionId)
    await refresh(paid.subscriptionId)
    expect(await holdings(fixture, paid.user)).toMatchObject({ ...having(0), incidents: ['entitlement-refused'] })
    expect(await autopayOf(fixture, paid.user)).toMatchObject({
      status: 'CANCELLED',
      endedBy: 'deletion',
      payerAddress: null,
      umn: null,
    })
  })

  test('is refused for other terms than today’s, beside another, while money is under way and without consent', async () => {
    const user = await somebody(fixture)
    expect(await open(fixture, user, { maxPaise: 100 })).toMatchObject({ refusal: 'terms', mandate: null })
    expect(await open(fixture, user, { start: 'later' })).toMatchObject({ refusal: 'nothing-runs' })
    expect(await open(fixture, user, { plan: 'weekly' })).toMatchObject({ refusal: 'plan' })
    await fixture.sql`update users set consent_withdrawn_at = now() where id = ${user.id}`
    expect(await open(fixture, user)).toMatchObject({ refusal: 'consent' })
  })

  test('waits for whoever deletes the account with none of its orders locked', async () => {
    const user = await somebody(fixture)
    await fixture.sql`select open_order_as_wished(${user.id}, 'monthly', ${`ds_${user.id.slice(0, 8)}`}, 30, '{}')`
    let opening: ReturnType<typeof open>
    await fixture.sql.begin(async (deleting) => {
      await deleting`select from users where id = ${user.id} for no key update`
      opening = open(fixture, user)
      await untilLocked(fixture.sql)
      await deleting`select from orders where user_id = ${user.id} for update nowait`
    })
    expect(await opening!).toMatchObject({ refusal: null })
  })

  test('of twenty clicks at once is one', async () => {
    const user = await somebody(fixture)
    const offers = await Promise.all(Array.from({ length: 20 }, () => open(fixture, user)))
    expect(new Set(offers.map(({ mandate }) => mandate!.id)).size).toBe(1)
    expect(await holdings(fixture, user)).toMatchObject({ open: 1 })
  })
})

describe('a mandate that starts later', () => {
  test('debits one rupee that is given back, and grants nothing', async () => {
    const { user, subscriptionId } = await onAutopay(fixture)
    await endMandate(fixture.services, subscriptionId, 'customer', { actor: `user:${user.id}`, origin: null })
    const again = await open(fixture, user, { start: 'later' })
    expect(again).toMatchObject({
      refusal: null,
      orderId: null,
      mandate: { authorisationPaise: 100, refundAuthorisation: true },
    })
    fixture.cashfree.approve(again.mandate!.subscriptionId)
    for (let i = 0; i < 3; i++) await refresh(again.mandate!.subscriptionId)
    expect(await holdings(fixture, user)).toMatchObject(having(1))
    expect(await autopayOf(fixture, user)).toMatchObject({ status: 'ACTIVE' })
    fixture.cashfree.approve(again.mandate!.subscriptionId, { amountPaise: 49_900 })
    await refresh(again.mandate!.subscriptionId)
    expect(await holdings(fixture, user)).toMatchObject({ ...having(1), incidents: ['mandate-mismatch'] })
  })
})

test('what Cashfree says of another mandate changes nothing', async () => {
  const { user, subscriptionId } = await choosing()
  fixture.cashfree.approve(subscriptionId)
  fixture.cashfree.mandates.get(subscriptionId)!.subscriptionId = 'sub_other'
  expect(await refresh(subscriptionId)).toMatchObject({ outcome: 'mismatch' })
  expect(await holdings(fixture, user)).toMatchObject({ ...having(0), incidents: ['mandate-mismatch'] })
})

test('and all books agree', () => expectInvariants(fixture))
