import type { Sql } from '../../platform/db.ts'
import { type Day, monthsAfter } from '../calendar/days.ts'
import { everyWeekday } from '../calendar/trading-calendar.ts'
import { mapOf, type RotationMap } from '../charts/rotation-map.ts'
import { type Analysis, analyse } from '../engine/analysis.ts'
import { cachedAnalysis, currentMarket, type Market } from '../engine/market.ts'
import { inventPrices } from '../prices/sample-prices.ts'

/** What visitors see of the product: the real map of at least three months ago, or an invented one. */
export type Preview = { map: RotationMap; analysis: Analysis; sample: boolean; weeks: number }

const weeks = 6
const delayMonths = 3

/**
 * The preview: of real prices at least three months old, so that what subscribers pay for is not given away; while there
 * are none that old, of invented ones, labelled as a sample.
 */
export async function previewOf(sql: Sql): Promise<Preview> {
  const market = await currentMarket(sql)
  const real =
    market.sample || market.asOf === null
      ? null
      : cachedAnalysis(market, { step: 'week', at: monthsAfter(market.asOf, -delayMonths), tail: weeks })
  if (real?.sectors.some((one) => one.tail.length > 0))
    return { map: mapOf(real), analysis: real, sample: false, weeks }
  const analysis = invented(market)
  return { map: mapOf(analysis), analysis, sample: true, weeks }
}

// Any day will do; a fixed one makes the same picture on every machine.
const inventedDay: Day = '2026-01-02'

const inventedFor = new WeakMap<Market, Analysis>()

function invented(market: Market): Analysis {
  const known = inventedFor.get(market)
  if (known) return known
  const instruments = [...(market.benchmark ? [market.benchmark] : []), ...market.sectors]
  const prices = inventPrices(instruments, inventedDay)
  const sectors = market.sectors.map((one) => ({ ...one, prices: prices.get(one.symbol)! }))
  const benchmark = prices.get(market.benchmark?.symbol ?? '') ?? new Map()
  const analysis = analyse(benchmark, sectors, { step: 'week', at: null, tail: weeks, calendar: everyWeekday })!
  inventedFor.set(market, analysis)
  return analysis
}
