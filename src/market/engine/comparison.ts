import type { Day } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { barsBy } from './bars.ts'
import { closesOn, frameOf } from './frame.ts'
import { type HistorySpan, historySpans } from './history.ts'
import { each, type Series } from './series.ts'

/**
 * Instruments side by side, bar by bar, oldest first. Every line is 100 at its first bar, which for one whose prices begin later is
 * a later one: `from`, null where it begins with the span. `days` are the benchmark's.
 */
export type Comparison = {
  step: 'week' | 'day'
  days: readonly Day[]
  /** The benchmark's price. */
  benchmark: Series
  lines: { symbol: string; rs: Series; price: Series; from: Day | null }[]
}

/** Relative strength and prices of these instruments over a span up to `asOf`; a bar without a price is a gap. */
export function comparisonOf(
  benchmark: Prices,
  instruments: readonly { symbol: string; prices: Prices }[],
  { asOf, calendar, span }: { asOf: Day; calendar: TradingCalendar; span: HistorySpan },
): Comparison {
  const { step, bars: shown } = historySpans[span]
  const frame = frameOf(benchmark, calendar, asOf, { [`${step}s`]: shown })
  if (frame === null) return { step, days: [], benchmark: [], lines: [] }
  const barsOf = (closes: Series) => barsBy(step, frame, closes)
  const against = barsOf(frame.benchmark)
  return {
    step,
    days: against.days.slice(-shown),
    benchmark: fromHundred(against.closes.slice(-shown)),
    lines: instruments.map(({ symbol, prices }) => {
      const bars = barsOf(closesOn(frame.days, prices))
      const first = bars.rs.slice(-shown).findIndex((value) => value !== null)
      return {
        symbol,
        rs: fromHundred(bars.rs.slice(-shown)),
        price: fromHundred(bars.closes.slice(-shown)),
        from: first > 0 ? bars.days.slice(-shown)[first]! : null,
      }
    }),
  }
}

/** The series scaled so that its first value is 100. */
function fromHundred(series: Series): Series {
  const first = series.find((value) => value !== null)
  return first === undefined ? series : each(series, (value) => (100 * value) / first!)
}
