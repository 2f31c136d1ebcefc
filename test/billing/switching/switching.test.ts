import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { listTimeline } from '../../../src/admin/subscribers/person/queries.ts'
import { lineOf } from '../../../src/admin/subscribers/person/timeline.ts'
import { grantDays } from '../../../src/billing/subscriptions/subscriptions.ts'
import { rupees } from '../../../src/platform/money.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { subscriberOf } from '../../support/ledger.ts'
import { stageOn } from '../../support/visitor.ts'
import { creditsOf, expectInvariants, having, later, openSwitch, pay, periodsOf, refund } from './fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())
afterEach(() => expectInvariants(app))

const admin = { actor: 'user:admin', origin: null }
const incidents = async (orderId: string) =>
  (await app.sql<{ kind: string }[]>`select kind from incidents where order_id = ${orderId} order by kind`).map(
    ({ kind }) => kind,
  )
/** Days of the running month: of the Indian calendar, from its first day to its end. */
async function monthOf(userId: string) {
  const [row] = await app.sql<{ total: number; unused: number }[]>`
    select (ends_at at time zone 'Asia/Kolkata')::date - (starts_at at time zone 'Asia/Kolkata')::date as total,
           (ends_at at time zone 'Asia/Kolkata')::date - (now() at time zone 'Asia/Kolkata')::date as unused
    from subscription_periods where user_id = ${userId} and voided_at is null order by starts_at limit 1`
  return row!
}

describe('a switch to the annual plan', () => {
  test('costs its price without the unused days of the month, begins at once, and ends the month', async () => {
    const person = await having(app, 'monthly')
    await later(app, person, '15 days')
    const { total, unused } = await monthOf(person.userId)
    const credit = Math.floor((49_900 * unused) / total)
    const order = await openSwitch(app, person)
    expect(order).toMatchObject({
      purpose: 'switch',
      amountPaise: 499_000 - credit,
      creditPaise: credit,
      status: 'active',
    })
    await pay(app, person, order.id)
    const year = (await periodsOf(app, person)).at(-1)!
    expect(await periodsOf(app, person)).toEqual([
      { orderId: person.orders[0], days: total, startsInDays: -15, cause: 'switch' },
      { orderId: order.id, days: year.days, startsInDays: 0, cause: null },
    ])
    expect([365, 366]).toContain(year.days)
    expect(await subscriberOf(app, person.email)).toMatchObject({ status: 'active', isPaid: true })
    const [line] = (await listTimeline(app.sql, person.userId, null, 50))
      .filter(({ kind }) => kind === 'subscription.switched')
      .map(lineOf)
    expect(line!.text).toBe(`Changed to the annual plan at once; unused days counted ${rupees(credit)} towards it.`)
    const account = (await person.visitor.get('/account')).body
    expect(account).toContain(`You asked to change your plan at once. Unused days took ${rupees(credit)} off.`)
    expect(await creditsOf(app, person)).toEqual([])
  })

  test('on the day of buying the month: its checkout does not say any more that the month is paid and runs', async () => {
    const person = await having(app, 'monthly')
    expect(stageOn(await person.visitor.get('/checkout/monthly'))).toBe('paid')
    await pay(app, person, (await openSwitch(app, person)).id)
    expect(stageOn(await person.visitor.get('/checkout/monthly'))).toBe('none')
  })

  test('credits every month that was bought ahead, in full where it has not begun', async () => {
    const person = await having(app, 'monthly', 'monthly')
    await later(app, person, '10 days')
    const { total, unused } = await monthOf(person.userId)
    const credits = await creditsOf(app, person)
    expect(credits.map(({ creditPaise }) => creditPaise).sort()).toEqual(
      [Math.floor((49_900 * unused) / total), 49_900].sort(),
    )
    const order = await openSwitch(app, person)
    await pay(app, person, order.id)
    expect((await periodsOf(app, person)).map(({ cause }) => cause)).toEqual(['switch', null, 'switch'])
  })

  test('puts granted days after the new period, and starts after days that run', async () => {
    const person = await having(app, 'monthly')
    const [end] = await app.sql<{ end: string }[]>`
      select (extract(epoch from current_period_end) * 1000000)::bigint::text as end from subscriptions
      where user_id = ${person.userId}`
    await grantDays(
      app.sql,
      { userId: person.userId, days: 7, reason: 'sorry', key: person.userId, seenEnd: end!.end },
      admin,
    )
    const order = await openSwitch(app, person)
    await pay(app, person, order.id)
    const [, year, days] = await periodsOf(app, person)
    expect(year).toMatchObject({ orderId: order.id, startsInDays: 0 })
    expect(days).toMatchObject({ orderId: null, days: 7, startsInDays: year!.days })
  })

  test('is not offered to who has a year already, in grace, after the end, or for less than a rupee', async () => {
    const annual = await having(app, 'annual')
    await expect(openSwitch(app, annual)).rejects.toThrow('no unused days')
    const ended = await having(app, 'monthly')
    await later(app, ended, '32 days')
    await expect(openSwitch(app, ended)).rejects.toThrow('no unused days')
    const stacked = await having(app, ...Array.from({ length: 11 }, () => 'monthly'))
    await expect(openSwitch(app, stacked)).rejects.toThrow('less than ₹1')
  }, 60_000)

  test('asked for from many tabs is one order, and settled many times is one period', async () => {
    const person = await having(app, 'monthly')
    const orders = await Promise.all([1, 2, 3, 4].map(() => openSwitch(app, person)))
    expect(new Set(orders.map(({ id }) => id)).size).toBe(1)
    app.sandbox.control.pay(orders[0]!.id)
    await Promise.all([1, 2, 3].map(() => person.visitor.get(`/payment/return?order_id=${orders[0]!.id}`)))
    expect(await periodsOf(app, person)).toHaveLength(2)
  })

  test('is opened anew where what it credits has changed', async () => {
    const person = await having(app, 'monthly')
    const first = await openSwitch(app, person)
    await later(app, person, '3 days')
    const second = await openSwitch(app, person)
    expect(second.id).not.toBe(first.id)
    expect(second.creditPaise).toBeLessThan(first.creditPaise)
  })
})

