import type { Day } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Trading } from '../prices/reading-trading.ts'
import { type Bars, barsBy } from './bars.ts'
import { carriedOver, tolerated } from './carrying.ts'
import { closesOn, frameOf, type Step } from './frame.ts'
import { combine, type Series } from './series.ts'
import { type Formula, lookback, mansfield, mansfieldBars, readingsByBar } from './strength.ts'
import { tradedBy } from './trading.ts'

/**
 * An instrument's figures bar by bar, oldest first: closes in rupees, units and rupees traded (null where no file says it), RS
 * (100 × close ÷ benchmark), Mansfield in percent, and the reading of each bar with its formula. At each bar they say what was known
 * on its day; a bar without a price is null in all of them.
 */
export type InstrumentSeries = {
  days: readonly Day[]
  closes: Series
  volumes: Series
  turnover: Series
  rs: Series
  mansfield: Series
  ratio: Series
  momentum: Series
  formula: readonly (Formula | null)[]
}

/** The last `shown` bars up to `asOf`, or all there are. */
export function instrumentSeries(
  benchmark: Prices,
  prices: Prices,
  { volumes, turnover }: Trading,
  { asOf, step, calendar, shown }: { asOf: Day; step: Step; calendar: TradingCalendar; shown: number },
): InstrumentSeries {
  const size = shown + Math.max(lookback['B/2'], mansfieldBars[step]) + tolerated[step]
  const frame = frameOf(benchmark, calendar, asOf, { [`${step}s`]: size })
  if (frame === null)
    return {
      days: [],
      closes: [],
      volumes: [],
      turnover: [],
      rs: [],
      mansfield: [],
      ratio: [],
      momentum: [],
      formula: [],
    }
  const { days, closes, rs, mansfield, ratio, momentum, formula } = computed(
    barsBy(step, frame, closesOn(frame.days, prices)),
  )
  return {
    days: days.slice(-shown),
    closes: closes.slice(-shown),
    volumes: tradedBy(step, frame, volumes).slice(-shown),
    turnover: tradedBy(step, frame, turnover).slice(-shown),
    rs: rs.slice(-shown),
    mansfield: mansfield.slice(-shown),
    ratio: ratio.slice(-shown),
    momentum: momentum.slice(-shown),
    formula: formula.slice(-shown),
  }
}

/** What follows from the closes of all these bars. */
function computed({ step, days, closes, rs }: Bars): Omit<InstrumentSeries, 'volumes' | 'turnover'> {
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
