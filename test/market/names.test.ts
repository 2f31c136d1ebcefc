import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { isinOf } from '../../src/dev/exchange/listing.ts'
import { daysAfter } from '../../src/market/calendar/days.ts'
import { currentMarket } from '../../src/market/engine/market.ts'
import { changeInstrument } from '../../src/market/instruments/instruments.ts'
import { findInstrument } from '../../src/market/instruments/queries.ts'
import { commit, decideJump, readIntoImport, undo } from '../../src/market/prices/imports/imports.ts'
import { namesAmong } from '../../src/market/prices/imports/names.ts'
import type { NamedInstrument } from '../../src/market/prices/imports/names-queries.ts'
import { dropImport, findImport } from '../../src/market/prices/imports/queries.ts'
import { listQuestions } from '../../src/market/prices/imports/question-queries.ts'
import { answerQuestion } from '../../src/market/prices/imports/questions.ts'
import { addSplit } from '../../src/market/prices/splits/splits.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { freshDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { seeded } from './fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'etf-names-'))
const tester = { actor: 'test', origin: null }
const psu = 'INF204KB16I7'
const [fundA, fundB, fundC] = ['AAA', 'BBB', 'CCC'].map((name) => isinOf('INF', name)) as [string, string, string]
let sql: Sql
let url: string
let drop = async () => {}

function useFreshDatabase() {
  beforeEach(async () => {
    await close()
    const database = await freshDatabase()
    url = database.url
    sql = connect(url, { max: 4 })
    drop = database.drop
  })
}
afterAll(async () => {
  await close()
  rmSync(folder, { recursive: true, force: true })
})
async function close() {
  await sql?.end({ timeout: 2 })
  await drop()
  drop = async () => {}
}

type Row = [symbol: string, isin: string, close: number]
const nifty: Row = ['NIFTYBEES', 'INF204KB14I2', 251]
let files = 0
function file(name: string, lines: string[]) {
  const path = join(folder, `${files++}`)
  writeFileSync(path, lines.join('\n'))
  return { path, name }
}
/** NSE's file of a day with ISINs, as it is since 2024. */
const udiff = (day: string, ...rows: Row[]) =>
  file(`BhavCopy_NSE_CM_0_0_0_${day.replaceAll('-', '')}_F_0000.csv`, [
    'TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric',
    ...rows.map(([symbol, isin, close]) => `${day},${day},CM,NSE,STK,1,${isin},${symbol},EQ,,1,1,1,${close},1,1`),
  ])
/** NSE's file of a day from before ISINs stood in it. */
const legacy = (day: string, ...rows: [symbol: string, close: number][]) =>
  file(`cm${day}bhav.csv`, [
    'SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,',
    ...rows.map(([symbol, close]) => `${symbol},EQ,1,1,1,${close},1,1,10,100,${day},`),
  ])

const read = (...given: { path: string; name: string }[]) =>
  readIntoImport(sql, given, { origin: 'command', actor: 'test' })
const questions = async (id: number) =>
  (await listQuestions(sql, id)).map(({ kind, symbol, seen, answer }) => [kind, symbol, seen, answer])
async function answers(id: number, answer: 'same' | 'other', ...about: string[]) {
  for (const one of (await listQuestions(sql, id)).filter((one) => about.length === 0 || about.includes(one.seen)))
    await answerQuestion(sql, id, { ...one, answer }, tester)
}
async function commits(...given: { path: string; name: string }[]) {
  const id = await read(...given)
  await commit(sql, id, tester)
  return id
}
async function accepts(...given: { path: string; name: string }[]) {
  const id = await read(...given)
  await answers(id, 'same')
  await commit(sql, id, tester)
  return id
}
const closesOf = async (symbol: string) =>
  (await sql<{ day: string; close: number }[]>`select day::text as day, close from counted_prices(${symbol})`).map(
    ({ day, close }) => `${day.slice(5)} ${close}`,
  )
const isinOfSymbol = async (symbol: string) =>
  (await sql<{ isin: string | null }[]>`select isin from instruments where symbol = ${symbol}`)[0]?.isin
