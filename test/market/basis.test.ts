import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { currentMarket } from '../../src/market/engine/market.ts'
import { ratioAfter } from '../../src/market/prices/closing-prices.ts'
import { correctBasis } from '../../src/market/prices/imports/basis.ts'
import { doubtAbout, suspectOf } from '../../src/market/prices/imports/doubts.ts'
import { commit, decideJump, previewImport, readIntoImport, undo } from '../../src/market/prices/imports/imports.ts'
import { deleteDecision } from '../../src/market/prices/imports/jump-queries.ts'
import { summariseUndoing } from '../../src/market/prices/imports/preview-queries.ts'
import { dropImport } from '../../src/market/prices/imports/queries.ts'
import { answerQuestion } from '../../src/market/prices/imports/questions.ts'
import { addSplit } from '../../src/market/prices/splits/splits.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { bhavcopy } from '../admin/market/uploading.ts'
import { notBefore } from '../support/clock.ts'
import { freshDatabase } from '../support/database.ts'

let sql: Sql
let drop: () => Promise<void>
const folder = mkdtempSync(join(tmpdir(), 'etf-basis-'))
beforeAll(async () => {
  const database = await freshDatabase()
  await notBefore('2026-11-28')(database.url)
  sql = connect(database.url, { max: 4 })
  drop = database.drop
})
beforeEach(async () => {
  await sql`truncate prices, splits, real_jumps, import_questions, imports restart identity cascade`
  await sql`select market_changed()`
})
afterAll(async () => {
  await sql.end({ timeout: 2 })
  await drop()
  rmSync(folder, { recursive: true, force: true })
})

const by = { origin: 'upload', actor: 'test' } as const
const tester = { actor: 'test', origin: null }
type Row = [day: string, close: number]
type File = { path: string; name: string }

let files = 0
function stored(name: string, content: string): File {
  const path = join(folder, String(files++))
  writeFileSync(path, content)
  return { path, name }
}
/** A Yahoo download: restated for splits, with dividends in a column of its own that is nowhere near the close. */
const yahoo = (symbol: string, ...rows: Row[]) =>
  stored(
    `${symbol}.NS.csv`,
    [
      'Date,Open,High,Low,Close,Adj Close,Volume',
      ...rows.map(([day, close]) => `${day},${close},${close},${close},${close},${close * 0.9},100`),
    ].join('\n'),
  )
/** NSE's bhavcopies: a file a day, as traded. */
const traded = (symbol: string, ...rows: Row[]) =>
  rows.map(([day, close]) => {
    const { name, content } = bhavcopy(day, { [symbol]: close })
    return stored(name, content as string)
  })
const benchmark = (...days: string[]) =>
  stored('nifty.csv', ['date,symbol,close', ...days.map((day) => `${day},NIFTYBEES,290`)].join('\n'))

const held = (...given: File[]) => readIntoImport(sql, given, by)
async function committed(...given: File[]) {
  const id = await held(...given)
  await commit(sql, id, tester)
  return id
}
const jumps = async (id: number) =>
  (await previewImport(sql, id)).jumps.map((one) => [
    one.day,
    Number(one.factor.toFixed(3)),
    one.split && [one.split.day, one.split.ratio],
  ])
const split = (id: number, symbol: string, day: string, ratio: number | null) =>
  decideJump(sql, id, { symbol, day, ratio }, tester)
const upTo = (asOf: string) => ({ basis: 'restated' as const, asOf })
/** The prices that the analysis is made of, rounded to paise. */
async function shown(symbol: string) {
  const market = await currentMarket(sql)
  const { prices } = market.sectors.find((one) => one.symbol === symbol)!
  return [...prices].map(([day, close]): Row => [day, Number(close.toFixed(2))])
}

