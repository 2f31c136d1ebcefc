import { AppError } from '../../platform/errors.ts'
import type { Day } from '../calendar/days.ts'
import { sparkOf } from '../charts/panels.ts'
import { mapOf, quadrantLabels, type RotationMap } from '../charts/rotation-map.ts'
import type { Analysis, SectorRank } from '../engine/analysis.ts'
import { inExcess, returnKinds } from '../engine/excess.ts'
import type { Step } from '../engine/frame.ts'
import { describeCarried, type Group, grouped, inSentence, reasonsOf } from '../engine/gaps.ts'
import { benchmarkIn, cachedAnalysis, type Followed, type Market, membersOf, stepsIn } from '../engine/market.ts'
import { describeFirst, type Legends, legendsFor, meaningsOf } from '../engine/meanings.ts'
import { type Quadrant, quadrantOf, quadrants } from '../engine/quadrants.ts'
import { onlySectors } from '../engine/selection.ts'
import { describePlaces, type Move, movesIn, numberFormats, periodOf, sourceOf, stampOf } from '../engine/summary.ts'
import { type AnalyserParams, analysisUrl, steps, tails, views } from './analysis-params.ts'
import { type Choice, measuringChoices, resolveBenchmark } from './choices.ts'
import {
  type Column,
  type ColumnKey,
  columns,
  type Figured,
  inOrder,
  numberColumns,
  printed,
  titleOf,
} from './columns.ts'
import { type HeatMap, heatMapOf } from './heat-map.ts'
import { framesAround, framesUrl } from './map-frames.ts'

/** A row of the rank table, ready to print. */
export type Row = SectorRank & {
  isPriced: boolean
  moved: string
  href: string
  cells: { key: ColumnKey; text: string; tone: string; reason: string | undefined }[]
  /** "last close used for 1 missing week"; '' where none was missing. */
  carriedNote: string
  line: string
}

/** The benchmark's row of the table; the figures that compare with it are blank. */
export type BenchmarkRow = Pick<Row, 'cells'> & { symbol: string; name: string; figures: Figured }

/** What a reader may choose besides the day. */
export type Choices = Record<'against' | 'universe' | 'returns', Choice[]>

/** What a page of the analyser shows. */
export type Analyser = {
  params: AnalyserParams
  market: Pick<Market, 'sample'>
  analysis: Analysis
  /** What is seen at once: how many are where, who moved, and why the first one may be in any quadrant. */
  news: { places: string; period: string; moves: (Move & { href: string })[]; first: string }
  source: string
  stamp: string
  /** The days that the steps lead to; null at the ends. */
  older: Day | null
  newer: Day | null
  /** The days that can be chosen, newest first, among them the one that is shown. */
  days: Day[]
  heads: (Omit<Column, 'about'> & { about: string; href: string; order: 'ascending' | 'descending' | null })[]
  /** All sectors; those without any price up to the day are listed in one line instead of printed as dashes. */
  rows: Row[]
  /** What everything is measured against; it has no rank. */
  benchmark: BenchmarkRow
  /** The key of the figure that a card shows: the one it is sorted by, else the score. */
  shownKey: ColumnKey
  /** What is to be said of some sectors, in groups of which the same is said. */
  notes: {
    /** Why "of 13" leaves the others out. */
    unranked: Group<Row>[]
    provisional: Group<Row>[]
    carried: Group<Row>[]
    /** Every other dash: the sectors that lack the same figures for the same reasons. */
    blanks: Group<Row>[]
  }
  /** What the words of the map and the table say. */
  legends: Legends
  map: RotationMap
  /** Among which frames the day is played, and where they are. */
  frames: ReturnType<typeof framesAround>
  framesUrl: string
  quadrantOf: typeof quadrantOf
  /** Which sectors are in each quadrant, beside the map. */
  quadrants: { quadrant: Quadrant; title: string; mark: string; meaning: string; members: SectorRank[] }[]
  focused: Row | null
  heat: HeatMap
  views: typeof views
  steps: typeof steps
  choices: Choices
  tails: typeof tails
  address: (changes?: Partial<AnalyserParams>, path?: string) => string
  formats: typeof numberFormats
}

