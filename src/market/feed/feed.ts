import { randomUUID } from 'node:crypto'
import type { Config } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'
import type { Log } from '../../platform/log.ts'
import { releaseFeed, takeFeed } from './queries.ts'

/** What became of one session's prices, or of one file of the folder, in one look; `about` is the day or the file's name. */
export type Outcome = {
  about: string
  state: 'committed' | 'held' | 'known' | 'waiting' | 'failed' | 'refused'
  importId: number | null
  sentence: string | null
}

/** The feed while this process has it. `isLost` or `stopping` aborted: it ends what it does and begins nothing more. */
export type Feed = {
  sql: Sql
  log: Log
  source: Config['prices']
  holder: string
  stopping: AbortSignal
}

/** The incidents and audit lines of the feed are written under this name. */
export const by = { actor: 'feed', origin: null }

const keepMs = 30_000

/**
 * Does something while no other process, on this or another machine, has the feed; null: another one has it. A process that
 * dies gives it back within two minutes.
 */
export async function withFeed<T>(
  given: Pick<Feed, 'sql' | 'log' | 'source'> & { stopping?: AbortSignal | undefined },
  work: (feed: Feed) => Promise<T>,
): Promise<T | null> {
  const { sql } = given
  const holder = randomUUID()
  if (!(await takeFeed(sql, holder))) return null
  const lost = new AbortController()
  const keep = setInterval(() => {
    takeFeed(sql, holder).then(
      (kept) => kept || lost.abort(),
      () => {},
    )
  }, keepMs).unref()
  const stopping = AbortSignal.any([lost.signal, ...(given.stopping ? [given.stopping] : [])])
  try {
    return await work({ ...given, holder, stopping })
  } finally {
    clearInterval(keep)
    await releaseFeed(sql, holder)
  }
}