test('a split is applied to a price when its day is after the one up to which the price accounts for splits', () => {
  const splits = [
    { day: '2026-11-25', ratio: 10 },
    { day: '2026-11-23', ratio: 2 },
  ]
  const of = (...days: string[]) => days.map((day) => ratioAfter(splits, day))
  expect(of('2026-11-20', '2026-11-22', '2026-11-23', '2026-11-24', '2026-11-25', '9999-12-31')).toEqual([
    20, 20, 10, 10, 1, 1,
  ])
  expect(ratioAfter([], '2026-11-20')).toBe(1)
})

describe.each<[string, string, number, number]>([
  ['one for ten', 'BANKBEES', 10, 1056],
  ['one for two', 'ITBEES', 2, 41.7],
  ['a bonus of one for two', 'AUTOBEES', 1.5, 249.35],
  ['ten for one', 'CPSEETF', 0.1, 33.2],
])('a split of %s on 25 Nov', (_what, symbol, ratio, price) => {
  const is = (factor: number) => Number((price * factor).toFixed(2))
  const newPrice = (factor: number) => Number(((price * factor) / ratio).toFixed(2))
  const old: Row[] = [
    ['2026-11-18', is(0.98)],
    ['2026-11-19', is(1.01)],
    ['2026-11-20', is(1)],
  ]
  // The 24th is a holiday.
  const days: Row[] = [['2026-11-23', is(0.995)]]
  const since: Row[] = [
    ['2026-11-25', newPrice(0.985)],
    ['2026-11-26', newPrice(0.995)],
  ]
  const restated: Row[] = [...old, ...days].map(([day, close]) => [day, Number((close / ratio).toFixed(2))])
  const clean = [...[...old, ...days].map(([day, close]): Row => [day, close / ratio]), ...since]
  const all = clean.map(([day]) => day)
  const expectClean = async () => {
    const found = await shown(symbol)
    expect(found.map(([day]) => day)).toEqual(all)
    for (const [i, [, close]] of found.entries()) expect(Math.abs(close - clean[i]![1])).toBeLessThan(0.006 + 1e-9)
  }

  test('gives the same figures as without one after a restated history up to 20 Nov and traded days', async () => {
    await committed(benchmark(...all))
    await committed(yahoo(symbol, ...old))
    await committed(...traded(symbol, ...days))
    const id = await held(...traded(symbol, ...since))
    expect(await jumps(id)).toMatchObject([['2026-11-25', expect.any(Number), null]])
    await expect(commit(sql, id, tester)).rejects.toThrow('look like splits')
    await split(id, symbol, '2026-11-25', ratio)
    await commit(sql, id, tester)
    await expectClean()
  })

  test('does so too when everything comes in one import', async () => {
    const id = await held(benchmark(...all), yahoo(symbol, ...old), ...traded(symbol, ...days, ...since))
    await split(id, symbol, '2026-11-25', ratio)
    expect(await jumps(id)).toEqual([])
    await commit(sql, id, tester)
    await expectClean()
  })

  test('does so too when bhavcopies come first and a restated history after the split, with overlapping days', async () => {
    await committed(benchmark(...all))
    const id = await held(...traded(symbol, ...old.slice(1), ...days, ...since))
    await split(id, symbol, '2026-11-25', ratio)
    await commit(sql, id, tester)
    const history = await committed(yahoo(symbol, ...restated.slice(0, 4), since[0]!, since[1]!))
    await expectClean()
    await undo(sql, history, tester)
    expect((await shown(symbol)).map(([day]) => day)).toEqual(all.slice(1))
  })

  test('known before, is applied to a restated file that ends before it, and to none that ends after', async () => {
    await committed(benchmark(...all))
    await addSplit(sql, { symbol, day: '2026-11-25', ratio: String(ratio) }, tester)
    await committed(yahoo(symbol, ...restated, ...since))
    await expectClean()
    await committed(yahoo(symbol, ...old))
    await committed(...traded(symbol, ...days))
    await expectClean()
  })

  test('is held where a history was downloaded after it but ends before: it would be applied twice', async () => {
    await committed(benchmark(...all))
    const first = await held(...traded(symbol, ...days, ...since))
    await split(first, symbol, '2026-11-25', ratio)
    await commit(sql, first, tester)
    const id = await held(yahoo(symbol, ...restated.slice(0, 3)))
    const [doubt] = (await previewImport(sql, id)).jumps
    expect(doubt).toMatchObject({
      day: '2026-11-23',
      beforeDay: '2026-11-20',
      split: { day: '2026-11-25', ratio },
      before: { importId: id, basis: 'restated', asOf: '2026-11-20', file: `${symbol}.NS.csv` },
      after: { importId: first, basis: 'traded', asOf: null },
    })
    expect(doubt!.factor).toBeCloseTo(1 / ratio / 0.995, 1)
    await expect(commit(sql, id, tester)).rejects.toThrow('look like splits')
    const correction = { place: 0, symbol, taken: upTo('2026-11-20'), basis: 'restated', until: '2026-11-27' }
    for (const until of ['2026-11-19', '2999-01-01', '', '2026-02-31'])
      await expect(correctBasis(sql, id, { ...correction, until }, tester)).rejects.toThrow('That cannot be the day')
    await expect(correctBasis(sql, id, { ...correction, place: 7 }, tester)).rejects.toThrow('reload the page')
    await expect(correctBasis(sql, 999, correction, tester)).rejects.toThrow('reload the page')
    await correctBasis(sql, id, correction, tester)
    expect(await jumps(id)).toEqual([])
    await commit(sql, id, tester)
    await expectClean()
    const [entry] = await sql`select details from audit where action = 'basis.corrected' order by id desc limit 1`
    expect(entry!.details).toMatchObject({
      before: { basis: 'restated', as_of: '2026-11-20' },
      after: { basis: 'restated', as_of: '2026-11-27' },
    })
  })

  test('is held where a file called restated has prices as they were traded: it would not be applied at all', async () => {
    const id = await held(benchmark(...all), yahoo(symbol, ...old, ...days, ...since))
    expect(await jumps(id)).toMatchObject([['2026-11-25', expect.any(Number), null]])
    await split(id, symbol, '2026-11-25', ratio)
    const [again] = (await previewImport(sql, id)).jumps
    expect(again).toMatchObject({ day: '2026-11-25', split: { day: '2026-11-25', ratio } })
    expect(again!.factor).toBeCloseTo((0.995 / 0.985) * ratio, 1)
    await expect(split(id, symbol, '2026-11-25', ratio)).rejects.toThrow('known already')
    await correctBasis(sql, id, { place: 1, symbol, taken: upTo('2026-11-26'), basis: 'traded', until: '' }, tester)
    await commit(sql, id, tester)
    await expectClean()
  })

  test('that did not happen, entered by hand, holds the traded days around it', async () => {
    await addSplit(sql, { symbol, day: '2026-11-23', ratio: String(ratio) }, tester)
    const id = await held(...traded(symbol, ...old, ...days))
    const [doubt] = (await previewImport(sql, id)).jumps
    expect(doubt).toMatchObject({ day: '2026-11-23', split: { day: '2026-11-23', ratio } })
    await expect(commit(sql, id, tester)).rejects.toThrow('look like splits')
  })
})

