import type { Sql } from '../../platform/db.ts'
import { takePermit } from '../../platform/rate-counters.ts'

/** Calls a minute of each endpoint of the Subscriptions API, for an account: all processes together. */
const limit = 60
/** Calls nobody waits for stop at nine tenths: 48 a minute come back steadily, and six may come at once. */
const pace = { everyMs: 60_000 / 48, atOnce: limit * 0.9 - 48 }
/** What people have used is remembered so long: a rush of them must not silence the rest for ever. */
const longestDebtMs = 60_000

/**
 * The permits of calls whose limit all processes share (mandates, not orders). Answers how many seconds the call should wait; 0: go.
 * A call that people wait for always goes and is counted: whether it is too much Cashfree says. Never throws; while the database is away,
 * only people's calls go.
 */
export function callPermits(sql: Sql): (endpoint: string, patient: boolean) => Promise<number> {
  return async (endpoint, patient) => {
    if (!/^\w+ \/(plans|subscriptions)\b/.test(endpoint)) return 0
    const wait = await takePermit(sql, `cashfree ${endpoint}`, { ...pace, longestDebtMs, always: !patient }).catch(
      () => (patient ? 10_000 : 0),
    )
    return Math.ceil(wait / 1000)
  }
}
