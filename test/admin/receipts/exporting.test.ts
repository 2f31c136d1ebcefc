import { parse } from 'csv-parse/sync'
import { beforeAll, describe, expect, test } from 'vitest'
import { app, reader, usePanel } from '../panel.ts'
import { inventMonths } from './invented-month.ts'
import { download, gstr1Of, paiseOf, type Row, sum } from './month-files.ts'

const random = Number(process.env.RECEIPTS_SEED ?? Date.now() % 1_000_000)
const gstin = '27AAPFU0939F1ZV'
const heads = ['amount_paise', 'taxable_paise', 'cgst_paise', 'sgst_paise', 'igst_paise', 'round_off_paise'] as const

usePanel(['reader'], {
  SELLER_GSTIN: gstin,
  SELLER_NAME: 'Sector Tools LLP',
  SELLER_ADDRESS: '1 MG Road, Pune',
})

let months: string[]
beforeAll(async () => {
  await inventMonths(app.sql, { invoices: 10_000, random, seller: { gstin, stateCode: '27' } })
  const rows = await app.sql<{ month: string }[]>`
    select distinct to_char(issued_at at time zone 'Asia/Kolkata', 'YYYY-MM') as month from receipts order by 1 desc`
  months = rows.map(({ month }) => month)
}, 60_000)

/** The tables of a month of the one registration. */
async function tablesOf(month: string) {
  const { files, table } = await gstr1Of(reader.visitor, month)
  return { files, table: (name: string) => table(`${gstin}/${name}`) }
}

/** What the stored papers of a month say, read without any function of the product's. */
async function stored(month: string, what: 'receipts' | 'credit_notes', isCompany: boolean) {
  const [row] = await app.sql<Record<string, number>[]>`
    select count(*)::int as many, ${app.sql.unsafe(heads.map((head) => `coalesce(sum(${head}), 0)::bigint as ${head}`).join(', '))}
    from ${app.sql(what)}
    where to_char(issued_at at time zone 'Asia/Kolkata', 'YYYY-MM') = ${month}
      and (buyer ->> 'gstin' is not null) = ${isCompany}`
  return row!
}