test('a small split that is known is seen where bases meet, though no market move of its size is asked about', async () => {
  const quiet = await held(...traded('PHARMABEES', ['2026-11-18', 100], ['2026-11-19', 82], ['2026-11-20', 100]))
  expect(await jumps(quiet)).toEqual([])
  await commit(sql, quiet, tester)
  await addSplit(sql, { symbol: 'PHARMABEES', day: '2026-11-25', ratio: '1.25' }, tester)
  const id = await held(yahoo('PHARMABEES', ['2026-11-12', 80], ['2026-11-13', 80.4], ['2026-11-17', 80.2]))
  expect(await jumps(id)).toMatchObject([['2026-11-18', 0.802, ['2026-11-25', 1.25]]])
  await correctBasis(
    sql,
    id,
    { place: 0, symbol: 'PHARMABEES', taken: upTo('2026-11-17'), basis: 'restated', until: '2026-11-26' },
    tester,
  )
  expect(await jumps(id)).toEqual([])
})

test('the basis of an import that counts can be corrected, which changes the figures at once; of one undone it cannot', async () => {
  const old = await committed(
    benchmark('2026-11-18', '2026-11-19', '2026-11-20'),
    yahoo('ITBEES', ['2026-11-18', 40], ['2026-11-19', 41]),
  )
  await addSplit(sql, { symbol: 'ITBEES', day: '2026-11-20', ratio: '10' }, tester)
  expect(await shown('ITBEES')).toEqual([
    ['2026-11-18', 4],
    ['2026-11-19', 4.1],
  ])
  const id = await held(...traded('ITBEES', ['2026-11-20', 41]))
  expect(await jumps(id)).toMatchObject([['2026-11-20', 0.1, ['2026-11-20', 10]]])
  await correctBasis(
    sql,
    old,
    { place: 1, symbol: 'ITBEES', taken: upTo('2026-11-19'), basis: 'restated', until: '2026-11-20' },
    tester,
  )
  expect(await shown('ITBEES')).toEqual([
    ['2026-11-18', 40],
    ['2026-11-19', 41],
  ])
  await commit(sql, id, tester)
  await undo(sql, old, tester)
  await expect(
    correctBasis(
      sql,
      old,
      { place: 1, symbol: 'ITBEES', taken: upTo('2026-11-20'), basis: 'traded', until: '' },
      tester,
    ),
  ).rejects.toThrow('reload the page')
})

