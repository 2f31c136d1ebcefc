import { type Day, daysAfter, monthsAfter, weekOf, yearOf } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Series } from './series.ts'

/** Trading days up to `asOf`, the benchmark's last one, oldest first; the same for every instrument. */
export type Frame = {
  asOf: Day
  days: readonly Day[]
  /** Whole ISO weeks, oldest first, as places in `days`: from one, up to before another. */
  weeks: readonly Period[]
  /** Whole calendar months, in the same way, as many as were asked for. */
  months: readonly Period[]
  /** The benchmark's closes; null where it has none, which is a missing bar for everybody. */
  benchmark: Series
}
export type Period = { from: number; to: number }

/** At least so many bars of each kind. */
type Need = { weeks?: number; days?: number; months?: number }

/** How long a bar is. */
export type Step = 'day' | 'week' | 'month'

/**
 * The newest trading days up to `until`, at least the weeks, days and months of them that are needed, where there are so many. Trading days are the
 * days the exchange was open, from the benchmark's first price on, and whenever the benchmark has a price; in years of which
 * the calendar is not known only those. So a day without the benchmark's price is missing, not skipped. Null when the
 * benchmark has no price up to `until`.
 */
export function frameOf(
  benchmark: Prices,
  calendar: TradingCalendar,
  until: Day | null,
  { weeks: needWeeks = 0, days: needDays = 0, months: needMonths = 0 }: Need,
): Frame | null {
  const { first, asOf } = endsOf(benchmark, until ?? '9999-12-31')
  if (first === null || asOf === null) return null
  const days: Day[] = []
  const weeks: Period[] = []
  let monday = ''
  const oldestMonth = monthsAfter(`${asOf.slice(0, 7)}-01`, 1 - needMonths)
  for (let day = asOf; day >= first; day = daysAfter(day, -1)) {
    if (!benchmark.has(day) && !(calendar.isKnown(yearOf(day)) && calendar.isOpen(day))) continue
    if (day < monday || monday === '') {
      if (weeks.length >= needWeeks && days.length >= needDays && day < oldestMonth) break
      monday = weekOf(day)
      weeks.push({ from: 0, to: 0 })
    }
    weeks.at(-1)!.from = days.push(day)
  }
  days.reverse()
  const ordered = weeks.reverse().map(({ from }) => days.length - from)
  return {
    asOf,
    days,
    weeks: ordered.map((from, i) => ({ from, to: ordered[i + 1] ?? days.length })),
    months: monthsOf(days, oldestMonth),
    benchmark: closesOn(days, benchmark),
  }
}

/** The months of these days from the one that begins on `oldest`; of an older one only its end may be there. */
function monthsOf(days: readonly Day[], oldest: Day): Period[] {
  const starts = days.flatMap((day, i) => (day < oldest || day.slice(0, 7) === days[i - 1]?.slice(0, 7) ? [] : [i]))
  return starts.map((from, i) => ({ from, to: starts[i + 1] ?? days.length }))
}

/** An instrument's closes on these days, null where it has none; what it traded on others is not looked at. */
export function closesOn(days: readonly Day[], prices: Prices): Series {
  return days.map((day) => prices.get(day) ?? null)
}

/** The place of the last trading day up to `day`; -1 when all are later. */
export function sessionAt({ days }: Pick<Frame, 'days'>, day: Day): number {
  let [low, high] = [0, days.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (days[middle]! <= day) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The days of a map that can be stepped to, newest first: the benchmark's last day of each month or week, or its days. */
export function stepsOf(benchmark: Prices, step: Step): Day[] {
  const days = [...benchmark.keys()].sort().reverse()
  if (step === 'day') return days
  const periodOf = step === 'week' ? weekOf : (day: Day) => day.slice(0, 7)
  return [...Map.groupBy(days, periodOf).values()].map((period) => period[0]!)
}

function endsOf(benchmark: Prices, until: Day): { first: Day | null; asOf: Day | null } {
  let first: Day | null = null
  let asOf: Day | null = null
  for (const day of benchmark.keys()) {
    if (day > until) continue
    if (first === null || day < first) first = day
    if (asOf === null || day > asOf) asOf = day
  }
  return { first, asOf }
}
