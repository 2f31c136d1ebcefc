import type { Quadrant } from '../engine/quadrants.ts'
import type { SectorState } from './standings.ts'

/** Which changes are told of: `top`, into or out of the first so many by rank; null: not. */
export type ChangeRules = { quadrant: boolean; top: number | null; mansfield: boolean; high: boolean }

/** One thing that changed of one instrument between two sessions. Numbers are those of the two sessions. */
export type Change = { symbol: string } & (
  | { kind: 'quadrant'; from: Quadrant; to: Quadrant; ratio: number; momentum: number }
  | { kind: 'rank'; from: number; to: number; top: number }
  | { kind: 'mansfield'; from: number; to: number }
  | { kind: 'high'; rs: number }
)

/** Everything that can be told, about the first five. */
export const allRules: ChangeRules = { quadrant: true, top: 5, mansfield: true, high: true }

const kinds: Change['kind'][] = ['quadrant', 'rank', 'mansfield', 'high']

/**
 * What changed between two sessions of what is asked for: by kind, and within a kind the strongest first. A reading that one
 * of the two sessions lacks is no change. Exactly zero counts as above, as exactly 100 does on the map.
 */
export function changesBetween(
  before: readonly SectorState[],
  after: readonly SectorState[],
  rules: ChangeRules,
  isAskedFor: (symbol: string) => boolean,
): Change[] {
  const known = new Map(before.map((one) => [one.symbol, one]))
  return after
    .filter(({ symbol }) => isAskedFor(symbol) && known.has(symbol))
    .toSorted((a, b) => (a.rank ?? Number.POSITIVE_INFINITY) - (b.rank ?? Number.POSITIVE_INFINITY) || 0)
    .flatMap((now) => changesOf(known.get(now.symbol)!, now, rules))
    .toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
}

function changesOf(was: SectorState, now: SectorState, rules: ChangeRules): Change[] {
  const { symbol, ratio, momentum } = now
  const changes: Change[] = []
  if (rules.quadrant && was.quadrant && now.quadrant && was.quadrant !== now.quadrant)
    changes.push({ symbol, kind: 'quadrant', from: was.quadrant, to: now.quadrant, ratio: ratio!, momentum: momentum! })
  if (rules.top !== null && was.rank !== null && now.rank !== null && was.rank <= rules.top !== now.rank <= rules.top)
    changes.push({ symbol, kind: 'rank', from: was.rank, to: now.rank, top: rules.top })
  if (rules.mansfield && was.mansfield !== null && now.mansfield !== null && was.mansfield >= 0 !== now.mansfield >= 0)
    changes.push({ symbol, kind: 'mansfield', from: was.mansfield, to: now.mansfield })
  if (rules.high && was.isHigh === false && now.isHigh === true) changes.push({ symbol, kind: 'high', rs: now.rs! })
  return changes
}
