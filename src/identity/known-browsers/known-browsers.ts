import { createHash, randomBytes } from 'node:crypto'
import type { Sql } from '../../platform/db.ts'
import { insertKnownBrowser, markBrowserSeen } from './queries.ts'

/**
 * Remembers that this account logged in from the browser with this id ('' when it has none), so that strangers' guesses do
 * not make it wait. Answers the id that the browser is to keep: the same, or a new one where we never gave out that one.
 */
export async function rememberBrowser(sql: Sql, userId: string, known: string): Promise<string> {
  if (known !== '' && (await markBrowserSeen(sql, userId, browserHash(known)))) return known
  const id = randomBytes(32).toString('base64url')
  await insertKnownBrowser(sql, userId, browserHash(id))
  return id
}

/** What is stored of a browser's id. */
export function browserHash(id: string): Buffer {
  return createHash('sha256').update(`device ${id}`).digest()
}
