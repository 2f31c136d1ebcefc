import { LRUCache } from 'lru-cache'
import type { Sql } from '../../platform/db.ts'
import type { Day } from '../calendar/days.ts'
import type { Market } from '../engine/market.ts'
import { allRules, changesBetween } from './changes.ts'
import { type Described, describeChange, headlineOf } from './describe.ts'
import { noteVisit } from './queries.ts'
import { standingsAt } from './standings.ts'

/** What changed between the session that a person saw last and the newest one. */
export type SinceVisit = { since: Day; headline: string; changes: Described[] }

/** Notes a visit, and says what changed since the one before. Null on the first one, without news, and where nothing changed. */
export async function sinceVisit(sql: Sql, market: Market, userId: string): Promise<SinceVisit | null> {
  if (market.asOf === null) return null
  const since = await noted(sql, market, userId)
  if (since === null || since >= market.asOf) return null
  const changes = changesSince(market, since)
  return changes.length === 0 ? null : { since, headline: headlineOf(changes), changes }
}

/** Visits of one market that are remembered, so that who goes on looking asks the database nothing. */
const remembered = 10_000
const visitsOf = new WeakMap<Market, LRUCache<string, { since: Day | null }>>()

async function noted(sql: Sql, market: Market, userId: string): Promise<Day | null> {
  const visits = visitsOf.get(market) ?? new LRUCache({ max: remembered })
  visitsOf.set(market, visits)
  const visit = visits.get(userId) ?? { since: await noteVisit(sql, userId, market.asOf!) }
  visits.set(userId, visit)
  return visit.since
}

const known = new WeakMap<Market, Map<Day, Described[]>>()

/** What changed on the weekly map since a session, the same for everybody who saw it last; put together once. */
function changesSince(market: Market, since: Day): Described[] {
  const kept = known.get(market) ?? new Map<Day, Described[]>()
  known.set(market, kept)
  const changes = kept.get(since) ?? described(market, since)
  kept.set(since, changes)
  return changes
}

function described(market: Market, since: Day): Described[] {
  const [before, now] = [standingsAt(market, 'week', since), standingsAt(market, 'week', market.asOf!)]
  if (before === null || now === null) return []
  const names = new Map(market.sectors.map(({ symbol, name }) => [symbol, name]))
  return changesBetween(before, now, allRules, (symbol) => names.has(symbol)).map((change) =>
    describeChange(change, names.get(change.symbol)!),
  )
}
