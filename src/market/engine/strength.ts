import type { Bars } from './bars.ts'
import { change, combine, each, mean, type Series, shift, zScore } from './series.ts'

/** Which formula made RS-Ratio and RS-Momentum; its version changes when any number would. */
export type Formula = 'B/2' | 'C/2'

/** Strength and momentum per bar, both centred on 100, and the formula they come from. */
export type Strength = { formula: Formula; ratio: Series; momentum: Series }

/** The relative-strength line: 100 × price ÷ benchmark, on the same day. */
export function relativeStrength(bars: Bars): Series {
  return combine(bars.closes, bars.benchmark, (price, against) => (against > 0 ? (100 * price) / against : null))
}

/**
 * B: RS-Ratio = 100 + z₄₀(SMA₁₀(RS)), RS-Momentum = 100 + z₄₀(ROC₄(RS-Ratio)). First value at the 92nd bar. Not JdK's
 * formula, which is not published, but one with its published properties, quiet on noise.
 */
export function strengthB(rs: Series): Strength {
  const ratio = each(zScore(mean(rs, 10), 40), (z) => 100 + z)
  const momentum = each(zScore(change(ratio, 4), 40), (z) => 100 + z)
  return { formula: 'B/2', ratio, momentum }
}

/** C, for histories too short for B: RS-Ratio = 100 × RS ÷ SMA₁₄(RS), RS-Momentum = 100 × RS-Ratio ÷ itself four bars ago. From the 18th bar. */
export function strengthC(rs: Series): Strength {
  const ratio = combine(rs, mean(rs, 14), (now, average) => (100 * now) / average)
  const momentum = combine(ratio, shift(ratio, 4), (now, before) => (100 * now) / before)
  return { formula: 'C/2', ratio, momentum }
}

/** Mansfield relative strength: how far, in percent, the RS line is above its own mean of the last `bars` (52 weeks, 200 days). */
export function mansfield(rs: Series, bars: number): Series {
  return combine(rs, mean(rs, bars), (now, average) => 100 * (now / average - 1))
}

/** Trading days of a quarter; the score looks back one to four of them. */
const quarter = 63
const weights = [0.4, 0.2, 0.2, 0.2] as const

/**
 * The weighted score at a bar: 100 × (1 + S) ÷ (1 + S of the benchmark), with S = 0.4 r₆₃ + 0.2 r₁₂₆ + 0.2 r₁₈₉ + 0.2 r₂₅₂ of
 * daily bars. Above 100: did better than the benchmark, the last quarter counting double.
 */
export function scoreAt({ closes, benchmark }: Bars, bar: number): number | null {
  const own = weightedReturn(closes, bar)
  const against = weightedReturn(benchmark, bar)
  if (own === null || against === null || 1 + against <= 0) return null
  const score = (100 * (1 + own)) / (1 + against)
  return Number.isFinite(score) ? score : null
}

function weightedReturn(closes: Series, bar: number): number | null {
  const now = closes[bar] ?? null
  let sum = 0
  for (const [i, weight] of weights.entries()) {
    const before = closes[bar - quarter * (i + 1)] ?? null
    if (now === null || before === null || before === 0) return null
    sum += weight * (now / before - 1)
  }
  return sum
}
