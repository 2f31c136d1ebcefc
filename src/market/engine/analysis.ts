import { type Day, daysAfter } from '../calendar/days.ts'
import { monthGoesOn, type TradingCalendar, weekGoesOn } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { type Bars, dailyBars, monthlyBars, weeklyBars } from './bars.ts'
import {
  type Blanks,
  blanksOf,
  figureNames,
  highBlankOf,
  provisionalReason,
  returnBlanksOf,
  type Subject,
  staleReason,
} from './blanks.ts'
import { carriedOver, tolerated } from './carrying.ts'
import { closesOn, type Frame, frameOf, type Step, sessionAt } from './frame.ts'
import { type Quadrant, quadrantOf } from './quadrants.ts'
import { fromYearHigh, returnsOf, type Span, spans } from './returns.ts'
import type { Series } from './series.ts'
import { type Formula, lookback, mansfield, mansfieldBars, type Readings, readingsOf, scoreAt } from './strength.ts'
import { type Terms, usualTerms } from './terms.ts'

/** An instrument with its closing prices, adjusted for splits. */
export type Instrument = { symbol: string; name: string; prices: Prices }

/**
 * What to analyse: bars by month, week or day, up to a day (null: the newest), and how many bars a tail has. `terms`: how its
 * sentences name things; they are the usual ones where it is not given.
 */
export type AnalysisParams = { step: Step; at: Day | null; tail: number; calendar: TradingCalendar; terms?: Terms }

/** Where an instrument stood at one bar; both numbers are centred on 100. */
export type Reading = { day: Day; ratio: number; momentum: number }

/** The numbers of one instrument. Null wherever its prices do not reach. Changes are in percent. */
export type SectorRank = {
  symbol: string
  name: string
  /** By score, 1 is the strongest; `rankBefore` is its rank a week earlier. */
  rank: number | null
  rankBefore: number | null
  score: number | null
  rs: number | null
  mansfield: number | null
  /** C is provisional: B has no value, and `provisional` says why. */
  formula: Formula | null
  provisional: string | null
  quadrant: Quadrant | null
  /** Readings without a gap up to now, oldest first; empty when there is none now. */
  tail: Reading[]
  returns: Record<Span, number | null>
  fromHigh: number | null
  /** Why a figure is null: a short sentence without a full stop, like "No price since 18 Nov". */
  blanks: Blanks
  /** How many bars of the reading's window took the last price before them because their own was missing; usually 0. */
  carried: number
  /** The RS line of the last half year, a bar a week. */
  spark: Series
}

/** All sectors on one day. `provisional`: there are sessions left in the week or month of the last bar; never of a day's bar. */
export type Analysis = {
  asOf: Day
  step: Step
  terms: Terms
  provisional: boolean
  /** How many have a rank: "3 of 16". */
  ranked: number
  /** Those that have no rank, by name, each with the reason: "of 13" leaves these out. */
  unranked: { symbol: string; name: string; reason: string }[]
  /** The strongest first; those without a rank last, by name. */
  sectors: SectorRank[]
  /** The benchmark's own figures; it has no rank. */
  benchmark: Pick<SectorRank, 'returns' | 'fromHigh' | 'blanks'>
}

/** Whether the bar of a day is not over with it. */
const goesOn = { day: () => false, week: weekGoesOn, month: monthGoesOn } as const satisfies Record<Step, unknown>

const sparkBars = 26
/** A year of trading days for the score and its rank a week before, with the sessions that may stand for a missing one. */
const scoreDays = 253 + 15
const daysAWeek = 7

/** An instrument with its bars in the frame, built once. */
type Measured = Subject & { symbol: string; name: string; stale: string | null; daily: Bars; weekly: Bars; bars: Bars }

/**
 * The whole analysis: nothing after `at` is used, and no number depends on how much history was loaded, on the scale of
 * prices or on the order of instruments. Null when the benchmark has no price up to `at`.
 */
export function analyse(
  benchmark: Prices,
  instruments: readonly Instrument[],
  params: AnalysisParams,
): Analysis | null {
  const frame = frameOf(benchmark, params.calendar, params.at, reachOf(params))
  if (frame === null) return null
  const measured = instruments.map((one) => measure(frame, one, params))
  const scores = scoresAt(measured, frame.days.length - 1)
  const ranks = ranksOf(scores)
  const ranksBefore = ranksOf(scoresAt(measured, sessionAt(frame, daysAfter(frame.asOf, -daysAWeek))))
  const sectors = measured.map(
    (one): SectorRank => ({
      symbol: one.symbol,
      name: one.name,
      rank: ranks.get(one.symbol) ?? null,
      rankBefore: ranksBefore.get(one.symbol) ?? null,
      ...figuresOf(one, scores.get(one.symbol)!, params),
    }),
  )
  sectors.sort((a, b) => (a.rank ?? Number.POSITIVE_INFINITY) - (b.rank ?? Number.POSITIVE_INFINITY) || compare(a, b))
  return {
    asOf: frame.asOf,
    step: params.step,
    terms: termsOf(params),
    provisional: goesOn[params.step](frame.asOf, params.calendar),
    ranked: ranks.size,
    unranked: sectors
      .filter((one) => one.rank === null)
      .map(({ symbol, name, blanks }) => ({ symbol, name, reason: blanks.score! })),
    sectors,
    benchmark: benchmarkIn(frame, benchmark, params),
  }
}

