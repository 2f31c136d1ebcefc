import { LRUCache } from 'lru-cache'
import type { Sql } from '../../platform/db.ts'
import type { Day } from '../calendar/days.ts'
import { listHolidays } from '../calendar/queries.ts'
import { type InstrumentRow, listInstruments } from '../instruments/queries.ts'
import { adjusted, type Prices } from '../prices/closing-prices.ts'
import { listPrices } from '../prices/queries.ts'
import { listSplits } from '../prices/splits/queries.ts'
import { findVersion } from '../version/queries.ts'
import { type Analysis, type AnalysisParams, analyse, type Instrument, stepsOf } from './analysis.ts'

/** Everything the analysis is made of, as it stood at a version. Prices are adjusted for splits. */
export type Market = {
  version: number
  changedAt: Date
  /** Invented prices, to be labelled wherever they are seen. */
  sample: boolean
  benchmark: (InstrumentRow & { prices: Prices }) | null
  /** What is shown besides the benchmark. */
  sectors: (InstrumentRow & Instrument)[]
  holidays: ReadonlySet<Day>
  /** The newest trading day: the benchmark's last. */
  asOf: Day | null
}

/** History that is kept in hand. The longest look back needs three and a half years; the rest is for stepping back. */
const years = 6
const answersKept = 60

const kept = new WeakMap<Sql, { version: number; market: Promise<Market> }>()
const answers = new WeakMap<Market, LRUCache<string, Analysis>>()

/** The market as it stands: one small question to the database; everything is read again only when something changed. */
export async function currentMarket(sql: Sql): Promise<Market> {
  const { version, changedAt } = await findVersion(sql)
  const known = kept.get(sql)
  if (known?.version === version) return known.market
  const reading = readMarket(sql, version, changedAt)
  kept.set(sql, { version, market: reading })
  // What could not be read is not remembered.
  reading.catch(() => kept.delete(sql))
  return reading
}

/** The analysis of the market, computed once for each question until the market changes. Null without a benchmark's prices. */
export function cachedAnalysis(market: Market, question: Omit<AnalysisParams, 'holidays'>): Analysis | null {
  if (!market.benchmark) return null
  const known = answers.get(market) ?? new LRUCache<string, Analysis>({ max: answersKept })
  answers.set(market, known)
  const key = JSON.stringify([question.step, question.at, question.tail])
  const answer =
    known.get(key) ?? analyse(market.benchmark.prices, market.sectors, { ...question, holidays: market.holidays })
  if (answer) known.set(key, answer)
  return answer
}

/** The days that can be stepped to, newest first. */
export function stepsIn(market: Market, step: AnalysisParams['step']): Day[] {
  return market.benchmark ? stepsOf(market.benchmark.prices, step) : []
}

async function readMarket(sql: Sql, version: number, changedAt: Date): Promise<Market> {
  const [instruments, prices, splits, holidays] = await Promise.all([
    listInstruments(sql),
    listPrices(sql, years),
    listSplits(sql),
    listHolidays(sql),
  ])
  const pricesOf = (symbol: string): Prices => {
    const found = prices.find((one) => one.symbol === symbol)
    if (!found) return new Map()
    const all = found.days.map((day, i) => [day, found.closes[i]!] as const)
    const traded = new Map(all.filter((_, i) => !found.restated[i]))
    const own = splits.filter((split) => split.symbol === symbol)
    if (own.length === 0) return new Map(all)
    // What its source restated already is not restated again.
    const restated = adjusted(traded, own)
    return new Map(all.map(([day, close]) => [day, restated.get(day) ?? close]))
  }
  const withPrices = instruments.map((one) => ({ ...one, prices: pricesOf(one.symbol) }))
  const benchmark = withPrices.find((one) => one.kind === 'benchmark') ?? null
  return {
    version,
    changedAt,
    sample: prices.some((one) => one.sample),
    benchmark,
    sectors: withPrices.filter((one) => one.kind !== 'benchmark' && one.shown),
    holidays: new Set(holidays.map((holiday) => holiday.day)),
    asOf: benchmark ? ([...benchmark.prices.keys()].at(-1) ?? null) : null,
  }
}
