import type { Sql } from '../../platform/db.ts'
import { hashPassword, isOutdated, passwordMatches } from '../passwords/passwords.ts'
import { type Credentials, findCredentials, renewHash } from './queries.ts'

/** An account whose password was right; a suspended one may be told so, and nothing else. */
export type Authenticated = Omit<Credentials, 'passwordHash'>

/**
 * The account behind a username or e-mail and its password, or undefined: the caller must not learn which was wrong.
 * Call it through `tryPassword` (login-throttle), which counts. A hash made with less work than today's is renewed.
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
