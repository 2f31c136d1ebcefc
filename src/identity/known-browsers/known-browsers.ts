import { createHash, randomBytes } from 'node:crypto'
import type { Sql } from '../../platform/db.ts'
import { insertDevice, noteDevice } from './queries.ts'

/**
 * Remembers that this account logged in from the browser with this id ('' when it has none), so that strangers' guesses do
 * not make it wait. Answers the id the browser is to keep: its own, or a new one where ours is not among those given out.
 */
export async function rememberDevice(sql: Sql, userId: string, device: string): Promise<string> {
  if (device !== '' && (await noteDevice(sql, userId, deviceHash(device)))) return device
  const id = randomBytes(32).toString('base64url')
  await insertDevice(sql, userId, deviceHash(id))
  return id
}

/** What is stored of a browser's id. */
export function deviceHash(device: string): Buffer {
  return createHash('sha256').update(`device ${device}`).digest()
}
