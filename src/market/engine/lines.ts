import type { Day } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { type Bars, barsBy } from './bars.ts'
import { carriedOver, tolerated } from './carrying.ts'
import { closesOn, frameOf, type Step } from './frame.ts'
import { combine, type Series } from './series.ts'
import { type Formula, lookback, mansfield, mansfieldBars, readingsByBar } from './strength.ts'

/**
 * An instrument's lines bar by bar, oldest first: closes in rupees, RS (100 × close ÷ benchmark), Mansfield in percent, and
 * the reading of each bar with its formula. At each bar they say what was known on its day; a bar without a price is null in all.
 */
export type Lines = {
  days: readonly Day[]
  closes: Series
  rs: Series
  mansfield: Series
  ratio: Series
  momentum: Series
  formula: readonly (Formula | null)[]
}

/** The last `shown` bars up to `asOf`. */
export function linesUpTo(
  benchmark: Prices,
  prices: Prices,
  { asOf, step, calendar, shown }: { asOf: Day; step: Step; calendar: TradingCalendar; shown: number },
): Lines {
  const size = shown + Math.max(lookback['B/2'], mansfieldBars[step]) + tolerated[step]
  const need = { weeks: 0, days: 0, months: 0, [`${step}s`]: size }
  const frame = frameOf(benchmark, calendar, asOf, need)
  if (frame === null) return { days: [], closes: [], rs: [], mansfield: [], ratio: [], momentum: [], formula: [] }
  const closes = closesOn(frame.days, prices)
  const lines = linesOf(barsBy(step, frame, closes))
  return {
    days: lines.days.slice(-shown),
    closes: lines.closes.slice(-shown),
    rs: lines.rs.slice(-shown),
    mansfield: lines.mansfield.slice(-shown),
    ratio: lines.ratio.slice(-shown),
    momentum: lines.momentum.slice(-shown),
    formula: lines.formula.slice(-shown),
  }
}

/** The lines of all these bars. */
function linesOf({ step, days, closes, rs }: Bars): Lines {
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
