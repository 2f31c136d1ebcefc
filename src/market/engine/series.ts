/**
 * A value per bar, oldest first; null where there is none. Everything here keeps its place: the answer has a value at a
 * bar only when every bar it needs has one, so a gap is never bridged by what is left, and each window is summed anew,
 * so that loading more history changes no value.
 */
export type Series = readonly (number | null)[]

/** The mean of the last `size` bars. */
export function mean(series: Series, size: number): Series {
  return windows(series, size, meanOf)
}

/** How many standard deviations (of the population, ddof 0) a bar is above the mean of the last `size` bars. */
export function zScore(series: Series, size: number): Series {
  return windows(series, size, (values, from, to) => {
    const middle = meanOf(values, from, to)
    let [squares, largest] = [0, 0]
    for (let i = from; i < to; i++) {
      squares += (values[i]! - middle) ** 2
      largest = Math.max(largest, Math.abs(values[i]!))
    }
    const deviation = Math.sqrt(squares / (to - from))
    // Where nothing moves there is no measure of moving; what rounding leaves over is not one.
    const noise = 1e-12 * largest
    return deviation > noise ? (values[to - 1]! - middle) / deviation : null
  })
}

/** Change in percent against the bar `back` bars earlier. */
export function change(series: Series, back: number): Series {
  return combine(series, shift(series, back), (now, before) => (before === 0 ? null : 100 * (now / before - 1)))
}

/** The same values `back` bars later. */
export function shift(series: Series, back: number): Series {
  return series.map((_, i) => (i >= back ? series[i - back]! : null))
}

/** Two series of the same bars, bar by bar. */
export function combine(a: Series, b: Series, of: (a: number, b: number) => number | null): Series {
  return a.map((value, i) => {
    const other = b[i] ?? null
    return value === null || other === null ? null : finite(of(value, other))
  })
}

/** One series, bar by bar. */
export function each(series: Series, of: (value: number) => number | null): Series {
  return series.map((value) => (value === null ? null : finite(of(value))))
}

/** A window is the values from one place up to before another. */
type OfWindow = (values: readonly number[], from: number, to: number) => number | null

function windows(series: Series, size: number, of: OfWindow): Series {
  // Bars since the last gap; a window starts only where there are enough of them.
  let run = 0
  return series.map((value, i) => {
    run = value === null ? 0 : run + 1
    return run < size ? null : finite(of(series as number[], i - size + 1, i + 1))
  })
}

function meanOf(values: readonly number[], from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += values[i]!
  return sum / (to - from)
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null
}
