import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Seals a secret for storage with AES-256-GCM: nonce, tag and ciphertext in one. `about` ties it to its row. */
export function encrypt(key: Buffer, secret: Buffer, about: string): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
  const sealed = Buffer.concat([cipher.update(secret), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

/** Opens what one of the keys sealed about the same thing, and says whether it was the first. Null: none of them did. */
export function decrypt(
  keys: readonly Buffer[],
  sealed: Buffer,
  about: string,
): { secret: Buffer; byFirstKey: boolean } | null {
  for (const key of keys) {
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
      decipher.setAAD(Buffer.from(about)).setAuthTag(sealed.subarray(12, 28))
      const secret = Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()])
      return { secret, byFirstKey: key === keys[0] }
    } catch {}
  }
  return null
}

/** A key for one purpose made of another key, so that no key is used for two. 32 bytes. */
export function keyFor(purpose: string, key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', purpose, 32))
}
