import { createHash, randomBytes } from 'node:crypto'
import { type Sql, violates } from '../platform/db.ts'
import { AppError } from '../platform/errors.ts'
import { hashPassword, passwordMatches } from './passwords.ts'
import { deleteSession, findCredentials, findUserBySession, insertSession, insertUser } from './queries.ts'
import { checkRegistration, type RegistrationForm } from './registration.ts'

/** An account. `phone` is E.164, `stateCode` the two-digit GST code. */
export type User = {
  id: string
  username: string
  email: string
  name: string
  phone: string
  stateCode: string
  role: 'subscriber' | 'admin'
}

/** Opens a pending account. Throws AppError `invalid` with a sentence per field: wrong ones, and names already taken. */
export async function register(sql: Sql, form: RegistrationForm, already: Record<string, string> = {}): Promise<User> {
  const { password, ...person } = checkRegistration(form, already)
  const passwordHash = await hashPassword(password)
  try {
    return await insertUser(sql, { ...person, passwordHash })
  } catch (error) {
    throw takenName(error) ?? error
  }
}

/** The account behind a username or e-mail and its password, or undefined: the caller must not learn which was wrong. */
export async function authenticate(sql: Sql, login: string, password: string): Promise<User | undefined> {
  const found = await findCredentials(sql, login.trim().slice(0, 200))
  const matches = await passwordMatches(password.slice(0, 1024), found?.passwordHash)
  return found && matches ? found.user : undefined
}

/** Starts a session and returns the secret that goes into the cookie; only its hash is stored. */
export async function startSession(sql: Sql, userId: string, userAgent: string): Promise<string> {
  const id = randomBytes(32).toString('base64url')
  await insertSession(sql, { idHash: hashOf(id), userId, userAgent: userAgent.slice(0, 200) })
  return id
}

/** Whose session this is, if it is alive by the database's clock; looking at it counts as being seen. */
export async function userOfSession(sql: Sql, id: string): Promise<User | undefined> {
  return findUserBySession(sql, hashOf(id))
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
