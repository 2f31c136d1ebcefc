import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { callChargeOff, listUnraisedCharges, openDueCharges } from '../../../src/billing/mandates/charge-queries.ts'
import { endMandate, raiseCharge, refreshMandate } from '../../../src/billing/mandates/mandates.ts'
import { findNextDebit } from '../../../src/billing/mandates/next-debit-queries.ts'
import { leaseMandatesToLookAt, settleMandate } from '../../../src/billing/mandates/queries.ts'
import { GatewayRefused } from '../../../src/billing/payments/gateway.ts'
import { midnightInIndia } from '../../../src/platform/dates.ts'
import {
  type Autopayer,
  autopayOf,
  charged,
  expectInvariants,
  type Fixture,
  having,
  holdings,
  later,
  nearTheEnd,
  onAutopay,
  open,
  openFixture,
} from './fixture.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.close())

const refresh = ({ subscriptionId }: Pick<Autopayer, 'subscriptionId'>) =>
  refreshMandate(fixture.services, subscriptionId, 'webhook')
const dueFor = async ({ user }: Autopayer, limit = 1_000) =>
  (await openDueCharges(fixture.sql, limit, 'job')).filter(({ userId }) => userId === user.id)
const by = ({ user }: Autopayer) => ({ actor: `user:${user.id}`, origin: null })
/** Somebody on Autopay whose period ends in two days. */
async function ending() {
  const person = await onAutopay(fixture)
  await nearTheEnd(fixture, person.user)
  return person
}
/** The same, whose charge Cashfree accepted. */
async function raised() {
  const person = await ending()
  return { ...person, paymentId: await charged(fixture, person.user) }
}
const say = (paymentId: string, status: string, failureReason: string | null = null) =>
  Object.assign(fixture.cashfree.chargeOf(paymentId), { status, failureReason })
const lowBalance = 'DEBIT FAILED | Insufficient Funds In Customer (Remitter) Account'
const callsOf = (name: string, asked: unknown) =>
  fixture.cashfree.calls.filter((call) => call.name === name && JSON.stringify(call.with).includes(String(asked)))
    .length

describe('the day of a charge', () => {
  const dayOf = async (end: string, now: string) =>
    (
      await fixture.sql<
        { day: string | null }[]
      >`select charge_day(${end}::timestamptz, ${now}::timestamptz)::text as day`
    )[0]!.day

  test.each([
    ['of 31 January is three days ahead at the earliest', '2028-01-31 10:00+05:30', '2028-01-27 23:59+05:30', null],
    ['of 31 January', '2028-01-31 10:00+05:30', '2028-01-28 00:00+05:30', '2028-01-31'],
    ['of 29 February', '2028-02-29 00:10+05:30', '2028-02-26 09:00+05:30', '2028-02-29'],
    ['on the evening before, at 20:59', '2028-02-29 23:50+05:30', '2028-02-28 20:59:59+05:30', '2028-02-29'],
    ['on the evening before, at 21:00', '2028-02-29 23:50+05:30', '2028-02-28 21:00+05:30', null],
    ['two days before, at any hour', '2028-02-29 23:50+05:30', '2028-02-27 23:59+05:30', '2028-02-29'],
    ['on the day itself', '2028-02-29 23:50+05:30', '2028-02-29 00:00+05:30', null],
    ['where in UTC it is still the day before', '2028-01-30 19:00+00:00', '2028-01-28 12:00+05:30', '2028-01-31'],
  ])('%s', async (_, end, now, day) => expect(await dayOf(end, now)).toBe(day))

  test.each([
    ['2028-02-28 20:59:59+05:30', '2028-02-29'],
    ['2028-02-28 21:00:00+05:30', '2028-03-01'],
  ])('after a failure is the first that is left: %s', async (now, day) => {
    const [row] = await fixture.sql`select earliest_charge_day(${now}::timestamptz)::text as day`
    expect(row!.day).toBe(day)
  })

  test.each([
    [lowBalance, 'retry'],
    ['Network Failure (CBS)', 'retry'],
    ['Account Closed', 'new-mandate'],
    ['Invalid UMRN or Inactive Mandate', 'new-mandate'],
    ['A/c Blocked or Frozen', 'customer'],
    ['DEBIT HAS BEEN FAILED', null],
    [null, null],
  ])('%s is of the class %s', async (reason, wanted) => {
    const [row] = await fixture.sql`select failure_class(${reason}) as class`
    expect(row!.class).toBe(wanted)
  })
})

