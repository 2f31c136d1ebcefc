import { createHash, randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { waitLabel } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { decrypt, encrypt } from '../../platform/encryption.ts'
import { AppError, highlighted } from '../../platform/errors.ts'
import {
  deleteUnproved,
  enrol,
  findSecondFactor,
  insertSecondFactor,
  reserveCodeAttempt,
  useRecoveryCode,
  useStep,
} from './queries.ts'

const issuer = 'Sector ETF RS Analyzer'
const period = 30
/** A phone's clock may be off by one step; ASVS 5 (6.5.5) would allow none, people's phones do not. */
const tolerance = 1

/** Who the codes belong to. */
export type Holder = { id: string; username: string }

/** Whether this administrator has proved a second factor, so that a code is asked for at every log-in. */
export async function isEnrolled(sql: Sql, userId: string): Promise<boolean> {
  return (await findSecondFactor(sql, userId))?.enrolledAt != null
}

/** Whether codes of this administrator's app can be checked: not when the key that encrypted its secret was removed. */
export async function canCheckCodes(sql: Sql, keys: readonly Buffer[], userId: string): Promise<boolean> {
  const stored = await findSecondFactor(sql, userId)
  return !stored || decrypt(keys, stored.sealedSecret, userId) !== null
}

/** What an administrator reads whose codes cannot be checked any more. */
export const cannotCheckCodes =
  'This site’s key was changed, and it cannot read what your app’s codes are compared with. Use one of your recovery ' +
  'codes, then set the app up again under Account, Security. Without one, whoever runs the server resets it: ' +
  'npm run admin -- --reset-second-factor'

/**
 * The secret to put into an authenticator app (RFC 6238: SHA-1, six digits, 30 s), as base32 text and as the otpauth URI
 * of a QR code. The same one until it is proved. Throws AppError `conflict` when one is in use.
 */
export async function secretToEnrol(sql: Sql, keys: readonly Buffer[], holder: Holder) {
  const before = await findSecondFactor(sql, holder.id)
  // Not in any app yet: where its key is gone, it can be replaced.
  if (before && !decrypt(keys, before.sealedSecret, holder.id))
    await deleteUnproved(sql, holder.id, before.sealedSecret)
  await insertSecondFactor(sql, holder.id, encrypt(keys[0]!, randomBytes(20), holder.id))
  const stored = (await findSecondFactor(sql, holder.id))!
  const opened = decrypt(keys, stored.sealedSecret, holder.id)
  if (stored.enrolledAt || !opened)
    throw new AppError('conflict', 'An authenticator app is set up for this account already.')
  const totp = totpOf(opened.secret, holder.username)
  return { secret: totp.secret.base32, uri: totp.toString() }
}

/**
 * Proves the app with its first code and answers the ten recovery codes, readable this one time. Throws AppError
 * `invalid` about the field `code` when it is wrong, `conflict` when a second factor is in use.
 */
export async function finishEnrolment(sql: Sql, keys: readonly Buffer[], holder: Holder, code: string) {
  const stored = await findSecondFactor(sql, holder.id)
  const opened = stored && decrypt(keys, stored.sealedSecret, holder.id)
  if (!opened || stored.enrolledAt) throw new AppError('conflict', 'Please start again from the log-in page.')
  const step = stepOf(opened.secret, code)
  if (step === null) throw wrongCode()
  const { codes, hashes } = newRecoveryCodes()
  if (!(await enrol(sql, holder.id, step, hashes)))
    throw new AppError('conflict', 'An authenticator app was set up in the meantime. Please log in again.')
  return codes
}

/**
 * Uses a code of the app, or a recovery code, each once; answers which it was. `confirms`: handle of the session in which
 * password and code are given for an action. Throws AppError `invalid` about the field `code` when it is wrong or was used,
 * `busy` for a quarter of an hour after five wrong ones. Recovery codes need no key: they work also where the app's secret
 * cannot be decrypted.
 */
export async function useCode(
  sql: Sql,
  keys: readonly Buffer[],
  userId: string,
  typed: string,
  confirms: string | null = null,
): Promise<'app' | 'recovery'> {
  const stored = await reserveCodeAttempt(sql, userId)
  if (!stored) throw await refusal(sql, userId)
  const code = typed.replace(/[\s-]/g, '').toUpperCase()
  const opened = decrypt(keys, stored.sealedSecret, userId)
  const step = opened && stepOf(opened.secret, code)
  if (step !== null && (await useStep(sql, userId, step, confirms))) return 'app'
  if (/^[0-9A-Z]{28}$/.test(code) && (await useRecoveryCode(sql, userId, hashOf(code), confirms))) return 'recovery'
  if (!opened) throw highlighted({ code: cannotCheckCodes })
  throw wrongCode()
}

async function refusal(sql: Sql, userId: string): Promise<AppError> {
  const stored = await findSecondFactor(sql, userId)
  if (!stored?.enrolledAt) return new AppError('conflict', 'Please set up an authenticator app first: log in again.')
  const waitS = Math.max(1, stored.waitS)
  return new AppError('busy', `Too many wrong codes. Please wait ${waitLabel(waitS)} and try again.`, {
    retryAfterS: waitS,
  })
}

/** The code an authenticator app would show now; for the demo's operator without a phone. Throws when none is enrolled. */
export async function currentCode(sql: Sql, keys: readonly Buffer[], holder: Holder): Promise<string> {
  const stored = await findSecondFactor(sql, holder.id)
  if (!stored)
    throw new AppError(
      'not-found',
      'This account has no authenticator app yet: log in once with its password, and run this while the page shows the QR code.',
    )
  const opened = decrypt(keys, stored.sealedSecret, holder.id)
  if (!opened) throw new AppError('conflict', cannotCheckCodes)
  // If this step's code was used already, only the next one will be accepted.
  const step = Math.max(TOTP.counter({ period }), stored.lastStep + 1)
  return totpOf(opened.secret, holder.username).generate({
    timestamp: step * period * 1000,
  })
}

/** The thirty-second step a code belongs to, if it is one that may be used now. */
export function stepOf(secret: Uint8Array, code: string): number | null {
  if (!/^\d{6}$/.test(code.replace(/\s/g, ''))) return null
  const delta = totpOf(secret, '').validate({ token: code.replace(/\s/g, ''), window: tolerance })
  return delta === null ? null : TOTP.counter({ period }) + delta
}

/** What an authenticator app makes of a secret. */
export function totpOf(secret: Uint8Array, label: string): TOTP {
  const bytes = new Uint8Array(secret)
  return new TOTP({ issuer, label, algorithm: 'SHA1', digits: 6, period, secret: new Secret({ buffer: bytes.buffer }) })
}

const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Ten recovery codes to be read once, and the hashes of them that are stored. */
export function newRecoveryCodes(): { codes: string[]; hashes: Buffer[] } {
  const codes = Array.from({ length: 10 }, recoveryCode)
  return { codes, hashes: codes.map(hashOf) }
}

/** Twenty-eight characters in groups of four: 140 random bits, so a plain hash of it is enough (ASVS 5, 6.5.2: from 112 on). */
function recoveryCode(): string {
  const text = Array.from(randomBytes(28), (byte) => letters[byte % 32]).join('')
  return text.replace(/(.{4})(?=.)/g, '$1-')
}

function hashOf(code: string): Buffer {
  return createHash('sha256').update(code.replaceAll('-', '')).digest()
}

/** Whatever was wrong with a code: the refusal says no more. */
export function wrongCode(): AppError {
  const sentence = 'That code is not right, or was used before. Please type the one your app shows now.'
  return highlighted({ code: sentence })
}