describe('what was decided about a day', () => {
  const rows: Row[] = [
    ['2026-11-20', 410],
    ['2026-11-23', 405],
    ['2026-11-25', 41],
  ]
  const asks = async () => {
    const id = await held(...traded('ITBEES', ...rows))
    const found = await jumps(id)
    await expect(commit(sql, id, tester)).rejects.toThrow('look like splits')
    await dropImport(sql, id, tester)
    return found.map(([day]) => day)
  }
  test.each<[string, number | null]>([
    ['a move of the market’s own', null],
    ['a split', 10],
  ])('as %s leaves with an import that is dropped, and with one that is undone', async (_what, ratio) => {
    const looked = await held(...traded('ITBEES', ...rows))
    await split(looked, 'ITBEES', '2026-11-25', ratio)
    expect((await previewImport(sql, looked)).decisions).toEqual([{ symbol: 'ITBEES', day: '2026-11-25', ratio }])
    await dropImport(sql, looked, tester)
    expect(await asks()).toEqual(['2026-11-25'])

    const real = await held(...traded('ITBEES', ...rows))
    await split(real, 'ITBEES', '2026-11-25', ratio)
    await commit(sql, real, tester)
    const again = await held(...traded('ITBEES', ...rows))
    expect(await jumps(again)).toEqual([])
    await undo(sql, real, tester)
    expect(await jumps(again)).toMatchObject([['2026-11-25', 9.878, null]])
    expect((await previewImport(sql, again)).decisions).toEqual([])
    await expect(commit(sql, again, tester)).rejects.toThrow('look like splits')
  })

  test('of another import that is still held does not count for this one, and is not forgotten from here', async () => {
    const theirs = await held(...traded('ITBEES', ...rows))
    await split(theirs, 'ITBEES', '2026-11-25', null)
    const mine = await held(...traded('ITBEES', ...rows))
    expect(await jumps(mine)).toMatchObject([['2026-11-25', 9.878, null]])
    expect(await deleteDecision(sql, mine, { symbol: 'ITBEES', day: '2026-11-25' }, tester)).toBe(false)
    expect(await jumps(theirs)).toEqual([])
    await commit(sql, theirs, tester)
    expect(await jumps(mine)).toEqual([])
  })
})