function termsOf({ terms = usualTerms }: AnalysisParams): Terms {
  return terms
}

/** How much history a reading with its tail, Mansfield's mean, the score and the spark look back on. */
function reachOf({ step, tail }: AnalysisParams) {
  const bars = lookback['B/2'] + tail
  return {
    weeks: Math.max(bars, mansfieldBars.week, sparkBars) + tolerated.week,
    days: Math.max(bars + tolerated.day, mansfieldBars.day + tolerated.day, scoreDays),
    months: step === 'month' ? bars + tolerated.month : 0,
  }
}

function measure(frame: Frame, { symbol, name, prices }: Instrument, params: AnalysisParams): Measured {
  const closes = closesOn(frame.days, prices)
  const subject = { frame, prices, closes, against: termsOf(params).instrument }
  const [daily, weekly] = [dailyBars(frame, closes), weeklyBars(frame, closes)]
  return {
    ...subject,
    symbol,
    name,
    stale: staleReason(subject),
    daily,
    weekly,
    bars: { day: () => daily, week: () => weekly, month: () => monthlyBars(frame, closes) }[params.step](),
  }
}

type Figures = Omit<SectorRank, 'symbol' | 'name' | 'rank' | 'rankBefore'>

function figuresOf(one: Measured, score: number | null, { step, tail }: AnalysisParams): Figures {
  if (one.stale !== null) return noFigures(one.stale)
  const { bars } = one
  const line = carriedOver(bars.rs, tolerated[step])
  const readings = readingsOf(line)
  const figures = {
    score,
    rs: line.values.at(-1) ?? null,
    mansfield: mansfield(line, mansfieldBars[step]).at(-1) ?? null,
    tail: readings ? tailOf(bars, readings, tail) : [],
    returns: returnsOf(one.frame, one.closes),
    fromHigh: fromYearHigh(one.frame, one.closes),
  }
  const now = figures.tail.at(-1)
  return {
    ...figures,
    formula: readings?.formula ?? null,
    provisional: readings?.formula === 'C/2' ? provisionalReason(one, bars, line) : null,
    quadrant: now ? quadrantOf(now) : null,
    carried: readings?.carried ?? 0,
    spark: one.weekly.rs.slice(-sparkBars),
    blanks: blanksOf(one, { bars, line, figures }),
  }
}

/** Of a stale instrument nothing is shown, whatever could still be computed. */
function noFigures(reason: string): Figures {
  const none = { score: null, rs: null, mansfield: null, formula: null, provisional: null, quadrant: null }
  const returns = Object.fromEntries(spans.map((span) => [span, null])) as Record<Span, null>
  const blanks = Object.fromEntries(figureNames.map((name) => [name, reason])) as Blanks
  return { ...none, tail: [], returns, fromHigh: null, carried: 0, spark: [], blanks }
}

function benchmarkIn(frame: Frame, prices: Prices, params: AnalysisParams): Analysis['benchmark'] {
  const subject = { frame, prices, closes: frame.benchmark, against: termsOf(params).instrument }
  const [returns, fromHigh] = [returnsOf(frame, frame.benchmark), fromYearHigh(frame, frame.benchmark)]
  return { returns, fromHigh, blanks: { ...returnBlanksOf(subject, returns), ...highBlankOf(subject, fromHigh) } }
}

function tailOf({ days }: Bars, { ratio, momentum }: Readings, length: number): Reading[] {
  const tail: Reading[] = []
  for (let i = days.length - 1; i >= 0 && tail.length < length; i--) {
    const reading = { ratio: ratio[i] ?? null, momentum: momentum[i] ?? null }
    if (reading.ratio === null || reading.momentum === null) break
    tail.unshift({ day: days[i]!, ratio: reading.ratio, momentum: reading.momentum })
  }
  return tail
}

function scoresAt(instruments: readonly Measured[], bar: number): Map<string, number | null> {
  return new Map(instruments.map((one) => [one.symbol, scoreAt(one.daily, bar)]))
}

function ranksOf(scores: ReadonlyMap<string, number | null>): Map<string, number> {
  const ordered = [...scores]
    .filter((entry): entry is [string, number] => entry[1] !== null)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return new Map(ordered.map(([symbol], i) => [symbol, i + 1]))
}

function compare(a: { name: string; symbol: string }, b: { name: string; symbol: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : a.symbol < b.symbol ? -1 : 1
}
