import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { afterAll, describe, expect, test } from 'vitest'
import { dayIn } from '../../src/market/calendar/days.ts'
import { symbolIn } from '../../src/market/instruments/identifiers.ts'
import { priceIn } from '../../src/market/prices/files/cells.ts'
import { type Found, type Reading, readPriceFile } from '../../src/market/prices/files/reading.ts'

const folder = mkdtempSync(join(tmpdir(), 'etf-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const followed = new Set(['NIFTYBEES', 'BANKBEES', 'ITBEES'])

const reading: Reading = {
  match: ({ symbol }) => (symbol !== null && followed.has(symbol) ? symbol : null),
  today: '2026-11-27',
  isOpen: (day) => day === '2026-11-08',
}

/** What is read of a file with this content, under this name. */
async function read(name: string, content: string | Uint8Array) {
  const path = join(folder, 'given')
  writeFileSync(path, content)
  const found: Found[] = []
  for await (const one of readPriceFile(path, name, reading)) found.push(one)
  return {
    formats: found.flatMap((one) => (one.kind === 'format' ? [one.format.name] : [])),
    prices: found.flatMap((one) => (one.kind === 'price' ? [one.price] : [])),
    problems: found.flatMap((one) => (one.kind === 'problem' ? [one.problem] : [])),
    refused: found.flatMap((one) => (one.kind === 'refused' ? [one] : [])),
  }
}

const udiffHeader =
  'TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4'
const udiffRow = (symbol: string, series: string, close: string) =>
  `2026-11-20,2026-11-20,CM,NSE,STK,1,INF204KB15I9,${symbol},${series},,,,,A FUND,500,510,499,${close},505.1,500,,505,,,12345,6234567.8,321,F1,1,,,,,`

/** One real-shaped file of every format, each with BANKBEES at 505.25 on 20 November 2026. */
const shapes: Record<string, { name: string; lines: string[]; format: string }> = {
  'NSE’s UDiFF bhavcopy': {
    name: 'BhavCopy_NSE_CM_0_0_0_20261120_F_0000.csv',
    format: 'nse-udiff',
    lines: [
      udiffHeader,
      udiffRow('RELIANCE', 'EQ', '1400'),
      udiffRow('BANKBEES', 'EQ', '505.25'),
      udiffRow('BANKBEES', 'BL', '400'),
    ],
  },
  'NSE’s bhavcopy until July 2024': {
    name: 'cm20NOV2026bhav.csv',
    format: 'nse-legacy',
    lines: [
      'SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,',
      'TCS,EQ,1,1,1,3000,1,1,1,1,20-NOV-2026,1,INE467B01029,',
      'BANKBEES,EQ,500,510,499,505.25,505,500,1234,623456.7,20-NOV-2026,321,INF204KB15I9,',
    ],
  },
  'its early years, without the last columns': {
    name: 'cm20NOV2026bhav.csv',
    format: 'nse-legacy',
    lines: [
      'SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,',
      'BANKBEES,EQ,500,510,499,505.25,505,500,1234,623456.7,20-NOV-2026,',
    ],
  },
  'NSE’s full bhavcopy, a space after each comma': {
    name: 'sec_bhavdata_full_20112026.csv',
    format: 'nse-full',
    lines: [
      'SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, AVG_PRICE, TTL_TRD_QNTY, TURNOVER_LACS, NO_OF_TRADES, DELIV_QTY, DELIV_PER',
      'BANKBEES, EQ, 20-Nov-2026, 500.00, 501.00, 510.00, 499.00, 505.00, 505.25, 504.10, 1234, 6.23, 321, 800, 64.8',
      'GS2029, GS, 20-Nov-2026, 100, 100, 100, 100, 100, 100, 100, 0, 0, 0, -, -',
    ],
  },
  'a Yahoo download, with a row of nulls': {
    name: 'BANKBEES.NS.csv',
    format: 'yahoo',
    lines: [
      'Date,Open,High,Low,Close,Adj Close,Volume',
      '2026-11-19,null,null,null,null,null,null',
      '2026-11-20,500,510,499,505.25,500.1,1234',
    ],
  },
  'Stooq, one symbol': {
    name: 'bankbees.in.csv',
    format: 'stooq',
    lines: ['Date,Open,High,Low,Close,Volume', '2026-11-20,500,510,499,505.25,0'],
  },
  'Stooq, many symbols': {
    name: 'data_d.csv',
    format: 'stooq-bulk',
    lines: [
      '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>',
      'XYZ.IN,D,20261120,000000,1,1,1,1,1,0',
      'BANKBEES.IN,D,20261120,000000,500,510,499,505.25,1234,0',
    ],
  },
  'our own long form, columns in another order': {
    name: 'mine.csv',
    format: 'long',
    lines: ['volume,close,symbol,date', '1234,505.25,bankbees,2026-11-20'],
  },
}
const all = Object.entries(shapes).map(([title, shape]) => [title, shape] as const)
const expected = [{ symbol: 'BANKBEES', day: '2026-11-20', close: 505.25 }]

describe.each(all)('%s', (_title, { name, lines, format }) => {
  const check = async (as: string, content: string | Uint8Array) => {
    const found = await read(as, content)
    expect([...found.problems, ...found.refused]).toEqual([])
    expect(found.formats).toEqual([format])
    expect(found.prices).toMatchObject(expected)
    expect(found.prices).toHaveLength(1)
  }
  test('is read', () => check(name, `${lines.join('\n')}\n`))
  test('is read with a byte-order mark and Windows line ends', () => check(name, `\uFEFF${lines.join('\r\n')}\r\n`))
  test('is read with quoted numbers', () => check(name, lines.join('\n').replace('505.25', '"505.25"')))
  test('is read from a zip', () => check(`${name}.zip`, zipSync({ [`folder/${name}`]: strToU8(lines.join('\n')) })))
  test('has the line of its price', async () => {
    const [price] = (await read(name, lines.join('\n'))).prices
    expect(lines[price!.line - 1]).toContain('505.25')
  })
  test('is refused on the line where the price is no price', async () => {
    const found = await read(name, lines.join('\n').replace('505.25', 'n/a'))
    expect(found.problems[0]!.sentence).toContain('is not a closing price')
    expect(lines[found.problems[0]!.line! - 1]).toContain('505.25')
  })
  test('is refused when its zip was cut off', async () => {
    const zip = zipSync({ [name]: strToU8(lines.join('\n').repeat(50)) })
    const found = await read(`${name}.zip`, zip.subarray(0, zip.length - 40))
    expect(found.refused).toMatchObject([{ sentence: expect.stringContaining('damaged or was not downloaded') }])
  })
})

describe('a price file', () => {
  const { name, lines } = all[0]![1]
  test('is not unpacked from a zip of more than 5,000 files', async () => {
    const many = Object.fromEntries(Array.from({ length: 5_001 }, (_, i) => [`${i}.csv`, strToU8('x')]))
    const found = await read('x.zip', zipSync({ [name]: strToU8(lines.join('\n')), ...many }, { level: 0 }))
    expect([found.prices, found.refused.map(({ sentence }) => sentence)]).toEqual([
      [],
      [expect.stringContaining('more than 5,000 files')],
    ])
  })

  test('is not unpacked from a zip that says it holds more than 2 GB', async () => {
    const names = ['1.csv', '2.csv', '3.csv', '4.csv', name]
    const zip = Buffer.from(zipSync(Object.fromEntries(names.map((one) => [one, strToU8(lines.join('\n'))]))))
    // The size unpacked, in each entry of the directory at the end.
    for (let at = zip.indexOf('PK\x01\x02'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 4))
      zip.writeUInt32LE(600 * 1024 * 1024, at + 24)
    const found = await read('x.zip', zip)
    expect(found.prices).toEqual([])
    expect(found.refused.map(({ sentence }) => sentence)).toEqual([
      ...Array(3).fill(expect.stringContaining('larger than 512 MB')),
      expect.stringContaining('2 GB unpacked'),
    ])
  })
})

describe('a file that is not what its name says', () => {
  test.each([
    ['a web page', '<!DOCTYPE html><html><body>Access denied</body></html>', 'web page'],
    ['a web page after empty lines', '\n\n<html>\n', 'web page'],
    ['nothing', '', 'empty'],
    ['only a header', 'date,symbol,close\n', 'no price of an instrument'],
    ['columns nobody knows', 'a,b,c\n1,2,3\n', 'No format has these columns: A, B, C.'],
    [
      'NSE’s list of ETFs',
      'Symbol,Underlying,SecurityName,DateofListing,MarketLot,ISINNumber,FaceValue\n',
      'holds no prices',
    ],
    ['a quote that is never closed', 'date,symbol,close\n2026-11-20,BANKBEES,"505\n', 'not a CSV file'],
    ['a zip without a CSV file', zipSync({ 'read.me': strToU8('x') }), 'no CSV file in this zip'],
    ['text called a zip', 'PK not really', 'cannot be unpacked'],
  ])('is refused in words: %s', async (what, content, words) => {
    const found = await read(what.includes('zip') ? 'x.zip' : 'x.csv', content)
    expect(found.prices).toEqual([])
    expect([...found.refused, ...found.problems][0]!.sentence).toContain(words)
  })

  test.each([
    ['UTF-16 without a mark', Buffer.from('date,symbol,close\n2026-11-20,BANKBEES,505.25\n', 'utf16le')],
    ['a program', Buffer.from('\x7fELF\0\0\0,\0\u0001\n\0\0,\0\n', 'latin1')],
    ['a NUL in a cell', Buffer.from('date,symbol,close\n2026\0-11-20,BANKBEES,505.25\n2026-11-20,BANK\0BEES,5\n')],
  ])('%s is refused in words that a database can keep', async (_what, content) => {
    const { prices, problems, refused } = await read('a.csv', content)
    expect(prices).toEqual([])
    expect([...problems, ...refused].length).toBeGreaterThan(0)
    for (const { sentence } of [...problems, ...refused]) expect(sentence).not.toContain('\0')
  })

  test('a format without a symbol column needs the symbol as its name', async () => {
    const content = 'Date,Open,High,Low,Close,Volume\n2026-11-20,1,1,1,1,1\n'
    expect((await read('table (3).csv', content)).refused[0]!.sentence).toContain('not an instrument we follow')
    expect((await read('prices of banks.csv', content)).refused[0]!.sentence).toContain('called by its symbol')
    expect((await read('BANKBEES (2).csv', content)).prices).toHaveLength(1)
  })

  test('a symbol nobody follows is named in our own form, and passed over in an exchange’s', async () => {
    const found = await read('x.csv', 'date,symbol,close\n2026-11-20,RELIANCE,1400\n2026-11-20,ITBEES,41\n')
    expect(found.problems).toMatchObject([{ line: 2, sentence: expect.stringContaining('“RELIANCE”') }])
  })
})

describe('cells', () => {
  test.each([
    ['1,23,456.70', 123456.7],
    ['123,456', 123456],
    ['33.55', 33.55],
    [' 505 ', 505],
    ['₹ 1,050.5', 1050.5],
    ['0', null],
    ['-5', null],
    ['1,2,3', null],
    ['1e5', null],
    ['', null],
    ['NaN', null],
    ['12,34.5', null],
  ])('%j as a price is %s', (cell, price) => expect(priceIn(cell)).toBe(price))

  test.each([
    ['2026-11-20', '2026-11-20'],
    ['20261120', '2026-11-20'],
    ['20-NOV-2026', '2026-11-20'],
    ['08-Jan-02', '2002-01-08'],
    ['5-Mar-2024', '2024-03-05'],
    ['2026-02-30', null],
    ['31-Jun-2026', null],
    ['20/11/2026', null],
    ['11-20-2026', null],
    ['1899-01-01', null],
    ['', null],
  ])('%j as a day is %s', (cell, day) => expect(dayIn(cell)).toBe(day))

  test.each([
    ['bankbees.ns', 'BANKBEES'],
    ['M&M', 'M&M'],
    ['BAJAJ-AUTO', 'BAJAJ-AUTO'],
    ['two words', null],
    ['<script>', null],
  ])('%j as a symbol is %s', (cell, symbol) => expect(symbolIn(cell)).toBe(symbol))
})