describe('a file that does not say whether it accounts for splits', () => {
  const unknown = (name: string, ...rows: Row[]) =>
    stored(name, ['Date,Open,High,Low,Close', ...rows.map(([day, c]) => `${day},${c},${c},${c},${c}`)].join('\n'))
  const rows: Row[] = [
    ['2026-11-18', 40],
    ['2026-11-19', 40.4],
    ['2026-11-20', 40.2],
  ]
  const question = { kind: 'basis' as const, symbol: 'ITBEES', seen: 'ITBEES.csv' }
  const answer = (id: number, given: string, more: object = {}) =>
    answerQuestion(sql, id, { ...question, ...more, answer: given }, tester)
  const bases = async (id: number) =>
    (
      await sql<{ seen: string }[]>`
        select basis || coalesce(' ' || restated_as_of, '') as seen from prices where import_id = ${id} order by symbol, day`
    ).map(({ seen }) => seen)

  test('is asked about, and held until somebody answers; the answer may change until it counts', async () => {
    const id = await held(benchmark('2026-11-18', '2026-11-19', '2026-11-20'), unknown('ITBEES.csv', ...rows))
    expect((await previewImport(sql, id)).questions).toEqual([
      { ...question, name: 'IT', isin: null, firstDay: '2026-11-18', lastDay: '2026-11-20', prices: 3, answer: null },
    ])
    await expect(commit(sql, id, tester)).rejects.toThrow('a question about a file')
    for (const [given, more] of [
      ['same', {}],
      ['', {}],
      ['traded', { seen: 'other.csv' }],
      ['traded', { symbol: 'BANKBEES' }],
      ['traded', { kind: 'rename' }],
    ] as const)
      await expect(answer(id, given, more)).rejects.toThrow('does not ask that')
    await answer(id, 'restated')
    await answer(id, 'restated')
    expect((await bases(id)).slice(0, 4)).toEqual([...Array(3).fill('restated 2026-11-20'), 'traded'])
    await answer(id, 'traded')
    expect(await bases(id)).toEqual(Array(6).fill('traded'))
    await answer(id, 'restated')
    await commit(sql, id, tester)
    await expect(answer(id, 'traded')).rejects.toThrow('not held any more')
    const noted = await sql<{ details: object }[]>`
      select details from audit where action = 'import.answered' and details ->> 'import' = ${String(id)} order by id`
    expect(noted.map((entry) => entry.details)).toMatchObject([
      { before: null, after: 'restated' },
      { before: 'restated', after: 'traded' },
      { before: 'traded', after: 'restated' },
    ])
    await addSplit(sql, { symbol: 'ITBEES', day: '2026-11-19', ratio: '10' }, tester)
    expect(await shown('ITBEES')).toEqual(rows)
    await addSplit(sql, { symbol: 'ITBEES', day: '2026-11-21', ratio: '2' }, tester)
    expect(await shown('ITBEES')).toEqual(rows.map(([day, close]) => [day, close / 2]))
  })

  test('accounts, where it is restated, for splits up to its last day, whatever symbol has that', async () => {
    await committed(benchmark('2026-11-18', '2026-11-19', '2026-11-20', '2026-11-25'))
    await addSplit(sql, { symbol: 'ITBEES', day: '2026-11-20', ratio: '1.25' }, tester)
    const lines = ['Date,Symbol,Close,Adj Close', '2026-11-18,ITBEES,40,39', '2026-11-25,BANKBEES,500,499']
    const id = await held(stored('all.csv', lines.join('\n')), ...traded('ITBEES', ['2026-11-20', 40.2]))
    for (const symbol of ['ITBEES', 'BANKBEES'])
      await answerQuestion(sql, id, { kind: 'basis', symbol, seen: 'all.csv', answer: 'restated' }, tester)
    expect(await jumps(id)).toEqual([])
    await commit(sql, id, tester)
    expect(await shown('ITBEES')).toEqual([
      ['2026-11-18', 40],
      ['2026-11-20', 40.2],
    ])
  })

  test('is asked about by itself, also when another one has its name, and nothing about its jumps until it is answered', async () => {
    const id = await held(
      unknown('ITBEES.csv', ['2026-11-18', 402], ['2026-11-19', 40.4]),
      unknown('BANKBEES.csv', ['2026-11-18', 500]),
      unknown('ITBEES.csv', ['2026-11-20', 40.3]),
    )
    const { questions, jumps: found } = await previewImport(sql, id)
    expect([questions.map(({ seen }) => seen), found]).toEqual([
      ['BANKBEES.csv', 'ITBEES.csv', 'ITBEES.csv, file 3'],
      [],
    ])
    await answer(id, 'traded')
    await answer(id, 'restated', { seen: 'ITBEES.csv, file 3' })
    await expect(commit(sql, id, tester)).rejects.toThrow('a question about a file')
    await answer(id, 'traded', { symbol: 'BANKBEES', seen: 'BANKBEES.csv' })
    expect(await jumps(id)).toMatchObject([['2026-11-19', 9.95, null]])
    expect(await bases(id)).toEqual(['traded', 'traded', 'traded', 'restated 2026-11-20'])
    await dropImport(sql, id, tester)
    expect(await sql`select from import_questions`).toHaveLength(0)
  })
})

