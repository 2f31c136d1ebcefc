import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isinOf } from '../../src/dev/exchange/listing.ts'
import { type Day, daysAfter } from '../../src/market/calendar/days.ts'
import { readTradingCalendar, type TradingCalendar } from '../../src/market/calendar/trading-calendar.ts'
import { type Analysis, analyse } from '../../src/market/engine/analysis.ts'
import { currentMarket } from '../../src/market/engine/market.ts'
import { commit, decideJump, previewImport, readIntoImport, undo } from '../../src/market/prices/imports/imports.ts'
import { findImport } from '../../src/market/prices/imports/queries.ts'
import { answerQuestion } from '../../src/market/prices/imports/questions.ts'
import { listSplits } from '../../src/market/prices/splits/queries.ts'
import { addSplit } from '../../src/market/prices/splits/splits.ts'
import { findVersion } from '../../src/market/version/queries.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { differences, seeded } from '../market/fixture.ts'
import { freshDatabase } from '../support/database.ts'
import { type FormatName, filesOf, formats, type Piece, type Rows, withIsin } from './price-pieces.ts'
import { pick, randomTruth, type Truth } from './price-truth.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
/** Bounded whatever the machine; RUNS asks for a number and gets it. */
const [runs, limitMs] = process.env.RUNS ? [Number(process.env.RUNS), Number.POSITIVE_INFINITY] : [40, 12_000]

const symbols = ['NIFTYBEES', 'BANKBEES', 'ITBEES', 'AUTOBEES']
/** What one of them was called before; `renamed` is the one, in this history or an earlier one. */
const former = 'FORMERETF'
let renamed = symbols[0]!
const finalSymbol = (symbol: string) => (symbol === former ? renamed : symbol)
const span = { from: '2023-10-02', to: '2025-11-14' }
const by = { actor: 'test', origin: null }
const folder = mkdtempSync(join(tmpdir(), 'etf-histories-'))

let sql: Sql
let drop: () => Promise<void>
let calendar: TradingCalendar
beforeAll(async () => {
  const database = await freshDatabase()
  sql = connect(database.url, { max: 2 })
  drop = database.drop
  calendar = await readTradingCalendar(sql)
})
afterAll(async () => {
  await sql.end({ timeout: 2 })
  await drop()
  rmSync(folder, { recursive: true, force: true })
})

test('whatever the prices came in, and in whatever order, the analysis is that of the clean series', {
  timeout: Number.isFinite(limitMs) ? 60_000 : 24 * 3600_000,
}, async () => {
  console.log(`SEED=${seed}`)
  const started = Date.now()
  let run = 0
  while (run < runs && Date.now() - started < limitMs) {
    const own = seed + run++
    const wrong = await playedFrom(seeded(own))
    if (wrong.length > 0) throw new Error(`SEED=${own} RUNS=1 breaks it:\n${wrong.slice(0, 20).join('\n')}`)
  }
  console.log(`${run} histories in ${Math.round((Date.now() - started) / 1000)} s`)
  expect(run).toBeGreaterThan(0)
})

/** Imports a random history; answers how the analysis differs from that of the clean series. */
async function playedFrom(random: () => number): Promise<string[]> {
  await sql`truncate imports, splits, real_jumps, former_names cascade`
  const truth = randomTruth(random, { symbols, former }, openDays())
  await registered(random, truth)
  const committed = new Map<number, Rows>()
  for (const piece of piecesOf(random, truth).toSorted(() => random() - 0.5)) {
    const importId = await imported(random, truth, piece)
    committed.set(importId, piece.rows)
    if (random() < 0.15) {
      const undone = pick(random, [...committed.keys()])
      await undoneCarefully(undone, truth)
      committed.delete(undone)
    }
  }
  // Whoever keeps the site knows every split in the end, also those too small to be asked about.
  for (const split of truth.splits) await entered(split)
  return compared(random, truth, [...committed.values()].flat())
}

/** What whoever keeps the site has entered: the instruments' symbols, those of the beginning or of the end, and their ISINs. */
async function registered(random: () => number, { renaming, reissue }: Truth): Promise<void> {
  await sql`update instruments set symbol = ${renamed} where symbol = ${former}`
  for (const symbol of symbols) {
    const isin = isinOf('INF', reissue?.symbol === symbol && random() < 0.5 ? `${symbol} anew` : symbol)
    await sql`update instruments set isin = ${isin} where symbol = ${symbol}`
  }
  if (!renaming) return
  const { symbol, until, isNoted } = renaming
  renamed = symbol
  if (isNoted)
    await sql`insert into former_names (symbol, kind, name, until_day) values (${symbol}, 'symbol', ${former}, ${until})`
  else if (random() < 0.5) await sql`update instruments set symbol = ${former} where symbol = ${symbol}`
}

/** What an instrument is called in the database now. */
async function presentSymbol(symbol: string): Promise<string> {
  const [row] = await sql`select from instruments where symbol = ${symbol}`
  return row ? symbol : former
}

/** All days cut into pieces, each in a format of its own and with gaps; some come twice. */
function piecesOf(random: () => number, truth: Truth): Piece[] {
  const cuts = Array.from({ length: 1 + Math.floor(4 * random()) }, () => Math.floor(truth.days.length * random()))
  const bounds = [0, ...cuts.sort((a, b) => a - b), truth.days.length]
  const stretches = bounds.slice(1).map((to, i) => truth.days.slice(bounds[i], to))
  for (let i = Math.floor(3 * random()); i > 0; i--) {
    const from = Math.floor(truth.days.length * random())
    stretches.push(truth.days.slice(from, from + 120))
  }
  return stretches
    .flatMap((days, i) =>
      random() < 0.5
        ? [{ days, of: symbols, name: `all-${i}` }]
        : symbols.map((symbol) => ({ days, of: [symbol], name: `${symbol}-${i}` })),
    )
    .map(({ days, of, name }) => ({ rows: withoutSome(random, of, days), name }))
    .filter(({ rows }) => rows.length > 0)
    .map((piece) => ({ ...piece, format: pick(random, formatsOf(truth, piece.rows)), restated: random() < 0.5 }))
}

