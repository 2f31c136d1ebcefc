import { type Day, weekOf } from '../calendar/days.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Series } from './series.ts'

/** The benchmark's bars, and another instrument's closes at the same ones; null where it has none in that bar. */
export type Bars = { days: readonly Day[]; benchmark: Series; closes: Series }

/** The benchmark's trading days up to `until`, oldest first; the newest `count` of them. */
export function tradingDays(benchmark: Prices, until: Day, count = Number.POSITIVE_INFINITY): Day[] {
  const days = [...benchmark.keys()].filter((day) => day <= until).sort()
  return days.slice(-Math.min(count, days.length))
}

/** Trading days by ISO week, oldest first. */
export function weeksOf(days: readonly Day[]): Day[][] {
  return [...Map.groupBy(days, weekOf).values()]
}

/** A bar for every trading day; prices of the instrument on other days are ignored. */
export function dailyBars(days: readonly Day[], benchmark: Prices, prices: Prices): Bars {
  return {
    days,
    benchmark: days.map((day) => benchmark.get(day)!),
    closes: days.map((day) => prices.get(day) ?? null),
  }
}

/**
 * A bar for every week, at the last day on which both traded. Prices are only ever compared on the same day; a week in
 * which the instrument did not trade with the benchmark is a gap.
 */
export function weeklyBars(weeks: readonly Day[][], benchmark: Prices, prices: Prices): Bars {
  const last = weeks.map((week) => week.findLast((day) => prices.has(day)) ?? null)
  return {
    days: weeks.map((week, i) => last[i] ?? week.at(-1)!),
    benchmark: weeks.map((week, i) => benchmark.get(last[i] ?? week.at(-1)!)!),
    closes: last.map((day) => (day === null ? null : prices.get(day)!)),
  }
}