describe('an archive of a history and bhavcopies', () => {
  const daily = (day: string, close: number) => {
    const { name, content } = bhavcopy(day, { ITBEES: close })
    return { [name]: strToU8(content as string) }
  }
  const archive = (entries: Record<string, Uint8Array>) => {
    const file = stored('prices.zip', '')
    writeFileSync(file.path, zipSync(entries))
    return file
  }
  const history = (name: string, columns: string, ...rows: Row[]) => ({
    [name]: strToU8([`Date,Open,High,Low,${columns}`, ...rows.map(([day, c]) => `${day},1,1,1,${c},1`)].join('\n')),
  })
  const days = ['2026-11-18', '2026-11-19', '2026-11-20', '2026-11-23', '2026-11-25']
  beforeEach(async () => {
    await committed(benchmark(...days))
    await addSplit(sql, { symbol: 'ITBEES', day: '2026-11-25', ratio: '1.25' }, tester)
  })

  test('of unknown origin: the answer is about the prices of that file alone, also on a day among its own', async () => {
    const older: Row[] = [
      ['2026-11-18', 800],
      ['2026-11-23', 803],
    ]
    const id = await held(
      archive({
        ...daily('2026-11-20', 1000),
        ...history('ITBEES.csv', 'Close,Volume', ...older, ['2026-11-25', 805]),
        ...history('as-traded/ITBEES.csv', 'Close,Volume', ['2026-11-19', 1001.25]),
      }),
    )
    const { questions } = await previewImport(sql, id)
    expect(questions.map(({ seen, prices }) => [seen, prices])).toEqual([
      ['prices.zip › ITBEES.csv', 3],
      ['prices.zip › ITBEES.csv, file 2', 1],
    ])
    await answerQuestion(sql, id, { ...questions[0]!, answer: 'restated' }, tester)
    await answerQuestion(sql, id, { ...questions[1]!, answer: 'traded' }, tester)
    await commit(sql, id, tester)
    expect(await shown('ITBEES')).toEqual([
      ['2026-11-18', 800],
      ['2026-11-19', 801],
      ['2026-11-20', 800],
      ['2026-11-23', 803],
      ['2026-11-25', 805],
    ])
  })

  test('taken for the wrong thing: a correction is about the prices that are taken for it', async () => {
    const id = await held(
      archive({
        ...daily('2026-11-18', 1000),
        ...history('ITBEES.NS.csv', 'Close,Adj Close', ['2026-11-19', 801], ['2026-11-20', 802]),
        ...daily('2026-11-23', 1002),
      }),
    )
    expect((await jumps(id)).map(([day]) => day)).toEqual(['2026-11-19', '2026-11-23'])
    const right = { place: 0, symbol: 'ITBEES', taken: upTo('2026-11-20'), basis: 'restated', until: '2026-11-25' }
    await correctBasis(sql, id, right, tester)
    await correctBasis(sql, id, right, tester)
    expect(await jumps(id)).toEqual([])
    await commit(sql, id, tester)
    expect(await shown('ITBEES')).toEqual([
      ['2026-11-18', 800],
      ['2026-11-19', 801],
      ['2026-11-20', 802],
      ['2026-11-23', 801.6],
    ])
  })
})

