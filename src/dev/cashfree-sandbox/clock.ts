export type Clock = {
  /** Milliseconds since 1970 on the sandbox's own clock. */
  now(): number
  /** How far this clock is ahead of real time, in milliseconds. */
  offsetMs(): number
  /** Moves forward to a moment; one in the past changes nothing. */
  moveTo(moment: number): void
  /** Sets the distance from real time. What has happened already is not undone. */
  setOffset(ms: number): void
}

/** Real time plus an offset that people and tests can move, so that "30 minutes later" need not take 30 minutes. */
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

/** A moment as Cashfree writes it: India time, whole seconds, literal `+05:30`. */
export function istTime(moment: number): string {
  return `${new Date(moment + IST_OFFSET_MS).toISOString().slice(0, 19)}+05:30`
}
