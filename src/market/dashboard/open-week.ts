import type { Sql } from '../../platform/db.ts'
import { type Day, daysAfter } from '../calendar/days.ts'
import { everyWeekday } from '../calendar/trading-calendar.ts'
import { mapOf, type RotationMap } from '../charts/rotation-map.ts'
import type { Analysis, SectorRank } from '../engine/analysis.ts'
import { cachedAnalysis, currentMarket, type Market, stepsIn } from '../engine/market.ts'
import type { Outcomes } from '../engine/outcomes.ts'
import { quadrants } from '../engine/quadrants.ts'
import { outcomesAfter } from '../engine/what-followed.ts'
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
  followed: ReadonlyMap<string, Outcomes>
  /** The sessions whose closes the 13 weeks are counted between; null where they are not over. */
  counted: { from: Day; to: Day } | null
  benchmark: string
  /** Six sectors in the order of their ranks: the best ranked of each quadrant, and the best ranked of the rest. */
  examples: SectorRank[]
  /** A sector stands in each of the four quadrants. */
  isVaried: boolean
  /** The oldest week with ranks that subscribers can step back to; null where prices are invented. */
  since: Day | null
}

const weeks = 6
/** So old is the newest week: thirteen have followed, which are counted from the session after it. */
const delayWeeks = 14
/** So many weeks are looked through for one in which each quadrant has a sector. */
const lookedThrough = 26
const exampleCount = 6

const openWeeks = new WeakMap<Market, OpenWeek>()

/**
 * The newest week in which each quadrant has a sector, among those that were followed by 13 weeks; where there is none in half a
 * year, the newest that has readings. What subscribers pay for, newer readings, is not given away.
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
  const newest = daysAfter(market.asOf, -7 * delayWeeks)
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
  const until = { asOf: market.asOf!, calendar: market.calendar }
  const followed = outcomesAfter(analysis.asOf, benchmark!.prices, market.sectors, until)
  return {
    sample: market.sample,
    analysis,
    map: mapOf(analysis, { names: 'all' }),
    labelled: mapOf(analysis, { labelled: examples.map(({ symbol }) => symbol) }),
    heat: heatMapOf(benchmark!, analysis.sectors, analysis),
    weeks,
    followed,
    counted: countedIn(followed),
    benchmark: benchmark!.name,
    examples,
    isVaried: isVaried(analysis),
    since: market.sample ? null : oldestIn(market),
  }
}

function countedIn(followed: OpenWeek['followed']): OpenWeek['counted'] {
  const closed = [...followed.values()].map((outcomes) => outcomes[13]).filter((one) => one.state === 'closed')
  if (closed.length === 0) return null
  const [from, to] = [closed.map((one) => one.from).sort(), closed.map((one) => one.to).sort()]
  return { from: from[0]!, to: to.at(-1)! }
}

/** A rank needs prices of the year before it, so the oldest week with one is sought by halving; null where there is none. */
function oldestIn(market: Market): Day | null {
  const days = stepsIn(market, 'week')
  const hasRanks = (at: Day) =>
    cachedAnalysis(market, { step: 'week', at, tail: weeks })?.sectors.some((one) => one.rank !== null) === true
  let [known, tooOld] = [-1, days.length]
  while (tooOld - known > 1) {
    const middle = (known + tooOld) >> 1
    if (hasRanks(days[middle]!)) known = middle
    else tooOld = middle
  }
  return days[known] ?? null
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
