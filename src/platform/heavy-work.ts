import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { boundedQueue, type Turn } from './bounded-queue.ts'
import { AppError } from './errors.ts'

/**
 * Work of the event loop that can wait: pages that are computed, exports. Two pieces at a time, so that they take neither
 * all of the loop's turns nor all connections of the database; a piece is some tens of milliseconds.
 */
const abreast = 2
/** Some seconds' work; who comes after that is told to come again. */
const longestQueue = 100
/** A piece waits so long for what is urgent to be answered first; longer, and it would never be its turn. */
const holdMs = 250

const line = boundedQueue(abreast, Number.POSITIVE_INFINITY)
const counts = { waiting: 0, done: 0, refused: 0 }

/** What heavy work has come to in this process, for /metrics. */
export function heavyWorkCounts(): Readonly<typeof counts> {
  return counts
}

/** `isGone`: nobody waits for the result any more. */
type How = { patient: boolean; isGone?: () => boolean }

/**
 * Waits for a place and answers how to give it back; giving it back twice is harmless. Throws AppError `unavailable` when
 * too many wait; a `patient` caller, who is in the middle of something, waits all the same. Who is gone when it is their
 * turn has none: thrown as Node's own error for them.
 */
export async function heavyPlace({ patient, isGone = () => false }: How): Promise<() => void> {
  if (!patient && counts.waiting >= longestQueue) {
    counts.refused++
    throw new AppError('unavailable', 'Many people want this at the moment. Please try again in a few seconds.', {
      retryAfterS: 3,
    })
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const turn: Turn = { go: resolve, dismiss: reject }
  counts.waiting++
  line.enter(turn)
  await promise
  counts.waiting--
  if (isGone()) {
    line.leave(turn)
    counts.refused++
    // As Node says it of a request whose sender has left.
    throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
  }
  if (urgent > 0) await Promise.race([urgentDone.promise, pause(holdMs, undefined, { ref: false })])
  // What arrived meanwhile is heard before this piece begins.
  await nextTurn()
  return () => {
    if (line.leave(turn)) counts.done++
  }
}

/** Does one piece of heavy work in its turn. */
export async function inHeavyTurn<T>(how: { patient: boolean }, work: () => T | Promise<T>): Promise<T> {
  const leave = await heavyPlace(how)
  try {
    return await work()
  } finally {
    leave()
  }
}

let urgent = 0
let urgentDone = Promise.withResolvers<void>()

/** Something urgent begins, before which heavy work steps back. Answers how to say that it is done. */
export function beginUrgent(): () => void {
  let isOver = false
  if (urgent++ === 0) urgentDone = Promise.withResolvers()
  return () => {
    if (isOver) return
    isOver = true
    if (--urgent === 0) urgentDone.resolve()
  }
}