describe('unused days', () => {
  test.each([
    [
      'a minute before midnight in India the day still counts',
      '2027-02-10T23:59:00+05:30',
      '2027-02-28T10:00:00+05:30',
      18,
    ],
    ['and a minute later it is used', '2027-02-11T00:01:00+05:30', '2027-02-28T10:00:00+05:30', 17],
    ['on 29 February', '2028-02-29T12:00:00+05:30', '2028-03-31T12:00:00+05:30', 31],
    ['of a month that begins on its last day', '2027-01-31T12:00:00+05:30', '2027-02-28T12:00:00+05:30', 28],
    ['of a year with 29 February', '2027-11-29T05:00:00+05:30', '2028-11-29T05:00:00+05:30', 366],
    ['on the day of the end there are none', '2027-03-31T00:00:00+05:30', '2027-03-31T23:00:00+05:30', 0],
  ])('%s', async (_what, from, to, days) => {
    const [row] = await app.sql<
      { days: number }[]
    >`select days_in_india(${from}::timestamptz, ${to}::timestamptz) as days`
    expect(row!.days).toBe(days)
  })

  test('are worth less every day, from all that was paid to nothing, and never more than was paid', async () => {
    const person = await having(app, 'monthly')
    const { total } = await monthOf(person.userId)
    const worth: number[] = []
    for (let day = 0; day <= total; day++) {
      const credits = await creditsOf(app, person)
      worth.push(credits.reduce((sum, { creditPaise }) => sum + creditPaise, 0))
      await later(app, person, '1 day')
    }
    expect([worth[0], worth.at(-1)]).toEqual([49_900, 0])
    expect(worth).toEqual(worth.map((_, day) => Math.floor((49_900 * (total - day)) / total)))
  })

  test('of a month that was refunded in part are a share of what is left', async () => {
    const person = await having(app, 'monthly')
    await refund(app, person.orders[0]!, 20_000)
    expect((await creditsOf(app, person)).map(({ creditPaise }) => creditPaise)).toEqual([29_900])
  })
})