describe('a charge', () => {
  test('is stored with its order before Cashfree is asked, at the person’s price, and extends from the old end', async () => {
    const person = await ending()
    const [due] = await dueFor(person)
    expect(due).toMatchObject({ state: 'opened', paise: 49_900 })
    expect(due!.paymentId).toMatch(/^c_[0-9a-f]{32}_\d{8}$/)
    expect(await listUnraisedCharges(fixture.sql, 1_000)).toContain(due!.paymentId)
    expect(callsOf('charge', due!.paymentId)).toBe(0)
    expect(await raiseCharge(fixture.services, due!.paymentId!, 'job')).toBe('asked')
    expect(await raiseCharge(fixture.services, due!.paymentId!, 'job')).toBe('raised')
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(1), underWay: ['autopay'] })
    say(due!.paymentId!, 'SUCCESS')
    for (let i = 0; i < 3; i++) await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(2), underWay: [] })
    const [period] = await fixture.sql`select starts_at from subscription_periods where order_id = ${due!.paymentId}`
    expect(period!.startsAt).toEqual(due!.periodStart)
    expect(await dueFor(person)).toEqual([])
  })

  test('of one mandate and period is one, though two workers open and raise at the same minute', async () => {
    const people = [await ending(), await ending(), await ending()]
    await Promise.all([1, 2, 3, 4].map(() => openDueCharges(fixture.sql, 1_000, 'job')))
    for (const { user, subscriptionId } of people) {
      const { charges } = await autopayOf(fixture, user)
      expect(charges).toHaveLength(1)
      await Promise.all([1, 2, 3].map(() => raiseCharge(fixture.services, charges[0]!.paymentId, 'job')))
      expect(fixture.cashfree.mandates.get(subscriptionId)!.charges).toHaveLength(2)
    }
  })

  test('is opened for at most so many at a time, and one that is above its ceiling keeps nobody else waiting', async () => {
    const [dear, other] = [await ending(), await ending()]
    await fixture.sql`update mandates set max_paise = 49899 where id = ${dear.mandateId}`
    const due = await openDueCharges(fixture.sql, 1, 'job')
    expect(due.map(({ userId, state }) => [userId, state])).toEqual([
      [dear.user.id, 'above-ceiling'],
      [other.user.id, 'opened'],
    ])
    expect((await autopayOf(fixture, dear.user)).charges).toEqual([])
    expect(await holdings(fixture, dear.user)).toMatchObject({ open: 0, underWay: [] })
    await fixture.sql`update mandates set max_paise = 49900 where id = ${dear.mandateId}`
    expect(await dueFor(dear)).toMatchObject([{ state: 'opened' }])
  })

  test('whose answer was lost is asked for again with the same key, and is one at Cashfree', async () => {
    const person = await ending()
    const [due] = await dueFor(person)
    fixture.cashfree.replyLost = 1
    await expect(raiseCharge(fixture.services, due!.paymentId!, 'job')).rejects.toThrow('reply lost')
    expect(await raiseCharge(fixture.services, due!.paymentId!, 'job')).toBe('asked')
    expect(fixture.cashfree.mandates.get(person.subscriptionId)!.charges).toHaveLength(2)
    const keys = fixture.cashfree.calls.flatMap((call) =>
      call.name === 'charge' ? [call.with as { paymentId: string; idempotencyKey: string }] : [],
    )
    expect(
      new Set(keys.filter(({ paymentId }) => paymentId === due!.paymentId).map(({ idempotencyKey }) => idempotencyKey))
        .size,
    ).toBe(1)
  })

  test('that Cashfree refuses is over, and the person can pay by hand', async () => {
    const person = await ending()
    const [due] = await dueFor(person)
    fixture.cashfree.refuse = 'payment_notification_restriction_error'
    expect(await raiseCharge(fixture.services, due!.paymentId!, 'job')).toBe('refused')
    fixture.cashfree.refuse = null
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(1), underWay: [], open: 0 })
    expect(await dueFor(person)).toEqual([])
  })

  test('is asked for again where Cashfree refused our keys, which says nothing of it', async () => {
    const person = await ending()
    const [due] = await dueFor(person)
    const charge = vi.spyOn(fixture.cashfree, 'charge').mockRejectedValueOnce(new GatewayRefused(403, 'ip_not_allowed'))
    await expect(raiseCharge(fixture.services, due!.paymentId!, 'job')).rejects.toThrow(GatewayRefused)
    charge.mockRestore()
    expect(await raiseCharge(fixture.services, due!.paymentId!, 'job')).toBe('asked')
  })

  test('that Cashfree never answered and does not have is asked about every ten minutes, not every minute', async () => {
    const person = await ending()
    const [due] = await dueFor(person)
    fixture.cashfree.away = 1
    await expect(raiseCharge(fixture.services, due!.paymentId!, 'job')).rejects.toThrow('away')
    const look = async (paymentId: string) =>
      (
        await fixture.sql`select next_look_at - now() > interval '9 minutes' as is_later from mandate_charges
                         where payment_id = ${paymentId}`
      )[0]!.isLater
    await fixture.sql`update mandate_charges set next_look_at = now() where payment_id = ${due!.paymentId}`
    expect(await leaseMandatesToLookAt(fixture.sql, 1_000)).toContain(person.subscriptionId)
    expect(await look(due!.paymentId!)).toBe(false)
    await refresh(person)
    expect(await look(due!.paymentId!)).toBe(true)
  })

  test('that Cashfree never decides, nor calls off, keeps nobody from paying three days after its day, and counts when it comes', async () => {
    const person = await raised()
    say(person.paymentId, 'PENDING')
    const stuck = vi
      .spyOn(fixture.cashfree, 'cancelCharge')
      .mockImplementation(async () => ({ ...fixture.cashfree.chargeOf(person.paymentId) }))
    await later(fixture, person.user, '5 days')
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(1), underWay: ['autopay'] })
    await later(fixture, person.user, '1 day')
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(1), underWay: [], open: 0 })
    stuck.mockRestore()
    say(person.paymentId, 'SUCCESS')
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject(having(2))
  })

  test('whose amount at Cashfree differs grants nothing', async () => {
    const person = await raised()
    Object.assign(say(person.paymentId, 'SUCCESS'), { amountPaise: 59_900 })
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject({
      ...having(1),
      incidents: ['order-mismatch'],
      underWay: ['held'],
    })
  })

  test('that nobody asked for grants nothing, whatever it is called', async () => {
    const person = await raised()
    const mandate = fixture.cashfree.mandates.get(person.subscriptionId)!
    fixture.cashfree.debit(mandate, { status: 'SUCCESS', amountPaise: 49_900 })
    fixture.cashfree.debit(mandate, {
      status: 'SUCCESS',
      amountPaise: 49_900,
      type: 'AUTH_RETRY',
      paymentId: person.paymentId,
    })
    fixture.cashfree.debit(mandate, {
      status: 'SUCCESS',
      amountPaise: 49_900,
      subscriptionId: 'sub_x',
      paymentId: person.paymentId,
    })
    await refresh(person)
    await refresh(person)
    const incidents = ['mandate-mismatch', 'mandate-mismatch', 'mandate-mismatch']
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(1), incidents })
  })
})