test('a price is compared with the last one before it, however long ago, and one price a symbol costs no look at its history', async () => {
  await committed(...traded('ITBEES', ['2024-01-10', 400]))
  const id = await held(...traded('ITBEES', ['2026-11-20', 41]))
  expect(await jumps(id)).toMatchObject([['2026-11-20', 9.756, null]])
  await dropImport(sql, id, tester)
  await committed(...traded('ITBEES', ['2026-11-19', 400.5]))
  const next = await held(...traded('ITBEES', ['2026-11-20', 401]))
  expect(await jumps(next)).toEqual([])
})

test('the file that may be taken for the wrong thing is named, on whichever side of the join it is', async () => {
  await addSplit(sql, { symbol: 'ITBEES', day: '2026-11-25', ratio: '10' }, tester)
  await committed(...traded('ITBEES', ['2026-11-19', 400], ['2026-11-20', 402]))
  const about = async (id: number) =>
    (await previewImport(sql, id)).jumps.map((jump) => [
      jump.day,
      suspectOf(jump)?.source.file ?? null,
      doubtAbout(jump, { dayText: (day) => day, ratioText: (ratio) => `${ratio}:1` }),
    ])
  // Called restated, yet as traded: what follows the join is too high, and falls within the file.
  const raw = await held(yahoo('ITBEES', ['2026-11-23', 401], ['2026-11-25', 40.3]))
  const notApplied =
    'ITBEES.NS.csv is taken as restated up to 2026-11-25, so that the split of 10:1 on 2026-11-25 is not applied to its prices. They look as they were traded: it would not be applied at all.'
  expect(await about(raw)).toEqual([
    ['2026-11-23', 'ITBEES.NS.csv', notApplied],
    ['2026-11-25', 'ITBEES.NS.csv', notApplied],
  ])
  await dropImport(sql, raw, tester)
  // Downloaded after the split and cut off before it.
  const cut = await held(yahoo('ITBEES', ['2026-11-23', 40.1]))
  expect(await about(cut)).toMatchObject([['2026-11-23', 'ITBEES.NS.csv', expect.stringContaining('applied twice')]])
  await dropImport(sql, cut, tester)
  // No split is known that would explain it.
  const later = await held(
    yahoo('AUTOBEES', ['2026-11-19', 20], ['2026-11-20', 20.1]),
    ...traded('AUTOBEES', ['2026-11-23', 60]),
  )
  expect(await about(later)).toMatchObject([
    ['2026-11-23', null, expect.stringContaining('a split that is not known yet')],
  ])
  await dropImport(sql, later, tester)
  // Both sides are as traded: the split itself is in doubt.
  const none = await held(...traded('ITBEES', ['2026-11-23', 403], ['2026-11-25', 402]))
  expect(await about(none)).toMatchObject([
    ['2026-11-25', null, expect.stringContaining('The prices do not show the split')],
  ])
})

