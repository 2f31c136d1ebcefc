import type { Day } from '../calendar/days.ts'

/** Closing prices by day, as they were traded; only the days that have one. */
export type Prices = ReadonlyMap<Day, number>

/** From this day on one old unit is `ratio` new ones: 10 for a face value going from ₹10 to ₹1. */
type Split = { day: Day; ratio: number }

/** Prices adjusted for splits: those before a split's day are divided by its ratio. */
export function adjusted(prices: Prices, splits: readonly Split[]): Prices {
  if (splits.length === 0) return prices
  const ratioAt = (day: Day) => splits.reduce((ratio, split) => (day < split.day ? ratio * split.ratio : ratio), 1)
  return new Map([...prices].map(([day, price]) => [day, price / ratioAt(day)]))
}