describe('a failure', () => {
  test('may be followed by a success the same day: one period', async () => {
    const person = await raised()
    say(person.paymentId, 'FAILED', lowBalance)
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(1), underWay: ['autopay'] })
    say(person.paymentId, 'SUCCESS')
    await refresh(person)
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(2), underWay: [] })
  })

  test('that an older answer tells after the success changes nothing', async () => {
    const person = await raised()
    say(person.paymentId, 'FAILED', lowBalance)
    const older = structuredClone(fixture.cashfree.mandates.get(person.subscriptionId)!)
    say(person.paymentId, 'SUCCESS')
    await refresh(person)
    await settleMandate(fixture.sql, person.subscriptionId, older, 'poll', fixture.services.config.seller)
    expect(await holdings(fixture, person.user)).toMatchObject(having(2))
    expect((await autopayOf(fixture, person.user)).charges).toMatchObject([{ status: 'SUCCESS', failureReason: null }])
  })

  test('of what may pass is final when its day is over, is raised once more, and a late success counts', async () => {
    const person = await raised()
    say(person.paymentId, 'FAILED', lowBalance)
    await later(fixture, person.user, '3 days')
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(1), underWay: [], open: 0 })
    const toCome = await findNextDebit(fixture.sql, person.user.id) // pages say that it is debited once more
    const [second] = await dueFor(person)
    expect(toCome).toMatchObject({ day: midnightInIndia(second!.scheduledOn), amountPaise: 49_900, paymentId: null })
    expect(second).toMatchObject({ state: 'opened', paymentId: expect.stringMatching(/_2$/) })
    await raiseCharge(fixture.services, second!.paymentId!, 'job')
    say(second!.paymentId!, 'FAILED', lowBalance)
    await fixture.sql`update mandate_charges set scheduled_on = scheduled_on - 3 where payment_id = ${second!.paymentId}`
    await refresh(person)
    expect(await dueFor(person)).toEqual([])
    say(second!.paymentId!, 'SUCCESS')
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject(having(2))
  })

  test.each(['Account Closed', 'A/c Blocked or Frozen', 'DEBIT HAS BEEN FAILED', null])(
    'by “%s” is not tried again',
    async (reason) => {
      const person = await raised()
      say(person.paymentId, 'FAILED', reason)
      await later(fixture, person.user, '3 days')
      await refresh(person)
      expect(await dueFor(person)).toEqual([])
      expect(await findNextDebit(fixture.sql, person.user.id)).toBeUndefined()
      expect((await autopayOf(fixture, person.user)).charges).toMatchObject([
        { status: 'FAILED', finalAt: expect.any(Date) },
      ])
    },
  )

  test('of a debit that its person had called off is not tried again, whatever the reason', async () => {
    const person = await raised()
    say(person.paymentId, 'FAILED', lowBalance)
    await callChargeOff(fixture.sql, person.paymentId, 'customer', by(person))
    await refresh(person)
    await later(fixture, person.user, '3 days')
    await refresh(person)
    expect((await autopayOf(fixture, person.user)).charges).toMatchObject([
      { status: 'FAILED', withdrawnWhy: 'customer', finalAt: expect.any(Date) },
    ])
    expect(await dueFor(person)).toEqual([])
  })

  test('that is told after the debit was called off leaves nothing under way', async () => {
    const person = await raised()
    await callChargeOff(fixture.sql, person.paymentId, 'customer', by(person))
    await refresh(person)
    say(person.paymentId, 'FAILED', 'Opted out')
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(1), underWay: [], open: 0 })
  })

  test('by the person’s own wish, in their bank’s notice, leaves this period to them', async () => {
    const person = await raised()
    say(person.paymentId, 'CANCELLED')
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject({ ...having(1), underWay: [], open: 0 })
    expect(await dueFor(person)).toEqual([])
  })
})