describe('undoing an import between others', () => {
  const old: Row[] = [
    ['2026-11-20', 1056],
    ['2026-11-23', 1050],
  ]
  const gone: Row = ['2026-11-25', 105]
  const later: Row[] = [['2026-11-26', 106]]
  const clean: Row[] = [
    ['2026-11-20', 105.6],
    ['2026-11-23', 105],
    ['2026-11-26', 106],
  ]
  const decisions = () => sql`
    select symbol, day::text as day, ratio, import_id::int as import_id from splits
    union all
    select symbol, day::text, null, import_id::int from real_jumps
  `
  beforeEach(async () => {
    await committed(benchmark('2026-11-20', '2026-11-23', '2026-11-25', '2026-11-26', '2026-11-27'))
    await committed(...traded('ITBEES', ...old))
  })

  test('keeps a split that was confirmed with it while prices of another rest on it', async () => {
    const middle = await held(...traded('ITBEES', gone))
    await split(middle, 'ITBEES', '2026-11-25', 10)
    await commit(sql, middle, tester)
    const last = await committed(...traded('ITBEES', ...later))
    expect((await summariseUndoing(sql, middle))[0]).toMatchObject({ splits: [], kept: ['2026-11-25'] })
    await undo(sql, middle, tester)
    expect(await shown('ITBEES')).toEqual(clean)
    expect(await decisions()).toMatchObject([{ symbol: 'ITBEES', day: '2026-11-25', ratio: 10, importId: last }])
    await undo(sql, last, tester)
    expect(await shown('ITBEES')).toEqual(old)
    expect(await jumps(await held(...traded('ITBEES', gone)))).toEqual([['2026-11-25', 10, null]])
  })

  test('keeps a move of the market’s own on the day on which it shows then', async () => {
    const middle = await held(...traded('ITBEES', ['2026-11-24', 700], ['2026-11-25', 400]))
    await split(middle, 'ITBEES', '2026-11-24', null)
    await split(middle, 'ITBEES', '2026-11-25', null)
    await commit(sql, middle, tester)
    const last = await committed(...traded('ITBEES', ['2026-11-26', 405]))
    await undo(sql, middle, tester)
    expect(await decisions()).toContainEqual({ symbol: 'ITBEES', day: '2026-11-26', ratio: null, importId: last })
    expect(await jumps(await held(...traded('ITBEES', ['2026-11-27', 406])))).toEqual([])
  })

  test('that brings back prices from before a split nobody entered is refused, unless what is left was seen', async () => {
    const restated = await committed(yahoo('ITBEES', ...clean.slice(0, 2), gone))
    await committed(...traded('ITBEES', ...later))
    await expect(undo(sql, restated, tester)).rejects.toThrow('ITBEES from 1050 on 2026-11-23 to 106 on 2026-11-26')
    expect(await shown('ITBEES')).toEqual([...clean.slice(0, 2), gone, ...later])
    await addSplit(sql, { symbol: 'ITBEES', day: '2026-11-25', ratio: '10' }, tester)
    expect(await shown('ITBEES')).toEqual([...clean.slice(0, 2), gone, ...later])
    await undo(sql, restated, tester)
    expect(await shown('ITBEES')).toEqual(clean)
  })

  test('leaves one split a day: of two that were decided while both imports waited, the one that counted first', async () => {
    const first = await held(...traded('ITBEES', gone))
    await split(first, 'ITBEES', '2026-11-25', 9)
    const second = await held(...traded('ITBEES', gone, ...later))
    await split(second, 'ITBEES', '2026-11-25', 10)
    await commit(sql, second, tester)
    await commit(sql, first, tester)
    expect(await decisions()).toMatchObject([{ ratio: 10, importId: second }])
    await undo(sql, second, tester)
    expect(await decisions()).toMatchObject([{ ratio: 10, importId: first }])
    expect(await shown('ITBEES')).toEqual([...clean.slice(0, 2), gone])
  })

  test('is not refused for what was there before', async () => {
    const first = await committed(...traded('PHARMABEES', ['2026-11-20', 100], ['2026-11-23', 101]))
    const split = { symbol: 'PHARMABEES', day: '2026-11-23', ratio: '10' }
    await addSplit(sql, split, tester)
    const second = await held(...traded('PHARMABEES', ['2026-11-26', 102]))
    await decideJump(sql, second, { symbol: 'PHARMABEES', day: '2026-11-23', ratio: null }, tester)
    await commit(sql, second, tester)
    await undo(sql, second, tester)
    await undo(sql, first, tester)
    expect(await shown('PHARMABEES')).toEqual([])
  })
})
