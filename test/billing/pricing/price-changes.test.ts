import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { changePrice, takeBackPrice } from '../../../src/billing/plans/plans.ts'
import { listPlansOnSale } from '../../../src/billing/plans/queries.ts'
import { findPlanFor } from '../../../src/billing/pricing/queries.ts'
import { dayInIndia } from '../../../src/platform/dates.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { having, later, type Person, pay } from '../switching/fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())

/** Each test has the monthly plan at ₹499, and no price announced. */
beforeEach(async () => {
  await app.sql`delete from price_changes`
  await app.sql`update plans set on_sale = false`
  await app.sql`update plans set on_sale = true where key in ('monthly_v1', 'annual_v1')`
})

const by = { actor: 'user:admin', origin: null }
const day = (days: number) => dayInIndia(new Date(Date.now() + days * 86_400_000))
const plan = (more: { pricePaise?: number; from?: string; subscribersFrom?: string } = {}) =>
  changePrice(app.sql, { replaces: 'monthly_v1', pricePaise: 59_900, by, ...more })
const onSale = async () => (await listPlansOnSale(app.sql)).find(({ name }) => name === 'monthly')!
const priceOf = async ({ userId }: Pick<Person, 'userId'>) =>
  (await findPlanFor(app.sql, userId, 'monthly'))!.pricePaise
/** Lets so much time pass for announced prices, and for everybody of these. */
async function pass(interval: string, ...people: Person[]) {
  await app.sql`
    update price_changes set effective_at = effective_at - ${interval}::interval, announced_at = announced_at - ${interval}::interval,
           subscribers_from = subscribers_from - ${interval}::interval, applied_at = applied_at - ${interval}::interval`
  for (const person of people) await later(app, person, interval)
}
const mailsOf = async ({ userId }: Person) =>
  (await app.sql`select from mails where kind = 'price-change' and user_id = ${userId}`).count

describe('an announced price', () => {
  test('is said until its moment, and then is the price for whoever reads first, also when many read at once', async () => {
    await plan({ from: day(3) })
    expect(await onSale()).toMatchObject({ pricePaise: 49_900, nextPricePaise: 59_900 })
    await pass('4 days')
    const readers = await Promise.all(Array.from({ length: 8 }, onSale))
    expect(new Set(readers.map(({ pricePaise }) => pricePaise))).toEqual(new Set([59_900]))
    expect(await app.sql`select from price_changes where applied_at is not null`).toHaveLength(1)
    expect((await app.sql`select from plans where name = 'monthly' and on_sale`).count).toBe(1)
  })

  test('an order that is opened after its moment costs it, though nobody has read the list', async () => {
    const stranger = await having(app)
    await app.sql`update orders set status = 'terminated', closed_at = now() where user_id = ${stranger.userId}`
    await plan({ from: day(1) })
    await pass('2 days')
    await stranger.visitor.post('/checkout/monthly')
    const [order] =
      await app.sql`select amount_paise from orders where user_id = ${stranger.userId} order by created_at desc limit 1`
    expect(order!.amountPaise).toBe(59_900)
  })

  test('planned twice is one; another one beside it is refused; taken back it never comes', async () => {
    await Promise.all([plan({ from: day(3) }), plan({ from: day(3) })])
    expect((await app.sql`select from price_changes`).count).toBe(1)
    await expect(plan({ from: day(4), pricePaise: 69_900 })).rejects.toThrow('planned for this plan already')
    const [change] = await app.sql<{ id: string }[]>`select id::text from price_changes`
    await takeBackPrice(app.sql, change!.id, by)
    await expect(takeBackPrice(app.sql, change!.id, by)).rejects.toThrow('withdrawn before')
    await pass('5 days')
    expect(await onSale()).toMatchObject({ pricePaise: 49_900, nextPricePaise: null })
  })

  test('a day that has begun, or that gives subscribers less than seven days, is refused', async () => {
    await expect(plan({ from: day(0) })).rejects.toThrow('Nothing was changed')
    await expect(plan({ from: day(1), subscribersFrom: day(7) })).rejects.toThrow('Nothing was changed')
    await expect(plan({ from: day(20), subscribersFrom: day(19) })).rejects.toThrow('Nothing was changed')
    await plan({ from: day(1), subscribersFrom: day(8) })
  })

  test('waits while its plan is off sale', async () => {
    await plan({ from: day(1) })
    await app.sql`update plans set on_sale = false where key = 'monthly_v1'`
    await pass('2 days')
    expect(await onSale()).toBeUndefined()
    await app.sql`update plans set on_sale = true where key = 'monthly_v1'`
    expect((await onSale()).pricePaise).toBe(59_900)
  })
})

