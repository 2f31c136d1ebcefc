import { createHash, randomBytes } from 'node:crypto'
import type { Actor, AuditContext } from '../../platform/audit-context.ts'
import { type Sql, violates } from '../../platform/db.ts'
import { AppError, highlighted } from '../../platform/errors.ts'
import { rateLimitKey } from '../../platform/networks.ts'
import { countersOf } from '../login-throttle/login-throttle.ts'
import { hashPassword } from '../passwords/passwords.ts'
import { emailProblem, passwordProblem } from '../users/field-checks.ts'
import type { User } from '../users/queries.ts'
import {
  findOpenToken,
  findUsedToken,
  type OpenToken,
  type UsedToken,
  useEmailChange,
  useLoginLink,
  usePasswordReset,
  useVerification,
} from './queries.ts'
import {
  correctUnconfirmedEmail,
  insertEmailChange,
  insertLoginRequest,
  insertResetRequest,
} from './request-queries.ts'

/** Forgotten passwords that one network may report in an hour, times RATE_LIMIT_SCALE. */
const perNetwork = 3

/** A secret for a link: 32 random bytes as text. Only its hash is stored. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is stored of a secret. */
export function hashOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** The token with this secret, unless it was used, ended or is too old. */
export async function openToken(sql: Sql, secret: string): Promise<OpenToken | undefined> {
  return findOpenToken(sql, hashOfSecret(secret))
}

/** What became of the token with this secret, if it was one of ours that ended. */
export async function usedToken(sql: Sql, secret: string): Promise<UsedToken | undefined> {
  return findUsedToken(sql, hashOfSecret(secret))
}

/**
 * Notes that somebody forgot the password of an address, whether or not there is such an account; a job answers by mail.
 * Throws AppError `invalid` when it is no e-mail address.
 */
export async function forgotPassword(sql: Sql, typed: string, origin: AuditContext, scale: number): Promise<void> {
  const email = typed.trim()
  refuse({ email: emailProblem(email) })
  const allowed = Math.max(1, Math.floor(perNetwork * scale))
  await insertResetRequest(sql, { email, networkKey: `forgot ${rateLimitKey(origin.address)}`, allowed, origin })
}

/** Notes that somebody wants to log in by mail; otherwise as `forgotPassword`. */
export async function askForLoginLink(sql: Sql, typed: string, origin: AuditContext, scale: number): Promise<void> {
  const email = typed.trim()
  refuse({ email: emailProblem(email) })
  const allowed = Math.max(1, Math.floor(10 * scale))
  await insertLoginRequest(sql, { email, networkKey: `login-link ${rateLimitKey(origin.address)}`, allowed, origin })
}

/** Logs in by a link, once. Throws AppError `conflict` when it does not work any more, or the account may not log in. */
export async function logInByLink(sql: Sql, secret: string, origin: AuditContext): Promise<User> {
  const user = await useLoginLink(sql, byLink(origin), hashOfSecret(secret))
  if (!user) throw deadLink()
  return user
}

/**
 * Uses a link to choose a new password. Throws AppError `invalid` about the field `password` when it will not do, and
 * `conflict` when the link does not work any more.
 */
export async function resetPassword(
  sql: Sql,
  secret: string,
  password: string,
  origin: AuditContext,
): Promise<OpenToken> {
  const token = await openToken(sql, secret)
  if (token?.purpose !== 'reset-password') throw deadLink()
  refuse({ password: passwordProblem(password, [token.username, token.presentEmail, token.name]) })
  const passwordHash = await hashPassword(password)
  const counters = countersOf({ username: token.username, email: token.presentEmail })
  if (!(await usePasswordReset(sql, byLink(origin), hashOfSecret(secret), { passwordHash, counters }))) throw deadLink()
  return token
}

/**
 * Uses a link to confirm an address, or to give an account the address it asked for. Throws AppError `conflict` when the
 * link does not work any more, or another account has the address by now.
 */
export async function confirmEmail(sql: Sql, secret: string, origin: AuditContext): Promise<OpenToken> {
  const token = await openToken(sql, secret)
  if (!token || token.purpose === 'reset-password') throw deadLink()
  const by = byLink(origin)
  const shown = { before: maskedEmail(token.presentEmail), after: maskedEmail(token.email) }
  try {
    const done =
      token.purpose === 'verify-email'
        ? await useVerification(sql, by, hashOfSecret(secret))
        : await useEmailChange(sql, by, hashOfSecret(secret), shown)
    if (!done) throw deadLink()
  } catch (error) {
    if (violates(error, 'one_account_per_email'))
      throw new AppError('conflict', 'Another account has this address by now, so nothing was changed.')
    throw error
  }
  return token
}

/**
 * Gives an account another address. One that was never confirmed is corrected at once; a confirmed one changes when the
 * link is used that is sent to the new one. Answers which of the two. Throws AppError `invalid` about the field `email`
 * when it is none, the present one, or (where it is corrected) somebody else's; `busy` after three in an hour.
 */
export async function changeEmail(
  sql: Sql,
  by: Actor,
  user: { id: string; email: string },
  typed: string,
): Promise<'corrected' | 'asked'> {
  const email = newEmailOf(user, typed)
  const change = { userId: user.id, email, shown: { before: maskedEmail(user.email), after: maskedEmail(email) } }
  const corrected = await correctUnconfirmedEmail(sql, by, change).catch((error) => {
    if (!violates(error, 'one_account_per_email')) throw error
    return refuse({ email: 'An account with this e-mail already exists.' })
  })
  if (corrected === 'corrected') return 'corrected'
  if (corrected === 'confirmed' && (await insertEmailChange(sql, by, change))) return 'asked'
  throw new AppError('busy', 'We sent three such mails in the last hour. Please try again later.', {
    retryAfterS: 3600,
  })
}

/** The address in what was typed. Throws AppError `invalid` about the field `email` when it is none, or the present one. */
export function newEmailOf(user: { email: string }, typed: string): string {
  const email = typed.trim()
  const isTheSame = email.toLowerCase() === user.email.toLowerCase()
  refuse({ email: emailProblem(email) ?? (isTheSame ? 'This is the address your account has now.' : undefined) })
  return email
}

/** Enough of an address to recognise one's own: "a•••@example.in". */
export function maskedEmail(email: string): string {
  return email.replace(/^(.)[^@]*/u, '$1•••')
}

/** A link is used by somebody who reads that mailbox, signed in or not. */
function byLink(origin: AuditContext): Actor {
  return { actor: 'link', origin }
}

function deadLink(): AppError {
  return new AppError('conflict', 'This link no longer works.')
}

function refuse(problems: Record<string, string | undefined>): undefined {
  const fields = Object.fromEntries(Object.entries(problems).filter((entry) => entry[1] !== undefined)) as Record<
    string,
    string
  >
  if (Object.keys(fields).length > 0) throw highlighted(fields)
}
