export type Random = {
  /** From 0 up to, but not including, 1. */
  next(): number
  between(least: number, most: number): number
  one<T>(things: readonly T[]): T
  chance(share: number): boolean
}

/** The same numbers for the same seed (mulberry32), so that a bad run can be repeated. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    one: (things) => things[Math.floor(next() * things.length)]!,
    chance: (share) => next() < share,
  }
}
