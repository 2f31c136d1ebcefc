import { type Day, daysAfter, monthsAfter } from '../calendar/days.ts'
import type { Prices } from '../prices/closing-prices.ts'

export const spans = ['1W', '1M', '3M', '6M', '1Y'] as const
export type Span = (typeof spans)[number]

const startOf: Record<Span, (day: Day) => Day> = {
  '1W': (day) => daysAfter(day, -7),
  '1M': (day) => monthsAfter(day, -1),
  '3M': (day) => monthsAfter(day, -3),
  '6M': (day) => monthsAfter(day, -6),
  '1Y': (day) => monthsAfter(day, -12),
}

/** A price is taken for a day at most this many days after it was made: longer than any run of holidays. */
const staleDays = 10

/**
 * Change in percent over calendar spans that end at `at`, each against the last close on or before the span's first day.
 * Null where there is no close near one of the two ends.
 */
export function returnsAt(prices: Prices, at: Day): Record<Span, number | null> {
  const now = closeNear(prices, at)
  const of = (span: Span) => {
    const before = closeNear(prices, startOf[span](at))
    return now === null || before === null || before <= 0 ? null : 100 * (now / before - 1)
  }
  return Object.fromEntries(spans.map((span) => [span, of(span)])) as Record<Span, number | null>
}

/**
 * How far, in percent, the close is under the highest close of the last 52 weeks, on the given trading days (oldest
 * first, up to `at`); null without a year of prices.
 */
export function fromYearHigh(prices: Prices, at: Day, days: readonly Day[]): number | null {
  const start = daysAfter(at, -364)
  const now = closeNear(prices, at)
  if (now === null || closeNear(prices, start) === null) return null
  let high = now
  for (let i = days.length - 1; i >= 0 && days[i]! > start; i--) high = Math.max(high, prices.get(days[i]!) ?? 0)
  return 100 * (now / high - 1)
}

function closeNear(prices: Prices, day: Day): number | null {
  for (let back = 0; back <= staleDays; back++) {
    const price = prices.get(daysAfter(day, -back))
    if (price !== undefined) return price
  }
  return null
}