/** Days in the list: four years of months, three of weeks, half a year of days. Older ones are reached by stepping. */
const listed = { day: 130, week: 156, month: 48 } as const
export const spark = { width: 84, height: 24 } as const

/**
 * Composes a page of the analyser. Null where no prices were imported yet. Throws AppError `invalid` for a day before the
 * first price, or of more than four years ago. With `stars` it shows only those sectors; ranks stay among all.
 */
export function analyserOf(
  market: Market,
  given: AnalyserParams,
  stars: ReadonlySet<string> | null = null,
): Analyser | null {
  if (market.asOf === null) return null
  const params = resolveParams(market, given)
  const absolute = cachedAnalysis(market, params)!
  const whole = params.returns === 'excess' ? inExcess(absolute) : absolute
  const analysis = stars === null ? whole : onlySectors(whole, stars)
  const benchmark = benchmarkIn(market, params.against)!
  const days = daysOf(market, params.step, params.against)
  const words = { terms: analysis.terms, step: params.step, returns: params.returns }
  const shown = days.slice(0, listed[params.step])
  const address: Analyser['address'] = (changes, path) => analysisUrl(params, changes, path)
  const ordered = inOrder(analysis.sectors, params)
  const priced = pricedUpTo(market, analysis.asOf)
  const frames = framesAround(days, analysis.asOf)
  const rows = ordered.map((one) => ({ ...rowOf(one, params.step, address), isPriced: priced.has(one.symbol) }))
  return {
    params,
    market,
    analysis,
    news: {
      places: describePlaces(whole),
      period: periodOf(whole),
      moves: movesIn(whole).map((move) => ({ ...move, href: address({}, sectorPath(move.symbol)) })),
      first: describeFirst(analysis),
    },
    source: sourceOf(market),
    stamp: stampOf(whole),
    older: days.find((day) => day < analysis.asOf) ?? null,
    newer: days.findLast((day) => day > analysis.asOf) ?? null,
    days: shown.includes(analysis.asOf) ? shown : [...shown, analysis.asOf].sort().reverse(),
    heads: columns.map((column) => ({
      ...column,
      title: column.key === 'name' ? analysis.terms.head : titleOf(column, params.step),
      about: column.about(words),
      ...headOf(column, params),
    })),
    rows,
    benchmark: benchmarkRow(benchmark, analysis),
    shownKey: numberColumns.find(({ key }) => key === params.sort)?.key ?? 'score',
    notes: notesOf(rows),
    legends: legendsFor(params.step, analysis.terms),
    // Drawn where it is looked at: tables, files and JSON have none.
    get map() {
      return mapOf(analysis, {
        labelled: [...(params.focus === null ? [] : [params.focus]), ...(stars ?? [])],
        names: params.names,
        zoom: params.zoom,
        starrable: true,
      })
    },
    frames,
    framesUrl: framesUrl(params, frames.until),
    quadrantOf,
    quadrants: quadrants.map((quadrant) => ({
      quadrant,
      ...quadrantLabels[quadrant],
      meaning: meaningsOf('B/2', params.step, analysis.terms)[quadrant],
      members: analysis.sectors.filter((one) => one.quadrant === quadrant),
    })),
    focused: rows.find((one) => one.symbol === params.focus) ?? null,
    heat: heatMapOf(
      benchmark,
      ordered.filter((one) => priced.has(one.symbol)),
      analysis,
    ),
    views,
    steps,
    choices: choicesIn(market, params),
    tails,
    address,
    formats: numberFormats,
  }
}

