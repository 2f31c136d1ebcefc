import { strToU8, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { dayIn } from '../../src/market/calendar/days.ts'
import { symbolIn } from '../../src/market/instruments/identifiers.ts'
import { dayOf, priceIn } from '../../src/market/prices/files/cells.ts'
import type { Reading } from '../../src/market/prices/files/reading.ts'
import { read, shapes, udiffHeader, udiffRow } from './price-files.ts'

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

describe('a file', () => {
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

  test('of yfinance with tickers side by side gives each its prices, and counts the days without', async () => {
    const found = await read(
      'data.csv',
      [
        'Price,Adj Close,Adj Close,Close,Close,Volume,Volume',
        'Ticker,BANKBEES.NS,ITBEES.NS,BANKBEES.NS,ITBEES.NS,BANKBEES.NS,ITBEES.NS',
        'Date,,,,,,',
        '2026-11-19,1,1,504.5,NaN,1,0',
        '2026-11-20,1,1,505.25,41.5,1,1',
        '2026-11-23,1,1,,null,1,1',
      ].join('\n'),
    )
    expect(found.prices.map(({ symbol, day, close, line }) => [symbol, day, close, line])).toEqual([
      ['BANKBEES', '2026-11-19', 504.5, 4],
      ['BANKBEES', '2026-11-20', 505.25, 5],
      ['ITBEES', '2026-11-20', 41.5, 5],
    ])
    expect(found.ends).toMatchObject([{ skipped: 3 }])
    expect([found.problems, found.refused]).toEqual([[], []])
  })

  test('of yfinance with a ticker nobody follows beside one of ours names it once', async () => {
    const lines = [
      'Price,Close,Close',
      'Ticker,^NSEI,ITBEES.NS',
      'Date,,',
      '2026-11-19,24000,41',
      '2026-11-20,24100,42',
    ]
    const found = await read('data.csv', lines.join('\n'))
    expect(found.problems).toMatchObject([
      { line: 4, sentence: expect.stringContaining('“^NSEI” is not an instrument') },
    ])
    expect(found.prices).toHaveLength(2)
  })

  test.each([['', 'nan', 'NaN', 'null', 'NULL', 'None']].flat())(
    'with %j for a close skips the day and counts it',
    async (blank) => {
      const found = await read('x.csv', `date,symbol,close\n2026-11-19,BANKBEES,${blank}\n2026-11-20,BANKBEES,505.25\n`)
      expect([found.prices.length, found.problems, found.ends[0]!.skipped]).toEqual([1, [], 1])
      const none = await read('x.csv', `date,symbol,close\n2026-11-19,BANKBEES,${blank}\n`)
      expect(none.refused).toMatchObject([{ sentence: 'Its closing prices are all empty.' }])
    },
  )

  test('whose last line was cut off before its price says so', async () => {
    const found = await read('x.csv', 'date,symbol,close\n2026-11-19,BANKBEES,505\n2026-11-20,BANKB')
    expect(found.problems).toMatchObject([{ line: 3 }])
    const short = await read('x.csv', 'date,symbol,close\n2026-11-19,BANKBEES,505\n2026-11-20,BANKBEES')
    expect(short.problems).toMatchObject([{ line: 3, sentence: expect.stringContaining('cut off') }])
  })

  test.each([
    ['BANKBEES.NS.csv', 'Date,Open,High,Low,Close,Adj Close,Volume', 'restated'],
    ['BANKBEES.NS.csv', 'Date,Open,High,Low,Close,Volume,Dividends,Stock Splits', 'unknown'],
    ['bankbees_in_d.csv', 'Date,Open,High,Low,Close,Volume', 'restated'],
    ['BANKBEES.IN.csv', 'Date,Open,High,Low,Close', 'restated'],
    ['BANKBEES.csv', 'Date,Open,High,Low,Close,Volume', 'unknown'],
    ['BANKBEES (1).csv', 'date,open,high,low,close', 'unknown'],
    ['BANKBEES.NS.csv', 'Date,Close,Low,High,Open', 'unknown'],
    ['mine.csv', 'date,symbol,close,volume', 'traded'],
    ['mine.csv', 'date,symbol,open,high,low,close,volume', 'unknown'],
    ['mine.csv', 'Date,Symbol,Close,Adj Close', 'unknown'],
    ['mine.csv', 'date,symbol,adj_close,close', 'unknown'],
    ['mine.csv', 'date,symbol,close,AdjClose', 'unknown'],
    ['mine.csv', 'date,symbol,close,Adjusted Close', 'unknown'],
  ])('called %s with %s has %s prices', async (name, header, basis) => {
    const cells = header
      .split(',')
      .map((column) => ({ date: '2026-11-20', symbol: 'BANKBEES', close: '505.25' })[column.toLowerCase()] ?? '7')
    const { formats: _, ...found } = await read(name, `${header}\n${cells.join(',')}\n`)
    expect(found.basis).toEqual([basis])
    // Never the adjusted close, in which dividends are.
    expect(found.prices).toMatchObject([{ symbol: 'BANKBEES', close: 505.25 }])
    if (basis === 'unknown') expect(found.titles[0]).not.toContain('Stooq')
  })

  test('says by which name it called an instrument', async () => {
    const found = await read('x.csv', [udiffHeader, udiffRow('BANKBEES', 'EQ', '505.25')].join('\n'))
    expect(found.prices[0]!.seen).toEqual({ symbol: 'BANKBEES', isin: 'INF204KB15I9' })
    const own = await read('BANKBEES.NS.csv', 'Date,Close,Adj Close\n2026-11-20,1,1\n')
    expect(own.prices[0]!.seen).toEqual({ symbol: 'BANKBEES', isin: null })
  })

  test('of one symbol is of whoever had it on the file’s last day; an exchange’s rows are of whoever had it on theirs', async () => {
    // BANKBEES was called X until the 18th; ITBEES is called so since.
    const match: Reading['match'] = ({ symbol, day }) =>
      symbol !== 'X' ? null : day <= '2026-11-18' ? 'BANKBEES' : 'ITBEES'
    const given = { match, wasGivenUp: (symbol: string) => symbol === 'X' }
    const whose = async (name: string, ...lines: string[]) => {
      const { prices, problems } = await read(name, lines.join('\n'), given)
      return [prices.map(({ symbol, day, seen }) => `${seen.symbol} ${day.slice(8)} ${symbol}`), problems]
    }
    const lines = ['Date,Close,Adj Close', '2026-11-17,500,1', '2026-11-18,501,1', '2026-11-19,502,1']
    expect(await whose('X.NS.csv', ...lines)).toEqual([['X 17 ITBEES', 'X 18 ITBEES', 'X 19 ITBEES'], []])
    expect(await whose('X.NS.csv', ...lines.slice(0, 3))).toEqual([['X 17 BANKBEES', 'X 18 BANKBEES'], []])
    const bulk = ['<TICKER>,<PER>,<DATE>,<CLOSE>', 'X.IN,D,20261119,41', 'X.IN,D,20261118,42']
    expect(await whose('x.in.txt', ...bulk)).toEqual([['X 19 ITBEES', 'X 18 ITBEES'], []])
    const own = ['date,symbol,close', '2026-11-18,X,500', '2026-11-19,X,41']
    expect(await whose('own.csv', ...own)).toEqual([['X 18 BANKBEES', 'X 19 ITBEES'], []])
  })

  test('of one symbol that nobody we follow had on its last day is refused, and passed over in a vendor’s file of many', async () => {
    const match: Reading['match'] = ({ symbol, day }) =>
      symbol === 'ITBEES' ? 'ITBEES' : symbol === 'OLD' && day <= '2026-11-18' ? 'BANKBEES' : null
    const given = { match, wasGivenUp: (symbol: string) => symbol === 'OLD' }
    const lines = ['Date,Close,Adj Close', '2026-11-18,500,1', '2026-11-19,501,1']
    const found = await read('OLD.NS.csv', lines.join('\n'), given)
    expect([found.prices, found.problems]).toEqual([[], []])
    expect(found.refused[0]!.sentence).toContain('This file is about “OLD”, which is not an instrument we follow.')
    const bulk = ['<TICKER>,<PER>,<DATE>,<CLOSE>', 'OLD.IN,D,20261118,500', 'ITBEES.IN,D,20261119,41']
    const many = await read('all.txt', bulk.join('\n'), given)
    expect([many.prices.map(({ symbol }) => symbol), many.problems, many.refused]).toEqual([['ITBEES'], [], []])
    const zipped = await read('x.zip', zipSync({ 'old.in.txt': strToU8(bulk.slice(0, 2).join('\n')) }), given)
    expect(zipped.prices).toMatchObject([{ symbol: 'BANKBEES', day: '2026-11-18' }])
  })
})

describe('series of an exchange’s file', () => {
  const read3 = (rows: string[]) => read('x.csv', [udiffHeader, ...rows].join('\n'))

  test.each([
    ['EQ before BE', ['EQ', 'BE']],
    ['BE before EQ', ['BE', 'EQ']],
  ])('%s: only EQ counts', async (_order, series) => {
    const rows = series.map((one) => udiffRow('BANKBEES', one, one === 'EQ' ? '505.25' : '499'))
    const found = await read3([rows[0]!, udiffRow('ITBEES', 'EQ', '41'), rows[1]!])
    expect(found.prices.map(({ symbol, close }) => [symbol, close]).sort()).toEqual([
      ['BANKBEES', 505.25],
      ['ITBEES', 41],
    ])
  })

  test('BE counts where there is no EQ on that day; BZ, SM, BL and GS never do', async () => {
    const others = ['BZ', 'SM', 'BL', 'GS'].map((series) => udiffRow('ITBEES', series, '1'))
    const found = await read3([...others, udiffRow('BANKBEES', 'BE', '499'), udiffRow('NIFTYBEES', 'EQ', '250')])
    expect(found.prices.map(({ symbol, close }) => [symbol, close]).sort()).toEqual([
      ['BANKBEES', 499],
      ['NIFTYBEES', 250],
    ])
    expect([found.problems, found.refused]).toEqual([[], []])
  })

  test('in a history each day has its own series', async () => {
    const rows = [
      '20-Nov-2026,EQ,505',
      '19-Nov-2026,BE,504',
      '18-Nov-2026,BE,1',
      '18-Nov-2026,EQ,503',
      '17-Nov-2026,BL,1',
    ]
    const lines = [
      'Symbol,Series,Date,Close Price',
      ...rows.map((row) => `BANKBEES,${row.replace(/(.*),(..),/, '$2,$1,')}`),
    ]
    const found = await read('x.csv', lines.join('\n'))
    expect(found.prices.map(({ day, close }) => [day, close])).toEqual([
      ['2026-11-20', 505],
      ['2026-11-19', 504],
      ['2026-11-18', 503],
    ])
  })

  test('the same series twice on a day is not hidden by the other', async () => {
    const found = await read3(['499', '498'].map((close) => udiffRow('BANKBEES', 'BE', close)))
    expect(found.prices).toHaveLength(2)
  })
})

describe('days that cannot be', () => {
  const own = (day: string) => read('x.csv', `date,symbol,close\n2026-11-20,NIFTYBEES,250\n${day},NIFTYBEES,250\n`)
  const daily = (day: string) =>
    read('x.csv', [udiffHeader, udiffRow('BANKBEES', 'EQ', '505.25').replaceAll('2026-11-20', day)].join('\n'))

  test.each([
    ['2027-11-27', 'has not come yet'],
    ['2026-11-28', 'has not come yet'],
    ['2026-11-21', 'is a Saturday, and the calendar has no session on it'],
    ['2026-11-22', 'is a Sunday'],
  ])('%s is a wrong line in a history, and refuses a file of one day', async (day, words) => {
    const found = await own(day)
    expect(found.problems).toEqual([{ file: 'x.csv', line: 3, sentence: expect.stringContaining(`${day} ${words}`) }])
    expect(found.prices).toHaveLength(1)
    const whole = await daily(day)
    expect([whole.prices, whole.problems]).toEqual([[], []])
    expect(whole.refused).toEqual([{ file: 'x.csv', sentence: expect.stringContaining(words) }])
  })

  test('today and a Sunday with a session are read', async () => {
    for (const day of ['2026-11-27', '2026-11-08']) {
      expect((await own(day)).prices).toHaveLength(2)
      expect((await daily(day)).prices).toHaveLength(1)
    }
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
    ['2026-11-20 00:00:00+05:30', '2026-11-20'],
    ['2026-11-20T00:00:00+0530', '2026-11-20'],
    ['2026-11-20 00:00:00', '2026-11-20'],
    ['2026-11-20 15:30:00.000+05:30', '2026-11-20'],
    ['2026-11-19 18:30:00+00:00', '2026-11-20'],
    ['2026-11-19 18:29:00Z', '2026-11-19'],
    ['2026-02-30 00:00:00+05:30', null],
    ['2026-11-20 25:00:00+05:30', null],
    ['2026-11-20 noon', null],
    ['20-Nov-2026', '2026-11-20'],
  ])('%j as the day of a price is %s', (cell, day) => expect(dayOf(cell)).toBe(day))

  test.each([
    ['bankbees.ns', 'BANKBEES'],
    ['M&M', 'M&M'],
    ['BAJAJ-AUTO', 'BAJAJ-AUTO'],
    ['BANKBEES.BO', null],
    ['two words', null],
    ['<script>', null],
  ])('%j as a symbol is %s', (cell, symbol) => expect(symbolIn(cell)).toBe(symbol))
})
