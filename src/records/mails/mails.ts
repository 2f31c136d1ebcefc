import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { findCopy, insertCopy } from './queries.ts'

/**
 * Sends a mail again as the copy numbered `copy`, to the address the account has now where it is about money, and says
 * so in the audit. Asking twice for the same number is one mail. Answers the copy's id. Throws AppError `not-found`
 * without such a mail, `conflict` when the number is not the next one.
 */
export async function resendMail(sql: Sql, mailId: number, given: { by: Actor; copy: number }): Promise<number> {
  const { by, copy } = given
  const written = await insertCopy(sql, mailId, { by, copy })
  if (written !== null) return written
  const existing = await findCopy(sql, mailId, copy)
  if (!existing) throw new AppError('not-found', 'There is no such mail.')
  if (existing.id === null)
    throw new AppError('conflict', 'This mail was sent again in the meantime. Please look at the newest copy first.')
  return existing.id
}
