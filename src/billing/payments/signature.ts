import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Whether `signature` is base64(HMAC-SHA256(secret, timestamp + body)) under one of the secrets, over the exact bytes
 * received. Compares in constant time and never throws: anything odd (missing, wrong length, not base64, no secret) is false.
 */
export function isSignedBy(secrets: readonly string[], timestamp: unknown, body: Buffer, signature: unknown): boolean {
  if (typeof timestamp !== 'string' || timestamp === '') return false
  const wanted = secrets.filter((secret) => secret !== '').map((secret) => sign(secret, timestamp, body))
  return isOneOf(wanted, signature)
}

/** Whether a signature is one of these, in constant time: each is compared, so that the time taken does not tell which one matched. */
export function isOneOf(wanted: readonly string[], signature: unknown): boolean {
  if (typeof signature !== 'string') return false
  const given = Buffer.from(signature)
  return wanted
    .map((text) => Buffer.from(text))
    .reduce((matched, bytes) => (given.length === bytes.length && timingSafeEqual(given, bytes)) || matched, false)
}

/** The signature Cashfree puts in `x-webhook-signature`: timestamp and raw body, joined without a separator. */
export function sign(secret: string, timestamp: string, body: Buffer): string {
  return createHmac('sha256', secret).update(timestamp).update(body).digest('base64')
}
