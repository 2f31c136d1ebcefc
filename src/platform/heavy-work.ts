import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { boundedQueue, type Turn } from './bounded-queue.ts'
import { AppError } from './errors.ts'

/**
 * Work on the event loop that can wait: computed pages, exports. Two pieces run at a time, so that they occupy neither the whole
 * loop nor all database connections; a piece takes some tens of milliseconds.
 */
const concurrency = 2
/** Some seconds' work; requests beyond it are answered 503. */
const longestQueue = 100
/** The longest that a piece waits for urgent requests to be answered first, so that it gets its turn under constant load, too. */
const holdMs = 250

const queue = boundedQueue(concurrency, Number.POSITIVE_INFINITY)
const counts = { waiting: 0, done: 0, refused: 0 }

/** This process's heavy work in numbers, for /metrics. */
export function heavyWorkCounts(): Readonly<typeof counts> {
  return counts
}

/** `patient`: waits however long the queue is. `isGone`: nobody waits for the result any more. */
type How = { patient: boolean; isGone?: () => boolean }

/**
 * Waits for a slot and returns the function that frees it; calling that twice is harmless. Throws AppError `unavailable` when
 * too many wait already, unless the caller is `patient` because it is in the middle of something. Throws Node's error of an
 * aborted request when the caller is gone by then.
 */
export async function heavyWorkSlot({ patient, isGone = () => false }: How): Promise<() => void> {
  if (!patient && counts.waiting >= longestQueue) {
    counts.refused++
    throw new AppError('unavailable', 'Many people want this at the moment. Please try again in a few seconds.', {
      retryAfterS: 3,
    })
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const turn: Turn = { go: resolve, dismiss: reject }
  counts.waiting++
  queue.enter(turn)
  await promise
  counts.waiting--
  if (isGone()) {
    queue.leave(turn)
    counts.refused++
    // As Node reports a request whose sender has left.
    throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
  }
  if (urgent > 0) await Promise.race([urgentDone.promise, pause(holdMs, undefined, { ref: false })])
  // Whatever has arrived by now is read before this piece begins.
  await nextTurn()
  return () => {
    if (queue.leave(turn)) counts.done++
  }
}

/** Runs one piece of heavy work when a slot is free; see `heavyWorkSlot`. */
export async function runHeavyWork<T>(how: { patient: boolean }, work: () => T | Promise<T>): Promise<T> {
  const leave = await heavyWorkSlot(how)
  try {
    return await work()
  } finally {
    leave()
  }
}

let urgent = 0
let urgentDone = Promise.withResolvers<void>()

/** Heavy work pauses until the returned function is called, at most `holdMs` a piece. */
export function beginUrgent(): () => void {
  let isOver = false
  if (urgent++ === 0) urgentDone = Promise.withResolvers()
  return () => {
    if (isOver) return
    isOver = true
    if (--urgent === 0) urgentDone.resolve()
  }
}
