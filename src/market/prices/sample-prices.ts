import type { Sql } from '../../platform/db.ts'
import { type Day, daysAfter, monthsAfter } from '../calendar/days.ts'
import { everyWeekday, isWeekday, readTradingCalendar, type TradingCalendar } from '../calendar/trading-calendar.ts'
import { type InstrumentRow, listInstruments } from '../instruments/queries.ts'
import type { Prices } from './closing-prices.ts'
import { commitImport, dropImport, hasImports, holdImport, stagePrices, startImport } from './imports/queries.ts'
import { stageNavs } from './navs/queries.ts'

const years = 4
/** Where every invented price begins to be computed; before it there is none. */
const epoch: Day = '2014-01-01'
const batch = 2_000
/** So many of its last days come with a NAV. */
const daysWithNav = 60
// Chosen so that the instruments every database begins with spread over all four quadrants.
const seeds = { market: 8, others: 11 }
const by = { actor: 'sample', origin: null }

/**
 * Fills an empty market with invented prices and NAVs for a demo. They are labelled as a sample wherever they are shown, and are
 * dropped with the first real import. False: there are prices, or were.
 */
export async function seedSample(sql: Sql, today: Day): Promise<boolean> {
  if (await hasImports(sql)) return false
  const [instruments, calendar] = await Promise.all([listInstruments(sql), readTradingCalendar(sql)])
  const invented = inventPrices(instruments, today, calendar)
  const rows = [...invented].flatMap(([symbol, prices]) =>
    [...prices].map(([day, close], i) => {
      const volume = inventVolume(symbol, day)
      const turnover = round2(volume * close)
      return { symbol, day, close, volume, turnover, basis: 'traded' as const, file: 0, line: i + 1 }
    }),
  )
  const importId = await startImport(sql, { origin: 'sample', actor: by.actor })
  for (let i = 0; i < rows.length; i += batch) await stagePrices(sql, importId, rows.slice(i, i + batch))
  await stageNavs(sql, importId, inventNavs(invented))
  const file = { name: 'invented', bytes: 0, sha256: '', formats: ['Sample'], prices: rows.length }
  await holdImport(sql, importId, { files: [file], problems: [], problemCount: 0 })
  if ((await commitImport(sql, importId, by, null)) === 'committed') return true
  // Another process committed prices first.
  await dropImport(sql, importId, by)
  return false
}

/** Four years of invented prices by symbol, of the days on which the exchange is open, up to the one before `today`. */
export function inventPrices(
  instruments: readonly Pick<InstrumentRow, 'symbol'>[],
  today: Day,
  { isOpen }: Pick<TradingCalendar, 'isOpen'> = everyWeekday,
): Map<string, Prices> {
  const end = daysAfter(today, -1)
  const market = inventMarket(end)
  const days: Day[] = []
  for (let day = monthsAfter(today, -12 * years); day <= end; day = daysAfter(day, 1)) if (isOpen(day)) days.push(day)
  return new Map(
    instruments.map(({ symbol }) => {
      const closeOn = market(symbol)
      return [symbol, new Map(days.map((day) => [day, closeOn(day)]))]
    }),
  )
}

/**
 * Invented closing prices up to a day: of a symbol and a day the same at every call, whoever asks and whatever else is
 * followed, so that what is invented later goes on where earlier prices ended. A market that climbs with ups and downs, which
 * NIFTYBEES follows, and all other symbols swinging around it in cycles of one to two years, so that they go round the map.
 */
export function inventMarket(until: Day): (symbol: string) => (day: Day) => number {
  const liveliness = livelinessOf(placeOf(until) + 1)
  const levels = climb(liveliness)
  return (symbol) => {
    const swung = (one: string) => swingAround(levels, liveliness, one)
    const other = goesAlongWith[symbol]
    const closes = symbol === 'NIFTYBEES' ? levels : other ? goAlong(swung(other), symbol) : swung(symbol)
    return (day) => round2(closes[placeOf(day)]!)
  }
}

/** Funds of the same index as another one, whose invented prices go along with its: a fraction of them, less a small fee. */
const goesAlongWith: Record<string, string> = { BANKIETF: 'BANKBEES', SETFNIFBK: 'BANKBEES', ITIETF: 'ITBEES' }

function goAlong(closes: readonly number[], symbol: string): number[] {
  const noise = seededNoise(seeds.others ^ seedOf(symbol))
  const share = 0.2 + 0.6 * unitOf(symbol)
  const fee = (0.0005 + 0.004 * unitOf(`${symbol} fee`)) / 365
  return closes.map((close, place) => close * share * Math.exp(-fee * place + 0.0006 * noise()))
}

/** Invented units traded on a day, the same at every call: some symbols trade a hundred times as much as others. */
export function inventVolume(symbol: string, day: Day): number {
  const usual = 10 ** (4.2 + 1.9 * unitOf(symbol))
  return Math.round(usual * (0.5 + 1.2 * unitOf(symbol + day)))
}

/** NAVs of the last days of invented prices, which swing slowly around them: a premium from −0.5 to +0.5 percent. */
function inventNavs(invented: ReadonlyMap<string, Prices>) {
  return [...invented].flatMap(([symbol, prices]) =>
    [...prices].slice(-daysWithNav).map(([day, close], i) => {
      const premium = 0.5 * Math.sin(2 * Math.PI * unitOf(`${symbol} premium`) + placeOf(day) / 23)
      return { symbol, day, nav: Math.round((close / (1 + premium / 100)) * 1e4) / 1e4, file: 0, line: i + 1 }
    }),
  )
}

/** From 0 up to 1, decided by the letters. */
function unitOf(text: string): number {
  return (seededNoise(seedOf(text))() + 1) / 2
}

function climb(liveliness: readonly number[]): number[] {
  const noise = seededNoise(seeds.market)
  let level = 65
  return liveliness.map((lively) => {
    level *= 1 + lively * (0.0004 + 0.008 * noise())
    return level
  })
}

function swingAround(levels: readonly number[], liveliness: readonly number[], symbol: string): number[] {
  const noise = seededNoise(seeds.others ^ seedOf(symbol))
  const period = 400 + 340 * Math.abs(noise())
  const phase = Math.PI * noise()
  const reach = 0.06 + 0.05 * Math.abs(noise())
  const base = 0.12 + 1.4 * Math.abs(noise())
  let wander = 0
  return levels.map((level, place) => {
    wander = 0.99 * wander + 0.004 * liveliness[place]! * noise()
    return level * base * Math.exp(reach * Math.sin(phase + (2 * Math.PI * place) / period) + wander)
  })
}

/** Every day of the calendar moves prices, a weekend's little: so a holiday that is entered later changes no other day. */
function livelinessOf(count: number): number[] {
  return Array.from({ length: count }, (_, place) => (isWeekday(daysAfter(epoch, place)) ? 1 : 0.2))
}

/** How many days after the epoch. */
function placeOf(day: Day): number {
  return (Date.parse(day) - Date.parse(epoch)) / 86_400_000
}

/** A number that the letters decide (FNV-1a). */
function seedOf(symbol: string): number {
  return [...symbol].reduce((seed, letter) => Math.imul(seed ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5) >>> 0
}

/** From -1 to 1, the same for the same seed (mulberry32). */
function seededNoise(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return 2 * (((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) - 1
  }
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
