import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Seals a secret for storage with AES-256-GCM: nonce, tag and ciphertext in one. `about` ties it to its row. */
export function seal(key: Buffer, secret: Buffer, about: string): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
  const sealed = Buffer.concat([cipher.update(secret), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

/** Opens what one of the keys sealed about the same thing. Throws when none of them did. */
export function unseal(keys: readonly Buffer[], sealed: Buffer, about: string): Buffer {
  for (const key of keys) {
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
      decipher.setAAD(Buffer.from(about)).setAuthTag(sealed.subarray(12, 28))
      return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()])
    } catch {}
  }
  throw new Error('none of the keys opens this; was TOTP_KEY changed without keeping the old one?')
}

/** A key for one purpose made of another key, so that no key is used for two. 32 bytes. */
export function keyFor(purpose: string, key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', purpose, 32))
}
