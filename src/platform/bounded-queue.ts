/** Runs a limited number at a time; the rest wait in the order they came, behind those with priority. */
export type BoundedQueue = {
  /**
   * Runs now or when a slot is free; with `first`, before all that wait without it, however many these are. False when the
   * queue is full: it will not run at all.
   */
  enter(turn: Turn, how?: { first: boolean }): boolean
  /** Frees the slot. False, and without effect, when it was freed already. */
  leave(turn: Turn): boolean
  /** Leaves the queue if still waiting in it. */
  giveUp(turn: Turn): void
  /** Dismisses all that wait, and empties the queue. */
  dismiss(reason: unknown): void
}

export type Turn = { go: () => void; dismiss: (reason: unknown) => void }

/**
 * A queue with so many slots and at most `longest` waiting for them, those with priority counted apart. In arrays: a Set that is
 * filled and emptied all the time replaces its table again and again, and each one replaced leads to the next, so that once one of them
 * is old, V8 counts everything as old that has been in the set since.
 */
export function boundedQueue(slots: number, longest: number): BoundedQueue {
  const running: Turn[] = []
  const waiting: Turn[] = []
  const first: Turn[] = []

  return {
    enter(turn, how) {
      if (running.length < slots) {
        running.push(turn)
        turn.go()
        return true
      }
      const queue = how?.first ? first : waiting
      if (queue.length >= longest) return false
      queue.push(turn)
      return true
    },
    leave(turn) {
      if (!remove(running, turn)) return false
      const following = first.shift() ?? waiting.shift()
      if (following) {
        running.push(following)
        following.go()
      }
      return true
    },
    giveUp(turn) {
      if (!remove(first, turn)) remove(waiting, turn)
    },
    dismiss(reason) {
      const dismissed = [...first.splice(0), ...waiting.splice(0)]
      for (const turn of dismissed) turn.dismiss(reason)
    },
  }
}

/** False: it was not there. */
function remove(turns: Turn[], turn: Turn): boolean {
  const at = turns.indexOf(turn)
  if (at === -1) return false
  turns.splice(at, 1)
  return true
}
