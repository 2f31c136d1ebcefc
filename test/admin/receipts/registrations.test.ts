import { beforeAll, describe, expect, test } from 'vitest'
import { gstinProblem } from '../../../src/platform/gstin.ts'
import { app, reader, usePanel } from '../panel.ts'
import { gstr1Of, sum } from './month-files.ts'
import { sell, takeBack, thisMonth } from './sales.ts'

usePanel(['reader'])

const pune = { gstin: '27AAPFU0939F1ZV', stateCode: '27' }
const bengaluru = { gstin: '29AAPFU0939F1ZR', stateCode: '29' }
const unregistered = { gstin: '', stateCode: '27' }

let month: string
beforeAll(async () => {
  month = await thisMonth()
})

const traders = { legalName: 'Rao Traders', address: 'Pune', gstin: '27AABCU9603R1ZN' }

describe('a seller who moves to another state in the middle of a month', () => {
  test('has a folder for each GSTIN, and each document stands under the one that issued it', async () => {
    expect([pune, bengaluru].map(({ gstin }) => gstinProblem(gstin))).toEqual([null, null])
    const before = await sell({ seller: unregistered })
    const [first, second] = [await sell({ seller: pune }), await sell({ seller: pune, buyer: { company: traders } })]
    const [third, fourth] = [
      await sell({ seller: bengaluru }),
      await sell({ seller: bengaluru, buyer: { company: traders } }),
    ]
    const noteOfOld = await takeBack(second, 100_000)
    const noteOfNew = await takeBack(third, 499_000)
    // Corrected after the move, an old invoice is replaced under the registration that issued it.
    await app.sql`select correct_receipt(${first}, ${app.sql.json(traders)}, 'user:x', null)`
    const [corrected] = await app.sql<{ number: string; note: string }[]>`
      select r.number, n.number as note from receipts r join credit_notes n on n.receipt_number = r.replaces`
    const { files, table } = await gstr1Of(reader.visitor, month)

    const folders = new Set(Object.keys(files).flatMap((name) => (name.includes('/') ? name.split('/')[0] : [])))
    expect([...folders]).toEqual([pune.gstin, bengaluru.gstin])
    const numbers = (name: string, head: string) => table(name).map((row) => row[head])
    expect(numbers(`${pune.gstin}/b2b`, 'Invoice Number')).toEqual([corrected!.number, second])
    expect(numbers(`${bengaluru.gstin}/b2b`, 'Invoice Number')).toEqual([fourth])
    expect(numbers(`${pune.gstin}/cdnr`, 'Note Number')).toEqual([noteOfOld])
    expect(numbers(`${bengaluru.gstin}/cdnr`, 'Note Number')).toEqual([])
    // Sold within the state and across: the same buyer, another split.
    expect(sum(table(`${pune.gstin}/hsn(b2b)`), 'Integrated Tax Amount')).toBe(0)
    expect(sum(table(`${bengaluru.gstin}/hsn(b2b)`), 'Integrated Tax Amount')).toBe(76_119)
    expect(sum(table(`${bengaluru.gstin}/b2cs`), 'Taxable Value')).toBe(0)
    expect(files['README.txt']).toContain('1 paper of this month was issued without a GSTIN')

    const runs = (gstin: string) =>
      table(`${gstin}/docs`).map((row) => [row['Sr. No. From'], row['Sr. No. To'], row['Total Number'], row.Cancelled])
    expect(runs(pune.gstin)).toEqual([
      [first, second, '2', '0'],
      [corrected!.number, corrected!.number, '1', '0'],
      [noteOfOld, noteOfOld, '1', '0'],
      [corrected!.note, corrected!.note, '1', '0'],
    ])
    expect(runs(bengaluru.gstin)).toEqual([
      [third, fourth, '2', '0'],
      [noteOfNew, noteOfNew, '1', '0'],
    ])
    expect(before).toMatch(/-000001$/)
    const totals = table('totals').map((row) => [row.GSTIN, row.Papers, row.Number])
    expect(totals).toEqual([
      [pune.gstin, 'Receipts', '3'],
      [pune.gstin, 'Credit notes', '2'],
      [bengaluru.gstin, 'Receipts', '2'],
      [bengaluru.gstin, 'Credit notes', '1'],
      ['none', 'Receipts', '1'],
    ])
  })

  test('has a line in docs for each financial year and each unbroken run of its series', async () => {
    // As in the first minutes of April: numbers of the year before in the same file.
    const numbers = [
      await sell({ seller: bengaluru }),
      await sell({ seller: bengaluru }),
      await sell({ seller: bengaluru }),
    ]
    await app.sql`
      update receipts set number = 'R1920-000099', financial_year = '1920', serial = 99 where number = ${numbers[1]!}`
    const { table } = await gstr1Of(reader.visitor, month)
    const runs = table(`${bengaluru.gstin}/docs`).map((row) => [
      row['Nature of Document'],
      row['Sr. No. From'],
      row['Total Number'],
    ])
    expect(runs).toEqual([
      ['Invoices for outward supply', 'R1920-000099', '1'],
      ['Invoices for outward supply', expect.stringMatching(/-000004$/), '2'],
      ['Invoices for outward supply', numbers[0], '1'],
      ['Invoices for outward supply', numbers[2], '1'],
      ['Credit Note', expect.any(String), '1'],
    ])
  })
})