describe('nothing is debited', () => {
  test('after the wish to end: what Cashfree was not asked for is withdrawn, the rest called off before the mandate', async () => {
    const stored = await ending()
    const [due] = await dueFor(stored)
    const waiting = await raised()
    expect(await endMandate(fixture.services, stored.subscriptionId, 'customer', by(stored))).toBe('asked')
    expect(await raiseCharge(fixture.services, due!.paymentId!, 'job')).toBe('over')
    expect(callsOf('charge', due!.paymentId)).toBe(0)
    await endMandate(fixture.services, waiting.subscriptionId, 'customer', by(waiting))
    const names = fixture.cashfree.calls.slice(-3).map(({ name }) => name)
    expect(names).toEqual(['fetchMandate', 'cancelCharge', 'cancelMandate'])
    for (const one of [stored, waiting]) {
      expect(await holdings(fixture, one.user)).toMatchObject({ ...having(1), underWay: [], open: 0 })
      expect(await autopayOf(fixture, one.user)).toMatchObject({ status: 'CANCELLED', endedBy: 'customer' })
      expect(await dueFor(one)).toEqual([])
    }
    expect(await endMandate(fixture.services, stored.subscriptionId, 'admin', by(stored))).toBe('over')
  })

  test('after a wish to end that Cashfree could not be told of: the next look does it', async () => {
    const person = await raised()
    fixture.cashfree.away = 1
    await endMandate(fixture.services, person.subscriptionId, 'customer', by(person))
    expect(await autopayOf(fixture, person.user)).toMatchObject({ status: 'ACTIVE', cancelAskedAt: expect.any(Date) })
    expect(await dueFor(person)).toEqual([])
    expect(await leaseMandatesToLookAt(fixture.sql, 1_000)).toContain(person.subscriptionId)
    expect(await leaseMandatesToLookAt(fixture.sql, 1_000)).not.toContain(person.subscriptionId)
    await refresh(person)
    expect(await autopayOf(fixture, person.user)).toMatchObject({ status: 'CANCELLED' })
  })

  test('but what the bank took before it was called off counts', async () => {
    const person = await raised()
    fixture.cashfree.mandates.get(person.subscriptionId)!.status = 'CUSTOMER_CANCELLED'
    say(person.paymentId, 'SUCCESS')
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject(having(2))
    expect(await autopayOf(fixture, person.user)).toMatchObject({ endedBy: 'customer' })
  })

  test('where the person paid by hand, or was given days: a stored charge is withdrawn, a raised one called off', async () => {
    const stored = await ending()
    const [due] = await dueFor(stored)
    const waiting = await raised()
    await refresh(waiting)
    expect(await leaseMandatesToLookAt(fixture.sql, 1_000)).not.toContain(waiting.subscriptionId)
    for (const { user } of [stored, waiting])
      await fixture.sql`
        select grant_days(s.user_id, 30, 'test', ${user.id}, s.current_period_end, 'test', null) from subscriptions s
        where user_id = ${user.id}`
    expect(await raiseCharge(fixture.services, due!.paymentId!, 'job')).toBe('withdrawn')
    // At once, not at the daily look: its day may begin before that.
    expect(await leaseMandatesToLookAt(fixture.sql, 1_000)).toContain(waiting.subscriptionId)
    expect(await leaseMandatesToLookAt(fixture.sql, 1_000)).not.toContain(waiting.subscriptionId)
    await refresh(waiting)
    expect(await leaseMandatesToLookAt(fixture.sql, 1_000)).not.toContain(waiting.subscriptionId)
    for (const one of [stored, waiting])
      expect((await autopayOf(fixture, one.user)).charges).toMatchObject([
        { withdrawnWhy: 'moved', finalAt: expect.any(Date) },
      ])
    expect(fixture.cashfree.chargeOf(waiting.paymentId).status).toBe('CANCELLED')
  })

  test('of who leaves, is suspended or takes back their consent', async () => {
    const [leaving, suspended] = [await raised(), await raised()]
    await fixture.sql`select leave_at_end(${leaving.user.id}, '', '', 'test', null)`
    await refresh(leaving)
    expect(await autopayOf(fixture, leaving.user)).toMatchObject({ status: 'CANCELLED', endedBy: 'customer' })
    await fixture.sql`update users set suspended_at = now(), suspended_reason = 'x' where id = ${suspended.user.id}`
    await refresh(suspended)
    expect((await autopayOf(fixture, suspended.user)).charges).toMatchObject([
      { withdrawnWhy: 'barred', status: 'CANCELLED' },
    ])
    await fixture.sql`update users set suspended_at = null, suspended_reason = null where id = ${suspended.user.id}`
    expect(await dueFor(suspended)).toMatchObject([{ state: 'opened', paymentId: expect.stringMatching(/_2$/) }])
    await fixture.sql`select withdraw_consent(${suspended.user.id}, 'v1', 'test', null)`
    expect(await autopayOf(fixture, suspended.user)).toMatchObject({
      endedBy: 'customer',
      cancelAskedAt: expect.any(Date),
    })
  })

  test('of a deleted account, which is deleted once what was raised is called off', async () => {
    const person = await raised()
    const erase = async () => {
      const [row] = await fixture.sql<{ answer: string }[]>`
        select delete_account(${person.user.id}, current_period_end, 'x', ${by(person).actor}, null) as answer
        from subscriptions where user_id = ${person.user.id}`
      return row!.answer
    }
    expect(await erase()).toBe('payment-under-way')
    expect(await autopayOf(fixture, person.user)).toMatchObject({
      cancelAskedAt: expect.any(Date),
      endedBy: 'deletion',
    })
    await refresh(person)
    expect(fixture.cashfree.mandates.get(person.subscriptionId)!.status).toBe('CANCELLED')
    expect(await erase()).toBe('deleted')
    await refresh(person)
    expect(await autopayOf(fixture, person.user)).toMatchObject({
      umn: null,
      payerAddress: null,
      consentText: expect.stringMatching(/./),
    })
    say(person.paymentId, 'SUCCESS')
    await refresh(person)
    expect(await holdings(fixture, person.user)).toMatchObject({ paid: 1, incidents: ['entitlement-refused'] })
  })

  test('of a period that its person called off, though a price change raises it anew', async () => {
    const [skipped, cheaper] = [await raised(), await raised()]
    expect(await callChargeOff(fixture.sql, skipped.paymentId, 'customer', by(skipped))).toBe('to-cancel')
    expect(await callChargeOff(fixture.sql, cheaper.paymentId, 'price', by(cheaper))).toBe('to-cancel')
    for (const one of [skipped, cheaper]) await refresh(one)
    expect(await dueFor(cheaper)).toMatchObject([{ state: 'opened', paymentId: expect.stringMatching(/_2$/) }])
    expect((await autopayOf(fixture, skipped.user)).charges).toMatchObject([
      { status: 'CANCELLED', withdrawnWhy: 'customer' },
    ])
  })

  test('while the mandate is paused in the app, or money is under way', async () => {
    const paused = await ending()
    fixture.cashfree.mandates.get(paused.subscriptionId)!.status = 'CUSTOMER_PAUSED'
    await refresh(paused)
    expect(await dueFor(paused)).toEqual([])
    const busy = await ending()
    await fixture.sql`select open_order_as_wished(${busy.user.id}, 'monthly', ${`ds_${busy.user.id.slice(0, 8)}`}, 30, '{}')`
    expect(await dueFor(busy)).toMatchObject([{ state: 'busy' }])
  })
})

test('a mandate that was thought to be unknown at Cashfree, and is not, is ended there', async () => {
  const person = await onAutopay(fixture)
  await fixture.sql`update mandates set ended_at = now(), ended_by = 'site', status = 'ABSENT' where id = ${person.mandateId}`
  await refresh(person)
  expect(fixture.cashfree.mandates.get(person.subscriptionId)!.status).toBe('CANCELLED')
})

test('somebody whose charge waits cannot open another order, or another mandate', async () => {
  const person = await raised()
  const [opened] =
    await fixture.sql`select (open_order_as_wished(${person.user.id}, 'monthly', 'ds_another', 30, '{}')).refusal`
  expect(opened!.refusal).toBe('autopay')
  expect(await open(fixture, person.user)).toMatchObject({ refusal: 'mandate' })
})

test('and all books agree', () => expectInvariants(fixture))
