import { type Day, weekOf } from './days.ts'
import type { Series } from './series.ts'

/** Closing prices by day, as they were traded; only the days that have one. */
export type Prices = ReadonlyMap<Day, number>

/** From this day on one old unit is `ratio` new ones: 10 for a face value going from ₹10 to ₹1. */
export type Split = { day: Day; ratio: number }

/** The benchmark's bars, and another instrument's closes at the same ones; null where it has none in that bar. */
export type Bars = { days: readonly Day[]; benchmark: Series; closes: Series }

/** Prices as if every split had always been so: what was traded before one is divided by its ratio. */
export function adjusted(prices: Prices, splits: readonly Split[]): Prices {
  if (splits.length === 0) return prices
  const ratioAt = (day: Day) => splits.reduce((ratio, split) => (day < split.day ? ratio * split.ratio : ratio), 1)
  return new Map([...prices].map(([day, price]) => [day, price / ratioAt(day)]))
}

/** A bar for every day the benchmark traded, up to `until`: its days are the trading days, an instrument's others are not looked at. */
export function dailyBars(benchmark: Prices, prices: Prices, until: Day): Bars {
  const days = [...benchmark.keys()].filter((day) => day <= until).sort()
  return barsAt(days, benchmark, prices)
}

/**
 * A bar for every ISO week the benchmark traded in, up to `until`, at the last day both of them traded. Prices are only
 * ever compared on the same day; a week in which the instrument did not trade with the benchmark is a gap.
 */
export function weeklyBars(benchmark: Prices, prices: Prices, until: Day): Bars {
  const lastOf = new Map<Day, { last: Day; common: Day | null }>()
  for (const day of [...benchmark.keys()].filter((one) => one <= until).sort()) {
    const week = weekOf(day)
    lastOf.set(week, { last: day, common: prices.has(day) ? day : (lastOf.get(week)?.common ?? null) })
  }
  const weeks = [...lastOf.values()]
  return {
    days: weeks.map(({ last, common }) => common ?? last),
    benchmark: weeks.map(({ last, common }) => benchmark.get(common ?? last)!),
    closes: weeks.map(({ common }) => (common === null ? null : prices.get(common)!)),
  }
}

function barsAt(days: readonly Day[], benchmark: Prices, prices: Prices): Bars {
  return {
    days,
    benchmark: days.map((day) => benchmark.get(day)!),
    closes: days.map((day) => prices.get(day) ?? null),
  }
}
