import type { marketAge } from '../../market/prices/queries.ts'
import { dayText } from '../market/labels.ts'

export type MarketAge = Awaited<ReturnType<typeof marketAge>>

/** More trading days behind than a weekend, a holiday and a day off explain. */
export function isStale({ asOf, daysBehind }: MarketAge): boolean {
  return asOf !== null && daysBehind > 3
}

/** "up to 20 Nov 2026, 2 trading days behind". */
export function marketAgeLabel({ asOf, daysBehind }: MarketAge): string {
  if (asOf === null) return 'no prices yet'
  const behind = daysBehind === 0 ? 'up to date' : `${daysBehind} trading ${daysBehind === 1 ? 'day' : 'days'} behind`
  return `up to ${dayText(asOf)}, ${behind}`
}
