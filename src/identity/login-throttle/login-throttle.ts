import { createHash } from 'node:crypto'
import { waitLabel } from '../../platform/dates.ts'
import { AppError } from '../../platform/errors.ts'
import { rateLimitKey } from '../../platform/networks.ts'
import type { Services } from '../../platform/services.ts'
import { browserHash } from '../known-browsers/known-browsers.ts'
import { type AttemptKeys, countFailure, forgetFailedAttempts, reserveAttempt, returnAttempt } from './queries.ts'

/** Who tries a password: the account as it was typed, the address, and the id in the browser's device cookie ('' without). */
export type LoginAttempt = { account: string; address: string; device: string }

/** Wrong passwords of all accounts within an hour from which on somebody is told; people mistype a few an hour. */
const alarming = 300

/**
 * Every door that checks a password goes through here. `check` looks at the password and answers undefined when it is
 * wrong, anything else when it is right; that answer is returned. In a door:
 *
 *     const user = await tryPassword(deps, { account: login, ...trierOf(deps, request) }, () => authenticate(deps.sql, login, password))
 *
 * (`trierOf` is in users/guards.ts; for a signed-in person `account` is their username.) Throws AppError `busy` with
 * `retryAfterS` and a sentence, without having looked at the password, after 5 wrong ones for an account (known or not,
 * the wait doubles from 1 s to 15 min) or 30 from a network in five minutes, both times RATE_LIMIT_SCALE.
 */
export async function tryPassword<T>(
  { sql, config }: Pick<Services, 'sql' | 'config'>,
  trier: LoginAttempt,
  check: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const keys = keysOf(trier)
  const times = (free: number) => Math.max(1, Math.floor(free * config.rateLimitScale))
  const { waitS, isKnown } = await reserveAttempt(sql, keys, { account: times(5), network: times(30) })
  if (waitS > 0)
    throw new AppError('busy', `Too many wrong passwords. Please wait ${waitLabel(waitS)} and try again.`, {
      retryAfterS: waitS,
    })
  const counter = isKnown ? keys.deviceKey : keys.accountKey
  const network = isKnown ? null : keys.network
  try {
    const right = await check()
    await (right === undefined ? countFailure(sql, alarming) : forgetFailedAttempts(sql, counter, network))
    return right
  } catch (error) {
    await returnAttempt(sql, counter, network).catch(() => {})
    throw error
  }
}

/** The counters that strangers' tries at an account share, by the two names it is known under. */
export function countersOf({ username, email }: { username: string; email: string }): [Buffer, Buffer] {
  return [hashOf(`account ${username.toLowerCase()}`), hashOf(`account ${email.toLowerCase()}`)]
}

/** An account's name however it is written: what people type ends up in one counter, and nowhere readable. */
function keysOf({ account, address, device }: LoginAttempt): AttemptKeys {
  const name = account.trim().slice(0, 200).toLowerCase()
  return {
    account: name,
    device: browserHash(device),
    accountKey: hashOf(`account ${name}`),
    deviceKey: hashOf(`account ${name} device ${device}`),
    network: `wrong passwords ${rateLimitKey(address)}`,
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
