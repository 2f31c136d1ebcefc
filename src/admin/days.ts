import { midnightInIndia } from '../platform/dates.ts'

/** From the start of one Indian day to the end of another; null where an end is open. */
export type Span = { since: Date | null; before: Date | null }

const dayMs = 24 * 3600_000

/** The instants between two Indian days as a date field posts them ("2026-11-20"). What is no day leaves its end open. */
export function spanOfDays(from: string, to: string): Span {
  const since = midnightInIndia(from)
  const last = midnightInIndia(to)
  return { since, before: last && new Date(last.getTime() + dayMs) }
}
