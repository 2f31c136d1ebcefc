import { LRUCache } from 'lru-cache'
import type { Sql } from '../../platform/db.ts'
import { type Day, monthsAfter } from '../calendar/days.ts'
import { readTradingCalendar, type TradingCalendar } from '../calendar/trading-calendar.ts'
import { type InstrumentRow, listInstruments } from '../instruments/queries.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { readPrices } from '../prices/reading-prices.ts'
import { findVersion } from '../version/queries.ts'
import { type Analysis, type AnalysisParams, analyse, type Instrument } from './analysis.ts'
import { stepsOf } from './frame.ts'

/** Everything the analysis is made of, as it stood at a version. Prices are adjusted for splits. */
export type Market = {
  version: number
  changedAt: Date
  /** Invented prices, to be labelled wherever they are seen. */
  sample: boolean
  benchmark: (InstrumentRow & { prices: Prices }) | null
  /** What is shown besides the benchmark. */
  sectors: (InstrumentRow & Instrument)[]
  calendar: TradingCalendar
  /** The newest trading day: the benchmark's last. */
  asOf: Day | null
}

/**
 * Years that can be stepped back, and years that are in memory: the longest window of the analysis is shorter than four years, so
 * whatever can be stepped to has all of its own. Charts of five years, seen from years back, begin where these begin.
 */
const years = { shown: 4, kept: 8 } as const
/** Analyses that are kept: sixty, and fewer where there are many sectors in one. */
const kept = { max: 60, maxSize: 12_000, sizeCalculation: ({ sectors }: Analysis) => Math.max(1, sectors.length) }

const markets = new WeakMap<Sql, { version: number; market: Promise<Market> }>()
const analysesOf = new WeakMap<Market, LRUCache<string, Analysis>>()

/** The present market: one small query asks for its version, and everything is read again only when that changed. */
export async function currentMarket(sql: Sql): Promise<Market> {
  const { version, changedAt } = await findVersion(sql)
  const known = markets.get(sql)
  if (known?.version === version) return known.market
  const reading = readMarket(sql, version, changedAt)
  markets.set(sql, { version, market: reading })
  // A failed reading is not remembered.
  reading.catch(() => markets.delete(sql))
  return reading
}

/** An analysis of the market, computed once for the same parameters until the market changes. Null without a benchmark's prices. */
export function cachedAnalysis(market: Market, params: Omit<AnalysisParams, 'calendar'>): Analysis | null {
  if (!market.benchmark) return null
  const cache = analysesOf.get(market) ?? new LRUCache<string, Analysis>(kept)
  analysesOf.set(market, cache)
  const key = JSON.stringify([params.step, params.at, params.tail])
  const analysis =
    cache.get(key) ?? analyse(market.benchmark.prices, market.sectors, { ...params, calendar: market.calendar })
  if (analysis) cache.set(key, analysis)
  return analysis
}

/** The days of the last four years that can be stepped to, newest first. */
export function stepsIn({ benchmark, asOf }: Market, step: AnalysisParams['step']): Day[] {
  if (benchmark === null || asOf === null) return []
  const oldest = monthsAfter(asOf, -12 * years.shown)
  return stepsOf(benchmark.prices, step).filter((day) => day >= oldest)
}

async function readMarket(sql: Sql, version: number, changedAt: Date): Promise<Market> {
  const [instruments, { newest, sample, prices }, calendar] = await Promise.all([
    listInstruments(sql),
    readPrices(sql, years.kept),
    readTradingCalendar(sql),
  ])
  // Many statements read it: what changed between two of them is read again, all of it.
  const now = await findVersion(sql)
  if (now.version !== version) return readMarket(sql, now.version, now.changedAt)
  const withPrices = instruments.map((one) => ({ ...one, prices: prices.get(one.symbol) ?? new Map<Day, number>() }))
  return {
    version,
    changedAt,
    sample,
    benchmark: withPrices.find((one) => one.kind === 'benchmark') ?? null,
    sectors: withPrices.filter((one) => one.kind !== 'benchmark' && one.shown),
    calendar,
    asOf: newest,
  }
}
