import type { Sql } from '../../platform/db.ts'
import { decrypt, encrypt } from '../../platform/encryption.ts'
import { listEncryptedSecrets, replaceEncryptedSecret } from './queries.ts'

/**
 * Encrypts with the first key whatever an older key encrypted, so that the older one can be removed even if some
 * administrators do not log in meanwhile. To be called at every start, for keys change only with a restart. Returns how many.
 */
export async function reencryptSecrets(sql: Sql, keys: readonly Buffer[]): Promise<number> {
  let replaced = 0
  for (const { userId, sealedSecret } of await listEncryptedSecrets(sql)) {
    const opened = decrypt(keys, sealedSecret, userId)
    if (!opened || opened.byFirstKey) continue
    // False if another app was set up meanwhile: its secret is encrypted with today's key already.
    if (await replaceEncryptedSecret(sql, userId, sealedSecret, encrypt(keys[0]!, opened.secret, userId))) replaced++
  }
  return replaced
}

/** Tries the keys on every stored secret and changes nothing. `unreadable`: usernames whose secret no key decrypts. */
export async function trySecrets(
  sql: Sql,
  keys: readonly Buffer[],
): Promise<{ readable: number; unreadable: string[] }> {
  const stored = await listEncryptedSecrets(sql)
  const unreadable = stored.filter(({ userId, sealedSecret }) => decrypt(keys, sealedSecret, userId) === null)
  return { readable: stored.length - unreadable.length, unreadable: unreadable.map(({ username }) => username) }
}
