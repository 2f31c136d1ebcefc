import { type HeatCell, heatBounds, heatCells } from '../charts/heat.ts'
import type { Analysis, SectorRank } from '../engine/analysis.ts'
import type { Followed } from '../engine/market.ts'
import { spans } from '../engine/returns.ts'

/** Returns as a table of colours. `bounds`: of the scale, for its legend. */
export type HeatMap = { spans: typeof spans; bounds: typeof heatBounds; rows: HeatRow[] }
type HeatRow = { symbol: string; name: string; isBenchmark: boolean; cells: HeatCell[] }

/** The heat map of a day; the benchmark, with its own returns, is above the others. */
export function heatMapOf(benchmark: Followed, sectors: readonly SectorRank[], analysis: Analysis): HeatMap {
  const own = { symbol: benchmark.symbol, name: benchmark.name, ...analysis.benchmark, isBenchmark: true }
  const rows = [own, ...sectors.map((one) => ({ ...one, isBenchmark: false }))]
  return {
    spans,
    bounds: heatBounds,
    rows: rows.map(({ symbol, name, isBenchmark, returns, blanks }) => ({
      symbol,
      name,
      isBenchmark,
      cells: heatCells(returns, blanks),
    })),
  }
}
