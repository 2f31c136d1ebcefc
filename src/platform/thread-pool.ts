import type { Piscina } from 'piscina'
import { AppError } from './errors.ts'

/** Work for a thread of its own, so that answering goes on meanwhile. */
export type ThreadPool<Task, Result> = {
  /**
   * Done as soon as the thread is free. Throws AppError `unavailable` when too many wait already, or when it takes too long,
   * waiting included. A `patient` caller (a job, of which a few run at a time) waits however many do. What the work throws
   * comes through.
   */
  run(task: Task, how?: { patient: boolean }): Promise<Result>
}

/** What pools have come to in this process, for /metrics. */
export type PoolCounts = { name: string; waiting: number; done: number; failed: number; refused: number }

const pools: PoolCounts[] = []

/** Every pool of this process. */
export function poolCounts(): readonly PoolCounts[] {
  return pools
}

type Settings = { name: string; file: string; longestQueue: number; limitMs: number }

/** One thread is quick enough and leaves the other processors to answering; idle for so long it ends and its memory is free. */
const idleMs = 30_000
/** As `npm start` bounds the process itself: a thread's garbage is collected before it is much. */
const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 }
/** Where there is one processor alone, answering goes first. */
const niceIncrement = 5

/**
 * A pool whose thread runs the default export of `file`. The thread is started, and the library loaded (8 MB), with the first
 * task; at rest there is no thread.
 */
export function threadPool<Task, Result>({ name, file, longestQueue, limitMs }: Settings): ThreadPool<Task, Result> {
  const counts: PoolCounts = { name, waiting: 0, done: 0, failed: 0, refused: 0 }
  pools.push(counts)
  let starting: Promise<Piscina> | undefined
  const start = async () => {
    const { Piscina } = await import('piscina')
    return new Piscina({
      resourceLimits,
      filename: file,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: idleMs,
      niceIncrement,
    })
  }
  return {
    async run(task, { patient } = { patient: false }) {
      if (!patient && counts.waiting > longestQueue) {
        counts.refused++
        throw busy()
      }
      counts.waiting++
      try {
        starting ??= start()
        const pool = await starting
        // A task that is given up while it runs takes its thread with it, so that one that never ends holds up nobody.
        const result = await pool.run(task, { signal: AbortSignal.timeout(limitMs) })
        counts.done++
        return result
      } catch (error) {
        const isTooLate = (error as Error).name === 'AbortError'
        counts[isTooLate ? 'refused' : 'failed']++
        throw isTooLate ? busy() : error
      } finally {
        counts.waiting--
      }
    },
  }
}

function busy(): AppError {
  return new AppError('unavailable', 'Many people want this at the moment. Please try again in a few seconds.', {
    retryAfterS: 3,
  })
}
