import type { Actor } from '../../platform/audit-context.ts'
import { dayInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { closeIncident, findLongPause, insertAlertMails, insertIncident } from './queries.ts'

/** Closes an incident with a note. Throws AppError `invalid` without a note, `conflict` when it is closed already. */
export async function resolveIncident(sql: Sql, id: number, by: Actor & { resolution: string }): Promise<void> {
  const resolution = by.resolution.trim()
  if (resolution === '')
    throw new AppError('invalid', 'Please say what was done.', { fields: { resolution: 'Please say what was done.' } })
  if (!(await closeIncident(sql, id, { ...by, resolution })))
    throw new AppError('conflict', 'This incident was closed in the meantime.')
}

/** Opens an incident that Cashfree refuses our keys: one an Indian day, however many calls fail. */
export async function noteRefusedKeys(sql: Sql, status: number, today = new Date()): Promise<void> {
  await insertIncident(sql, 'gateway-keys', dayInIndia(today), { status })
}

/** Opens an incident that reports are held back, and why: one an Indian day, however many subscribers wait. */
export async function noteHeldReports(sql: Sql, about: { issue: string; reason: string }): Promise<void> {
  await insertIncident(sql, 'report-held', dayInIndia(new Date()), about)
}

/**
 * Opens an incident that no mail has left for a quarter of an hour because the mail server refuses us: one an Indian day. Its own
 * alert waits as well; panel, doctor and metrics say it.
 */
export async function notePausedMails(sql: Sql): Promise<void> {
  const pause = await findLongPause(sql)
  if (pause) await insertIncident(sql, 'mails-paused', dayInIndia(new Date()), pause)
}

/** Writes the operator's alert mails for what is new, when there is an address to write to. Returns how many. */
export async function queueAlertMails(sql: Sql, to: string | null): Promise<number> {
  return to === null ? 0 : insertAlertMails(sql, to)
}
