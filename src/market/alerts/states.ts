import { createHash } from 'node:crypto'
import type { Sql } from '../../platform/db.ts'
import type { Day } from '../calendar/days.ts'
import { type ChangeStep, type SectorState, standingsAt } from '../changes/standings.ts'
import type { Market } from '../engine/market.ts'
import { keepState } from './queries.ts'

/** Where everything stood after a session, with a number that names it for good. */
export type State = { id: number; benchmark: string; standings: SectorState[] }

/** The state of a session by the prices of now, kept in the database. Null where the benchmark has no price of that day. */
export async function stateAfter(sql: Sql, market: Market, step: ChangeStep, issue: Day): Promise<State | null> {
  const standings = standingsAt(market, step, issue)
  if (standings === null) return null
  const benchmark = market.benchmark!.symbol
  const fingerprint = fingerprintOf(benchmark, standings)
  return { id: await keepState(sql, { issue, step, benchmark, fingerprint, standings }), benchmark, standings }
}

/** What is the same for the same readings: prices that were corrected make another one. */
export function fingerprintOf(benchmark: string, standings: readonly SectorState[]): string {
  return createHash('sha256')
    .update(JSON.stringify([benchmark, standings]))
    .digest('hex')
}
