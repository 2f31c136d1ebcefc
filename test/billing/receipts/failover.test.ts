import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { settleWith } from '../../../src/billing/checkout/settle.ts'
import { numberBeforeReading, numberDueReceipts } from '../../../src/billing/receipts/numbering.ts'
import { continueNumbering, findReceiptNumber, readNumbering } from '../../../src/billing/receipts/queries.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { connect } from '../../../src/platform/db.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { remoteAttempt, remoteOrder } from '../payments/remote-orders.ts'

let app: TestApp
let year: string
beforeAll(async () => {
  app = await startApp()
  year = (await app.sql<{ year: string }[]>`select financial_year_of(now()) as year`)[0]!.year
})
afterAll(() => app.close())
beforeEach(async () => {
  await continueNumbering(app.sql, { receipt: null, creditNote: null })
})

/** What a replica finds that was promoted: numbers were last given on the timeline before its own. */
const promoted = (synchronous: boolean) =>
  app.sql`update numbering_timeline set timeline = timeline - 1, synchronous = ${synchronous}`

async function pay(): Promise<string> {
  const { id, amountPaise } = await newestOrder(app, (await new Visitor(app).register()).email!)
  const attempts = [remoteAttempt(id, { orderAmountPaise: amountPaise, orderCurrency: 'INR', amountPaise })]
  const { outcome } = await settleWith(app.services, id, remoteOrder(id, { amountPaise, attempts }), 'webhook')
  expect(outcome).toBe('paid')
  return id
}

describe('after a failover', () => {
  test('to a replica that commits did not wait for, payments are settled and their receipts wait for a person', async () => {
    await promoted(false)
    const id = await pay()
    await expect(numberDueReceipts(app.services)).rejects.toThrow(/wait since a failover.*npm run numbering/)
    await expect(numberBeforeReading(app.services)).rejects.toThrow(/this file would lack some/)
    expect(await findReceiptNumber(app.sql, id)).toBeUndefined()
    expect(await readNumbering(app.sql)).toMatchObject({ waits: true })
    await app.run('alert')
    await app.run('alert')
    expect(
      await app.sql`select from incidents where kind = 'receipts-unnumbered' and resolved_at is null`,
    ).toHaveLength(1)
    await continueNumbering(app.sql, { receipt: null, creditNote: null })
    await numberDueReceipts(app.services)
    expect(await findReceiptNumber(app.sql, id)).toBe(`R${year}-000001`)
  })

  test('numbers go on above what was mailed; what is skipped is on record, and the books hold', async () => {
    await promoted(false)
    const id = await pay()
    expect(await continueNumbering(app.sql, { receipt: `R${year}-000012`, creditNote: `C${year}-000003` })).toBe(14)
    await numberDueReceipts(app.services)
    expect(await findReceiptNumber(app.sql, id)).toBe(`R${year}-000013`)
    expect(await app.sql`select letter, first_serial, last_serial from lost_numbers order by letter`).toEqual([
      { letter: 'C', firstSerial: 1, lastSerial: 3 },
      { letter: 'R', firstSerial: 2, lastSerial: 12 },
    ])
    expect(
      await app.sql`select from audit where action = 'numbering.continued'
                         and details ->> 'receipt' = ${`R${year}-000012`}`,
    ).toHaveLength(1)
    expect(await checkInvariants(app.sql)).toMatchObject({ broken: 0 })
  })

  test('to a replica that commits waited for, numbers go on by themselves', async () => {
    await promoted(true)
    const id = await pay()
    const incidents = () => app.sql`select from incidents where kind = 'receipts-unnumbered'`
    const before = (await incidents()).count
    await app.run('alert')
    await numberDueReceipts(app.services)
    expect(await findReceiptNumber(app.sql, id)).toMatch(/^R/)
    expect((await incidents()).count).toBe(before)
  })

  test('where the provider does not let the timeline be read, numbers are given all the same', async () => {
    await promoted(false)
    await app.sql`revoke execute on function pg_current_wal_lsn() from public`
    const owner = connect(app.databaseUrl, { max: 1 })
    try {
      await app.sql`create role etf_unprivileged`
      await app.sql`grant select on numbering_timeline to etf_unprivileged`
      await owner`set role etf_unprivileged`
      expect(await owner`select current_timeline() as timeline, numbering_waits() as waits`).toEqual([
        { timeline: null, waits: false },
      ])
    } finally {
      await owner.end({ timeout: 1 })
      await app.sql`grant execute on function pg_current_wal_lsn() to public`
      await app.sql`drop owned by etf_unprivileged`
      await app.sql`drop role etf_unprivileged`
    }
  })

  test('a number below the end of the series skips nothing, and what is no number is refused', async () => {
    expect(await continueNumbering(app.sql, { receipt: `R${year}-000001`, creditNote: null })).toBe(0)
    for (const receipt of ['12', `C${year}-000099`, `R${year}-0000001234567`])
      await expect(continueNumbering(app.sql, { receipt, creditNote: null })).rejects.toThrow(/no such number/)
  })

  test('a slip of the pen skips nothing: another year, or more numbers than a failover can lose', async () => {
    for (const [receipt, sentence] of [
      ['R9900-000012', /of no year/],
      [`R${year}-999999`, /would skip .* more than a failover/],
    ] as const)
      await expect(continueNumbering(app.sql, { receipt, creditNote: null })).rejects.toThrow(sentence)
    expect(await app.sql`select from receipt_series where financial_year = '9900'`).toEqual([])
  })
})
