/** Lets so many through at a time and the rest wait in the order they came, behind those that go first. */
export type BoundedQueue = {
  /**
   * Goes now or when a place is free; with `first`, before all that wait without it, however many these are. False when
   * the line is full: it will not go at all.
   */
  enter(turn: Turn, how?: { first: boolean }): boolean
  /** Gives the place back; false, and harmless, when it was given back already. */
  leave(turn: Turn): boolean
  /** Leaves the line if still waiting in it. */
  giveUp(turn: Turn): void
  /** Tells everybody who waits, and empties the line. */
  dismiss(why: unknown): void
}

export type Turn = { go: () => void; dismiss: (why: unknown) => void }

/** A line with so many places in front and at most `longest` waiting behind them. */
export function boundedQueue(places: number, longest: number): BoundedQueue {
  const going = new Set<Turn>()
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
      if (going.size < places) {
        going.add(turn)
        turn.go()
        return true
      }
      const queue = how?.first ? first : waiting
      if (queue.size >= longest) return false
      queue.add(turn)
      return true
    },
    leave(turn) {
      if (!going.delete(turn)) return false
      const following = next()
      if (following) {
        going.add(following)
        following.go()
      }
      return true
    },
    giveUp(turn) {
      waiting.delete(turn)
      first.delete(turn)
    },
    dismiss(why) {
      const dismissed = [...first, ...waiting]
      first.clear()
      waiting.clear()
      for (const turn of dismissed) turn.dismiss(why)
    },
  }
}
