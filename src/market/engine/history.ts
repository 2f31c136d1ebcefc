import type { Day } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Trading } from '../prices/reading-trading.ts'
import { barsBy, weeklyBars } from './bars.ts'
import { carriedOver, tolerated } from './carrying.ts'
import { closesOn, type Frame, frameOf } from './frame.ts'
import { combine, each, mean, type Series } from './series.ts'
import { mansfield, mansfieldBars } from './strength.ts'
import { averageTurnover, tradedBy } from './trading.ts'

/** How far back the charts go, and by which bars: a quarter by day, longer ones by week. */
export const historySpans = {
  '3m': { step: 'day', bars: 63 },
  '1y': { step: 'week', bars: 52 },
  '2y': { step: 'week', bars: 104 },
  '5y': { step: 'week', bars: 260 },
} as const
export type HistorySpan = keyof typeof historySpans

/** Bars of the two averages of the price: 10 and 40 weeks, which are 50 and 200 sessions. */
export const averageBars = { week: { short: 10, long: 40 }, day: { short: 50, long: 200 } } as const

/**
 * Bars side by side, oldest first: closes in rupees with their two averages, the benchmark's closes rebased to the first close
 * shown, the RS line, Mansfield's strength in percent (always of 52 weeks, as in the weekly rankings), and units traded, adjusted for
 * splits. `turnover`: rupees traded a day, the mean of the last 20 sessions; null where the files do not say it.
 */
export type History = {
  step: 'week' | 'day'
  days: readonly Day[]
  closes: Series
  short: Series
  long: Series
  benchmark: Series
  rs: Series
  mansfield: Series
  volumes: Series
  turnover: number | null
}

/** An instrument over a span up to `asOf`; a bar without a price is a gap in each line. */
export function historyOf(
  benchmark: Prices,
  prices: Prices,
  { span = '2y', ...at }: { asOf: Day; calendar: TradingCalendar; span?: HistorySpan; trading?: Trading },
): History {
  const frame = historyFrame(benchmark, at, span)
  if (frame !== null) return historyIn(frame, prices, { span, ...at })
  const none = { days: [], closes: [], short: [], long: [], benchmark: [], rs: [], mansfield: [], volumes: [] }
  return { step: historySpans[span].step, ...none, turnover: null }
}

/** The days that the histories of all instruments over a span are made of. Null when the benchmark has no price up to `asOf`. */
export function historyFrame(
  benchmark: Prices,
  { asOf, calendar }: { asOf: Day; calendar: TradingCalendar },
  span: HistorySpan = '2y',
): Frame | null {
  const { step, bars: shown } = historySpans[span]
  return frameOf(benchmark, calendar, asOf, {
    weeks: shown + mansfieldBars.week + tolerated.week,
    days: step === 'day' ? shown + averageBars.day.long + tolerated.day : 0,
  })
}

/** The same of days that are known. */
function historyIn(
  frame: Frame,
  prices: Prices,
  {
    span = '2y',
    trading = { volumes: new Map(), turnover: new Map() },
  }: { span?: HistorySpan; trading?: Trading } = {},
): History {
  const { step, bars: shown } = historySpans[span]
  const closes = closesOn(frame.days, prices)
  const bars = barsBy(step, frame, closes)
  const most = tolerated[step]
  const average = (size: number) => averageOf(bars.closes, { most, size, shown })
  const strength =
    step === 'week'
      ? weeklyMansfield(bars.rs)
      : frame.days.map((_, day) => (day < frame.days.length - shown ? null : mansfieldAt(frame, closes, day)))
  const own = bars.closes.slice(-shown)
  return {
    step,
    days: bars.days.slice(-shown),
    closes: own,
    short: average(averageBars[step].short),
    long: average(averageBars[step].long),
    benchmark: rebased(bars.benchmark.slice(-shown), own),
    rs: bars.rs.slice(-shown),
    mansfield: beside(strength, bars.rs, shown),
    volumes: tradedBy(step, frame, trading.volumes).slice(-shown),
    turnover: averageTurnover(frame.days, trading.turnover),
  }
}

/** The lines of two years of weeks that breadth counts, as they are in a history, without what it has besides. */
export function trendIn(frame: Frame, prices: Prices): Pick<History, 'days' | 'closes' | 'long' | 'mansfield'> {
  const shown = historySpans['2y'].bars
  const { days, closes, rs } = weeklyBars(frame, closesOn(frame.days, prices))
  return {
    days: days.slice(-shown),
    closes: closes.slice(-shown),
    long: averageOf(closes, { most: tolerated.week, size: averageBars.week.long, shown }),
    mansfield: beside(weeklyMansfield(rs), rs, shown),
  }
}

/** The newest bars of a line, with a gap wherever another one has none. */
function beside(line: Series, own: Series, shown: number): Series {
  return combine(line.slice(-shown), own.slice(-shown), (value) => value)
}

function averageOf(closes: Series, { most, size, shown }: { most: number; size: number; shown: number }): Series {
  return beside(mean(carriedOver(closes, most).values, size), closes, shown)
}

function weeklyMansfield(rs: Series): Series {
  return mansfield(carriedOver(rs, tolerated.week), mansfieldBars.week)
}

/** What the weekly analysis of a day says: its week ends with it. */
function mansfieldAt(frame: Frame, closes: Series, day: number): number | null {
  const week = frame.weeks.findIndex(({ to }) => to > day)
  const before = frame.weeks.slice(Math.max(0, week - mansfieldBars.week - tolerated.week), week)
  const weeks = [...before, { from: frame.weeks[week]!.from, to: day + 1 }]
  return weeklyMansfield(weeklyBars({ ...frame, weeks }, closes).rs).at(-1) ?? null
}

/** A series scaled so that it meets another one at the first bar that has both. */
function rebased(series: Series, to: Series): Series {
  const first = series.findIndex((value, bar) => value !== null && to[bar] !== null)
  if (first === -1) return series.map(() => null)
  return each(series, (value) => (value * to[first]!) / series[first]!)
}
