import type { Day } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Reading } from './analysis.ts'
import { barsBy } from './bars.ts'
import { carriedOver, lastWithin, tolerated } from './carrying.ts'
import { closesOn, type Frame, frameOf, type Period, type Step } from './frame.ts'
import { type Quadrant, quadrantOf } from './quadrants.ts'
import { type Formula, readingsByBar } from './strength.ts'

/** What the analysis of a day, or of a week's or month's last one, said of an instrument; `until`: that day, null: it had no reading. */
export type BarReading = { until: Day; reading: (Reading & { formula: Formula; quadrant: Quadrant }) | null }

/**
 * A move into a quadrant. `from`: the quadrant of the bar before, null where that had no reading. `bars`: how many bars it stayed,
 * the first one included; `goesOn`: up to now.
 */
export type QuadrantChange = Reading & {
  formula: Formula
  from: Quadrant | null
  to: Quadrant
  bars: number
  goesOn: boolean
}

/** More months than any history has, so that all there are come. */
const allMonths = 1200

/**
 * The reading of every day, week or month with a price of the benchmark up to `asOf`, oldest first: each as the analysis of its
 * last day has it, with nothing that came later.
 */
export function readingsBy(
  step: Step,
  benchmark: Prices,
  prices: Prices,
  { asOf, calendar }: { asOf: Day; calendar: TradingCalendar },
): BarReading[] {
  const whole = { weeks: Number.POSITIVE_INFINITY, months: step === 'month' ? allMonths : 0 }
  const frame = frameOf(benchmark, calendar, asOf, whole)
  return frame === null ? [] : readingsIn(frame, prices, step)
}

/** The same of a frame's days, weeks or months. */
export function readingsIn(frame: Frame, prices: Prices, step: Step): BarReading[] {
  const closes = closesOn(frame.days, prices)
  const bars = barsBy(step, frame, closes)
  const line = carriedOver(bars.rs, tolerated[step])
  const readings = readingsByBar(line)
  return periodsOf(frame, step).flatMap((period, bar): BarReading[] => {
    const last = lastSession(frame, period)
    if (last === null) return []
    const until = frame.days[last]!
    const formula = readings.formula[bar] ?? null
    const isStale = lastWithin(closes, last) === -1
    if (isStale || formula === null) return [{ until, reading: null }]
    const numbers = { ratio: readings.ratio[bar]!, momentum: readings.momentum[bar]! }
    return [{ until, reading: { day: bars.days[bar]!, ...numbers, formula, quadrant: quadrantOf(numbers) } }]
  })
}

/** Every move from one quadrant into another, and every first reading after none, oldest first. */
export function changesIn(readings: readonly BarReading[]): QuadrantChange[] {
  const changes: QuadrantChange[] = []
  let before: Quadrant | null = null
  for (const { reading } of readings) {
    const last = changes.at(-1)
    if (last) last.goesOn &&= reading?.quadrant === last.to
    if (reading && reading.quadrant === before) last!.bars++
    else if (reading) {
      const { quadrant: to, ...rest } = reading
      changes.push({ ...rest, from: before, to, bars: 1, goesOn: true })
    }
    before = reading?.quadrant ?? null
  }
  return changes
}

function periodsOf({ days, weeks, months }: Frame, step: Step): readonly Period[] {
  return { day: days.map((_, day) => ({ from: day, to: day + 1 })), week: weeks, month: months }[step]
}

/** The place of the period's last day on which the benchmark traded; null where it did not. */
function lastSession({ benchmark }: Frame, { from, to }: Period): number | null {
  for (let i = to - 1; i >= from; i--) if (benchmark[i] !== null) return i
  return null
}
