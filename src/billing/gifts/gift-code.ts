import { createHash, randomInt } from 'node:crypto'

/** Without 0 and O, 1, I and L, and U, which is taken for V: thirty signs. */
const signs = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
const groups = 5
const groupLength = 4

/** A new code to redeem a gift with: twenty signs, 98 bits, in groups of four: "7KQM-…". Only its hash is stored. */
export function newGiftCode(): string {
  const group = () => Array.from({ length: groupLength }, () => signs[randomInt(signs.length)]).join('')
  return Array.from({ length: groups }, group).join('-')
}

/** What is stored of a code, however it was typed: small letters, spaces and dashes do not matter. */
export function hashOfGiftCode(typed: string): Buffer {
  return createHash('sha256')
    .update(typed.toUpperCase().replace(/[^A-Z0-9]/g, ''))
    .digest()
}

/** Whether what was typed could be a code: twenty letters and digits. */
export function looksLikeGiftCode(typed: string): boolean {
  return /^[A-Z0-9]{20}$/.test(typed.toUpperCase().replace(/[\s-]/g, ''))
}