describe(`ten thousand invented invoices (RECEIPTS_SEED=${random})`, () => {
  test('hold the invariants of receipts and credit notes', async () => {
    const checks = ['numbering', 'credit_notes', 'credit_note_parts', 'credit_note_parties', 'tax']
    for (const check of checks) {
      const broken = await app.sql`select * from ${app.sql.unsafe(`broken_i6_${check}()`)} as key`
      expect(broken.filter(({ key }) => !/^[RC]\d{4}$/.test(key))).toEqual([])
    }
  })

  test('have credit notes that add up to their invoice in every head once all went back', async () => {
    const wrong = await app.sql`
      select r.number from receipts r join credit_notes n on n.receipt_number = r.number
      group by r.number having sum(n.amount_paise) = r.amount_paise
        and (sum(n.taxable_paise), sum(n.cgst_paise), sum(n.sgst_paise), sum(n.igst_paise), sum(n.round_off_paise))
            is distinct from (r.taxable_paise, r.cgst_paise, r.sgst_paise, r.igst_paise, r.round_off_paise)`
    expect(wrong).toEqual([])
    const [parts] = await app.sql<{ many: number }[]>`
      select count(*)::int as many from (select from credit_notes group by receipt_number having count(*) > 1) several`
    expect(parts!.many).toBeGreaterThan(50)
  })

  test('are exported as GSTR-1 month by month, and every sum is the books’ to the paisa', async () => {
    expect(months).toHaveLength(2)
    for (const month of months) {
      const started = performance.now()
      const { table } = await tablesOf(month)
      expect(performance.now() - started).toBeLessThan(10_000)
      const [b2b, b2c, noteB2b, noteB2c] = await Promise.all([
        stored(month, 'receipts', true),
        stored(month, 'receipts', false),
        stored(month, 'credit_notes', true),
        stored(month, 'credit_notes', false),
      ])
      expect(table('b2b')).toHaveLength(b2b!.many!)
      expect(sum(table('b2b'), 'Taxable Value')).toBe(b2b!.taxablePaise)
      expect(sum(table('b2b'), 'Invoice Value')).toBe(b2b!.amountPaise)
      expect(table('cdnr')).toHaveLength(noteB2b!.many!)
      expect(sum(table('cdnr'), 'Taxable Value')).toBe(noteB2b!.taxablePaise)
      expect(sum(table('b2cs'), 'Taxable Value')).toBe(b2c!.taxablePaise! - noteB2c!.taxablePaise!)
      for (const [name, gross, back] of [
        ['hsn(b2b)', b2b, noteB2b],
        ['hsn(b2c)', b2c, noteB2c],
      ] as const) {
        const rows = table(name)
        expect(sum(rows, 'Total Value')).toBe(gross!.amountPaise! - back!.amountPaise!)
        expect(sum(rows, 'Taxable Value')).toBe(gross!.taxablePaise! - back!.taxablePaise!)
        expect(sum(rows, 'Integrated Tax Amount')).toBe(gross!.igstPaise! - back!.igstPaise!)
        expect(sum(rows, 'Central Tax Amount')).toBe(gross!.cgstPaise! - back!.cgstPaise!)
        expect(sum(rows, 'State/UT Tax Amount')).toBe(gross!.sgstPaise! - back!.sgstPaise!)
      }
      const docs = table('docs').map((row) => Number(row['Total Number']))
      expect(docs.reduce((all, many) => all + many, 0)).toBe(b2b!.many! + b2c!.many! + noteB2b!.many! + noteB2c!.many!)
    }
  })

  test('have the tool’s heads and its names of states, and no cell that a spreadsheet runs', async () => {
    const { files, table } = await tablesOf(months[0]!)
    const first = (name: string) => files[`${gstin}/${name}.csv`]!.split('\r\n')[0]
    expect(first('b2cs')).toBe(
      'Type,Place Of Supply,Rate,Applicable % of Tax Rate,Taxable Value,Cess Amount,E-Commerce GSTIN',
    )
    expect(first('docs')).toBe('Nature of Document,Sr. No. From,Sr. No. To,Total Number,Cancelled')
    expect(table('b2cs').map((row) => row['Place Of Supply'])).toContain('27-Maharashtra')
    expect(table('b2b')[0]!['Invoice date']).toMatch(/^\d\d-[A-Z][a-z]{2}-\d{4}$/)
    expect(files['README.txt']).toContain('never imported into the real tool')
    const tally = (await download(reader.visitor, `/admin/receipts/tally.csv?month=${months[0]}`)).toString()
    expect(tally).toContain("'=cmd|")
    expect(tally).not.toMatch(/(^|,|")=cmd/m)
  })

  test('are vouchers for Tally that balance', async () => {
    const rows = parse(await download(reader.visitor, `/admin/receipts/tally.csv?month=${months[0]}`), {
      columns: true,
      bom: true,
    }) as Row[]
    const balance = new Map<string, number>()
    for (const row of rows) {
      const sign = row['Ledger Amount Dr/Cr'] === 'Cr' ? 1 : -1
      const number = row['Voucher Number']!
      balance.set(number, (balance.get(number) ?? 0) + sign * paiseOf(row['Ledger Amount']!))
    }
    expect([...balance].filter(([, paise]) => paise !== 0)).toEqual([])
    expect(balance.size).toBeGreaterThan(5_000)
  })

  test('are listed by month, kind, buyer, state and search, with totals that are the books’', async () => {
    const page = async (query: string) => (await reader.visitor.get(`/admin/receipts?${query}`)).body
    expect(await page(`month=${months[0]}`)).toContain('Revenue by state')
    const [note] = await app.sql<
      { number: string; receiptNumber: string }[]
    >`select number, receipt_number from credit_notes limit 1`
    const found = await page(`q=${note!.number}`)
    expect(found).toContain(`/credit-notes/${note!.number}`)
    expect(await page(`q=${note!.receiptNumber}`)).toContain(`/credit-notes/${note!.number}`)
    expect(await page('q=29AAPFU0939F1ZR')).toContain('Right Ltd')
    expect(await page('q=nobody+like+that')).toContain('No matching receipts')
    const consumers = await page(`month=${months[0]}&buyer=consumer&what=receipts&state=27`)
    expect(consumers).not.toMatch(/Company &quot;|Refund of/)
    expect((await reader.visitor.get(`/admin/receipts.csv?month=${months[0]}&what=notes`)).body).toContain(
      'credit note, refund',
    )
  })

  test('a consumers’ line is negative where more went back than was sold', async () => {
    await app.sql`
      update receipts set issued_at = issued_at - interval '40 days'
      where coalesce(left(buyer ->> 'gstin', 2), buyer ->> 'stateCode') = '30' and buyer ->> 'gstin' is null`
    const { table } = await tablesOf(months[0]!)
    const goa = table('b2cs').find((row) => row['Place Of Supply'] === '30-Goa')!
    expect(Number(goa['Taxable Value'])).toBeLessThan(0)
  })
})
