import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { historyOf } from '../../src/market/engine/history.ts'
import { averageTurnover } from '../../src/market/engine/trading.ts'
import { amountIn } from '../../src/market/prices/files/cells.ts'
import { commit, decideJump, previewImport, readIntoImport, undo } from '../../src/market/prices/imports/imports.ts'
import { readTrading } from '../../src/market/prices/reading-trading.ts'
import { inventVolume } from '../../src/market/prices/sample-prices.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { freshDatabase } from '../support/database.ts'
import { randomMarket } from './fixture.ts'
import { read, shapes, udiffHeader, udiffRow } from './price-files.ts'

describe('volume and turnover, in units and rupees', () => {
  test.each<[string, number | null, number | null]>([
    ['NSE’s UDiFF bhavcopy', 12345, 6234567.8],
    ['NSE’s bhavcopy until July 2024', 1234, 623456.7],
    ['its early years, without the last columns', 1234, 623456.7],
    ['NSE’s full bhavcopy, a space after each comma', 1234, 623_000],
    ['a Yahoo download, with a row of nulls', 1234, null],
    ['Stooq, one symbol', 0, null],
    ['Stooq, many symbols', 1234, null],
    ['Stooq, one symbol out of its bulk download', 1234, null],
    ['NSE’s quote download, which has no symbol', 1234, 623456.7],
    ['NSE’s security-wise archive', 1234, 623456.7],
    ['yfinance, one ticker', 1234, null],
    ['yfinance, grouped by ticker, adjusted', 1234, null],
    ['yfinance of some years ago, which does not name the levels', 7, null],
    ['yfinance’s history of a ticker', 1234, null],
    ['date, open, high, low, close of unknown origin', null, null],
    ['our own long form, columns in another order', 1234, null],
  ])('are read from %s', async (shape, volume, turnover) => {
    const { name, lines } = shapes[shape]!
    const { prices } = await read(name, lines.join('\n'))
    expect(prices).toMatchObject([{ volume, turnover: turnover === null ? null : expect.closeTo(turnover, 4) }])
  })

  test('are known of every format whose price is tested', () => {
    expect(Object.keys(shapes)).toHaveLength(16)
  })

  test('of tickers side by side go to the ticker that they stand under', async () => {
    const { prices } = await read(
      'data.csv',
      'Price,Close,Close,Volume,Volume\nTicker,BANKBEES.NS,ITBEES.NS,ITBEES.NS,BANKBEES.NS\nDate,,,,\n2026-11-20,505,41,11,22\n',
    )
    expect(prices.map(({ symbol, volume }) => [symbol, volume])).toEqual([
      ['BANKBEES', 22],
      ['ITBEES', 11],
    ])
  })

  test.each(['', '-', 'NaN', 'null'])('may be missing: %j is no volume, and the price counts', async (cell) => {
    const found = await read('x.csv', `date,symbol,close,volume,turnover\n2026-11-20,BANKBEES,505,${cell},\n`)
    expect([found.problems, found.prices]).toMatchObject([[], [{ close: 505, volume: null, turnover: null }]])
  })

  test.each([
    ['12,34', '12,34'],
    ['-5', '-5'],
    ['12k', '12k'],
    ['0x10', '0x10'],
    ['Infinity', 'Infinity'],
    ['9e99', '9e99'],
    ['\u0000', ''],
  ])('that are damaged make their line a wrong one: %j', async (cell) => {
    const quoted = cell.includes(',') ? `"${cell}"` : cell
    for (const [column, row] of [
      ['a volume', `${quoted},1000`],
      ['a turnover', `1000,${quoted}`],
    ] as const) {
      const found = await read('x.csv', `date,symbol,close,volume,turnover\n2026-11-20,BANKBEES,505,${row}\n`)
      expect(found.prices).toEqual([])
      if (cell !== '\u0000')
        expect(found.problems).toMatchObject([{ line: 2, sentence: `“${cell}” is not ${column}.` }])
      else expect(found.refused).toHaveLength(1)
    }
  })

  test('that are damaged in a bhavcopy are wrong lines where the instrument is ours, and passed over where it is not', async () => {
    const broken = (symbol: string) => udiffRow(symbol, 'EQ', '505.25').replace(',12345,', ',12#45,')
    const found = await read('x.csv', [udiffHeader, broken('RELIANCE'), broken('BANKBEES')].join('\n'))
    expect(found.problems).toMatchObject([{ line: 3, sentence: '“12#45” is not a volume.' }])
  })

  test('that a line ends before are cut off', async () => {
    const found = await read('x.csv', 'date,symbol,close,volume\n2026-11-19,BANKBEES,500,7\n2026-11-20,BANKBEES,505')
    expect(found.problems).toMatchObject([
      { line: 3, sentence: 'This line ends before its volume: the file seems to be cut off.' },
    ])
  })

  test('are numbers as files write them', () => {
    const cells = ['0', '1,23,456', '123,456', '12.5', '1.234e+06', '₹ 6,23,456.70', '1e15', '1,2', 'e5', ' 7 ']
    expect(cells.map(amountIn)).toEqual([0, 123456, 123456, 12.5, 1234000, 623456.7, null, null, null, 7])
  })
})

