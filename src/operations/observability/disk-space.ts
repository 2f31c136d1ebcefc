import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { Sql } from '../../platform/db.ts'
import { databaseHasRoom } from './queries.ts'

const freshMs = 5_000
/** With less free space than this a folder counts as full. */
const leastBytes = 4 * 2 ** 20

/** What the product writes to. */
export type Storage = 'database' | 'payments log' | 'temporary folder'

/** Returns a function that says what is full, measured at most every five seconds. Never throws: what cannot be measured is not full. */
export function watchDiskSpace(sql: Sql, isPaymentsLogBroken: () => boolean): () => Promise<Storage[]> {
  let known: Storage[] = []
  let knownAt = Number.NEGATIVE_INFINITY
  let measuring: Promise<void> | null = null

  async function measure(): Promise<void> {
    const [hasRoom, isTemporaryFull] = await Promise.all([databaseHasRoom(sql), isFull(tmpdir())])
    known = [
      ...(hasRoom ? [] : ['database' as const]),
      ...(isPaymentsLogBroken() ? ['payments log' as const] : []),
      ...(isTemporaryFull ? ['temporary folder' as const] : []),
    ]
    knownAt = performance.now()
  }

  return async () => {
    if (performance.now() - knownAt < freshMs) return known
    measuring ??= measure().finally(() => {
      measuring = null
    })
    await measuring
    return known
  }
}

async function isFull(folder: string): Promise<boolean> {
  const disk = await statfs(folder).catch(() => null)
  return disk !== null && disk.bavail * disk.bsize < leastBytes
}
