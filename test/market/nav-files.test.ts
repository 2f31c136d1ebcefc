import { describe, expect, test } from 'vitest'
import type { Reading } from '../../src/market/prices/files/reading.ts'
import { read } from './price-files.ts'

const isins: Record<string, string> = { INF204KB15I9: 'BANKBEES', INF204KB14I2: 'NIFTYBEES' }
const symbols = new Set(Object.values(isins))
/** By ISIN first, as instruments are known. */
const match: Reading['match'] = ({ symbol, isin }) =>
  isins[isin ?? ''] ?? (symbol !== null && symbols.has(symbol) ? symbol : null)
const readNavs = (content: string | Uint8Array, name = 'NAVAll.txt') => read(name, content, { match })

const header =
  'Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Net Asset Value;Date\r\n \r\nOpen Ended Schemes(Other Scheme - Other  ETFs)\r\n \r\nNippon India Mutual Fund\r\n \r\n'
const amfi = (...rows: string[]) => header + rows.map((row) => `${row}\r\n`).join('')
const bank = (nav: string, day = '26-Nov-2026') =>
  `140084;INF204KB15I9;-;Nippon India ETF Nifty Bank BeES;${nav};${day}`
const other = '100033;INF209K01165;INF209K01CE5;Aditya "Large" Cap, Growth;1,2#3;99-Nov-2026'

describe('AMFI’s file of all schemes', () => {
  test('is read by ISIN: headings are no rows, and schemes that are not followed are passed over, whatever stands in them', async () => {
    const found = await readNavs(
      amfi(other, bank('505.2534'), '1;-;INF204KB14I2;Nifty BeES;1,234.5;26-Nov-2026', other),
    )
    expect(found.navs).toEqual([
      { line: 8, symbol: 'BANKBEES', day: '2026-11-26', nav: 505.2534 },
      { line: 9, symbol: 'NIFTYBEES', day: '2026-11-26', nav: 1234.5 },
    ])
    expect([found.problems, found.refused, found.prices]).toEqual([[], [], []])
    expect(found.navEnds).toMatchObject([{ skipped: 0, passedOver: 2 }])
  })

  test('is the same with a byte-order mark, with lines that end otherwise, and in the order of columns of its history', async () => {
    const plain = amfi(bank('505.25'))
    const history =
      'Scheme Code;Scheme Name;ISIN Div Payout/ISIN Growth;ISIN Div Reinvestment;Net Asset Value;Repurchase Price;Sale Price;Date\n140084;Bank BeES;INF204KB15I9;;505.25;;;26-Nov-2026\n'
    for (const content of [`\uFEFF${plain}`, plain.replaceAll('\r\n', '\n'), history]) {
      const { navs, problems } = await readNavs(content)
      expect(navs).toMatchObject([{ symbol: 'BANKBEES', day: '2026-11-26', nav: 505.25 }])
      expect(problems).toEqual([])
    }
  })

  test.each(['N.A.', 'NA', '-', '', 'n.a.'])(
    'may have no NAV for a scheme: %j is skipped and counted',
    async (cell) => {
      const found = await readNavs(amfi(bank(cell), '1;INF204KB14I2;-;Nifty BeES;250;26-Nov-2026'))
      expect([found.navs.length, found.problems, found.navEnds]).toMatchObject([1, [], [{ skipped: 1 }]])
    },
  )

  test.each([
    ['a number that is none', bank('5O5.25'), '“5O5.25” is not a NAV.'],
    ['zero', bank('0'), '“0” is not a NAV.'],
    ['a negative one', bank('-3.5'), '“-3.5” is not a NAV.'],
    [
      'a day that does not exist',
      bank('505', '31-Nov-2026'),
      '“31-Nov-2026” is not a date like 2026-11-20 or 20-Nov-2026.',
    ],
    ['a day to come', bank('505', '28-Nov-2026'), '2026-11-28 has not come yet.'],
    [
      'a line that is cut off',
      '140084;INF204KB15I9;-;Nippon',
      'This line ends before its NAV and date: the file seems to be cut off.',
    ],
  ])('with %s has a line that is wrong', async (_, row, sentence) => {
    const found = await readNavs(amfi(row))
    expect([found.navs, found.problems]).toMatchObject([[], [{ line: 7, sentence }]])
  })

  test.each([
    ['no scheme of ours', amfi(other), 'No scheme in this file has the ISIN of an instrument we follow.'],
    ['only N.A. for ours', amfi(bank('N.A.')), 'Its NAVs of instruments we follow are all empty.'],
    ['a web page in its place', '<!DOCTYPE html><html><body>Scheme Code;</body></html>', 'This is a web page'],
    ['a NUL byte', amfi(bank('505\0')), 'This is not a text file: it has a NUL byte.'],
  ])('is refused with %s', async (_, content, sentence) => {
    const found = await readNavs(content)
    expect([found.navs, found.refused]).toMatchObject([[], [{ sentence: expect.stringContaining(sentence) }]])
  })

  test('quotes half of a character without breaking the answer', async () => {
    const found = await readNavs(amfi(bank(`${'9'.repeat(29)}😀`)))
    expect(found.problems[0]!.sentence.isWellFormed()).toBe(true)
  })
})

describe('our own file of NAVs', () => {
  test('is a line date,symbol,nav in any order and case, and one NAV a line, of days without a session too', async () => {
    const found = await readNavs(
      '\uFEFFNAV, Date,Symbol\r\n"1,505.25",2026-11-21,BANKBEES.NS\r\n250,20-Nov-2026,niftybees\r\n',
      'a.csv',
    )
    expect(found.navs).toEqual([
      { line: 2, symbol: 'BANKBEES', day: '2026-11-21', nav: 1505.25 },
      { line: 3, symbol: 'NIFTYBEES', day: '2026-11-20', nav: 250 },
    ])
    expect(found.problems).toEqual([])
  })

  test.each([
    ['2026-11-20,NOSUCH,5', '“NOSUCH” is not an instrument we follow. Add it first, or leave its rows out.'],
    ['2026-11-20,BANKBEES,abc', '“abc” is not a NAV.'],
    ['20-13-2026,BANKBEES,5', '“20-13-2026” is not a date like 2026-11-20 or 20-Nov-2026.'],
    ['2026-11-20,BANKBEES', 'This line ends before its NAV and date: the file seems to be cut off.'],
  ])('has a wrong line in %j', async (row, sentence) => {
    const { navs, problems } = await readNavs(`date,symbol,nav\n${row}\n`, 'a.csv')
    expect([navs, problems]).toMatchObject([[], [{ line: 2, sentence }]])
  })

  test('with nothing in it is refused, and one of closes is a file of prices', async () => {
    expect((await readNavs('date,symbol,nav\n', 'a.csv')).refused).toMatchObject([
      { sentence: 'There is no NAV in this file.' },
    ])
    const prices = await readNavs('date,symbol,close,nav\n2026-11-20,BANKBEES,505,504\n', 'a.csv')
    expect([prices.prices.length, prices.navs]).toEqual([1, []])
  })
})
