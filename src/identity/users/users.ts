import type { Sql } from '../../platform/db.ts'
import { hashPassword, isOutdated, passwordMatches } from '../passwords/passwords.ts'
import { type Credentials, findCredentials, renewHash } from './queries.ts'

/**
 * An account whose password was right; a suspended one may be told so, and nothing else. `passwordHash`: of that password, as it is
 * stored now.
 */
export type Authenticated = Credentials

/**
 * The account behind a username or e-mail and its password, or undefined: the caller must not learn which was wrong.
 * Call it through `tryPassword` (login-throttle), which counts. A hash made with another cost than today's is renewed.
 */
export async function authenticate(sql: Sql, login: string, password: string): Promise<Authenticated | undefined> {
  const typed = password.slice(0, 1024)
  // In the same small letters that failures are counted under, so that every name found here has one counter (PostgreSQL
  // makes an i of İ, JavaScript does not).
  const found = await findCredentials(sql, login.trim().slice(0, 200).toLowerCase())
  const matches = await passwordMatches(typed, found?.passwordHash)
  if (!found || !matches) return undefined
  if (!isOutdated(found.passwordHash)) return found
  try {
    const passwordHash = await hashPassword(typed)
    if (await renewHash(sql, found.id, found.passwordHash, passwordHash)) return { ...found, passwordHash }
  } catch {
    return found // Too many people log in at the moment (`busy`): the next log-in renews it.
  }
  // Another log-in was quicker, or the password is another by now: asked again.
  return authenticate(sql, login, password)
}
