import { numberFormats } from '../engine/summary.ts'
import type { Change } from './changes.ts'

/** A change in words: `short` for a subject, `line` from what to what, `numbers` what it rests on. */
export type Described = { symbol: string; name: string; short: string; line: string; numbers: string }

/** Describes a change of an instrument of this name. It says what changed, never what to do about it. */
export function describeChange(change: Change, name: string): Described {
  const { line, numbers } = wordsOf(change)
  return { symbol: change.symbol, name, short: `${name}: ${line}`, line, numbers }
}

/** "IT: lagging → improving", or with ", and 3 more"; '' where nothing changed. */
export function headlineOf(described: readonly Pick<Described, 'short'>[]): string {
  const [first, ...others] = described
  if (!first) return ''
  return others.length === 0 ? first.short : `${first.short}, and ${others.length} more`
}

function wordsOf(change: Change): Pick<Described, 'line' | 'numbers'> {
  const { plain, reading, signed } = numberFormats
  switch (change.kind) {
    case 'quadrant':
      return {
        line: `${change.from} → ${change.to}`,
        numbers: `RS-Ratio ${reading(change.ratio)}, RS-Momentum ${reading(change.momentum)}`,
      }
    case 'rank':
      return {
        line: `${change.to <= change.top ? 'into' : 'out of'} the top ${change.top}`,
        numbers: `Rank ${change.from} → ${change.to}`,
      }
    case 'mansfield':
      return {
        line: `Mansfield ${change.to >= 0 ? 'above' : 'below'} zero`,
        numbers: `Mansfield ${signed(change.from)} % → ${signed(change.to)} %`,
      }
    case 'high':
      return { line: 'new 52-week high of the RS line', numbers: `RS ${plain(change.rs, 4)}` }
  }
}