const former = async (symbol: string) =>
  (
    await sql<{ text: string }[]>`
      select concat_ws(' ', kind, name, until_day) as text from former_names where symbol = ${symbol} order by until_day, kind, name
    `
  ).map(({ text }) => text)
const audited = async (action: string) =>
  (await sql<{ details: unknown }[]>`select details from audit where action = ${action} order by id`).map(
    (row) => row.details,
  )

describe('whose a row is', () => {
  const one = (symbol: string, isin: string | null, more: Partial<NamedInstrument> = {}): NamedInstrument => ({
    symbol,
    isin,
    former: [],
    others: [],
    ...more,
  })
  const was = (name: string, until: string) => ({ kind: 'symbol' as const, name, until })
  const matches = (instruments: NamedInstrument[], symbol: string | null, isin: string | null, day = '2025-03-14') =>
    namesAmong(instruments).match({ symbol, isin, day })

  test('is said by its ISIN, present or former, whatever symbol stands beside it', () => {
    const known = [one('NEW', fundA, { former: [{ kind: 'isin', name: fundB, until: '2024-01-05' }] }), one('C', fundC)]
    expect(matches(known, 'NEW', fundA)).toBe('NEW')
    expect(matches(known, 'ELSE', fundA)).toBe('NEW')
    expect(matches(known, 'C', fundA)).toBe('NEW')
    expect(matches(known, 'ELSE', fundB)).toBe('NEW')
    expect(matches(known, null, fundB)).toBe('NEW')
    expect(matches(known, 'ELSE', isinOf('INF', 'NOBODY'))).toBeNull()
    expect(matches(known, null, null)).toBeNull()
  })

  test('is said by its symbol where no ISIN is known, and by a former one up to its last day', () => {
    const known = [one('NEW', fundA, { former: [was('OLD', '2025-03-14')] })]
    expect(matches(known, 'OLD', null)).toBe('NEW')
    expect(matches(known, 'OLD', null, '2025-03-15')).toBeNull()
    expect(matches(known, 'NEW', null, '2001-01-01')).toBe('NEW')
    expect(matches(known, 'NEW', fundC)).toBe('NEW')
    expect(matches(known, 'new', null)).toBeNull()
  })

  test('of a symbol that several had is said by the day', () => {
    // Both gave their symbols to each other, and took them back.
    const swapped = [
      one('X', fundA, { former: [was('X', '2024-02-01'), was('Y', '2025-02-03')] }),
      one('Y', fundB, { former: [was('Y', '2024-02-01'), was('X', '2025-02-03')] }),
    ]
    expect(matches(swapped, 'X', null, '2024-02-01')).toBe('X')
    expect(matches(swapped, 'X', null, '2024-02-02')).toBe('Y')
    expect(matches(swapped, 'X', null, '2025-02-04')).toBe('X')
    expect(matches(swapped, 'Y', null, '2025-02-03')).toBe('X')
    expect(matches(swapped, 'Y', fundB, '2025-02-03')).toBe('Y')
  })

  test('is not ours where the name was said to be another fund’s', () => {
    const known = [
      one('A', fundA, { others: [{ kind: 'isin', seen: fundC }] }),
      one('B', fundB, { others: [{ kind: 'rename', seen: 'BX' }] }),
    ]
    expect([matches(known, 'A', fundC), matches(known, 'A', fundA), matches(known, 'A', null)]).toEqual([
      null,
      'A',
      'A',
    ])
    expect([matches(known, 'BX', fundB), matches(known, 'B', fundB)]).toEqual([null, 'B'])
  })

  test('something else in the place of an ISIN is none, and nothing new', () => {
    const { match, newNames } = namesAmong([one('A', fundA), one('B', null)])
    for (const isin of ['-', 'NA', '0', 'IN', fundC.slice(0, 11), `${fundC}0`]) {
      expect([isin, match({ symbol: 'A', isin, day: '2025-03-14' })]).toEqual([isin, 'A'])
      expect(newNames('A', { symbol: 'A', isin, day: '2025-03-14' })).toMatchObject({
        seenSymbol: null,
        seenIsin: null,
      })
    }
  })
})

