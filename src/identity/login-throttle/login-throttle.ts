import { createHash } from 'node:crypto'
import { waitLabel } from '../../platform/dates.ts'
import { AppError } from '../../platform/errors.ts'
import { rateLimitKey } from '../../platform/networks.ts'
import type { Services } from '../../platform/services.ts'
import { browserHash } from '../known-browsers/known-browsers.ts'
import { type AttemptKeys, countWrongPassword, forgetFailedAttempts, reserveAttempt, returnAttempt } from './queries.ts'

/** Who types a password: the account as it was typed, the address, and the id in the browser's cookie ('' without). */
export type LoginAttempt = { account: string; address: string; browser: string }

/** Wrong passwords of all accounts within an hour from which on there is an incident; people mistype a few an hour. */
const alarming = 300

/**
 * Every endpoint that checks a password does it through this. `check` compares the password and answers undefined when it is
 * wrong, anything else when it is right; that answer is returned. In a route:
 *
 *     const attempt = { account: login, ...loginAttemptOf(services, request) }
 *     const user = await tryPassword(services, attempt, () => authenticate(services.sql, login, password))
 *
 * (`loginAttemptOf` is in sessions/guards.ts; for a signed-in person `account` is their username.) Throws AppError `busy` with
 * `retryAfterS` and a sentence, without having checked the password, after 5 wrong ones for an account (known or not,
 * the wait doubles from 1 s to 15 min) or 30 from a network in five minutes, both times RATE_LIMIT_SCALE.
 */
export async function tryPassword<T>(
  { sql, config }: Pick<Services, 'sql' | 'config'>,
  attempt: LoginAttempt,
  check: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const keys = keysOf(attempt)
  const times = (free: number) => Math.max(1, Math.floor(free * config.rateLimitScale))
  const { waitS, isKnown } = await reserveAttempt(sql, keys, { account: times(5), network: times(30) })
  if (waitS > 0)
    throw new AppError('busy', `Too many wrong passwords. Please wait ${waitLabel(waitS)} and try again.`, {
      retryAfterS: waitS,
    })
  const counter = isKnown ? keys.browserKey : keys.accountKey
  const network = isKnown ? null : keys.network
  try {
    const right = await check()
    await (right === undefined ? countWrongPassword(sql, alarming) : forgetFailedAttempts(sql, counter, network))
    return right
  } catch (error) {
    await returnAttempt(sql, counter, network).catch(() => {})
    throw error
  }
}

/** The counters that strangers' attempts at an account share, by the two names it is known under. */
export function countersOf({ username, email }: { username: string; email: string }): [Buffer, Buffer] {
  return [hashOf(`account ${username.toLowerCase()}`), hashOf(`account ${email.toLowerCase()}`)]
}

/** An account's name however it is written: what people type ends up in one counter, and nowhere readable. */
function keysOf({ account, address, browser }: LoginAttempt): AttemptKeys {
  const name = account.trim().slice(0, 200).toLowerCase()
  return {
    account: name,
    browser: browserHash(browser),
    accountKey: hashOf(`account ${name}`),
    browserKey: hashOf(`account ${name} device ${browser}`),
    network: `wrong passwords ${rateLimitKey(address)}`,
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
