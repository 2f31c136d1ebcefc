import type { Day } from '../calendar/days.ts'
import { closesOn, frameOf } from '../engine/frame.ts'
import type { Followed, Market } from '../engine/market.ts'
import { returnsOf } from '../engine/returns.ts'
import { averageTurnover } from '../engine/trading.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Premium } from '../prices/navs/premiums.ts'
import type { Trading } from '../prices/reading-trading.ts'

/**
 * An ETF of a sector: rupees traded a day, its return over a year in percent, how many points that is above the ranked ETF's,
 * which has none itself, and its newest premium to NAV.
 */
export type SectorFund = {
  symbol: string
  name: string
  isRanked: boolean
  turnover: number | null
  yearReturn: number | null
  difference: number | null
  premium: Premium | null
}

/** Trading days that a year's return looks back on, with those that may stand for a missing one. */
const reach = { weeks: 0, days: 275 }

/** The ETFs of a sector up to a day, the ranked one first, then the one that is traded most; empty where it has no others. */
export function fundsOf(
  { benchmark, calendar, alternatives }: Market,
  ranked: Followed,
  {
    asOf,
    tradingOf,
    premiumsOf,
  }: {
    asOf: Day
    tradingOf: (symbol: string) => Trading | undefined
    premiumsOf: (symbol: string) => readonly Premium[]
  },
): SectorFund[] {
  const others = alternatives.filter((one) => one.sector === ranked.symbol)
  const frame = benchmark && frameOf(benchmark.prices, calendar, asOf, reach)
  if (others.length === 0 || !frame) return []
  const yearOf = (prices: Prices) => returnsOf(frame, closesOn(frame.days, prices))['1Y']
  const own = yearOf(ranked.prices)
  const fund = ({ symbol, name, prices }: Followed, isRanked: boolean): SectorFund => {
    const yearReturn = yearOf(prices)
    const difference = isRanked || yearReturn === null || own === null ? null : yearReturn - own
    const turnover = averageTurnover(frame.days, tradingOf(symbol)?.turnover ?? new Map())
    return { symbol, name, isRanked, turnover, yearReturn, difference, premium: premiumsOf(symbol)[0] ?? null }
  }
  return [
    fund(ranked, true),
    ...others.map((one) => fund(one, false)).sort((a, b) => (b.turnover ?? -1) - (a.turnover ?? -1)),
  ]
}