describe('a fund that trades under a new symbol', () => {
  useFreshDatabase()

  const givePrices = () =>
    commits(legacy('11-Mar-2025', ['PSUBNKBEES', 61], ['NIFTYBEES', 250]), legacy('12-Mar-2025', ['PSUBNKBEES', 62]))

  test('is asked about, and with one answer goes on under the new one with all its history', async () => {
    await givePrices()
    const id = await read(
      udiff('2025-03-13', nifty, ['PSUBNKBEES', psu, 63]),
      udiff('2025-03-17', ['PSUETFNEW', psu, 6.4], nifty),
      udiff('2025-03-18', nifty, ['PSUETFNEW', psu, 6.5]),
    )
    expect(await listQuestions(sql, id)).toMatchObject([
      {
        kind: 'rename',
        symbol: 'PSUBNKBEES',
        seen: 'PSUETFNEW',
        firstDay: '2025-03-17',
        lastDay: '2025-03-18',
        prices: 2,
      },
    ])
    await expect(commit(sql, id, tester)).rejects.toThrow()
    await decideJump(sql, id, { symbol: 'PSUBNKBEES', day: '2025-03-17', ratio: 10 }, tester)
    await expect(commit(sql, id, tester)).rejects.toThrow()
    expect(await isinOfSymbol('PSUETFNEW')).toBeUndefined()
    await answers(id, 'same')
    await answers(id, 'same')
    await commit(sql, id, tester)
    await commit(sql, id, tester)
    expect(await isinOfSymbol('PSUBNKBEES')).toBeUndefined()
    expect(await isinOfSymbol('PSUETFNEW')).toBe(psu)
    expect(await closesOf('PSUETFNEW')).toEqual(['03-11 61', '03-12 62', '03-13 63', '03-17 6.4', '03-18 6.5'])
    // Its last day is the one before the new symbol, although no price is of it.
    expect(await former('PSUETFNEW')).toEqual(['symbol PSUBNKBEES 2025-03-16'])
    expect(await audited('instrument.renamed')).toEqual([
      { before: 'PSUBNKBEES', after: 'PSUETFNEW', until: '2025-03-16', import: id },
    ])
    expect(await sql`select symbol, ratio from splits`).toMatchObject([{ symbol: 'PSUETFNEW', ratio: 10 }])
    const market = await currentMarket(sql)
    expect([...market.sectors.find((one) => one.symbol === 'PSUETFNEW')!.prices.values()]).toEqual([
      6.1, 6.2, 6.3, 6.4, 6.5,
    ])
    // The next files know it.
    await commits(udiff('2025-03-19', ['PSUETFNEW', psu, 6.6]), legacy('20-Mar-2025', ['PSUETFNEW', 6.7]))
  })

  test('has history that arrives afterwards under the old symbol, up to its last day and not a day longer', async () => {
    await accepts(udiff('2025-03-17', ['PSUETFNEW', psu, 64]))
    await commits(legacy('14-Mar-2025', ['PSUBNKBEES', 63]), udiff('2025-03-13', ['PSUBNKBEES', psu, 62]))
    expect(await closesOf('PSUETFNEW')).toEqual(['03-13 62', '03-14 63', '03-17 64'])
    const late = await read(legacy('17-Mar-2025', ['PSUBNKBEES', 99], ['NIFTYBEES', 250]))
    expect(await sql`select symbol from prices where import_id = ${late}`).toEqual([{ symbol: 'NIFTYBEES' }])
    const alone = await findImport(sql, await read(legacy('18-Mar-2025', ['PSUBNKBEES', 99])))
    expect([alone!.refused.length, alone!.problemCount]).toEqual([1, 0])
  })

  test('under which only older prices came has that as a former name, and keeps its present one', async () => {
    await commits(udiff('2025-03-17', ['PSUBNKBEES', psu, 64]))
    const id = await read(udiff('2019-05-06', ['PSUOLD', psu, 60]), udiff('2019-05-07', ['PSUOLD', psu, 61]))
    expect(await questions(id)).toEqual([['rename', 'PSUBNKBEES', 'PSUOLD', null]])
    await answers(id, 'same')
    await commit(sql, id, tester)
    expect(await former('PSUBNKBEES')).toEqual(['symbol PSUOLD 2019-05-07'])
    expect(await closesOf('PSUBNKBEES')).toEqual(['05-06 60', '05-07 61', '03-17 64'])
    await commits(legacy('03-May-2019', ['PSUOLD', 59]))
  })

  test('is another fund, when somebody says so: its prices leave, others stay, and nobody is asked again', async () => {
    await givePrices()
    const id = await read(
      udiff('2025-03-13', ['PSUBNKBEES', psu, 63]),
      udiff('2025-03-17', ['PSUETFNEW', psu, 640]),
      udiff('2025-03-18', ['PSUBNKBEES', psu, 65]),
      udiff('2025-03-19', ['PSUETFNEW', psu, 660]),
    )
    await answers(id, 'other')
    await expect(answers(id, 'same')).rejects.toThrow(/left/)
    await commit(sql, id, tester)
    expect(await closesOf('PSUBNKBEES')).toEqual(['03-11 61', '03-12 62', '03-13 63', '03-18 65'])
    expect(await former('PSUBNKBEES')).toEqual([])
    const next = () => read(udiff('2025-03-20', ['PSUETFNEW', psu, 670], ['PSUBNKBEES', psu, 66]))
    expect(await questions(await next())).toEqual([])
    // The answer leaves with its import.
    await undo(sql, id, tester)
    expect(await questions(await read(udiff('2025-03-20', ['PSUETFNEW', psu, 670])))).toEqual([
      ['rename', 'PSUBNKBEES', 'PSUETFNEW', null],
    ])
  })

  test('keeps its new name when the import is undone, and is asked about again when it was dropped', async () => {
    await givePrices()
    const dropped = await read(udiff('2025-03-17', ['PSUETFNEW', psu, 64]))
    await answers(dropped, 'same')
    await dropImport(sql, dropped, tester)
    expect(await isinOfSymbol('PSUBNKBEES')).toBe(psu)
    const id = await accepts(udiff('2025-03-17', ['PSUETFNEW', psu, 64]))
    await undo(sql, id, tester)
    expect(await closesOf('PSUETFNEW')).toEqual(['03-11 61', '03-12 62'])
    expect(await former('PSUETFNEW')).toEqual(['symbol PSUBNKBEES 2025-03-16'])
    expect(await questions(await commits(udiff('2025-03-17', ['PSUETFNEW', psu, 64])))).toEqual([])
  })

  test('is another fund in imports that wait already, too', async () => {
    const [first, second] = [
      await read(udiff('2025-03-17', ['PSUETFNEW', psu, 640], nifty)),
      await read(udiff('2025-03-18', ['PSUETFNEW', psu, 650], nifty)),
    ]
    await answers(first, 'other')
    await commit(sql, first, tester)
    await commit(sql, second, tester)
    expect([await closesOf('PSUBNKBEES'), await closesOf('NIFTYBEES')]).toEqual([[], ['03-17 251', '03-18 251']])
  })

  test('cannot take a symbol that another instrument keeps; the reason is said, and nothing changes', async () => {
    await givePrices()
    const id = await read(udiff('2025-03-17', ['ITBEES', psu, 64]))
    await answers(id, 'same')
    await expect(commit(sql, id, tester)).rejects.toThrow('another instrument’s')
    expect([await isinOfSymbol('PSUBNKBEES'), await isinOfSymbol('ITBEES')]).toEqual([psu, null])
    expect((await findImport(sql, id))!.status).toBe('held')
  })

  test('is not asked about any more when another import brought the answer', async () => {
    const [first, second] = [
      await read(udiff('2025-03-17', ['PSUETFNEW', psu, 64])),
      await read(udiff('2025-03-18', ['PSUETFNEW', psu, 65])),
    ]
    await answers(first, 'same')
    await commit(sql, first, tester)
    await commit(sql, second, tester)
    expect(await closesOf('PSUETFNEW')).toEqual(['03-17 64', '03-18 65'])
    expect(await audited('instrument.renamed')).toHaveLength(1)
  })

  test('twice within one import ends under the last symbol, the others are former ones', async () => {
    await givePrices()
    await accepts(udiff('2025-03-19', ['THIRD', psu, 66]), udiff('2025-03-17', ['SECOND', psu, 64]))
    expect(await former('THIRD')).toEqual(['symbol PSUBNKBEES 2025-03-16', 'symbol SECOND 2025-03-17'])
    expect(await closesOf('THIRD')).toEqual(['03-11 61', '03-12 62', '03-17 64', '03-19 66'])
  })
})

