import type { Day } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { weeklyBars } from './bars.ts'
import { carriedOver, tolerated } from './carrying.ts'
import { closesOn, frameOf } from './frame.ts'
import { combine, type Series } from './series.ts'
import { mansfield, mansfieldBars } from './strength.ts'

/** Weeks side by side, oldest first: closes in rupees, the RS line, and Mansfield's strength in percent. */
export type History = { days: readonly Day[]; closes: Series; rs: Series; mansfield: Series }

const shown = 104

/** Two years of an instrument by week, up to `asOf`; a week without a price is a gap in each line. */
export function historyOf(
  benchmark: Prices,
  prices: Prices,
  { asOf, calendar }: { asOf: Day; calendar: TradingCalendar },
): History {
  const frame = frameOf(benchmark, calendar, asOf, { weeks: shown + mansfieldBars.week + tolerated.week, days: 0 })
  if (frame === null) return { days: [], closes: [], rs: [], mansfield: [] }
  const { days, closes, rs } = weeklyBars(frame, closesOn(frame.days, prices))
  const strength = mansfield(carriedOver(rs, tolerated.week), mansfieldBars.week)
  return {
    days: days.slice(-shown),
    closes: closes.slice(-shown),
    rs: rs.slice(-shown),
    mansfield: combine(strength, rs, (value) => value).slice(-shown),
  }
}
