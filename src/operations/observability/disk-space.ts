import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { Sql } from '../../platform/db.ts'
import { databaseHasRoom } from './queries.ts'

const freshMs = 5_000
/** An upload or a log line needs little; what has less than this free takes nothing any more. */
const leastBytes = 4 * 2 ** 20

/** A place that what this site writes goes to. */
export type Place = 'database' | 'payments log' | 'temporary folder'

/** Answers, at most every five seconds anew, which places are full. Never throws: what cannot be measured is not full. */
export function fullPlaces(sql: Sql, isPaymentsLogBroken: () => boolean): () => Promise<Place[]> {
  let known: Place[] = []
  let knownAt = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | null = null

  async function look(): Promise<void> {
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
    looking ??= look().finally(() => {
      looking = null
    })
    await looking
    return known
  }
}

async function isFull(folder: string): Promise<boolean> {
  const disk = await statfs(folder).catch(() => null)
  return disk !== null && disk.bavail * disk.bsize < leastBytes
}
