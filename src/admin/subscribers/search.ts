import { indianMobile } from '../../identity/users/phones.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Cursor } from '../listing.ts'
import { type Filter, findExactly, listByName, listNewest, type NamePattern, type Person } from './queries.ts'

/** A filter, and what is typed into the search box. */
export type Search = Filter & { typed: string }

/** People of this filter, newest first; where something is typed, only those whose name, user name or e-mail matches. */
export async function listPeople(
  sql: Sql,
  { typed, ...filter }: Search,
  after: Cursor | null,
  limit: number,
): Promise<Person[]> {
  if (after && !isUuid(after.id)) throw new AppError('not-found', 'This page of the list does not exist.')
  if (typed === '') return listNewest(sql, filter, after, limit)
  const pattern = namePattern(typed)
  return pattern ? listByName(sql, filter, pattern, after, limit) : []
}

/**
 * Exact matches: an account's id, user name, e-mail or phone in any format; or the number of an order, a
 * payment, a refund, a receipt or a credit note, or a bank's reference.
 */
export async function findExact(sql: Sql, typed: string): Promise<Person[]> {
  if (typed === '') return []
  return findExactly(sql, { text: typed, phone: indianMobile(typed), id: isUuid(typed) ? typed : null })
}

/** Words that a name must have, each from its beginning, and the beginning of a user name or address. Null: no word. */
function namePattern(typed: string): NamePattern | null {
  const words = typed.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  if (words.length === 0) return null
  const start = typed.toLowerCase().replace(/[\\%_]/g, '\\$&')
  return { words: words.map((word) => `'${word}':*`).join(' & '), start: `${start}%` }
}
