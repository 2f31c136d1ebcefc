import type { Analysis } from './analysis.ts'
import type { Step } from './frame.ts'
import type { Quadrant } from './quadrants.ts'
import type { Formula } from './strength.ts'
import { numberFormats } from './summary.ts'
import { usualTerms } from './terms.ts'

/**
 * Sentences beside a table or map: they tell rank and quadrant apart, and say what 100 (the middle of the map), pace and provisional
 * readings are.
 */
export type Legends = { rankAndQuadrant: string; hundred: string; pace: string; provisional: string }

/** What the score, and so the rank, is made of: the weights of `scoreAt` in words. */
export const describeScore = (benchmark: string) =>
  `returns of 3, 6, 9 and 12 months against ${benchmark}, the last three months counting double`

/** The legends of monthly, weekly or daily readings. `benchmark`: what sentences call it. */
export function legendsFor(unit: Step, { one, benchmark } = usualTerms): Legends {
  return {
    rankAndQuadrant: `Rank: ${describeScore(benchmark)}. Quadrant: its strength and pace now, against its own past.`,
    hundred:
      `100 is its own average strength and its own usual pace, both of the last 40 ${unit}s, not ${benchmark}: ` +
      `a leading ${one} can still have done worse than ${benchmark}.`,
    pace:
      `Pace is the change of RS-Ratio over 4 ${unit}s; usual is its average over 40 ${unit}s. ` +
      'Where the usual is a fall, a slower fall is the better pace.',
    provisional:
      `provisional, by formula C, because there are too few prices for B. Averages are of 14 ${unit}s, and RS-Momentum above 100 means that ` +
      `RS-Ratio is higher than 4 ${unit}s ago.`,
  }
}

/**
 * What a quadrant says of the numbers, a phrase that goes on after the sector's name. B measures the pace against the usual
 * one, so it says nothing of whether RS-Ratio rose; C measures against four bars ago, so it does. Exactly 100 counts as above.
 */
export const quadrantMeanings: Record<Quadrant, string> = meaningsOf('B/2', 'week')

/** The same of one formula and step, against a benchmark. */
export function meaningsOf(formula: Formula, unit: Step, { benchmark } = usualTerms): Record<Quadrant, string> {
  const [strong, weak, up, down] =
    formula === 'B/2'
      ? [
          `stronger against ${benchmark} than its own average`,
          `weaker against ${benchmark} than its own average`,
          'at a better pace than usual',
          'at a worse pace than usual',
        ]
      : [
          `stronger against ${benchmark} than its average of 14 ${unit}s`,
          `weaker against ${benchmark} than its average of 14 ${unit}s`,
          `RS-Ratio higher than 4 ${unit}s ago`,
          `RS-Ratio lower than 4 ${unit}s ago`,
        ]
  return {
    leading: `${strong}, ${up}`,
    weakening: `${strong}, ${down}`,
    lagging: `${weak}, ${down}`,
    improving: `${weak}, ${up}`,
  }
}

/**
 * Why the strongest by rank may be in any quadrant, a sentence about the very one: the rank looks at up to a year, the quadrant
 * at now. '' where the first one leads, or has no reading.
 */
export function describeFirst({ sectors, step, terms }: Pick<Analysis, 'sectors' | 'step' | 'terms'>): string {
  const first = sectors.find((one) => one.rank === 1)
  if (!first?.quadrant || !first.formula || first.quadrant === 'leading') return ''
  const { name, quadrant, formula } = first
  return `${name} has the highest score, and is ${quadrant} now: ${meaningsOf(formula, step, terms)[quadrant]}.`
}

/**
 * One sector as an example of rank and quadrant that seem to disagree: the best ranked one that is ahead of the benchmark by its
 * score and does not lead. '' where there is none.
 */
export function describeExample({ sectors, step, terms }: Pick<Analysis, 'sectors' | 'step' | 'terms'>): string {
  const example = sectors.find((one) => (one.score ?? 0) > 100 && one.quadrant !== null && one.quadrant !== 'leading')
  if (!example?.quadrant || !example.formula) return ''
  const { name, rank, score, quadrant, formula } = example
  return (
    `For example, ${name} has rank ${rank}: its score of ${numberFormats.plain(score)} is ahead of ${terms.benchmark}’s 100. ` +
    `Its quadrant is ${quadrant}: ${meaningsOf(formula, step, terms)[quadrant]}.`
  )
}

/** "above its own average of 40 weeks". */
export function describeRatio(ratio: number, formula: Formula, unit: Step): string {
  return `${sideOf(ratio - 100)} its own average of ${formula === 'B/2' ? 40 : 14} ${unit}s`
}

/**
 * What RS-Momentum says, with the change it is made of. `change`: of RS-Ratio over four bars, in percent; `usual`: the mean of
 * the last forty of them, which formula C does not have.
 */
export function describeMomentum(
  momentum: number,
  { change, usual }: { change: number; usual: number | null },
  unit: Step,
): string {
  const moved = `RS-Ratio ${describeChange(change)} in 4 ${unit}s`
  if (usual === null) return moved
  return `${sideOf(momentum - 100)} its usual pace: ${moved}, ${numberFormats.signed(usual, 2)} % on average`
}

/** What is printed as 100.00 although it is on one side of it is “just” there. */
function sideOf(distance: number): string {
  if (distance === 0) return 'exactly at'
  return `${Math.abs(distance) < 0.005 ? 'just ' : ''}${distance > 0 ? 'above' : 'below'}`
}

function describeChange(percent: number): string {
  if (Math.abs(percent) < 0.005) return 'hardly changed'
  return `${percent > 0 ? 'rose' : 'fell'} by ${numberFormats.plain(Math.abs(percent))} %`
}