describe('an instrument that is renamed while files are read', () => {
  useFreshDatabase()

  test.each([
    ['has another name by now', [['PSUBNKBEES', 'PSUNEW']]],
    [
      'has given it to another',
      [
        ['PSUBNKBEES', 'ASIDE'],
        ['BANKBEES', 'PSUBNKBEES'],
        ['ASIDE', 'BANKBEES'],
      ],
    ],
  ])('%s: the files have to be read again, and no price is another fund’s', async (_, renames) => {
    const own = connect(url, { max: 1 })
    await own`begin`
    await own`select from market_state for update`
    const reading = read(legacy('13-Mar-2025', ['PSUBNKBEES', 60], ['NIFTYBEES', 250]))
    await until(
      async () =>
        (
          await sql`select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()`
        ).count > 0,
    )
    for (const [before, after] of renames)
      await own`
        select rename_instrument(symbol, revision, ${after!}, '2025-03-12', 'test', null)
        from instruments where symbol = ${before!}
      `
    await own`commit`
    await own.end({ timeout: 2 })
    const held = (await findImport(sql, await reading))!
    expect(held.problems.map(({ sentence }) => sentence)).toEqual([
      'An instrument was renamed while these files were read. Import them again.',
    ])
    await expect(commit(sql, held.id, tester)).rejects.toThrow('all or nothing')
  })
})

