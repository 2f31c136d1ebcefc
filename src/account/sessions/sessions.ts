import { browserName } from '../../identity/known-browsers/browser-name.ts'
import type { Sql } from '../../platform/db.ts'
import { listSessionsOf } from './queries.ts'

/** A session as its owner sees it. `network` is the address without its last part; `isThis`: the one that asks. */
export type ShownSession = {
  handle: string
  browser: string
  network: string
  createdAt: Date
  lastSeenAt: Date
  isThis: boolean
}

/** Where a person is signed in, this session first, for the part `account/security/_sessions`. */
export async function sessionsOf(sql: Sql, userId: string, current: string): Promise<ShownSession[]> {
  const rows = await listSessionsOf(sql, userId)
  return rows
    .map(({ handle, userAgent, network, createdAt, lastSeenAt }) => ({
      handle,
      browser: browserName(userAgent),
      network,
      createdAt,
      lastSeenAt,
      isThis: handle === current,
    }))
    .sort((a, b) => Number(b.isThis) - Number(a.isThis))
}
