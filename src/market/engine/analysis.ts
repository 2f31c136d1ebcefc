import { type Day, daysAfter } from '../calendar/days.ts'
import { type TradingCalendar, weekGoesOn } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { type Bars, dailyBars, tradingDays, weeklyBars, weeksOf } from './bars.ts'
import { type Quadrant, quadrantOf } from './quadrants.ts'
import { fromYearHigh, returnsAt, type Span } from './returns.ts'
import type { Series } from './series.ts'
import { type Formula, mansfield, relativeStrength, scoreAt, strengthB, strengthC } from './strength.ts'

/** An instrument with its closing prices, adjusted for splits. */
export type Instrument = { symbol: string; name: string; prices: Prices }

/** What to analyse: bars by week or day, up to a day (null: the newest), and how many bars a tail has. */
export type AnalysisParams = { step: 'week' | 'day'; at: Day | null; tail: number; calendar: TradingCalendar }

/** Where an instrument stood at one bar; both numbers are centred on 100. */
export type Reading = { day: Day; ratio: number; momentum: number }

/** What an instrument may have no value of. */
export type Figure = 'score' | 'map' | 'mansfield' | Span | 'high'

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
  /** C is provisional: the history is too short for B. */
  formula: Formula | null
  quadrant: Quadrant | null
  /** Readings without a gap up to now, oldest first; empty when there is none now. */
  tail: Reading[]
  returns: Record<Span, number | null>
  fromHigh: number | null
  /** Why a figure is null: a short sentence without a full stop, like "No price since 18 Nov". */
  blanks: Partial<Record<Figure, string>>
  /** How many bars of the reading's window took the last price before them because their own was missing; usually 0. */
  carried: number
  /** The RS line of the last half year, a bar a week. */
  spark: Series
}

/** All sectors on one day. `provisional`: the week of that day is not over. */
export type Analysis = {
  asOf: Day
  step: AnalysisParams['step']
  provisional: boolean
  /** How many have a rank: "3 of 16". */
  ranked: number
  /** Those that have no rank, by name, each with the reason: "of 13" leaves these out. */
  unranked: { symbol: string; name: string; reason: string }[]
  /** The strongest first; those without a rank last, by name. */
  sectors: SectorRank[]
}

const mansfieldBars = { week: 52, day: 200 } as const
const sparkBars = 26
/** B's warm-up, and a year of trading days for the score. Bars before these change nothing, so they are left out. */
const enough = { strength: 92, score: 253 } as const
const daysAWeek = 5

/** The trading days that matter, by day and by week; the same for every instrument. */
type Frame = { asOf: Day; days: readonly Day[]; weeks: readonly Day[][] }

/** An instrument with its bars in the frame, built once. */
type Measured = Instrument & { daily: Bars; weekly: Bars }

/**
 * The whole analysis: nothing after `at` is used, and no number depends on how much history was loaded, on the scale of
 * prices or on the order of instruments. Null when the benchmark has no price up to `at`.
 */
export function analyse(
  benchmark: Prices,
  instruments: readonly Instrument[],
  params: AnalysisParams,
): Analysis | null {
  const frame = frameOf(benchmark, params)
  if (frame === null) return null
  const { asOf, days, weeks } = frame
  const measured = instruments.map((one) => ({
    ...one,
    daily: dailyBars(days, benchmark, one.prices),
    weekly: weeklyBars(weeks, benchmark, one.prices),
  }))
  const scores = scoresAt(measured, days.length - 1)
  const ranks = ranksOf(scores)
  const weekBefore = daysAfter(asOf, -7)
  const ranksBefore = ranksOf(
    scoresAt(
      measured,
      days.findLastIndex((day) => day <= weekBefore),
    ),
  )
  const sectors = measured.map((one) => ({
    symbol: one.symbol,
    name: one.name,
    rank: ranks.get(one.symbol) ?? null,
    rankBefore: ranksBefore.get(one.symbol) ?? null,
    score: scores.get(one.symbol)!,
    ...placeOnMap(one, params),
    returns: returnsAt(one.prices, asOf),
    fromHigh: fromYearHigh(one.prices, asOf, days),
    blanks: {},
    carried: 0,
  }))
  return {
    asOf,
    step: params.step,
    provisional: weekGoesOn(asOf, params.calendar),
    ranked: ranks.size,
    unranked: sectors
      .filter((one) => one.rank === null)
      .map(({ symbol, name }) => ({ symbol, name, reason: 'Prices do not reach back a year' }))
      .sort(compare),
    sectors: sectors.sort(
      (a, b) => (a.rank ?? Number.POSITIVE_INFINITY) - (b.rank ?? Number.POSITIVE_INFINITY) || compare(a, b),
    ),
  }
}

function frameOf(benchmark: Prices, { at, tail }: AnalysisParams): Frame | null {
  const bars = Math.max(enough.strength + tail, mansfieldBars.week, sparkBars) + 2
  const days = tradingDays(benchmark, at ?? '9999-12-31', Math.max(daysAWeek * bars, enough.score + 10))
  const asOf = days.at(-1)
  // The oldest week may have been cut in two.
  return asOf === undefined ? null : { asOf, days, weeks: weeksOf(days).slice(1 - bars) }
}

/** The days of a map that can be stepped to, newest first: the benchmark's last day of each week, or its days. */
export function stepsOf(benchmark: Prices, step: AnalysisParams['step']): Day[] {
  const days = tradingDays(benchmark, '9999-12-31')
  return (step === 'day' ? days : weeksOf(days).map((week) => week.at(-1)!)).toReversed()
}

function placeOnMap({ daily, weekly }: Measured, { step, tail }: AnalysisParams) {
  const weeklyRs = relativeStrength(weekly)
  const [bars, rs] = step === 'week' ? [weekly, weeklyRs] : [daily, relativeStrength(daily)]
  const readings = readingsOf(bars, rs, tail)
  const now = readings.tail.at(-1)
  return {
    rs: rs.at(-1) ?? null,
    mansfield: mansfield(rs.slice(-mansfieldBars[step]), mansfieldBars[step]).at(-1) ?? null,
    formula: now ? readings.formula : null,
    quadrant: now ? quadrantOf(now) : null,
    tail: readings.tail,
    spark: weeklyRs.slice(-sparkBars),
  }
}

/** B where it has a value now, else C; never both in one tail. */
function readingsOf({ days }: Bars, rs: Series, length: number): { formula: Formula; tail: Reading[] } {
  const b = strengthB(rs)
  const { formula, ratio, momentum } = b.momentum.at(-1) == null ? strengthC(rs) : b
  const tail: Reading[] = []
  for (let i = days.length - 1; i >= 0 && tail.length < length; i--) {
    const reading = { ratio: ratio[i] ?? null, momentum: momentum[i] ?? null }
    if (reading.ratio === null || reading.momentum === null) break
    tail.unshift({ day: days[i]!, ratio: reading.ratio, momentum: reading.momentum })
  }
  return { formula, tail }
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
