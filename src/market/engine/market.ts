import { LRUCache } from 'lru-cache'
import type { Sql } from '../../platform/db.ts'
import { type Day, monthsAfter } from '../calendar/days.ts'
import { readTradingCalendar, type TradingCalendar } from '../calendar/trading-calendar.ts'
import { listAlternatives } from '../instruments/alternatives/queries.ts'
import { type InstrumentRow, listInstruments, type Universe } from '../instruments/queries.ts'
import { readPrices } from '../prices/reading-prices.ts'
import { findVersion, type MarketVersion } from '../version/queries.ts'
import { type Analysis, type AnalysisParams, analyse, type Instrument } from './analysis.ts'
import { type Step, stepsOf } from './frame.ts'
import { type Terms, usualTerms } from './terms.ts'

/** An instrument with all its details and prices. */
export type Followed = InstrumentRow & Instrument

/** Everything the analysis is made of, as it stood at a version. Prices are adjusted for splits. */
export type Market = {
  version: number
  changedAt: Date
  /** Invented prices, to be labelled wherever they are seen. */
  sample: boolean
  benchmark: Followed | null
  /** What a reader may measure against, `benchmark` first, then by name; each has a price in the years that can be stepped back. */
  benchmarks: Followed[]
  /** What is ranked unless a reader chooses another universe. */
  sectors: Followed[]
  /** All that is shown, of every universe, `benchmark` among them. */
  shown: Followed[]
  /** Other funds of sectors, which are not ranked; `sector` is the symbol of the one that is. */
  alternatives: (Followed & { sector: string })[]
  calendar: TradingCalendar
  /** The newest trading day: the benchmark's last. */
  asOf: Day | null
}

/**
 * Years that can be stepped back, and years that are in memory: the longest window of the analysis, that of a monthly reading by
 * formula B with the longest tail, is nine years and four months, so whatever can be stepped to has all of its own. Charts of five
 * years, seen from years back, have theirs too.
 */
const years = { shown: 4, kept: 14 } as const
/** The fund that sentences call “the Nifty”. */
const niftyEtf = 'NIFTYBEES'
/**
 * Analyses that are kept, counted by the sectors in them, which take 2.5 KB each with their returns in excess (measured with tails of
 * 12; an analysis of 16 sectors takes 40 KB, without its maps): 20 MB of the newest day, enough for every choice there is, and 10 MB of days before,
 * some 250 weeks of 16 sectors. Who plays through the years pushes out only other weeks, never what everybody opens.
 */
const kept = { newest: 8_000, past: 4_000 } as const
type Analyses = Record<keyof typeof kept, LRUCache<string, Analysis>>

const markets = new WeakMap<Sql, { version: number; market: Promise<Market> }>()
const analysesOf = new WeakMap<Market, Analyses>()

/**
 * The present market: one small query asks for its version, where that is not known from another one, and everything is read
 * again only when that changed.
 */
export async function currentMarket(sql: Sql, found?: MarketVersion): Promise<Market> {
  const { version, changedAt } = found ?? (await findVersion(sql))
  const known = markets.get(sql)
  if (known?.version === version) return known.market
  const reading = readMarket(sql, version, changedAt)
  markets.set(sql, { version, market: reading })
  // A failed reading is not remembered.
  reading.catch(() => markets.delete(sql))
  return reading
}

/** `against`: the benchmark's symbol, null for the usual one; `universe`: null for the sectors. */
export type MarketParams = Omit<AnalysisParams, 'calendar' | 'terms'> & {
  against?: string | null
  universe?: Universe | null
}

/**
 * An analysis of the market, computed once for the same parameters until the market changes. Null without a benchmark's prices,
 * and for a benchmark that is none of the market's.
 */
export function cachedAnalysis(market: Market, params: MarketParams): Analysis | null {
  const benchmark = benchmarkIn(market, params.against ?? null)
  if (benchmark === null) return null
  const { step, tail } = params
  const at = params.at === null || params.at >= market.asOf! ? null : params.at
  const universe = params.universe ?? 'sector'
  const caches = analysesOf.get(market) ?? { newest: newCache(kept.newest), past: newCache(kept.past) }
  analysesOf.set(market, caches)
  const cache = at === null ? caches.newest : caches.past
  const key = JSON.stringify([step, at, tail, benchmark.symbol, universe])
  const terms = termsFor(benchmark, universe)
  const members = membersOf(market, universe, benchmark)
  const analysis =
    cache.get(key) ?? analyse(benchmark.prices, members, { step, at, tail, terms, calendar: market.calendar })
  if (analysis) cache.set(key, analysis)
  return analysis
}

