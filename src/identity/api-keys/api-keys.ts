import { createHash, randomBytes } from 'node:crypto'
import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import type { Session } from '../sessions/queries.ts'
import type { User } from '../users/queries.ts'
import { findKeyOwner, insertApiKey } from './queries.ts'

/** How many keys a person may have at a time. */
export const mostKeys = 5
/** Every key begins so, so that a search for leaked secrets recognizes it. */
const keyPrefix = 'dsetf_'

const longestName = 60

/**
 * Makes a read-only key for the person of this session and returns it, the only time it can be seen: of its 256 random bits a hash
 * is stored. Throws AppError `invalid` for a name that is empty or too long, `conflict` where there are too many keys, or for an
 * administrator, `unauthenticated` where the session has ended meanwhile.
 */
export async function makeApiKey(
  sql: Sql,
  { handle, user }: Pick<Session, 'handle' | 'user'>,
  name: string,
  by: Actor,
): Promise<string> {
  const key = keyPrefix + randomBytes(32).toString('base64url')
  const owner = { session: handle, userId: user.id, most: mostKeys }
  const given = { ...owner, name: checkedName(name), keyHash: hashOf(key), ending: key.slice(-4) }
  const outcome = await insertApiKey(sql, given, by)
  if (outcome === 'signed-out') throw new AppError('unauthenticated', 'Please log in to continue.')
  if (outcome === 'too-many')
    throw new AppError('conflict', `You have ${mostKeys} keys already. Revoke one that you no longer use.`)
  if (outcome === 'refused')
    throw new AppError('conflict', 'An administrator’s account cannot have keys: they would bypass the second factor.')
  return key
}

/** The person a key belongs to and the key's handle; undefined for what is no key, revoked, or of somebody suspended. */
export async function keyOwnerOf(sql: Sql, key: string): Promise<{ handle: string; user: User } | undefined> {
  return /^dsetf_[\w-]{43}$/.test(key) ? findKeyOwner(sql, hashOf(key)) : undefined
}

function checkedName(typed: string): string {
  const name = typed.trim()
  if (name === '') throw invalidName('Give the key a name, like “My spreadsheet”.')
  if ([...name].length > longestName) throw invalidName(`Use at most ${longestName} characters.`)
  return name
}

function invalidName(sentence: string): AppError {
  return new AppError('invalid', 'Please check the highlighted field.', { fields: { name: sentence } })
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
