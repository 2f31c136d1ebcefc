import type { Analyser } from '../market/dashboard/analyser.ts'
import { type Figured, numberColumns, rounded, roundedIn, roundedReading } from '../market/dashboard/columns.ts'
import type { Analysis } from '../market/engine/analysis.ts'
import { notesOf } from '../market/engine/gaps.ts'
import { type InstrumentSeries, instrumentSeries } from '../market/engine/instrument-series.ts'
import type { Followed, Market } from '../market/engine/market.ts'
import { quadrantOf } from '../market/engine/quadrants.ts'
import { spans } from '../market/engine/returns.ts'
import { sourceOf } from '../market/engine/summary.ts'
import type { Trading } from '../market/prices/reading-trading.ts'
import type { SeriesRange } from './series-params.ts'

/** The digits after the point of a series' figures, those of a sector's page; closes have more, for other figures are made of them. */
const digits = { close: 4, volume: 0, turnover: 2, rs: 4, mansfield: 1 } as const

/** What a column of the table is called in JSON. */
const names: Record<string, string> = {
  score: 'score',
  ratio: 'rs_ratio',
  momentum: 'rs_momentum',
  mansfield: 'mansfield',
  high: 'from_high',
  ...Object.fromEntries(spans.map((span) => [span.toLowerCase(), `return_${span.toLowerCase()}`])),
}

/** The rank table: the same numbers, rounded alike, as on the page and in its CSV file. */
export function ranksJson(analyser: Analyser) {
  const { analysis, rows, benchmark, params } = analyser
  return {
    ...headOf(analyser),
    universe: params.universe ?? 'sector',
    returns: params.returns,
    ranked: analysis.ranked,
    benchmark: { name: benchmark.name, symbol: benchmark.symbol, ...figuresOf(benchmark.figures) },
    sectors: rows.map((one) => ({
      rank: one.rank,
      rank_before: one.rankBefore,
      name: one.name,
      symbol: one.symbol,
      quadrant: one.quadrant,
      formula: one.formula,
      ...figuresOf(one),
      notes: notesOf(one, analysis.step),
    })),
  }
}

/** An analysis, and what it measures against. */
export type Measured = { analysis: Analysis; against: Followed }

/** One instrument bar by bar, oldest first, up to the day of the analysis. The benchmark has no strength against itself. */
export function seriesJson(
  market: Market,
  { symbol, name, tracks, prices }: Followed,
  { analysis, against, trading, range }: Measured & { trading: Trading; range: SeriesRange },
) {
  const { asOf, step } = analysis
  const series = instrumentSeries(against.prices, prices, trading, {
    asOf,
    step,
    calendar: market.calendar,
    shown: range.limit,
  })
  const head = headOf({ analysis, market, source: sourceOf(market), benchmark: against })
  const bars = series.days.flatMap((day, bar) => {
    if (range.from !== null && day < range.from) return []
    return [{ ...barOf(series, day, bar), ...(symbol === against.symbol && nothingAgainstItself) }]
  })
  return { symbol, name, tracks, ...head, bars }
}

const nothingAgainstItself = {
  rs: null,
  mansfield: null,
  rs_ratio: null,
  rs_momentum: null,
  quadrant: null,
  formula: null,
}

type Head = { analysis: Analysis; market: { sample: boolean }; source: string; benchmark: { symbol: string } }

function headOf({ analysis, market, source, benchmark }: Head) {
  return {
    as_of: analysis.asOf,
    step: analysis.step,
    period_over: !analysis.provisional,
    against: benchmark.symbol,
    sample: market.sample,
    source,
  }
}

function figuresOf(one: Figured): Record<string, number | null> {
  return Object.fromEntries(numberColumns.map((column) => [names[column.key]!, roundedIn(column, one)]))
}

function barOf(series: InstrumentSeries, day: string, bar: number) {
  const [ratio, momentum] = [series.ratio[bar] ?? null, series.momentum[bar] ?? null]
  return {
    day,
    close: rounded(series.closes[bar] ?? null, digits.close),
    volume: rounded(series.volumes[bar] ?? null, digits.volume),
    turnover: rounded(series.turnover[bar] ?? null, digits.turnover),
    rs: rounded(series.rs[bar] ?? null, digits.rs),
    mansfield: rounded(series.mansfield[bar] ?? null, digits.mansfield),
    rs_ratio: roundedReading(ratio),
    rs_momentum: roundedReading(momentum),
    quadrant: ratio === null || momentum === null ? null : quadrantOf({ ratio, momentum }),
    formula: series.formula[bar] ?? null,
  }
}
