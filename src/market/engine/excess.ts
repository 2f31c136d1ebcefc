import type { Analysis, SectorRank } from './analysis.ts'
import type { Blanks } from './blanks.ts'
import { spans } from './returns.ts'

/** Returns as they are, or minus the benchmark's. */
export type ReturnKind = (typeof returnKinds)[number]
export const returnKinds = ['absolute', 'excess'] as const

const excessOf = new WeakMap<Analysis, Analysis>()

/**
 * The same analysis with returns in excess of the benchmark's: an instrument's minus the benchmark's over the same span, in
 * percentage points; nothing else changes. The benchmark keeps its own returns, which the others are told from. The same object
 * for the same analysis.
 */
export function inExcess(analysis: Analysis): Analysis {
  const known = excessOf.get(analysis)
  if (known) return known
  const excess = { ...analysis, sectors: analysis.sectors.map((one) => ({ ...one, ...excessIn(one, analysis) })) }
  excessOf.set(analysis, excess)
  return excess
}

function excessIn(one: SectorRank, { benchmark, terms }: Analysis): Pick<SectorRank, 'returns' | 'blanks'> {
  const returns = { ...one.returns }
  const blanks: Blanks = { ...one.blanks }
  for (const span of spans) {
    const [own, against] = [one.returns[span], benchmark.returns[span]]
    returns[span] = own === null || against === null ? null : own - against
    if (own !== null && against === null) blanks[span] = `No return of ${terms.instrument} over the same span`
  }
  return { returns, blanks }
}
