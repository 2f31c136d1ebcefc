import { randomBytes } from 'node:crypto'

/** Whether a text is a UUID, as ids of accounts are; in small letters or capitals. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID: 26 characters, sortable by the millisecond it was made in, 80 random bits. */
export function ulid(now = Date.now()): string {
  let time = ''
  for (let rest = now, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = alphabet[rest % 32] + time
  return time + Array.from(randomBytes(16), (byte) => alphabet[byte % 32]).join('')
}