describe('what was traded', () => {
  let sql: Sql
  let drop: () => Promise<void>
  const folder = mkdtempSync(join(tmpdir(), 'etf-volumes-'))
  beforeAll(async () => {
    const database = await freshDatabase()
    sql = connect(database.url, { max: 4 })
    drop = database.drop
  })
  afterAll(async () => {
    await sql.end({ timeout: 2 })
    await drop()
    rmSync(folder, { recursive: true, force: true })
  })
  const tester = { actor: 'test', origin: null }
  const importing = async (name: string, lines: string[]) => {
    const path = join(folder, 'given')
    writeFileSync(path, lines.join('\n'))
    return readIntoImport(sql, [{ path, name }], { origin: 'upload', actor: 'test' })
  }
  const traded = async (symbol: string) => {
    const { volumes, turnover } = await readTrading(sql, symbol, '2026-01-01', '2026-12-31')
    return [...turnover].map(([day, rupees]) => [day, volumes.get(day) ?? null, rupees])
  }
  const own = 'date,symbol,close,volume,turnover'

  test('counts with its import, is told in the preview, and is gone when the import is undone', async () => {
    const first = await importing('a.csv', [own, '2026-11-18,BANKBEES,500,10,5010', '2026-11-19,BANKBEES,505,20,'])
    expect((await previewImport(sql, first)).symbols).toMatchObject([{ symbol: 'BANKBEES', rows: 2, traded: 2 }])
    expect(await traded('BANKBEES')).toEqual([])
    await commit(sql, first, tester)
    expect(await traded('BANKBEES')).toEqual([
      ['2026-11-18', 10, 5010],
      ['2026-11-19', 20, 20 * 505],
    ])
    // A later file without volumes corrects a price, and leaves what is known of its trading.
    const later = await importing('b.csv', ['date,symbol,close', '2026-11-19,BANKBEES,506'])
    expect((await previewImport(sql, later)).symbols).toMatchObject([{ rows: 1, changed: 1, traded: 0 }])
    await commit(sql, later, tester)
    expect(await traded('BANKBEES')).toHaveLength(2)
    await undo(sql, first, tester)
    expect(await traded('BANKBEES')).toEqual([])
  })

  test('before a split counts in units after it, whatever the split does to prices; rupees stay', async () => {
    const id = await importing('c.csv', [
      own,
      '2026-11-18,ITBEES,400,10,4000',
      '2026-11-19,ITBEES,41,90,3690',
      '2026-11-20,ITBEES,42,100,4200',
    ])
    await decideJump(sql, id, { symbol: 'ITBEES', day: '2026-11-19', ratio: 10 }, tester)
    await commit(sql, id, tester)
    expect(await traded('ITBEES')).toEqual([
      ['2026-11-18', 100, 4000],
      ['2026-11-19', 90, 3690],
      ['2026-11-20', 100, 4200],
    ])
  })

  test('of a file that is restated already is multiplied by later splits alone', async () => {
    const id = await importing('PHARMABEES.NS.csv', [
      'Date,Open,High,Low,Close,Adj Close,Volume',
      '2026-11-16,20,20,20,20,20,50',
      '2026-11-17,20,20,20,20,20,60',
    ])
    await commit(sql, id, tester)
    await sql`insert into splits (symbol, day, ratio, confirmed_by) values ('PHARMABEES', '2026-11-17', 2, 'test'), ('PHARMABEES', '2026-11-18', 5, 'test')`
    expect(await traded('PHARMABEES')).toEqual([
      ['2026-11-16', 250, 1000],
      ['2026-11-17', 300, 1200],
    ])
  })
})

describe('of a sector', () => {
  const { benchmark, instruments, days } = randomMarket(7, 2, 1)
  const of = (skip: (i: number) => boolean) =>
    new Map(days.flatMap((day, i) => (skip(i) ? [] : [[day, 1000 + i] as const])))
  const asOf = days.at(-1)!

  test('the average turnover is the mean of the last twenty sessions, of which five may be unknown', () => {
    const last = days.slice(-20).map((_, i) => 1000 + days.length - 20 + i)
    const mean = (values: number[]) => values.reduce((sum, one) => sum + one, 0) / values.length
    expect(
      averageTurnover(
        days,
        of(() => false),
      ),
    ).toBeCloseTo(mean(last), 9)
    expect(
      averageTurnover(
        days,
        of((i) => i >= days.length - 5),
      ),
    ).toBeCloseTo(mean(last.slice(0, 15)), 9)
    expect(
      averageTurnover(
        days,
        of((i) => i >= days.length - 6),
      ),
    ).toBeNull()
    expect(averageTurnover(days, new Map())).toBeNull()
  })

  test('a week’s volume is the sum of its days, a day’s its own, and there is none where there is none', () => {
    const trading = { volumes: of((i) => i < days.length - 40), turnover: new Map() }
    const given = { asOf, calendar: everyWeekday, trading }
    const byDay = historyOf(benchmark, instruments[0]!.prices, { ...given, span: '3m' })
    const byWeek = historyOf(benchmark, instruments[0]!.prices, { ...given, span: '1y' })
    expect(byDay.volumes.filter((one) => one !== null)).toEqual([...trading.volumes.values()])
    const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, one) => total + (one ?? 0), 0)
    expect(sum(byWeek.volumes)).toBe(sum([...trading.volumes.values()]))
    expect(byWeek.volumes[0]).toBeNull()
  })
})

test('invented volumes are the same at every call, and some symbols trade far more than others', () => {
  const of = (symbol: string) => inventVolume(symbol, '2026-11-20')
  expect(of('ITBEES')).toBe(of('ITBEES'))
  const all = ['NIFTYBEES', 'BANKBEES', 'ITBEES', 'PHARMABEES', 'AUTOBEES', 'CPSEETF', 'METALIETF'].map(of)
  expect(Math.min(...all)).toBeGreaterThan(1000)
  expect(Math.max(...all) / Math.min(...all)).toBeGreaterThan(4)
})
