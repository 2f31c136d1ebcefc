import { setFlagsFromString } from 'node:v8'
import type { Piscina } from 'piscina'
import { AppError } from './errors.ts'

/** Work in a thread of its own, so that the event loop goes on answering. */
export type ThreadPool<Task, Result> = {
  /**
   * Runs as soon as the thread is free. Throws AppError `unavailable` when too many wait already, or when it takes too long,
   * waiting included. A `patient` caller (a job, of which a few run at a time) waits however many do. Rethrows what the work
   * throws.
   */
  run(task: Task, how?: { patient: boolean }): Promise<Result>
}

/** A pool of this process in numbers, for /metrics. */
export type PoolCounts = { name: string; waiting: number; done: number; failed: number; refused: number }

const pools: PoolCounts[] = []

/** Every pool of this process. */
export function poolCounts(): readonly PoolCounts[] {
  return pools
}

type Settings = { name: string; file: string; longestQueue: number; limitMs: number }

/** One thread is quick enough and leaves the other processors to the event loop; after so long without work it ends. */
const idleMs = 30_000
/** Small heaps: garbage is collected before there is much of it. With 3 a semi-space is 1 MB; the thread has 18 MB less than with 24. */
const resourceLimits = { maxYoungGenerationSizeMb: 3, maxOldGenerationSizeMb: 128 }
/** V8 prefers the flags of the process (main.ts) to a thread's own limits. Its own heap exists by now and keeps its size. */
const withoutFlags = ['--max-semi-space-size=0', '--max-old-space-size=0']
/** On a single processor the event loop goes first. */
const niceIncrement = 5

/**
 * A pool whose thread runs the default export of `file`. The library (8 MB) is loaded with the first task, and there is no
 * thread while there is no work.
 */
export function threadPool<Task, Result>({ name, file, longestQueue, limitMs }: Settings): ThreadPool<Task, Result> {
  const counts: PoolCounts = { name, waiting: 0, done: 0, failed: 0, refused: 0 }
  pools.push(counts)
  let starting: Promise<Piscina> | undefined
  const start = async () => {
    const { Piscina } = await import('piscina')
    for (const flag of withoutFlags) setFlagsFromString(flag)
    return new Piscina({
      resourceLimits,
      filename: file,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: idleMs,
      niceIncrement,
      // Counters of half a megabyte, which nobody reads.
      recordTiming: false,
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
        // Aborting a running task ends its thread, so that one that never finishes blocks no other.
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
