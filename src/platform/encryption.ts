import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Encrypts a secret for storage with AES-256-GCM: nonce, tag and ciphertext in one. `about` (additional data) binds it to its row. */
export function encrypt(key: Buffer, secret: Buffer, about: string): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext])
}

/** Decrypts with whichever key fits, and says whether it was the first. Null: none fits, or `about` is another. */
export function decrypt(
  keys: readonly Buffer[],
  encrypted: Buffer,
  about: string,
): { secret: Buffer; byFirstKey: boolean } | null {
  for (const key of keys) {
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, encrypted.subarray(0, 12))
      decipher.setAAD(Buffer.from(about)).setAuthTag(encrypted.subarray(12, 28))
      const secret = Buffer.concat([decipher.update(encrypted.subarray(28)), decipher.final()])
      return { secret, byFirstKey: key === keys[0] }
    } catch {}
  }
  return null
}

/** A key of 32 bytes for one purpose, derived from another key, so that no key serves two purposes. */
export function keyFor(purpose: string, key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', purpose, 32))
}
