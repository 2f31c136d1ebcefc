import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settleWith } from '../../../src/billing/checkout/settle.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { subscriberOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { remoteAttempt, remoteOrder } from '../payments/remote-orders.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ DB_POOL_MAX: '10' })
})
afterAll(() => app.close())

const paidAnswer = (id: string, amountPaise = 49_900) =>
  remoteOrder(id, {
    amountPaise,
    attempts: [remoteAttempt(id, { orderAmountPaise: amountPaise, orderCurrency: 'INR', amountPaise })],
  })

describe('receipt numbers', () => {
  test('have no gap and no double under fifty settlements at once, some of them refused', {
    timeout: 60_000,
  }, async () => {
    const users: string[] = []
    for (let i = 0; i < 5; i++) {
      const form = await new Visitor(app).register()
      users.push((await subscriberOf(app, form.email!)).userId)
    }
    for (let i = 0; i < 50; i++)
      await app.sql`insert into orders (id, user_id, plan_key, amount_paise, status, expires_at)
                    values (${`num_${i}`}, ${users[i % 5]!}, 'monthly_v1', 49900, 'expired', now())`
    const settlements = await Promise.all(
      Array.from({ length: 150 }, (_, n) => {
        const i = n % 50
        return settleWith(app.services, `num_${i}`, paidAnswer(`num_${i}`, i % 10 === 3 ? 49_899 : 49_900), 'webhook')
      }),
    )
    const outcomes = settlements.map(({ outcome }) => outcome)
    expect(outcomes.filter((outcome) => outcome === 'paid')).toHaveLength(45)
    expect(outcomes.filter((outcome) => outcome === 'already-paid')).toHaveLength(90)
    expect(outcomes.filter((outcome) => outcome === 'held')).toHaveLength(15)
    const rows = await app.sql<
      { serial: number; number: string; year: string }[]
    >`select serial, number, financial_year as year from receipts order by serial`
    expect(rows.map(({ serial }) => serial)).toEqual(Array.from({ length: 45 }, (_, i) => i + 1))
    for (const { serial, number, year } of rows) expect(number).toBe(`R${year}-${String(serial).padStart(6, '0')}`)
    const periods =
      await app.sql`select user_id, starts_at, lag(ends_at) over (partition by user_id order by starts_at) as before from subscription_periods`
    for (const { startsAt, before } of periods) if (before) expect(startsAt).toEqual(before)
  })

  test.each([
    ['2027-03-31T18:29:59Z', '2627'],
    ['2027-03-31T18:30:00Z', '2728'],
    ['2026-04-01T00:00:00Z', '2627'],
    ['2026-03-31T18:29:59.999Z', '2526'],
    ['2026-12-31T18:30:00Z', '2627'],
    ['2028-02-29T12:00:00Z', '2728'],
    ['2026-05-31T12:00:00Z', '2627'],
    ['2099-04-01T00:00:00+05:30', '9900'],
  ])('%s belongs to the financial year %s', async (instant, year) => {
    const [row] = await app.sql<{ year: string }[]>`select financial_year_of(${instant}::timestamptz) as year`
    expect(row?.year).toBe(year)
  })

  test('start again with each financial year', async () => {
    const [now] = await app.sql<{ year: string }[]>`select financial_year_of(now()) as year`
    await app.sql`update receipt_series set financial_year = 'past' where financial_year = ${now!.year}`
    await app.sql`update receipts set financial_year = 'past', number = 'P' || number`
    const form = await new Visitor(app).register()
    const { userId } = await subscriberOf(app, form.email!)
    await app.sql`insert into orders (id, user_id, plan_key, amount_paise, status, expires_at) values ('num_new', ${userId}, 'annual_v1', 499000, 'expired', now())`
    await settleWith(app.services, 'num_new', paidAnswer('num_new', 499_000), 'webhook')
    const [row] = await app.sql<{ number: string }[]>`select number from receipts where order_id = 'num_new'`
    expect(row?.number).toBe(`R${now!.year}-000001`)
  })

  test('the database refuses a receipt whose lines do not add up, or whose CGST and SGST differ', async () => {
    await expect(
      app.sql`update receipts set taxable_paise = taxable_paise - 1 where order_id = 'num_new'`,
    ).rejects.toThrow('lines_add_up')
    await expect(
      app.sql`update receipts set cgst_paise = 1, taxable_paise = taxable_paise - 1 where order_id = 'num_new'`,
    ).rejects.toThrow('central_and_state_tax_are_equal')
  })
})
