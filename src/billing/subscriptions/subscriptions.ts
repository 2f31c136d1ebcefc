import type { Actor } from '../../platform/audit-context.ts'
import { dateInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError, highlighted } from '../../platform/errors.ts'
import {
  addDays,
  type Cancellation,
  endNow,
  findSubscriptionRow,
  type Grant,
  leaveAtEnd,
  type Phase,
  resumeLeft,
  type Subscription,
} from './queries.ts'

/** "Annual until 28 Nov 2027, then Monthly until 28 Dec 2027"; null when nothing runs. At most so many phases one by one. */
export function phasesLabel(phases: readonly Phase[], most = 4): string | null {
  if (phases.length === 0) return null
  const parts = phases.map(({ planTitle, until }) => `${planTitle ?? 'free days'} until ${dateInIndia(until)}`)
  const shown =
    parts.length > most ? [...parts.slice(0, most - 1), `more until ${dateInIndia(phases.at(-1)!.until)}`] : parts
  const text = shown.join(', then ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** A user's subscription; every account has one from the moment it is opened. */
export async function subscriptionOf(sql: Sql, userId: string): Promise<Subscription> {
  const found = await findSubscriptionRow(sql, userId)
  if (!found) throw new Error('an account without a subscription row')
  return found
}

const refusals: Record<string, AppError> = {
  'unknown-user': new AppError('not-found', 'There is no such account.'),
  changed: new AppError(
    'conflict',
    'This subscription changed in the meantime. Nothing was done; please reload the page.',
  ),
  'nothing-runs': new AppError('conflict', 'No access is running, so there is nothing to cancel.'),
  over: new AppError('conflict', 'Your access has ended in the meantime. Subscribe again to come back.'),
}

/**
 * Adds 1 to 366 days from the end of the running access, or from now, and mails the person. Throws AppError `conflict`
 * when the end is no longer what was seen.
 */
export async function grantDays(sql: Sql, grant: Grant, by: Actor): Promise<void> {
  const refusal = refusals[await addDays(sql, grant, by)]
  if (refusal) throw refusal
}

/**
 * Ends access now, what was paid ahead included, and mails the person; money is not touched. Throws AppError `conflict`
 * when the end is no longer what was seen, or nothing runs.
 */
export async function cancelSubscription(sql: Sql, cancellation: Cancellation, by: Actor): Promise<void> {
  const refusal = refusals[await endNow(sql, cancellation, by)]
  if (refusal) throw refusal
}

/** Why subscribers leave, as the form offers it. */
export const leavingReasons = {
  price: 'It costs too much',
  use: 'I do not use it enough',
  missing: 'Something is missing',
  trust: 'The numbers did not help me',
  trouble: 'Something did not work',
  other: 'Another reason',
} as const

const longestComment = 500

/**
 * The subscriber leaves at the end of what runs: access stays until then, reminders stop, and a mail confirms it. Asking
 * again keeps the newer reason. Throws AppError `invalid` for a reason that is not offered or a text over 500 characters,
 * `conflict` when nothing runs.
 */
export async function leave(
  sql: Sql,
  userId: string,
  why: { reason: string; comment: string },
  by: Actor,
): Promise<void> {
  const comment = why.comment.trim()
  const fields: Record<string, string> = {}
  if (why.reason !== '' && !Object.hasOwn(leavingReasons, why.reason))
    fields.reason = 'Please choose one of the reasons, or none.'
  if (comment.length > longestComment) fields.comment = `At most ${longestComment} characters. Please shorten it.`
  if (Object.keys(fields).length > 0) throw highlighted(fields)
  const refusal = refusals[await leaveAtEnd(sql, userId, { reason: why.reason, comment }, by)]
  if (refusal) throw refusal
}

/** The subscriber stays after all. Throws AppError `conflict` when access has ended. */
export async function resume(sql: Sql, userId: string, by: Actor): Promise<void> {
  const refusal = refusals[await resumeLeft(sql, userId, by)]
  if (refusal) throw refusal
}
