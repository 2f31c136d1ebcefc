import { createHash, randomBytes } from 'node:crypto'
import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { networkOf } from '../../platform/networks.ts'
import type { LoginAttempt } from '../login-throttle/login-throttle.ts'
import { deleteSession, findSession, insertProvenSession, insertSession, type Session } from './queries.ts'

/** The session of a request, and from where a password would be typed in it. */
export type SignedIn = Session & { attempt: Omit<LoginAttempt, 'account'> }

/** Where a session is used: the browser's own description, and its address. */
type From = { userAgent: string; address: string }

/** Who starts a session: with the hash of the password that was right, where one was asked for. */
export type Starter = { id: string; passwordHash?: string }

/**
 * Starts a session and returns the secret that goes into the cookie; only its hash is stored. An administrator's is not
 * signed in yet and ends after ten minutes, unless the second factor follows. Throws AppError `invalid` where the password
 * was changed, or the account deleted, since it was checked: the session would outlive the reset that ends all others.
 */
export async function startSession(sql: Sql, starter: Starter, from: From): Promise<string> {
  const { id: userId, passwordHash = null } = starter
  const id = randomBytes(32).toString('base64url')
  if (!(await insertSession(sql, { idHash: hashOf(id), userId, passwordHash, ...placeOf(from) })))
    throw new AppError('invalid', 'Your account was changed a moment ago. Please log in again.')
  return id
}

/**
 * The second factor was given: the session that waited for it ends, and one with a new secret, which is returned, takes
 * its place. Throws AppError `unauthenticated` when it ended meanwhile.
 */
export async function proveSession(sql: Sql, before: string, from: From, by: Actor): Promise<string> {
  const id = randomBytes(32).toString('base64url')
  if (!(await insertProvenSession(sql, { before: hashOf(before), idHash: hashOf(id), ...placeOf(from) }, by)))
    throw new AppError('unauthenticated', 'That took too long. Please log in again.')
  return id
}

function placeOf({ userAgent, address }: From) {
  return { userAgent: userAgent.slice(0, 200), network: networkOf(address) }
}

/** The session behind a cookie, if it is alive by the database's clock; looking it up counts as using it. */
export async function sessionOf(sql: Sql, id: string): Promise<Session | undefined> {
  return findSession(sql, hashOf(id))
}

/** Ends a session for good: its cookie opens nothing any more, wherever it was copied to. */
export async function endSession(sql: Sql, id: string): Promise<void> {
  await deleteSession(sql, hashOf(id))
}

function hashOf(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}
