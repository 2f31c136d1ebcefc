import type { Day } from '../calendar/days.ts'

/** Closing prices by day; only the days that have one. */
export type Prices = ReadonlyMap<Day, number>

/** From this day on one old unit is `ratio` new ones: 10 for a face value going from ₹10 to ₹1. */
export type Split = { day: Day; ratio: number }

/**
 * What a close is divided by: the ratios of all splits later than the day up to which it accounts for them. For a price as it was
 * traded that is its own day; for one that its file's maker has restated, the day up to which that was done.
 */
export function ratioAfter(splits: readonly Split[], accountedFor: Day): number {
  return splits.reduce((ratio, split) => (accountedFor < split.day ? ratio * split.ratio : ratio), 1)
}
