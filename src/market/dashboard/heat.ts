import type { Day } from '../calendar/days.ts'
import type { SectorRank } from '../engine/analysis.ts'
import type { Market } from '../engine/market.ts'
import { returnsAt, type Span, spans } from '../engine/returns.ts'
import { numberFormats } from '../engine/summary.ts'

/** A cell of the heat map: the number, and how strongly it is coloured, from -3 to 3. */
export type Heat = { text: string; step: number }
export type HeatMap = { spans: typeof spans; bounds: typeof bounds; rows: HeatRow[] }
export type HeatRow = { symbol: string; name: string; isBenchmark: boolean; cells: Heat[] }

/** From how many percent on a change is coloured, more, and most: longer spans move further. */
const bounds: Record<Span, readonly [number, number, number]> = {
  '1W': [0.5, 2, 4],
  '1M': [1, 4, 8],
  '3M': [2, 7, 15],
  '6M': [3, 10, 20],
  '1Y': [5, 15, 30],
}

/** Returns as a table of colours; the benchmark stands above the sectors. */
export function heatOf({ benchmark }: Market, sectors: readonly SectorRank[], asOf: Day): HeatMap {
  const rowOf = (symbol: string, name: string, returns: SectorRank['returns'], isBenchmark = false) => ({
    symbol,
    name,
    isBenchmark,
    cells: spans.map((span) => ({ text: numberFormats.signed(returns[span]), step: stepOf(span, returns[span]) })),
  })
  const nifty = benchmark ? [rowOf(benchmark.symbol, benchmark.name, returnsAt(benchmark.prices, asOf), true)] : []
  return { spans, bounds, rows: [...nifty, ...sectors.map((one) => rowOf(one.symbol, one.name, one.returns))] }
}

function stepOf(span: Span, percent: number | null): number {
  if (percent === null) return 0
  return Math.sign(percent) * bounds[span].filter((bound) => Math.abs(percent) >= bound).length
}