function newCache(maxSize: number): LRUCache<string, Analysis> {
  return new LRUCache({ maxSize, sizeCalculation: ({ sectors }) => Math.max(1, sectors.length) })
}

/** The benchmark of this symbol; the usual one for null. Null where there is none. */
export function benchmarkIn({ benchmark, benchmarks }: Market, symbol: string | null): Followed | null {
  return symbol === null ? benchmark : (benchmarks.find((one) => one.symbol === symbol) ?? null)
}

/** What is ranked of a universe; nothing is ranked against itself. */
export function membersOf({ shown }: Market, universe: Universe | null, against: Followed | null): Followed[] {
  return shown.filter((one) => one.universe === (universe ?? 'sector') && one.symbol !== against?.symbol)
}

/** What stands over a universe. */
export const universeTitles: Record<Universe, string> = { sector: 'Sectors', theme: 'Themes', broad: 'Broad indices' }

const nouns: Record<Universe, Pick<Terms, 'one' | 'many' | 'head'>> = {
  sector: usualTerms,
  theme: { one: 'theme', many: 'themes', head: 'Theme' },
  broad: { one: 'index', many: 'indices', head: 'Index' },
}

/** How sentences name a universe's members and a benchmark. */
export function termsFor({ symbol, name }: Followed, universe: Universe): Terms {
  const { benchmark, instrument } =
    symbol === niftyEtf ? usualTerms : { benchmark: name, instrument: `the ${name} ETF` }
  const { one, many, head } = nouns[universe]
  return { one, many, head, benchmark, instrument }
}

/** The days of the last four years that can be stepped to, newest first; against another benchmark, those of its prices. */
export function stepsIn(market: Market, step: Step, against: string | null = null): Day[] {
  const benchmark = benchmarkIn(market, against)
  const { asOf } = market
  if (benchmark === null || asOf === null) return []
  const oldest = oldestShown(asOf)
  return stepsOf(benchmark.prices, step).filter((day) => day >= oldest)
}

/** The oldest day that can be stepped to. */
function oldestShown(asOf: Day): Day {
  return monthsAfter(asOf, -12 * years.shown)
}

async function readMarket(sql: Sql, version: number, changedAt: Date): Promise<Market> {
  const [instruments, links, { newest, sample, prices }, calendar] = await Promise.all([
    listInstruments(sql),
    listAlternatives(sql),
    readPrices(sql, years.kept),
    readTradingCalendar(sql),
  ])
  // Many statements read it: what changed between two of them is read again, all of it.
  const now = await findVersion(sql)
  if (now.version !== version) return readMarket(sql, now.version, now.changedAt)
  const withPrices = instruments.map((one) => ({ ...one, prices: prices.get(one.symbol) ?? new Map<Day, number>() }))
  const sectorOf = new Map(links.map(({ symbol, sector }) => [symbol, sector]))
  const benchmark = withPrices.find((one) => one.kind === 'benchmark') ?? null
  const shown = withPrices.filter((one) => one.shown && !sectorOf.has(one.symbol))
  const oldest = newest === null ? '' : oldestShown(newest)
  const hasRecent = ({ prices: own }: Followed) => own.keys().some((day) => day >= oldest)
  const others = shown.filter((one) => one.isBenchmarkChoice && one !== benchmark && hasRecent(one))
  return {
    version,
    changedAt,
    sample,
    benchmark,
    benchmarks: [...(benchmark ? [benchmark] : []), ...others.sort((a, b) => (a.name < b.name ? -1 : 1))],
    sectors: shown.filter((one) => one.universe === 'sector' && one !== benchmark),
    shown,
    alternatives: withPrices.flatMap((one) => {
      const sector = sectorOf.get(one.symbol)
      return sector && one.shown ? [{ ...one, sector }] : []
    }),
    calendar,
    asOf: newest,
  }
}
