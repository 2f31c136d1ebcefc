import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Whether `signature` is base64(HMAC-SHA256(secret, timestamp + body)) under one of the secrets, over the exact bytes
 * received. Compares in constant time and never throws: anything odd (missing, wrong length, not base64, no secret) is false.
 */
export function isSignedBy(secrets: readonly string[], timestamp: unknown, body: Buffer, signature: unknown): boolean {
  if (typeof timestamp !== 'string' || typeof signature !== 'string' || timestamp === '') return false
  const given = Buffer.from(signature)
  // Every secret is tried, so that the time taken does not tell which one matched.
  return secrets
    .filter((secret) => secret !== '')
    .map((secret) => Buffer.from(sign(secret, timestamp, body)))
    .reduce((matched, wanted) => (given.length === wanted.length && timingSafeEqual(given, wanted)) || matched, false)
}

/** The signature Cashfree puts in `x-webhook-signature`: timestamp and raw body, joined without a separator. */
export function sign(secret: string, timestamp: string, body: Buffer): string {
  return createHmac('sha256', secret).update(timestamp).update(body).digest('base64')
}
