import { randomBytes } from 'node:crypto'
import { Secret } from 'otpauth'
import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { encrypt } from '../../platform/encryption.ts'
import { AppError } from '../../platform/errors.ts'
import { type Change, replaceRecoveryCodes, replaceSecret } from './queries.ts'
import { type Holder, newRecoveryCodes, stepOf, totpOf, wrongCode } from './second-factor.ts'

/** Answers ten new recovery codes, readable this one time; the old ones are dead. Throws AppError `conflict`. */
export async function renewRecoveryCodes(sql: Sql, by: Actor, change: Change): Promise<string[]> {
  const { codes, hashes } = newRecoveryCodes()
  if (!(await replaceRecoveryCodes(sql, by, change, hashes))) throw changedMeanwhile()
  return codes
}

/** A secret for another app, as base32 text. It is not stored: the app in use stays until this one is proved. */
export function secretForAnotherApp(): string {
  return new Secret({ buffer: new Uint8Array(randomBytes(20)).buffer }).base32
}

/** The otpauth URI with which another app learns its secret, for a QR code. */
export function uriOf(secret: string, { username }: Pick<Holder, 'username'>): string {
  return totpOf(bytesOf(secret), username).toString()
}

/**
 * From now on codes come from another app, which the first of its codes proves; every other session of the account ends.
 * Throws AppError `invalid` about the field `code` when it is wrong, `conflict` when the second factor changed meanwhile.
 */
export async function changeApp(
  sql: Sql,
  keys: readonly Buffer[],
  by: Actor,
  change: Change,
  next: { secret: string; code: string },
): Promise<void> {
  const bytes = bytesOf(next.secret)
  const step = stepOf(bytes, next.code)
  if (step === null) throw wrongCode()
  const sealedSecret = encrypt(keys[0]!, Buffer.from(bytes), change.userId)
  if (!(await replaceSecret(sql, by, change, { sealedSecret, step }))) throw changedMeanwhile()
}

function bytesOf(secret: string): Uint8Array {
  return Secret.fromBase32(secret).bytes
}

function changedMeanwhile(): AppError {
  return new AppError(
    'conflict',
    'Your authenticator or recovery codes were changed in the meantime. Please reload the page.',
  )
}