/** A name that nobody has entered is found by the ISIN, or not at all. */
function formatsOf({ renaming }: Truth, rows: Rows): readonly FormatName[] {
  const isUnheardOf = renaming !== null && !renaming.isNoted && rows.some(({ symbol }) => symbol === renaming.symbol)
  return isUnheardOf ? withIsin : formats
}

/** All rows but single ones here and there, and now and then a run of up to twelve days. */
function withoutSome(random: () => number, of: readonly string[], days: readonly Day[]): Rows {
  return of.flatMap((symbol) => {
    const gap = random() < 0.25 ? Math.floor(days.length * random()) : Number.POSITIVE_INFINITY
    const length = 1 + Math.floor(12 * random())
    return days.filter((_, i) => random() > 1 / 250 && !(i >= gap && i < gap + length)).map((day) => ({ symbol, day }))
  })
}

/** Imports a piece as a careful person does: what is asked is answered by what really happened. */
async function imported(random: () => number, truth: Truth, piece: Piece): Promise<number> {
  const files = filesOf(random, truth, piece).map((file) => {
    const path = join(folder, file.name)
    writeFileSync(path, file.bytes)
    return { path, name: file.name }
  })
  const importId = await readIntoImport(sql, files, { origin: 'upload', actor: 'test' })
  expect((await findImport(sql, importId))!.problems).toEqual([])
  const asked = (await previewImport(sql, importId)).questions
  for (const { kind, symbol, seen } of asked) {
    const answer = kind === 'basis' ? (piece.restated ? 'restated' : 'traded') : 'same'
    await answerQuestion(sql, importId, { kind, symbol, seen, answer }, by)
  }
  for (let jumps = await jumpsOf(importId); jumps.length > 0; jumps = await jumpsOf(importId)) {
    const { symbol, day } = jumps[0]!
    const own = truth.splits.filter((split) => split.symbol === finalSymbol(symbol))
    const split = own.find((one) => one.day === day)
    if (split && random() < 0.7 && !(await isKnown(symbol, day)))
      await decideJump(sql, importId, { symbol, day, ratio: split.ratio }, by)
    else {
      for (const one of own) await entered(one)
      if ((await jumpsOf(importId)).some((jump) => jump.symbol === symbol && jump.day === day))
        await decideJump(sql, importId, { symbol, day, ratio: null }, by)
    }
  }
  await commit(sql, importId, by)
  return importId
}

/** Undoes an import; where a split is missing for what is left, it is entered first, and whatever else is left is seen. */
async function undoneCarefully(importId: number, { splits }: Truth): Promise<void> {
  try {
    await undo(sql, importId, by)
  } catch (error) {
    expect((error as Error).message).toContain('would be left unexplained')
    for (const split of splits) await entered(split)
    await undo(sql, importId, by, (await findVersion(sql)).version)
  }
}

async function jumpsOf(importId: number) {
  return (await previewImport(sql, importId)).jumps
}

async function isKnown(symbol: string, day: Day): Promise<boolean> {
  return (await listSplits(sql)).some((one) => one.symbol === symbol && one.day === day)
}

async function entered({ symbol, day, ratio }: Truth['splits'][number]): Promise<void> {
  await addSplit(sql, { symbol: await presentSymbol(symbol), day, ratio: String(ratio) }, by)
}

async function compared(random: () => number, { clean, days }: Truth, rows: Rows): Promise<string[]> {
  const present = new Map(symbols.map((symbol) => [symbol, new Map<Day, number>()]))
  for (const { symbol, day } of rows.toSorted((a, b) => (a.day < b.day ? -1 : 1)))
    present.get(symbol)!.set(day, clean.get(symbol)!.get(day)!)
  const market = await currentMarket(sql)
  return [null, pick(random, days)].flatMap((at) =>
    (['week', 'day'] as const).flatMap((step) => {
      const params = { step, at, tail: 8, calendar }
      const sectors = market.sectors.map((one) => ({
        ...one,
        prices: present.get(finalSymbol(one.symbol)) ?? new Map(),
      }))
      const expected = analyse(present.get('NIFTYBEES')!, sectors, params)
      const found = analyse(market.benchmark!.prices, market.sectors, params)
      return [...differences(found, expected, step), ...unexplained(found)]
    }),
  )
}

/** Figures that are blank without a reason. */
function unexplained(analysis: Analysis | null): string[] {
  return (analysis?.sectors ?? []).flatMap(({ symbol, blanks, ...one }) => {
    const figures = {
      score: one.score,
      map: one.quadrant,
      mansfield: one.mansfield,
      ...one.returns,
      high: one.fromHigh,
    }
    return Object.entries(figures).flatMap(([name, value]) =>
      value === null && !blanks[name as keyof typeof blanks] ? [`${symbol}: no reason for no ${name}`] : [],
    )
  })
}

function openDays(): Day[] {
  const days: Day[] = []
  for (let day = span.from; day <= span.to; day = daysAfter(day, 1)) if (calendar.isOpen(day)) days.push(day)
  return days
}
