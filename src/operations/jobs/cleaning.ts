import { deleteUnusedBrowsers } from '../../identity/known-browsers/queries.ts'
import { deleteOldAttempts } from '../../identity/login-throttle/queries.ts'
import { deleteEndedSessions, deleteOldTokens } from '../../identity/users/queries.ts'
import { dropAbandonedImports } from '../../market/prices/imports/queries.ts'
import type { Sql } from '../../platform/db.ts'
import { deleteEndedWindows } from '../../platform/rate-counters.ts'
import { applyRetention } from './retention/retention.ts'

/** Forgets what is over: sessions, counters, old links, browsers that nobody uses any more. Returns how many rows. */
export async function forgetWhatIsOver(sql: Sql): Promise<number> {
  let forgotten = 0
  for (const forget of [
    deleteEndedSessions,
    deleteOldAttempts,
    deleteEndedWindows,
    deleteUnusedBrowsers,
    deleteOldTokens,
    dropAbandonedImports,
    applyRetention,
  ])
    forgotten += await forget(sql)
  return forgotten
}
