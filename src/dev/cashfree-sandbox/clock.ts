export type Clock = {
  /** Milliseconds since 1970 on the sandbox's own clock. */
  now(): number
  /** How far this clock is ahead of the wall, in milliseconds. */
  offsetMs(): number
  /** Moves forward to a moment; a moment already passed changes nothing. */
  moveTo(moment: number): void
  /** Puts the clock back (or forth) to a distance from the wall. What has happened stays happened. */
  setOffset(ms: number): void
}

/** Real time plus an offset that people and tests can move, so that "30 minutes later" takes no 30 minutes. */
export function createClock(offset = 0): Clock {
  let offsetMs = offset
  const now = () => Date.now() + offsetMs
  return {
    now,
    offsetMs: () => offsetMs,
    moveTo(moment) {
      offsetMs += Math.max(0, moment - now())
    },
    setOffset(ms) {
      offsetMs = ms
    },
  }
}

const IST_OFFSET_MS = 5.5 * 3_600_000

/** A moment the way Cashfree writes it: India time, whole seconds, literal `+05:30`. */
export function istTime(moment: number): string {
  return `${new Date(moment + IST_OFFSET_MS).toISOString().slice(0, 19)}+05:30`
}
