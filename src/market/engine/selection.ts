import { LRUCache } from 'lru-cache'
import type { Analysis } from './analysis.ts'

/** Selections of one analysis that are kept: those of readers who chose alike are one. */
const kept = 100

const selectionsOf = new WeakMap<Analysis, LRUCache<string, Analysis>>()

/** What is said of some sectors only; their ranks stay what they are among all. The same object for the same sectors. */
export function onlySectors(analysis: Analysis, symbols: ReadonlySet<string>): Analysis {
  const isSelected = ({ symbol }: { symbol: string }) => symbols.has(symbol)
  const sectors = analysis.sectors.filter(isSelected)
  const selections = selectionsOf.get(analysis) ?? new LRUCache<string, Analysis>({ max: kept })
  selectionsOf.set(analysis, selections)
  const key = sectors.map(({ symbol }) => symbol).join(' ')
  const selection = selections.get(key) ?? { ...analysis, sectors, unranked: analysis.unranked.filter(isSelected) }
  selections.set(key, selection)
  return selection
}
