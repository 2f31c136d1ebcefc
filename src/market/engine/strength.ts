import type { Bars } from './bars.ts'
import { type Carried, lastWithin, missingIn, tolerable } from './carrying.ts'
import type { Step } from './frame.ts'
import { change, combine, each, mean, type Series, shift, zScore } from './series.ts'

/**
 * Which formula made RS-Ratio and RS-Momentum; its version changes when any number would. B/2 and C/2 are `strengthB` and
 * `strengthC` on an RS line whose missing bars were carried over. B/1 and C/1 were the same on the bare line: one missing bar
 * silenced every window that held it. Where no bar is missing, both versions are equal to the last digit.
 */
export type Formula = 'B/2' | 'C/2'

/** Strength and momentum per bar, both centred on 100. */
export type Strength = { ratio: Series; momentum: Series }

/** How many bars a reading looks back, itself included. */
export const lookback = { 'B/2': 92, 'C/2': 18 } as const satisfies Record<Formula, number>

/** Bars of Mansfield's mean: a year of weeks or months; by day the 200 that are customary. */
export const mansfieldBars = { day: 200, week: 52, month: 12 } as const satisfies Record<Step, number>

/**
 * B: RS-Ratio = 100 + z₄₀(SMA₁₀(RS)), RS-Momentum = 100 + z₄₀(ROC₄(RS-Ratio)). First value at the 92nd bar. Not JdK's
 * formula, which is not published, but one with its published properties, quiet on noise.
 */
export function strengthB(rs: Series): Strength {
  const ratio = each(zScore(mean(rs, 10), 40), (z) => 100 + z)
  const momentum = each(zScore(change(ratio, 4), 40), (z) => 100 + z)
  return { ratio, momentum }
}

/** C, for histories too short for B: RS-Ratio = 100 × RS ÷ SMA₁₄(RS), RS-Momentum = 100 × RS-Ratio ÷ itself four bars ago. From the 18th bar. */
export function strengthC(rs: Series): Strength {
  const ratio = combine(rs, mean(rs, 14), (now, average) => (100 * now) / average)
  const momentum = combine(ratio, shift(ratio, 4), (now, before) => (100 * now) / before)
  return { ratio, momentum }
}

/** Readings of one formula; `carried`: how many bars of the newest one's lookback were missing. */
export type Readings = Strength & { formula: Formula; carried: number }

/** B/2 where it has a value now, else C/2; never both in one tail. Null when neither has one. */
export function readingsOf(line: Carried): Readings | null {
  return by('B/2', strengthB, line) ?? by('C/2', strengthC, line)
}

/** Readings of every bar, each by B/2 where that has a value there, else by C/2: what was shown on that bar's day. */
export function readingsByBar(line: Carried): Strength & { formula: readonly (Formula | null)[] } {
  const b = tolerableStrength(strengthB(line.values), line, lookback['B/2'])
  const c = tolerableStrength(strengthC(line.values), line, lookback['C/2'])
  const has = ({ ratio, momentum }: Strength, bar: number) => ratio[bar] != null && momentum[bar] != null
  const formula = line.values.map((_, bar) => (has(b, bar) ? 'B/2' : has(c, bar) ? 'C/2' : null))
  const pick = (figure: keyof Strength) =>
    formula.map((name, bar) => (name === null ? null : (name === 'B/2' ? b : c)[figure][bar]!))
  return { ratio: pick('ratio'), momentum: pick('momentum'), formula }
}

function by(formula: Formula, strength: (rs: Series) => Strength, line: Carried): Readings | null {
  const size = lookback[formula]
  const kept = tolerableStrength(strength(line.values), line, size)
  if (kept.ratio.at(-1) == null || kept.momentum.at(-1) == null) return null
  return { ...kept, formula, carried: missingIn(line, line.values.length - 1, size) }
}

/** Strength without the values that would rest on too many missing bars. */
function tolerableStrength({ ratio, momentum }: Strength, line: Carried, size: number): Strength {
  return { ratio: tolerable(ratio, line, size), momentum: tolerable(momentum, line, size) }
}

/** Mansfield relative strength: how far, in percent, the RS line is above its own mean of the last `size` bars (52 weeks, 12 months, 200 days). */
export function mansfield(line: Carried, size: number): Series {
  const { values } = line
  return tolerable(
    combine(values, mean(values, size), (now, average) => 100 * (now / average - 1)),
    line,
    size,
  )
}

/** Trading days of a quarter; the score looks back one to four of them. */
export const quarter = 63
const weights = [0.4, 0.2, 0.2, 0.2] as const

/**
 * The weighted score at a daily bar: 100 × (1 + S) ÷ (1 + S of the benchmark), with S = 0.4 r₆₃ + 0.2 r₁₂₆ + 0.2 r₁₈₉ + 0.2 r₂₅₂.
 * Above 100: did better than the benchmark, the last quarter counting double. Where a day is missing, the last one at most
 * three sessions before it on which both traded stands for it.
 */
export function scoreAt({ closes, benchmark, rs }: Bars, bar: number): number | null {
  const places = [0, 1, 2, 3, 4].map((quarters) => lastWithin(rs, bar - quarter * quarters))
  const own = weightedReturn(closes, places)
  const against = weightedReturn(benchmark, places)
  if (own === null || against === null || 1 + against <= 0) return null
  const score = (100 * (1 + own)) / (1 + against)
  return Number.isFinite(score) ? score : null
}

function weightedReturn(closes: Series, places: readonly number[]): number | null {
  const now = closes[places[0]!] ?? null
  let sum = 0
  for (const [i, weight] of weights.entries()) {
    const before = closes[places[i + 1]!] ?? null
    if (now === null || before === null || before === 0) return null
    sum += weight * (now / before - 1)
  }
  return sum
}
