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

/** A queue with so many slots and at most `longest` waiting for them, those with priority counted apart. */
export function boundedQueue(slots: number, longest: number): BoundedQueue {
  const running = new Set<Turn>()
  const waiting = new Set<Turn>()
  const first = new Set<Turn>()

  function next(): Turn | undefined {
    for (const queue of [first, waiting])
      for (const turn of queue) {
        queue.delete(turn)
        return turn
      }
    return undefined
  }

  return {
    enter(turn, how) {
      if (running.size < slots) {
        running.add(turn)
        turn.go()
        return true
      }
      const queue = how?.first ? first : waiting
      if (queue.size >= longest) return false
      queue.add(turn)
      return true
    },
    leave(turn) {
      if (!running.delete(turn)) return false
      const following = next()
      if (following) {
        running.add(following)
        following.go()
      }
      return true
    },
    giveUp(turn) {
      waiting.delete(turn)
      first.delete(turn)
    },
    dismiss(reason) {
      const dismissed = [...first, ...waiting]
      first.clear()
      waiting.clear()
      for (const turn of dismissed) turn.dismiss(reason)
    },
  }
}
