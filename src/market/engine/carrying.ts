import type { Step } from './frame.ts'
import type { Series } from './series.ts'

/** How many bars may be missing in the lookback of a figure: five trading days, one week, and no month. */
export const tolerated = { day: 5, week: 1, month: 0 } as const satisfies Record<Step, number>

/**
 * An RS line whose missing bars take the last value before them, one that is at most as many bars old as may be missing.
 * `missing`: how many bars were missing up to and including each one.
 */
export type Carried = { values: Series; missing: readonly number[]; most: number }

/** An RS line with its missing bars carried over; where too many are missing in a row they stay missing. */
export function carriedOver(rs: Series, most: number): Carried {
  const missing: number[] = []
  let [count, known] = [0, Number.NEGATIVE_INFINITY]
  const values = rs.map((value, i) => {
    if (value === null) count++
    else known = i
    missing.push(count)
    return value ?? (i - known <= most ? rs[known]! : null)
  })
  return { values, missing, most }
}

/** How many of the `size` bars up to this one are missing. */
export function missingIn({ missing }: Carried, bar: number, size: number): number {
  return missing[bar]! - (missing[bar - size] ?? 0)
}

/** The values of a figure that looks back `size` bars, without those that would rest on too many missing ones. */
export function tolerable(figure: Series, carried: Carried, size: number): Series {
  return figure.map((value, bar) => (value !== null && missingIn(carried, bar, size) > carried.most ? null : value))
}

/** A value stands for a day at most this many trading days after its own. */
const freshFor = 3

/** The place of the last value up to a daily bar, at most three bars before it; -1 where there is none. */
export function lastWithin(series: Series, bar: number): number {
  for (let i = bar; i >= 0 && i >= bar - freshFor; i--) if (series[i] != null) return i
  return -1
}
