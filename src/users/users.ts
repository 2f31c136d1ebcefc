import { createHash, randomBytes } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import { type Sql, violates } from '../platform/db.ts'
import { AppError } from '../platform/errors.ts'
import { hashPassword, passwordMatches } from './passwords.ts'
import { deleteSession, findCredentials, findSession, insertSession, insertUser } from './queries.ts'
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

/** A living session. `handle` names it on pages; `isFresh`: password and code were given in the last ten minutes. */
export type SignedIn = { handle: string; user: User; secondFactorAt: Date | null; isFresh: boolean }

/** Starts a session and returns the secret that goes into the cookie; only its hash is stored. */
export async function startSession(sql: Sql, userId: string, from: { userAgent: string; address: string }) {
  const id = randomBytes(32).toString('base64url')
  await insertSession(sql, {
    idHash: hashOf(id),
    userId,
    userAgent: from.userAgent.slice(0, 200),
    network: networkOf(from.address),
  })
  return id
}

/** The session behind a cookie, if it is alive by the database's clock; looking at it counts as being seen. */
export async function sessionOf(sql: Sql, id: string): Promise<SignedIn | undefined> {
  return findSession(sql, hashOf(id))
}

/** An address without the part that names one household: "203.0.113.0/24", "2001:db8:1::/48". Empty for anything else. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  if (isIPv4(plain)) return `${plain.split('.').slice(0, 3).join('.')}.0/24`
  if (!isIPv6(plain)) return ''
  const [head = ''] = plain.split('%')[0]!.split('::')
  const groups = head.split(':').filter(Boolean).slice(0, 3)
  return `${groups.join(':')}::/48`
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
