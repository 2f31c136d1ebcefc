import type { Actor } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError } from '../../../platform/errors.ts'
import { isUuid } from '../../../platform/ids.ts'
import { deleteNote, insertNote } from './queries.ts'

/** The longest note, in characters; the table holds no longer one. */
export const longestNote = 2_000

/** The fields of the form that writes a note; `key` makes it one note, however often it is sent. */
export const noteFields = ['text', 'key'] as const

/**
 * Writes a note about a person. Throws AppError `invalid` about the field `text`, `conflict` when the form is too old, and
 * `not-found` when the account was deleted.
 */
export async function writeNote(
  sql: Sql,
  userId: string,
  typed: Record<(typeof noteFields)[number], string>,
  by: Actor,
): Promise<void> {
  const text = typed.text.replaceAll('\r\n', '\n').trim()
  const error = text === '' ? 'Write the note first.' : text.length > longestNote ? 'At most 2,000 characters.' : null
  if (error) throw new AppError('invalid', 'The note was not saved.', { fields: { text: error } })
  if (!isUuid(typed.key))
    throw new AppError('conflict', 'This form is incomplete. The note was not saved; please try again.')
  const outcome = await insertNote(sql, { id: typed.key, userId, text }, by)
  if (outcome === 'unknown-user') throw new AppError('not-found', 'There is no such account.')
}

/** Removes a note about a person; one that is gone already stays gone. Throws AppError `not-found` for what is no id. */
export async function removeNote(sql: Sql, userId: string, id: string, by: Actor): Promise<void> {
  if (!isUuid(id)) throw new AppError('not-found', 'There is no such note.')
  await deleteNote(sql, { id, userId }, by)
}
