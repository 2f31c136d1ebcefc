import type { Day } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Reading } from './analysis.ts'
import { weeklyBars } from './bars.ts'
import { carriedOver, lastWithin, tolerated } from './carrying.ts'
import { closesOn, type Frame, frameOf } from './frame.ts'
import { type Quadrant, quadrantOf } from './quadrants.ts'
import { type Formula, readingsByBar } from './strength.ts'

/** What the analysis of a week's last day said of an instrument; `until`: that day, null readings are weeks without one. */
export type WeekReading = { until: Day; reading: (Reading & { formula: Formula; quadrant: Quadrant }) | null }

/**
 * A move into a quadrant. `from`: the quadrant of the week before, null where that had no reading. `weeks`: how many weeks it stayed,
 * the first one included; `goesOn`: up to now.
 */
export type QuadrantChange = Reading & {
  formula: Formula
  from: Quadrant | null
  to: Quadrant
  weeks: number
  goesOn: boolean
}

/**
 * The weekly reading of every week with a price of the benchmark up to `asOf`, oldest first: each as the analysis of that week's
 * last day has it, with nothing that came later.
 */
export function readingsByWeek(
  benchmark: Prices,
  prices: Prices,
  { asOf, calendar }: { asOf: Day; calendar: TradingCalendar },
): WeekReading[] {
  const frame = frameOf(benchmark, calendar, asOf, { weeks: Number.POSITIVE_INFINITY })
  return frame === null ? [] : readingsIn(frame, prices)
}

/** The same of the weeks of a frame. */
export function readingsIn(frame: Frame, prices: Prices): WeekReading[] {
  const closes = closesOn(frame.days, prices)
  const bars = weeklyBars(frame, closes)
  const line = carriedOver(bars.rs, tolerated.week)
  const readings = readingsByBar(line)
  return frame.weeks.flatMap((_, week): WeekReading[] => {
    const last = lastSession(frame, week)
    if (last === null) return []
    const until = frame.days[last]!
    const formula = readings.formula[week] ?? null
    const isStale = lastWithin(closes, last) === -1
    if (isStale || formula === null) return [{ until, reading: null }]
    const numbers = { ratio: readings.ratio[week]!, momentum: readings.momentum[week]! }
    return [{ until, reading: { day: bars.days[week]!, ...numbers, formula, quadrant: quadrantOf(numbers) } }]
  })
}

/** Every move from one quadrant into another, and every first reading after none, oldest first. */
export function changesIn(weeks: readonly WeekReading[]): QuadrantChange[] {
  const changes: QuadrantChange[] = []
  let before: Quadrant | null = null
  for (const { reading } of weeks) {
    const last = changes.at(-1)
    if (last) last.goesOn &&= reading?.quadrant === last.to
    if (reading && reading.quadrant === before) last!.weeks++
    else if (reading) {
      const { quadrant: to, ...rest } = reading
      changes.push({ ...rest, from: before, to, weeks: 1, goesOn: true })
    }
    before = reading?.quadrant ?? null
  }
  return changes
}

/** The place of the week's last day on which the benchmark traded; null where it did not. */
function lastSession({ benchmark, weeks }: Frame, week: number): number | null {
  const { from, to } = weeks[week]!
  for (let i = to - 1; i >= from; i--) if (benchmark[i] !== null) return i
  return null
}
