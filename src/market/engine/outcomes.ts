import { type Day, daysAfter } from '../calendar/days.ts'
import { type Frame, sessionAt } from './frame.ts'
import type { Series } from './series.ts'

/** Weeks over which it is looked at what followed an entry. */
export const horizons = [4, 13] as const
export type Horizon = (typeof horizons)[number]

/** A session's close may be missing this many sessions long: of an entry that waits longer nothing is counted. */
const patience = 3

/**
 * What followed over one horizon, in percentage points: return of the sector − return of the benchmark, from the close of the
 * first session after the entry to that of the last session within so many weeks of it. `open`: the weeks are not over.
 * `missing`: a close at one of the two ends is missing for more than three sessions.
 */
export type Outcome =
  | { state: 'closed'; from: Day; to: Day; excess: number }
  | { state: 'open'; from: Day | null }
  | { state: 'missing' }
export type Outcomes = Record<Horizon, Outcome>

/** What followed a day of which the readings are known, of an instrument with these closes, over each horizon. */
export function outcomesOf(frame: Frame, closes: Series, day: Day): Outcomes {
  const next = sessionAt(frame, day) + 1
  const start = firstTogether(frame, closes, next)
  const outcome = (horizon: Horizon): Outcome => {
    if (start === null)
      return next + patience < frame.days.length ? { state: 'missing' } : { state: 'open', from: null }
    const from = frame.days[start]!
    const end = daysAfter(from, 7 * horizon)
    if (frame.asOf < end) return { state: 'open', from }
    const last = lastTogether(frame, closes, sessionAt(frame, end))
    if (last === null || last <= start) return { state: 'missing' }
    const change = (series: Series) => 100 * (series[last]! / series[start]! - 1)
    return { state: 'closed', from, to: frame.days[last]!, excess: change(closes) - change(frame.benchmark) }
  }
  return { 4: outcome(4), 13: outcome(13) }
}

/** The first session from this one on, at most three later, on which both have a close. */
function firstTogether({ days, benchmark }: Frame, closes: Series, place: number): number | null {
  for (let i = place; i <= Math.min(place + patience, days.length - 1); i++)
    if (closes[i] !== null && benchmark[i] !== null) return i
  return null
}

/** The last session up to this one, at most three earlier, on which both have a close. */
function lastTogether({ benchmark }: Frame, closes: Series, place: number): number | null {
  for (let i = place; i >= Math.max(0, place - patience); i--) if (closes[i] !== null && benchmark[i] !== null) return i
  return null
}
