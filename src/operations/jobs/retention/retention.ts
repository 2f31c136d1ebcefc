import { eventDays } from '../../../billing/webhooks/inbox.ts'
import type { Sql } from '../../../platform/db.ts'
import { clearOldEventBodies, forgetDeletedRecipients } from './queries.ts'

/** Empties what the privacy notice says is kept no longer. Safe to repeat. Returns how many rows. */
export async function applyRetention(sql: Sql): Promise<number> {
  let emptied = await forgetDeletedRecipients(sql)
  for (let some = 1; some > 0; emptied += some) some = await clearOldEventBodies(sql, eventDays)
  return emptied
}
