/** Lets so many through at a time and the rest wait in the order they came. */
export type WaitingLine = {
  /** Goes now or when a place is free. False when the line is full: it will not go at all. */
  enter(turn: Turn): boolean
  /** Gives the place back; false, and harmless, when it was given back already. */
  leave(turn: Turn): boolean
  /** Leaves the line if still waiting in it. */
  giveUp(turn: Turn): void
  /** Tells everybody who waits, and empties the line. */
  dismiss(why: unknown): void
}

export type Turn = { go: () => void; dismiss: (why: unknown) => void }

/** A line with so many places in front and at most `longest` waiting behind them. */
export function waitingLine(places: number, longest: number): WaitingLine {
  const going = new Set<Turn>()
  const waiting = new Set<Turn>()
  return {
    enter(turn) {
      if (going.size < places) {
        going.add(turn)
        turn.go()
        return true
      }
      if (waiting.size >= longest) return false
      waiting.add(turn)
      return true
    },
    leave(turn) {
      if (!going.delete(turn)) return false
      for (const next of waiting) {
        waiting.delete(next)
        going.add(next)
        next.go()
        break
      }
      return true
    },
    giveUp(turn) {
      waiting.delete(turn)
    },
    dismiss(why) {
      const dismissed = [...waiting]
      waiting.clear()
      for (const turn of dismissed) turn.dismiss(why)
    },
  }
}
