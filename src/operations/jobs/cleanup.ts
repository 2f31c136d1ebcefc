import { eventDays } from '../../billing/webhooks/inbox.ts'
import { keepEventPartitions } from '../../billing/webhooks/queries.ts'
import { deleteOldTokens } from '../../identity/email-tokens/queries.ts'
import { deleteUnusedBrowsers } from '../../identity/known-browsers/queries.ts'
import { deleteOldAttempts } from '../../identity/login-throttle/queries.ts'
import { deleteEndedSessions } from '../../identity/sessions/queries.ts'
import { dropAbandonedImports } from '../../market/prices/imports/queries.ts'
import type { Sql } from '../../platform/db.ts'
import { deleteEndedWindows } from '../../platform/rate-counters.ts'
import { deleteOldVisits } from '../../records/visits/queries.ts'
import { visitDays } from '../../records/visits/visit-counter.ts'
import {
  clearOldEventBodies,
  deleteOldAlerts,
  deleteOldBulkMails,
  forgetDeletedRecipients,
  forgetOldRecipients,
  forgetOldSuppressions,
} from './retention-queries.ts'

/** Deletes what has expired: sessions, counters, tokens, unused browsers, personal data past its retention. Returns how many rows. */
export async function deleteExpired(sql: Sql): Promise<number> {
  let deleted = 0
  for (const deleteSome of [
    deleteEndedSessions,
    deleteOldAttempts,
    deleteEndedWindows,
    deleteUnusedBrowsers,
    (sql: Sql) => deleteOldVisits(sql, visitDays),
    deleteOldTokens,
    dropAbandonedImports,
    applyRetention,
    (sql: Sql) => keepEventPartitions(sql, eventDays),
  ])
    deleted += await deleteSome(sql)
  return deleted
}

/** Removes personal data whose retention by the privacy notice has ended. */
async function applyRetention(sql: Sql): Promise<number> {
  let cleared = (await forgetDeletedRecipients(sql)) + (await forgetOldRecipients(sql))
  for (let some = 1; some > 0; cleared += some) some = await clearOldEventBodies(sql, eventDays)
  for (let some = 1; some > 0; cleared += some) some = await deleteOldAlerts(sql)
  for (let some = 1; some > 0; cleared += some) some = await deleteOldBulkMails(sql)
  for (let some = 1; some > 0; cleared += some) some = await forgetOldSuppressions(sql)
  return cleared
}
