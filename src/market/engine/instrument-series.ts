import type { Day } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { type Bars, barsBy } from './bars.ts'
import { carriedOver, tolerated } from './carrying.ts'
import { closesOn, frameOf, type Step } from './frame.ts'
import { combine, type Series } from './series.ts'
import { type Formula, lookback, mansfield, mansfieldBars, readingsByBar } from './strength.ts'

/**
 * An instrument's figures bar by bar, oldest first: closes in rupees, RS (100 × close ÷ benchmark), Mansfield in percent, and
 * the reading of each bar with its formula. At each bar they say what was known on its day; a bar without a price is null in all.
 */
export type InstrumentSeries = {
  days: readonly Day[]
  closes: Series
  rs: Series
  mansfield: Series
  ratio: Series
  momentum: Series
  formula: readonly (Formula | null)[]
}

/** The last `shown` bars up to `asOf`. */
export function instrumentSeries(
  benchmark: Prices,
  prices: Prices,
  { asOf, step, calendar, shown }: { asOf: Day; step: Step; calendar: TradingCalendar; shown: number },
): InstrumentSeries {
  const size = shown + Math.max(lookback['B/2'], mansfieldBars[step]) + tolerated[step]
  const need = { weeks: 0, days: 0, months: 0, [`${step}s`]: size }
  const frame = frameOf(benchmark, calendar, asOf, need)
  if (frame === null) return { days: [], closes: [], rs: [], mansfield: [], ratio: [], momentum: [], formula: [] }
  const closes = closesOn(frame.days, prices)
  const whole = wholeSeries(barsBy(step, frame, closes))
  return {
    days: whole.days.slice(-shown),
    closes: whole.closes.slice(-shown),
    rs: whole.rs.slice(-shown),
    mansfield: whole.mansfield.slice(-shown),
    ratio: whole.ratio.slice(-shown),
    momentum: whole.momentum.slice(-shown),
    formula: whole.formula.slice(-shown),
  }
}

/** The figures of all these bars. */
function wholeSeries({ step, days, closes, rs }: Bars): InstrumentSeries {
  const line = carriedOver(rs, tolerated[step])
  const readings = readingsByBar(line)
  const whereTraded = (series: Series) => combine(series, rs, (value) => value)
  return {
    days,
    closes,
    rs,
    mansfield: whereTraded(mansfield(line, mansfieldBars[step])),
    ratio: whereTraded(readings.ratio),
    momentum: whereTraded(readings.momentum),
    formula: readings.formula.map((formula, bar) => (rs[bar] === null ? null : formula)),
  }
}