describe('a present subscriber', () => {
  test('keeps the price as long as they stay, through grace; who leaves and comes back pays the new one', async () => {
    const person = await having(app, 'monthly')
    await plan()
    expect([await priceOf(person), (await onSale()).pricePaise]).toEqual([49_900, 59_900])
    await person.visitor.post('/checkout/monthly')
    const [order] = await app.sql<{ id: string; amountPaise: number }[]>`
      select id, amount_paise from orders where user_id = ${person.userId} and status = 'active'`
    expect(order!.amountPaise).toBe(49_900)
    await pay(app, person, order!.id)
    await pass('63 days', person)
    expect(await priceOf(person)).toBe(49_900)
    await pass('5 days', person)
    expect(await priceOf(person)).toBe(59_900)
  })

  test('pays the new price from the announced day on, not before', async () => {
    const person = await having(app, 'monthly')
    await plan({ from: day(1), subscribersFrom: day(10) })
    await app.run('announce-prices')
    await pass('2 days', person)
    expect([await priceOf(person), (await onSale()).pricePaise]).toEqual([49_900, 59_900])
    expect((await findPlanFor(app.sql, person.userId, 'monthly'))!.nextPricePaise).toBe(59_900)
    await pass('9 days', person)
    expect(await priceOf(person)).toBe(59_900)
  })

  test('pays the old price until seven days after the mail, however late it went out', async () => {
    const person = await having(app, 'monthly')
    await plan({ from: day(1), subscribersFrom: day(10) })
    await pass('12 days', person)
    expect(await priceOf(person)).toBe(49_900)
    await app.run('announce-prices')
    await pass('6 days', person)
    expect(await priceOf(person)).toBe(49_900)
    await pass('2 days', person)
    expect(await priceOf(person)).toBe(59_900)
  })

  test('who subscribed after the price changed pays what is on sale; another plan is not concerned', async () => {
    const annual = await having(app, 'annual')
    const early = await having(app)
    const [open] = await app.sql<{ id: string }[]>`select id from orders where user_id = ${early.userId}`
    await plan()
    expect(await priceOf(annual)).toBe(59_900)
    expect(await priceOf(await having(app, 'monthly'))).toBe(59_900)
    await pay(app, early, open!.id)
    expect(await priceOf(early)).toBe(59_900)
  })

  test('is written to exactly once, and not when suspended, when they keep their price, or when it was taken back', async () => {
    const [person, suspended, annual] = [
      await having(app, 'monthly'),
      await having(app, 'monthly'),
      await having(app, 'annual'),
    ]
    await app.sql`update users set suspended_at = now(), suspended_reason = 'test' where id = ${suspended.userId}`
    await plan({ from: day(2), subscribersFrom: day(12) })
    await Promise.all([app.run('announce-prices'), app.run('announce-prices')])
    await app.run('announce-prices')
    expect([await mailsOf(person), await mailsOf(suspended), await mailsOf(annual)]).toEqual([1, 0, 0])
    const late = await having(app, 'monthly')
    await app.run('announce-prices')
    expect(await mailsOf(late)).toBe(1)
    await app.run('deliver-mails')
    const [mail] = (await app.mailbox.list()).filter(
      ({ recipients, subject }) => recipients.includes(person.email) && subject.startsWith('Monthly plan: ₹599'),
    )
    expect(mail!.text).toContain('you pay ₹499, as before')
    const untold = await having(app, 'monthly')
    const [change] = await app.sql<{ id: string }[]>`select id::text from price_changes`
    await takeBackPrice(app.sql, change!.id, by)
    for (let time = 0; time < 2; time++) await app.run('announce-prices')
    await app.run('deliver-mails')
    const stays = (await app.mailbox.list()).filter(
      ({ subject }) => subject === 'Monthly plan: the price stays at ₹499',
    )
    expect(stays.filter(({ recipients }) => recipients.includes(person.email))).toHaveLength(1)
    expect(stays.filter(({ recipients }) => recipients.includes(untold.email))).toEqual([])
    await app.sql`delete from mails where kind = 'price-stays'`
    await plan({ from: day(3) })
    await app.run('announce-prices') // another price in its place: not told that nothing changes
    expect((await app.sql`select from mails where kind = 'price-stays'`).count).toBe(0)
    const keeper = await having(app, 'monthly')
    await app.sql`delete from price_changes`
    await plan({ from: day(2) })
    await app.run('announce-prices')
    expect(await mailsOf(keeper)).toBe(0)
  })
})
