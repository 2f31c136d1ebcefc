import type { Sql } from '../../platform/db.ts'
import { type Day, daysAfter, monthsAfter } from '../calendar/days.ts'
import { everyWeekday } from '../calendar/trading-calendar.ts'
import { mapOf, type RotationMap } from '../charts/rotation-map.ts'
import type { Analysis, SectorRank } from '../engine/analysis.ts'
import { type ExcessAfter, excessAfter } from '../engine/excess-after.ts'
import { cachedAnalysis, currentMarket, type Market, stepsIn } from '../engine/market.ts'
import { quadrants } from '../engine/quadrants.ts'
import { inventPrices } from '../prices/sample-prices.ts'
import { type HeatMap, heatMapOf } from './heat-map.ts'

/** The week that is open to all: of the market's prices, or of invented ones where it has none that old. */
export type OpenWeek = {
  sample: boolean
  analysis: Analysis
  map: RotationMap
  /** The same map with the names of the examples alone, others on demand. */
  labelled: RotationMap
  heat: HeatMap
  /** Weeks that a tail has. */
  weeks: number
  /** By symbol. */
  followed: ReadonlyMap<string, ExcessAfter>
  /** The last day that is looked at: 13 weeks after the week. */
  until: Day
  benchmark: string
  /** Six sectors in the order of their ranks: the best ranked of each quadrant, and the best ranked of the rest. */
  examples: SectorRank[]
  /** A sector stands in each of the four quadrants. */
  isVaried: boolean
}

const weeks = 6
const delayMonths = 3
/** So many weeks are looked through for one in which each quadrant has a sector. */
const lookedThrough = 26
const exampleCount = 6

const openWeeks = new WeakMap<Market, OpenWeek>()

/**
 * The newest week in which each quadrant has a sector, among those that are three months old and were followed by 13 weeks;
 * where there is none in half a year, the newest that has readings. What subscribers pay for, newer readings, is not given away.
 */
export async function openWeekOf(sql: Sql): Promise<OpenWeek> {
  const market = await currentMarket(sql)
  const known = openWeeks.get(market)
  if (known) return known
  const chosen = chosenIn(market)
  const week = chosen ? weekAt(market, chosen) : inventedWeek(market)
  openWeeks.set(market, week)
  return week
}

/** Null while no week that old has readings. */
function chosenIn(market: Market): Analysis | null {
  if (market.asOf === null) return null
  const newest = [monthsAfter(market.asOf, -delayMonths), daysAfter(market.asOf, -7 * 13)].sort()[0]!
  const days = stepsIn(market, 'week').filter((day) => day <= newest)
  let first: Analysis | null = null
  for (const at of days.slice(0, lookedThrough)) {
    const analysis = cachedAnalysis(market, { step: 'week', at, tail: weeks })
    if (!analysis?.sectors.some((one) => one.tail.length > 0)) break
    first ??= analysis
    if (isVaried(analysis)) return analysis
  }
  return first
}

function weekAt(market: Market, analysis: Analysis): OpenWeek {
  const { benchmark } = market
  const examples = examplesOf(analysis)
  return {
    sample: market.sample,
    analysis,
    map: mapOf(analysis, { names: 'all' }),
    labelled: mapOf(analysis, { labelled: examples.map(({ symbol }) => symbol) }),
    heat: heatMapOf(benchmark!, analysis.sectors, analysis),
    weeks,
    followed: excessAfter(benchmark!.prices, market.sectors, analysis.asOf, market.calendar),
    until: daysAfter(analysis.asOf, 13 * 7),
    benchmark: benchmark!.name,
    examples,
    isVaried: isVaried(analysis),
  }
}

function isVaried({ sectors }: Analysis): boolean {
  return quadrants.every((quadrant) => sectors.some((one) => one.quadrant === quadrant))
}

function examplesOf({ sectors }: Analysis): SectorRank[] {
  const placed = sectors.filter((one) => one.quadrant !== null)
  const first = quadrants.flatMap((quadrant) => placed.find((one) => one.quadrant === quadrant) ?? [])
  const rest = placed.filter((one) => !first.includes(one))
  const chosen = new Set([...first, ...rest].slice(0, exampleCount))
  return placed.filter((one) => chosen.has(one))
}

function inventedWeek(market: Market): OpenWeek {
  const invented = inventedMarket(market)
  return weekAt(invented, chosenIn(invented) ?? cachedAnalysis(invented, { step: 'week', at: null, tail: weeks })!)
}

// Any day will do; a fixed one makes the same picture on every machine.
const inventedDay: Day = '2026-01-02'

/** The instruments of the market with invented prices, the same on every machine. */
function inventedMarket(market: Market): Market {
  const instruments = [...(market.benchmark ? [market.benchmark] : []), ...market.sectors]
  const prices = inventPrices(instruments, inventedDay)
  const withPrices = <T extends { symbol: string }>(one: T) => ({ ...one, prices: prices.get(one.symbol)! })
  const benchmark = market.benchmark && withPrices(market.benchmark)
  const sectors = market.sectors.map(withPrices)
  return {
    ...market,
    sample: true,
    benchmark,
    benchmarks: benchmark ? [benchmark] : [],
    sectors,
    shown: [...(benchmark ? [benchmark] : []), ...sectors],
    calendar: everyWeekday,
    asOf: daysAfter(inventedDay, -1),
  }
}
