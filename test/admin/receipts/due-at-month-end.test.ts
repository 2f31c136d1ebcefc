import postgres from 'postgres'
import { beforeEach, describe, expect, test } from 'vitest'
import { remoteAttempt, remoteOrder } from '../../billing/payments/remote-orders.ts'
import { admin, app, customer, reader, usePanel } from '../panel.ts'
import { download, gstr1Of } from './month-files.ts'

const gstin = '27AAPFU0939F1ZV'
usePanel(['admin', 'reader'], {
  SELLER_GSTIN: gstin,
  SELLER_NAME: 'Sector Tools LLP',
  SELLER_ADDRESS: '1 MG Road, Pune',
})

let person: Awaited<ReturnType<typeof customer>>
/** Last month in India, "2026-10", its last instant, and the day of that. */
let last: { month: string; end: Date; day: string }
/** Somebody paid in the last instant of last month, and the process died before their receipt had its number. */
beforeEach(async () => {
  await app.run('number-receipts')
  person = await customer()
  const { id } = person.order
  const [row] = await app.sql<(typeof last)[]>`
    select to_char(first - interval '1 month', 'YYYY-MM') as month, to_char(first - interval '1 day', 'YYYY-MM-DD') as day,
           first at time zone 'Asia/Kolkata' - interval '1 millisecond' as "end"
    from (select date_trunc('month', now() at time zone 'Asia/Kolkata') as first) here`
  last = row!
  const [settled] = await app.sql<{ outcome: string }[]>`
    with settled as (
      select settle_order(${id}, ${app.sql.json(remoteOrder(id, { attempts: [remoteAttempt(id)] }) as never)}, 'webhook',
                          ${app.sql.json(app.services.config.seller)}) as outcome)
    select outcome from settled`
  expect(settled!.outcome).toBe('paid')
  await app.sql`update receipts_due set issued_at = ${last.end} where order_id = ${id}`
})

const numberOf = async () =>
  (await app.sql<{ number: string }[]>`select number from receipts where order_id = ${person.order.id}`)[0]?.number
const pathOf = (file: string) => `/admin/receipts${file}${file.includes('?') ? '&' : '?'}month=${last.month}`

describe('a receipt of the last moment of a month that waits for its number', () => {
  test.each(['.csv', '/tally.csv'])('stands in that month’s %s', async (file) => {
    expect(await numberOf()).toBeUndefined()
    const text = (await download(reader.visitor, pathOf(file))).toString()
    expect(text).toContain((await numberOf())!)
  })

  test('stands in that month’s GSTR-1, its number in the run of numbers', async () => {
    const { table } = await gstr1Of(reader.visitor, last.month)
    const number = (await numberOf())!
    expect(table(`${gstin}/docs`).some((row) => row['Sr. No. To'] === number)).toBe(true)
  })

  test('counts for that day, numbered or not', async () => {
    const figures = async () => (await app.sql`select paid, gross_paise from metrics_of_day(${last.day})`)[0]
    const waiting = await figures()
    await app.run('number-receipts')
    expect(await figures()).toEqual(waiting)
    expect(waiting!.paid).toBeGreaterThan(0)
  })

  test('stands in the buyer’s own copy of their data', async () => {
    const file = await person.visitor.get('/account/data.json')
    expect(file.json()).toMatchObject({ receipts: [{ number: await numberOf() }] })
  })

  test('is named in the story of its buyer', async () => {
    await app.run('number-receipts')
    expect((await admin.visitor.get(`/admin/subscribers/${person.id}`)).body).toContain(`Receipt ${await numberOf()}.`)
  })

  test('keeps the accountant’s files waiting where it cannot have its number, and nothing else', async () => {
    const holding = postgres(app.databaseUrl, { max: 1, onnotice: () => {} })
    try {
      await holding.unsafe('begin')
      await holding`select from receipts_due for update`
      for (const file of ['.csv', '/tally.csv', '/gstr1.zip']) {
        const refused = await reader.visitor.get(pathOf(file))
        expect(refused.status).toBe(503)
        expect(refused.body).toContain('We cannot reach our records')
      }
      expect((await reader.visitor.get('/admin/receipts')).status).toBe(200)
    } finally {
      await holding.unsafe('rollback')
      await holding.end()
    }
  })
})
