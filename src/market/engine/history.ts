import type { Day } from '../calendar/days.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { tradingDays, weeklyBars, weeksOf } from './bars.ts'
import type { Series } from './series.ts'
import { mansfield, relativeStrength } from './strength.ts'

/** Weeks side by side, oldest first: closes in rupees, the RS line, and Mansfield's strength in percent. */
export type History = { days: readonly Day[]; closes: Series; rs: Series; mansfield: Series }

const shown = 104
const mansfieldWeeks = 52

/** Two years of an instrument by week, up to `asOf`. */
export function historyOf(benchmark: Prices, prices: Prices, asOf: Day): History {
  const weeks = shown + mansfieldWeeks
  const bars = weeklyBars(weeksOf(tradingDays(benchmark, asOf, 5 * (weeks + 1))).slice(-weeks), benchmark, prices)
  const rs = relativeStrength(bars)
  return {
    days: bars.days.slice(-shown),
    closes: bars.closes.slice(-shown),
    rs: rs.slice(-shown),
    mansfield: mansfield(rs, mansfieldWeeks).slice(-shown),
  }
}
