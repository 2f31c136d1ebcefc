import { beginningOf } from '../../platform/text.ts'
import type { Day } from '../calendar/days.ts'
import { besideEnds } from '../charts/end-labels.ts'
import { type Chart, drawChart } from '../charts/panels.ts'
import type { Analysis } from '../engine/analysis.ts'
import { type Comparison, comparisonOf } from '../engine/comparison.ts'
import { benchmarkIn, cachedAnalysis, type Followed, type Market, membersOf } from '../engine/market.ts'
import { numberFormats } from '../engine/summary.ts'
import { type Analyser, analyserOf, type BenchmarkRow, type Row, resolveParams } from './analyser.ts'
import { type ColumnKey, numberColumns, titleWithUnit } from './columns.ts'
import { type CompareParams, compareUrl, type LineKind, lineKinds, mostCompared } from './compare-params.ts'
import { spanChoices } from './sector-params.ts'

const letters = ['A', 'B', 'C', 'D'] as const
type Letter = (typeof letters)[number]

/** The comparison's page: what can be chosen, and what was, side by side. */
export type Compare = {
  params: CompareParams
  /** Of the chosen sectors alone, and of all where there is no comparison. */
  analyser: Analyser
  choices: { symbol: string; name: string; isChosen: boolean }[]
  /** Why there is no comparison though symbols were given. */
  problem: string | null
  /** Null until two to four were chosen. */
  shown: Shown | null
  address: (changes: Partial<CompareParams>, path?: string) => string
}

/** `from`: where its line begins, which is later than the span; else null. */
type Compared = Row & { letter: Letter; from: Day | null }
type Shown = {
  sectors: Compared[]
  benchmark: BenchmarkRow
  comparison: Comparison
  chart: Chart | null
  /** The name of each line beside its end; both heights in CSS pixels. */
  labels: { key: string; letter: string; text: string; from: number; y: number }[]
  /** The newest bar first. */
  rows: { day: Day; x: number; cells: string[] }[]
  spans: ReturnType<typeof spanChoices>
  kinds: { title: string; href: string; isShown: boolean }[]
  figures: { key: ColumnKey; title: string; cells: Row['cells']; benchmark: Row['cells'][number] }[]
}

/**
 * Composes the page; where no symbol is given, some are proposed, of `stars` if there are. Null while there are no prices. Throws as
 * analyserOf does.
 */
export function compareOf(market: Market, given: CompareParams, stars: ReadonlySet<string>): Compare | null {
  if (market.asOf === null) return null
  const resolved = resolveParams(market, given.analyser)
  const params = { ...given, analyser: resolved }
  const benchmark = benchmarkIn(market, resolved.against)!
  const members = membersOf(market, resolved.universe, benchmark)
  const analysis = cachedAnalysis(market, resolved)!
  const known = params.symbols.flatMap((symbol) => members.find((one) => one.symbol === symbol) ?? [])
  const problem = problemOf(params.symbols, known, analysis)
  const isComparison = problem === null && known.length >= 2
  const ticked = new Set(params.symbols.length > 0 ? params.symbols : proposed(analysis, stars))
  const analyser = analyserOf(market, resolved, isComparison ? new Set(params.symbols) : null)!
  return {
    params,
    analyser,
    choices: members
      .map(({ symbol, name }) => ({ symbol, name, isChosen: ticked.has(symbol) }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en')),
    problem,
    shown: isComparison ? sideBySide(market, params, { analyser, benchmark, known }) : null,
    address: (changes, path) => compareUrl(params, changes, path),
  }
}

/** What a reader is likely to compare: what they starred, the strongest first; with fewer than two, the two strongest. */
function proposed({ sectors }: Analysis, stars: ReadonlySet<string>): string[] {
  const symbols = sectors.map(({ symbol }) => symbol)
  const starred = symbols.filter((symbol) => stars.has(symbol)).slice(0, mostCompared)
  return starred.length >= 2 ? starred : symbols.slice(0, 2)
}

function problemOf(symbols: readonly string[], known: readonly Followed[], { terms }: Analysis): string | null {
  const { one, many } = terms
  if (symbols.length > mostCompared) return `You chose ${symbols.length} ${many}. Choose two to four ${many}.`
  const unknown = symbols.find((symbol) => !known.some((member) => member.symbol === symbol))
  return unknown === undefined
    ? null
    : `There is no ${one} with the symbol ${beginningOf(unknown, 20)} among those ranked here.`
}

const kindTitles: Record<LineKind, string> = { rs: 'Relative strength', price: 'Price' }

function sideBySide(
  market: Market,
  params: CompareParams,
  { analyser, benchmark, known }: { analyser: Analyser; benchmark: Followed; known: readonly Followed[] },
): Shown {
  const { span, lines } = params
  const { asOf } = analyser.analysis
  const comparison = comparisonOf(benchmark.prices, known, { asOf, calendar: market.calendar, span })
  const own = comparison.lines.map((line, i) => ({ key: letters[i]!.toLowerCase(), values: line[lines] }))
  // Against itself the benchmark neither rises nor falls.
  const base = lines === 'price' ? comparison.benchmark : comparison.days.map(() => 100)
  const drawn = [{ key: 'benchmark', values: base }, ...own]
  const chart = drawChart(comparison.days, [{ key: 'lines', title: '100 at the start', height: 320, lines: drawn }])
  const columns = lines === 'price' ? [...own, drawn[0]!] : own
  const { plain } = numberFormats
  const sectors = known.map(({ symbol }, i) => ({
    ...analyser.rows.find((row) => row.symbol === symbol)!,
    letter: letters[i]!,
    from: comparison.lines[i]!.from,
  }))
  return {
    sectors,
    benchmark: analyser.benchmark,
    comparison,
    chart,
    labels: chart ? labelsOf(chart, known, benchmark) : [],
    rows: comparison.days
      .map((day, bar) => ({ day, x: chart?.xs[bar] ?? 0, cells: columns.map(({ values }) => plain(values[bar]!)) }))
      .reverse(),
    spans: spanChoices(span, (one) => compareUrl(params, { span: one })),
    kinds: lineKinds.map((one) => ({
      title: kindTitles[one],
      href: compareUrl(params, { lines: one }),
      isShown: one === lines,
    })),
    figures: numberColumns.map((column, i) => ({
      key: column.key,
      title: titleWithUnit(column, params.analyser),
      cells: sectors.map(({ cells }) => cells[i]!),
      benchmark: analyser.benchmark.cells[i]!,
    })),
  }
}

/** Longer names are told by their symbol. */
const longestName = 20

function labelsOf({ panels: [panel] }: Chart, known: readonly Followed[], benchmark: Followed): Shown['labels'] {
  const { lines, top, bottom } = panel!
  const heights = besideEnds(
    lines.map(({ last }) => last.y),
    { top: top + 6, bottom },
  )
  return lines.map(({ key, last }, i) => {
    const place = letters.findIndex((letter) => letter.toLowerCase() === key)
    const { name, symbol } = known[place] ?? benchmark
    const text = name.length <= longestName ? name : symbol
    return { key, letter: letters[place] ?? '', text, from: last.y, y: heights[i]! }
  })
}
