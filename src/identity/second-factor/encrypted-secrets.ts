import type { Sql } from '../../platform/db.ts'
import { decrypt, encrypt } from '../../platform/encryption.ts'
import { listEncryptedSecrets, replaceEncryptedSecret } from './queries.ts'

/**
 * Seals with the first key whatever an older one sealed, so that the older one can be taken away, also from administrators
 * who do not log in meanwhile. To be called at every start, for keys change with a restart alone.
 */
export async function reencryptSecrets(sql: Sql, keys: readonly Buffer[]): Promise<number> {
  let resealed = 0
  for (const { userId, sealedSecret } of await listEncryptedSecrets(sql)) {
    const opened = decrypt(keys, sealedSecret, userId)
    if (!opened || opened.byFirstKey) continue
    // Whoever set up another app meanwhile is left alone: that one is sealed with a key of today.
    if (await replaceEncryptedSecret(sql, userId, sealedSecret, encrypt(keys[0]!, opened.secret, userId))) resealed++
  }
  return resealed
}

/** Tries the keys on every stored secret and changes nothing. `unreadable`: the usernames of those that none of the keys opens. */
export async function trySecrets(
  sql: Sql,
  keys: readonly Buffer[],
): Promise<{ readable: number; unreadable: string[] }> {
  const stored = await listEncryptedSecrets(sql)
  const unreadable = stored.filter(({ userId, sealedSecret }) => decrypt(keys, sealedSecret, userId) === null)
  return { readable: stored.length - unreadable.length, unreadable: unreadable.map(({ username }) => username) }
}
