import { type Day, daysAfter, monthsAfter } from '../calendar/days.ts'
import { lastWithin, tolerated } from './carrying.ts'
import { type Frame, sessionAt } from './frame.ts'
import type { Series } from './series.ts'

export const spans = ['1W', '1M', '3M', '6M', '1Y'] as const
export type Span = (typeof spans)[number]

const startOf: Record<Span, (day: Day) => Day> = {
  '1W': (day) => daysAfter(day, -7),
  '1M': (day) => monthsAfter(day, -1),
  '3M': (day) => monthsAfter(day, -3),
  '6M': (day) => monthsAfter(day, -6),
  '1Y': (day) => monthsAfter(day, -12),
}

/** Trading days on which the spans that end now begin, as places; -1 where that was before the first one. */
export function startsOf(frame: Frame): Record<Span, number> {
  const entries = spans.map((span) => [span, sessionAt(frame, startOf[span](frame.asOf))] as const)
  return Object.fromEntries(entries) as Record<Span, number>
}

/**
 * Change in percent over calendar spans that end now, each against the last close on or before the span's first day. Null
 * where no close is fresh enough at one of the two ends, and where the newest one is itself no younger than that first day.
 */
export function returnsOf(frame: Frame, closes: Series): Record<Span, number | null> {
  const starts = startsOf(frame)
  const last = lastWithin(closes, frame.days.length - 1)
  const now = closes[last] ?? null
  const of = (span: Span) => {
    const before = closes[lastWithin(closes, starts[span])] ?? null
    if (now === null || before === null || before <= 0 || last <= starts[span]) return null
    return 100 * (now / before - 1)
  }
  return Object.fromEntries(spans.map((span) => [span, of(span)])) as Record<Span, number | null>
}

/** The first day of the 52 weeks whose highest close counts, as a place; -1 where that was before the first one. */
export function yearStartOf(frame: Frame): number {
  return sessionAt(frame, daysAfter(frame.asOf, -364))
}

/**
 * How far, in percent, the close is under the highest one of the last 52 weeks. Null without a year of prices, and where more
 * weeks in it have none than may be missing.
 */
export function fromYearHigh(frame: Frame, closes: Series): number | null {
  const start = yearStartOf(frame)
  const now = closes[lastWithin(closes, frame.days.length - 1)] ?? null
  if (now === null || lastWithin(closes, start) === -1 || weeksWithout(frame, closes, start).length > tolerated.week)
    return null
  let high = now
  for (let i = closes.length - 1; i > start; i--) high = Math.max(high, closes[i] ?? 0)
  return 100 * (now / high - 1)
}

/** The weeks that end after a place and have no close, oldest first. */
export function weeksWithout({ weeks }: Frame, closes: Series, start: number) {
  return weeks.filter(({ from, to }) => to - 1 > start && closes.slice(from, to).every((close) => close === null))
}
