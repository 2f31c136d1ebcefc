import { type Day, daysAfter } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { lastWithin } from './carrying.ts'
import { closesOn, type Frame, frameOf, sessionAt } from './frame.ts'

/** After how many weeks it is looked at what followed a reading. */
export const weeksAfter = [4, 13] as const
export type WeeksAfter = (typeof weeksAfter)[number]

/** Percentage points that an instrument returned more than the benchmark after a day; null where a price is missing. */
export type ExcessAfter = Record<WeeksAfter, number | null>

/**
 * What followed a day at least 13 weeks ago: the return of each instrument over the weeks after it, less the benchmark's over
 * the same days, by symbol. Prices later than those weeks are not looked at.
 */
export function excessAfter(
  benchmark: Prices,
  instruments: readonly { symbol: string; prices: Prices }[],
  at: Day,
  calendar: TradingCalendar,
): Map<string, ExcessAfter> {
  const frames = weeksAfter.map((weeks) =>
    frameOf(benchmark, calendar, daysAfter(at, 7 * weeks), { weeks: weeks + 2, days: 0 }),
  )
  return new Map(
    instruments.map(({ symbol, prices }) => {
      const entries = weeksAfter.map((weeks, i) => [weeks, excessIn(frames[i]!, prices, at)] as const)
      return [symbol, Object.fromEntries(entries) as ExcessAfter]
    }),
  )
}

function excessIn(frame: Frame | null, prices: Prices, at: Day): number | null {
  if (frame === null) return null
  const [own, nifty] = [changeIn(frame, closesOn(frame.days, prices), at), changeIn(frame, frame.benchmark, at)]
  return own === null || nifty === null ? null : own - nifty
}

/** In percent, from the last close on or before `at` to the frame's last. */
function changeIn(frame: Frame, closes: Frame['benchmark'], at: Day): number | null {
  const [from, to] = [lastWithin(closes, sessionAt(frame, at)), lastWithin(closes, frame.days.length - 1)]
  const [before, after] = [closes[from] ?? null, closes[to] ?? null]
  return before === null || after === null || before <= 0 || to <= from ? null : 100 * (after / before - 1)
}