describe('symbols that change hands', () => {
  useFreshDatabase()

  test('on the day of the rename: the row with the ISIN is the instrument’s, wherever it stands in the file', async () => {
    for (const [day, rows] of [
      [
        '2025-03-17',
        [
          ['PSUNEW', psu, 64],
          ['PSUBNKBEES', fundC, 10],
        ],
      ],
      [
        '2025-03-18',
        [
          ['PSUBNKBEES', fundC, 11],
          ['PSUNEW', psu, 65],
        ],
      ],
    ] as [string, Row[]][]) {
      const id = await read(udiff(day, ...rows))
      expect((await findImport(sql, id))!.problemCount).toBe(0)
      expect(await sql`select symbol, close from prices where import_id = ${id}`).toEqual([
        { symbol: 'PSUBNKBEES', close: rows.find(([, isin]) => isin === psu)![2] },
      ])
      expect(await questions(id)).toEqual([['rename', 'PSUBNKBEES', 'PSUNEW', null]])
    }
    await accepts(udiff('2025-03-17', ['PSUNEW', psu, 64], ['PSUBNKBEES', fundC, 10]))
    // The new fund can be followed under the old symbol; each has its own days.
    await sql`select follow_instrument('PSUBNKBEES', 'PSU 2', 'sector', '', ${fundC}, true, false, 'test', null)`
    await commits(legacy('13-Mar-2025', ['PSUBNKBEES', 63]), legacy('18-Mar-2025', ['PSUBNKBEES', 11], ['PSUNEW', 65]))
    expect(await closesOf('PSUNEW')).toEqual(['03-13 63', '03-17 64', '03-18 65'])
    expect(await closesOf('PSUBNKBEES')).toEqual(['03-18 11'])
  })

  test('between two instruments that swap them, and swap them back', async () => {
    await sql`update instruments set isin = ${fundA} where symbol = 'ITBEES'`
    await sql`update instruments set isin = ${fundB} where symbol = 'AUTOBEES'`
    await commits(udiff('2025-03-12', ['ITBEES', fundA, 40], ['AUTOBEES', fundB, 20]))
    const id = await accepts(udiff('2025-03-17', ['AUTOBEES', fundA, 41], ['ITBEES', fundB, 21]))
    expect([await isinOfSymbol('ITBEES'), await isinOfSymbol('AUTOBEES')]).toEqual([fundB, fundA])
    expect(await closesOf('AUTOBEES')).toEqual(['03-12 40', '03-17 41'])
    expect(await closesOf('ITBEES')).toEqual(['03-12 20', '03-17 21'])
    expect(await audited('instrument.renamed')).toMatchObject([
      { before: 'AUTOBEES', after: 'ITBEES', import: id },
      { before: 'ITBEES', after: 'AUTOBEES', import: id },
    ])
    await commits(legacy('13-Mar-2025', ['ITBEES', 40.5], ['AUTOBEES', 20.5]), legacy('18-Mar-2025', ['ITBEES', 21.5]))
    expect(await closesOf('AUTOBEES')).toEqual(['03-12 40', '03-13 40.5', '03-17 41'])
    await accepts(udiff('2025-03-20', ['ITBEES', fundA, 42], ['AUTOBEES', fundB, 22]))
    await commits(
      legacy('11-Mar-2025', ['ITBEES', 39]),
      legacy('19-Mar-2025', ['ITBEES', 21.8]),
      legacy('21-Mar-2025', ['ITBEES', 43]),
    )
    expect(await closesOf('ITBEES')).toEqual(['03-11 39', '03-12 40', '03-13 40.5', '03-17 41', '03-20 42', '03-21 43'])
    expect(await closesOf('AUTOBEES')).toEqual([
      '03-12 20',
      '03-13 20.5',
      '03-17 21',
      '03-18 21.5',
      '03-19 21.8',
      '03-20 22',
    ])
  })
})