describe('money that moves around a switch', () => {
  test('a month that was refunded after the order was opened: the year is given, and a person is told', async () => {
    const person = await having(app, 'monthly')
    const order = await openSwitch(app, person)
    await refund(app, person.orders[0]!, 49_900)
    await pay(app, person, order.id)
    expect((await periodsOf(app, person)).at(-1)).toMatchObject({ orderId: order.id, cause: null, startsInDays: 0 })
    expect(await incidents(order.id)).toEqual(['credited-money-gone'])
  })

  test('a month that was bought meanwhile follows the year', async () => {
    const person = await having(app, 'monthly')
    const order = await openSwitch(app, person)
    await person.visitor.post('/checkout/monthly')
    const [more] = await app.sql<{ id: string }[]>`
      select id from orders where user_id = ${person.userId} and status = 'active' and purpose = 'period'`
    await pay(app, person, more!.id)
    await pay(app, person, order.id)
    const [, year, month] = await periodsOf(app, person)
    expect(year).toMatchObject({ orderId: order.id, startsInDays: 0 })
    expect(month).toMatchObject({ orderId: more!.id, startsInDays: year!.days, cause: null })
  })

  test('what a switch used of an order cannot be refunded; the rest can', async () => {
    const person = await having(app, 'monthly')
    await later(app, person, '15 days')
    const order = await openSwitch(app, person)
    await pay(app, person, order.id)
    const rest = 49_900 - order.creditPaise
    await expect(refund(app, person.orders[0]!, rest + 1)).rejects.toThrow()
    await refund(app, person.orders[0]!, rest)
    expect((await periodsOf(app, person)).at(-1)).toMatchObject({ orderId: order.id, cause: null })
    expect(await incidents(person.orders[0]!)).toEqual([])
  })

  test('more of it refunded at Cashfree opens an incident, and the year runs on', async () => {
    const person = await having(app, 'monthly')
    const order = await openSwitch(app, person)
    await pay(app, person, order.id)
    const [payment] = await app.sql<{ id: string }[]>`
      select cf_payment_id as id from payments where order_id = ${person.orders[0]!} and applied_at is not null`
    await app.sql`select settle_refunds(${person.orders[0]!}, ${app.sql.json([
      { refundId: 'made_there', cfRefundId: '99', cfPaymentId: payment!.id, amountPaise: 49_900, status: 'SUCCESS' },
    ])}, 'test', ${app.sql.json(app.config.seller as never)})`
    expect(await incidents(person.orders[0]!)).toEqual(['credited-money-gone'])
    expect((await periodsOf(app, person)).at(-1)).toMatchObject({ orderId: order.id, cause: null })
  })

  test('all of the price of a switch back gives back the unused days of the month, from now, and what came after it', async () => {
    const person = await having(app, 'monthly', 'monthly')
    await later(app, person, '10 days')
    const { total, unused } = await monthOf(person.userId)
    const order = await openSwitch(app, person)
    await pay(app, person, order.id)
    const [end] = await app.sql<{ end: string }[]>`
      select (extract(epoch from current_period_end) * 1000000)::bigint::text as end from subscriptions
      where user_id = ${person.userId}`
    await grantDays(
      app.sql,
      { userId: person.userId, days: 5, reason: 'sorry', key: person.userId, seenEnd: end!.end },
      admin,
    )
    await later(app, person, '20 days')
    await refund(app, order.id, order.amountPaise)
    const periods = (await periodsOf(app, person)).filter(({ cause }) => cause === null)
    expect(periods[0]).toMatchObject({ orderId: person.orders[0], days: total, startsInDays: -10 })
    expect(periods[1]).toMatchObject({ orderId: person.orders[1], startsInDays: unused })
    expect(periods[2]).toMatchObject({ orderId: null, days: 5, startsInDays: unused + periods[1]!.days })
    expect((await subscriberOf(app, person.email)).status).toBe('active')
    // Its money is free again, and it can be credited anew.
    await refund(app, person.orders[0]!, 49_900)
    expect(await creditsOf(app, person)).toHaveLength(1)
  })

  test('a part of it back keeps the year', async () => {
    const person = await having(app, 'monthly')
    const order = await openSwitch(app, person)
    await pay(app, person, order.id)
    await refund(app, order.id, order.amountPaise - 1)
    expect((await periodsOf(app, person)).at(-1)).toMatchObject({ orderId: order.id, cause: null })
  })

  test('a refund and a switch of the same money at the same moment: it is used once', async () => {
    for (let round = 0; round < 5; round++) {
      const person = await having(app, 'monthly')
      const order = await openSwitch(app, person)
      app.sandbox.control.pay(order.id)
      const [refunded] = await Promise.allSettled([
        refund(app, person.orders[0]!, 49_900),
        person.visitor.get(`/payment/return?order_id=${order.id}`),
      ])
      await person.visitor.get(`/payment/return?order_id=${order.id}`)
      expect(await incidents(order.id)).toEqual(refunded.status === 'fulfilled' ? ['credited-money-gone'] : [])
    }
  }, 60_000)
})