/** The parameters with `at` moved to a trading day, so that each trading day has one address and one cache entry. */
export function resolveParams(market: Market, given: AnalyserParams): AnalyserParams {
  const { at, focus } = given
  const { against, benchmark } = resolveBenchmark(market, given.against)
  const params = { ...given, against }
  const members = membersOf(market, params.universe, benchmark)
  if (focus !== null && !members.some((one) => one.symbol === focus))
    throw new AppError('not-found', 'There is no such sector.')
  if (at === null) return params
  const days = daysOf(market, 'day', params.against)
  const day = days.find((one) => one <= at)
  if (day === undefined)
    throw new AppError('invalid', 'The analyser goes back four years at most, and to the first price.')
  return { ...params, at: day === days[0] ? null : day }
}

const stepsOfBenchmark = new WeakMap<Followed, Record<Step, Day[]>>()

/** The days that can be stepped to, newest first. */
export function daysOf(market: Market, step: Step, against: string | null): Day[] {
  const benchmark = benchmarkIn(market, against)!
  const of = (one: Step) => stepsIn(market, one, against)
  const known = stepsOfBenchmark.get(benchmark) ?? { day: of('day'), week: of('week'), month: of('month') }
  stepsOfBenchmark.set(benchmark, known)
  return known[step]
}

const returnLabels = { absolute: 'Absolute', excess: 'Excess' } as const

function choicesIn(market: Market, params: AnalyserParams): Choices {
  const returns = returnKinds.map((one) => ({
    value: one,
    label: returnLabels[one],
    isChosen: one === params.returns,
  }))
  return { ...measuringChoices(market, params), returns }
}

/** Nothing can be said of its strength against itself; its returns and its distance from the high are its own. */
function benchmarkRow({ symbol, name }: Followed, { benchmark }: Analysis): BenchmarkRow {
  const itself = 'Everything is measured against it'
  const [noFigures, blanks] = [
    { score: null, tail: [], mansfield: null },
    { score: itself, map: itself, mansfield: itself, ...benchmark.blanks },
  ]
  const figures = { ...noFigures, ...benchmark, blanks }
  return { symbol, name, figures, cells: cellsOf(figures) }
}

/** A tap on the head that the table is sorted by reverses the order. */
function headOf({ key, first }: { key: ColumnKey; first: AnalyserParams['dir'] }, params: AnalyserParams) {
  const isOrder = params.sort === key
  const dir = isOrder ? (params.dir === 'asc' ? 'desc' : 'asc') : first
  const order = isOrder ? (params.dir === 'asc' ? ('ascending' as const) : ('descending' as const)) : null
  return { href: analysisUrl(params, { sort: key, dir }), order }
}

/** The symbols of what has a price of this day or an earlier one. */
function pricedUpTo({ shown }: Market, asOf: Day): Set<string> {
  return new Set(shown.filter(({ prices }) => prices.keys().some((day) => day <= asOf)).map((one) => one.symbol))
}

function notesOf(rows: readonly Row[]): Analyser['notes'] {
  const priced = rows.filter((row) => row.isPriced)
  return {
    unranked: grouped(rows, (row) => (row.rank === null ? inSentence(row.blanks.score!) : '')),
    provisional: grouped(priced, (row) => inSentence(row.provisional ?? '')),
    carried: grouped(priced, (row) => row.carriedNote),
    blanks: grouped(priced, (row) => reasonsOf(row).join('. ')),
  }
}

function rowOf(one: SectorRank, step: Step, address: Analyser['address']): Omit<Row, 'isPriced'> {
  return {
    ...one,
    moved: numberFormats.moved(one),
    href: address({}, sectorPath(one.symbol)),
    cells: cellsOf(one),
    carriedNote: describeCarried(one, step),
    line: sparkOf(one.spark, spark),
  }
}

function sectorPath(symbol: string): string {
  return `/dashboard/sectors/${encodeURIComponent(symbol)}`
}

function cellsOf(one: Figured): Row['cells'] {
  return numberColumns.map((column) => {
    const text = printed(column, one)
    const reason = column.blank && one.blanks[column.blank]
    return { key: column.key, text, tone: column.signed ? numberFormats.tone(text) : '', reason }
  })
}