describe('an ISIN', () => {
  useFreshDatabase()

  test('is taken over by an instrument without one when the import counts, and noted', async () => {
    const id = await read(udiff('2025-03-17', ['ITBEES', fundA, 40]), udiff('2025-03-18', ['ITBEES', fundA, 41]))
    expect([await questions(id), await isinOfSymbol('ITBEES')]).toEqual([[], null])
    await commit(sql, id, tester)
    expect(await isinOfSymbol('ITBEES')).toBe(fundA)
    expect(await audited('instrument.isin-noted')).toEqual([
      { symbol: 'ITBEES', before: null, after: fundA, import: id },
    ])
    // From now on it is found by it.
    expect(await questions(await read(udiff('2025-03-19', ['ITNEW', fundA, 42])))).toEqual([
      ['rename', 'ITBEES', 'ITNEW', null],
    ])
  })

  test.each([
    ['of a share', isinOf('INE', 'A COMPANY'), 'ITBEES'],
    ['of another instrument', psu, 'PSUBNKBEES'],
  ])('%s is not taken over', async (_, isin, symbol) => {
    const id = await read(udiff('2025-03-17', ['ITBEES', isin, 40]))
    expect((await questions(id)).map(([, about]) => about)).toEqual([symbol])
    await answers(id, 'other')
    await expect(commit(sql, id, tester)).rejects.toThrow('no price')
    expect(await isinOfSymbol('ITBEES')).toBeNull()
  })

  test('of an older fund under the same symbol is asked about; the newest one is taken over', async () => {
    const id = await read(udiff('2016-03-17', ['ITBEES', fundB, 7]), udiff('2025-03-18', ['ITBEES', fundA, 41]))
    expect(await questions(id)).toEqual([['isin', 'ITBEES', fundB, null]])
    await answers(id, 'other')
    await commit(sql, id, tester)
    expect([await isinOfSymbol('ITBEES'), await closesOf('ITBEES')]).toEqual([fundA, ['03-18 41']])
  })

  test('that is another one is asked about: the same fund has a new one, or another fund the symbol', async () => {
    await commits(udiff('2025-03-12', ['PSUBNKBEES', psu, 62]))
    const id = await read(udiff('2025-03-17', ['PSUBNKBEES', fundA, 64]))
    expect(await questions(id)).toEqual([['isin', 'PSUBNKBEES', fundA, null]])
    await answers(id, 'same')
    await commit(sql, id, tester)
    expect([await isinOfSymbol('PSUBNKBEES'), await former('PSUBNKBEES')]).toEqual([fundA, [`isin ${psu} 2025-03-16`]])
    // The former one is known.
    await commits(udiff('2025-03-11', ['PSUBNKBEES', psu, 61]))
    const reused = await read(udiff('2025-03-18', ['PSUBNKBEES', fundC, 5], nifty))
    await answers(reused, 'other')
    await commit(sql, reused, tester)
    expect(await closesOf('PSUBNKBEES')).toEqual(['03-11 61', '03-12 62', '03-17 64'])
    expect(await questions(await read(udiff('2025-03-19', ['PSUBNKBEES', fundC, 6], nifty)))).toEqual([])
  })
})

