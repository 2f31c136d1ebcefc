import { createHash, randomBytes } from 'node:crypto'
import type { Actor } from '../../platform/audit-context.ts'
import { type Sql, violates } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { networkOf } from '../../platform/networks.ts'
import type { LoginAttempt } from '../login-throttle/login-throttle.ts'
import { hashPassword, isOutdated, passwordMatches } from '../passwords/passwords.ts'
import { consentVersion } from './consent.ts'
import {
  deleteSession,
  findCredentials,
  findSession,
  insertProvenSession,
  insertSession,
  insertUser,
  renewHash,
} from './queries.ts'
import { checkRegistration, type RegistrationForm } from './registration.ts'

/** What an account may do: 'admin' everything in the panel, 'admin-read' look at everything there and change nothing. */
export type Role = 'subscriber' | 'admin-read' | 'admin'

/** An account. `phone` is E.164, `stateCode` the two-digit GST code. */
export type User = {
  id: string
  username: string
  email: string
  name: string
  phone: string
  stateCode: string
  role: Role
}

/** Opens a pending account. Throws AppError `invalid` with a sentence per field: wrong ones, and names already taken. */
export async function register(sql: Sql, form: RegistrationForm, already: Record<string, string> = {}): Promise<User> {
  const { password, ...person } = checkRegistration(form, already)
  const passwordHash = await hashPassword(password)
  try {
    return await insertUser(sql, { ...person, passwordHash, consentedTo: consentVersion })
  } catch (error) {
    throw takenName(error) ?? error
  }
}

/** An account whose password was right; a suspended one may be told so, and nothing else. */
export type Authenticated = User & { isSuspended: boolean }

/**
 * The account behind a username or e-mail and its password, or undefined: the caller must not learn which was wrong.
 * Call it through `tryPassword` (throttle/throttle.ts), which counts. A hash made with less work than today's is renewed.
 */
export async function authenticate(sql: Sql, login: string, password: string): Promise<Authenticated | undefined> {
  const typed = password.slice(0, 1024)
  // The small letters that failures are counted under, so that no name found here is counted under another (İ is an i to
  // the database and none to us).
  const found = await findCredentials(sql, login.trim().slice(0, 200).toLowerCase())
  const matches = await passwordMatches(typed, found?.passwordHash)
  if (!found || !matches) return undefined
  const { passwordHash, ...account } = found
  // Where everybody is logging in at once, the next log-in will do.
  if (isOutdated(passwordHash))
    await hashPassword(typed)
      .then((renewed) => renewHash(sql, account.id, passwordHash, renewed))
      .catch(() => {})
  return account
}

/** A living session. `handle` names it on pages; `isFresh`: password and code were given in the last ten minutes. */
export type Session = { handle: string; user: User; secondFactorAt: Date | null; isFresh: boolean }

/** The session of a request, and who types a password in it. */
export type SignedIn = Session & { trier: Omit<LoginAttempt, 'account'> }

/** Where a session is used: the browser's own description, and its address. */
type From = { userAgent: string; address: string }

/**
 * Starts a session and returns the secret that goes into the cookie; only its hash is stored. An administrator's is not
 * signed in yet and ends after ten minutes, unless the second factor follows.
 */
export async function startSession(sql: Sql, userId: string, from: From): Promise<string> {
  const id = randomBytes(32).toString('base64url')
  await insertSession(sql, { idHash: hashOf(id), userId, ...placeOf(from) })
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

/** The session behind a cookie, if it is alive by the database's clock; looking at it counts as being seen. */
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

function takenName(error: unknown): AppError | undefined {
  const taken = (field: string, sentence: string) =>
    new AppError('invalid', 'Please look at the marked fields.', { fields: { [field]: sentence } })
  if (violates(error, 'one_account_per_username'))
    return taken('username', 'This username is taken. Please choose another one, or log in if it is yours.')
  if (violates(error, 'one_account_per_email'))
    return taken('email', 'An account with this e-mail exists already. Please log in instead.')
  return undefined
}
