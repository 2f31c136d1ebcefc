import type { Day } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Instrument } from './analysis.ts'
import { historyFrame, trendIn } from './history.ts'
import type { Series } from './series.ts'

/** How many of so many instruments are above something; `of` counts those of which it can be said. */
export type Above = { above: number; of: number }

/**
 * Two years of weeks, oldest first: how many instruments closed above their own average of 40 weeks, and of how many Mansfield's
 * strength was above zero.
 */
export type Breadth = { days: readonly Day[]; average: Above[]; mansfield: Above[] }

/** The breadth of these instruments against a benchmark, up to `asOf`; it needs no price after that day. No weeks without prices. */
export function breadthOf(
  benchmark: Prices,
  instruments: readonly Pick<Instrument, 'prices'>[],
  at: { asOf: Day; calendar: TradingCalendar },
): Breadth {
  const frame = historyFrame(benchmark, at)
  if (frame === null) return { days: [], average: [], mansfield: [] }
  const { days } = trendIn(frame, benchmark)
  const trends = instruments.map(({ prices }) => trendIn(frame, prices))
  return {
    days,
    average: days.map((_, week) => count(trends, ({ closes, long }) => difference(closes, long, week))),
    mansfield: days.map((_, week) => count(trends, ({ mansfield }) => mansfield[week] ?? null)),
  }
}

function difference(a: Series, b: Series, bar: number): number | null {
  const [one, other] = [a[bar] ?? null, b[bar] ?? null]
  return one === null || other === null ? null : one - other
}

function count<T>(all: readonly T[], of: (one: T) => number | null): Above {
  const counted = { above: 0, of: 0 }
  for (const one of all) {
    const value = of(one)
    if (value === null) continue
    counted.of++
    if (value > 0) counted.above++
  }
  return counted
}