describe('at random', () => {
  useFreshDatabase()

  test('funds that change symbols keep their own prices, whatever the order of files (seeded)', async () => {
    const seed = Number(process.env.SEED ?? 1 + Math.floor(Math.random() * 1e6))
    console.log(`names: SEED=${seed}`)
    const random = seeded(seed)
    const pick = <Of>(from: readonly Of[]) => from[Math.floor(random() * from.length)]!
    const funds = ['ITBEES', 'AUTOBEES', 'PHARMABEES', 'MOREALTY'].map((symbol) => ({
      isin: isinOf('INF', symbol),
      symbol,
    }))
    for (const { symbol, isin } of funds) await sql`update instruments set isin = ${isin} where symbol = ${symbol}`
    const pool = ['N1', 'N2', 'N3', 'ITBEES', 'AUTOBEES', 'PHARMABEES', 'MOREALTY']
    const days: { day: string; rows: Row[] }[] = []
    for (let day = '2024-01-01'; days.length < 40; day = daysAfter(day, 1)) {
      if ([0, 6].includes(new Date(day).getUTCDay())) continue
      const one = pick(funds)
      const wanted = pick(pool)
      const holder = funds.find(({ symbol }) => symbol === wanted)
      if (random() < 0.25) {
        if (holder) holder.symbol = one.symbol
        one.symbol = wanted
      }
      days.push({ day, rows: funds.map(({ symbol, isin }) => [symbol, isin, 100 + Math.round(random() * 1000) / 100]) })
    }
    // Imports of one to eight days: in order, as a feed brings them.
    for (const queue = [...days]; queue.length > 0; ) {
      const some = queue.splice(0, 1 + Math.floor(random() * 8))
      const id = await read(...some.map(({ day, rows }) => udiff(day, ...rows)).sort(() => random() - 0.5))
      expect([seed, (await findImport(sql, id))!.problems]).toEqual([seed, []])
      const asked = await listQuestions(sql, id)
      for (const one of asked) await answerQuestion(sql, id, { ...one, answer: 'same' }, tester)
      await commit(sql, id, tester)
    }
    for (const { symbol, isin } of funds) {
      expect([seed, await isinOfSymbol(symbol)]).toEqual([seed, isin])
      expect([seed, await closesOf(symbol)]).toEqual([
        seed,
        days.map(({ day, rows }) => `${day.slice(5)} ${rows.find((row) => row[1] === isin)![2]}`),
      ])
    }
  })
})

describe('a rename while others work', () => {
  useFreshDatabase()

  test('waits for them, or they for it: nobody is turned away by a deadlock, and nothing is half done', async () => {
    const bank = 'INF204KB15I9'
    const turnedAway: unknown[] = []
    const unlessDeadlock = (error: { code?: string }) => {
      if (error.code === '40P01') turnedAway.push(error)
    }
    for (let round = 0; round < 12; round++) {
      const [now, next] = round % 2 === 0 ? ['BANKBEES', 'BANKNEW'] : ['BANKNEW', 'BANKBEES']
      const day = daysAfter('2025-03-03', 7 * round)
      const id = await read(udiff(day, [next!, bank, 500 + round]))
      await answers(id, 'same')
      const unwanted = await read(udiff(day, [next!, bank, 500 + round]))
      const seen = (await findInstrument(sql, now!))!
      await Promise.all([
        commit(sql, id, tester).catch(unlessDeadlock),
        changeInstrument(sql, { ...seen, seen: seen.revision, name: `Banks ${round}` }, tester).catch(unlessDeadlock),
        addSplit(sql, { symbol: now!, day: daysAfter('2010-03-03', round), ratio: '1.01' }, tester).catch(
          unlessDeadlock,
        ),
        read(legacy('03-Feb-2025', [now!, 500], ['NIFTYBEES', 250])).catch(unlessDeadlock),
        dropImport(sql, unwanted, tester).catch(unlessDeadlock),
      ])
      expect((await findImport(sql, id))!.status).toBe('committed')
      expect(await isinOfSymbol(next!)).toBe(bank)
    }
    expect(turnedAway).toEqual([])
  })
})
