import type { Day } from '../calendar/days.ts'
import type { Frame, Period, Step } from './frame.ts'
import { combine, type Series } from './series.ts'

/**
 * An instrument's closes beside the benchmark's, a bar a day, a week or a month. `rs` is the relative-strength line, 100 × close ÷
 * benchmark on the same day; null is a missing bar.
 */
export type Bars = { step: Step; days: readonly Day[]; benchmark: Series; closes: Series; rs: Series }

/** Bars of this length. */
export function barsBy(step: Step, frame: Frame, closes: Series): Bars {
  return { day: dailyBars, week: weeklyBars, month: monthlyBars }[step](frame, closes)
}

/** A bar for every trading day. */
export function dailyBars({ days, benchmark }: Frame, closes: Series): Bars {
  return { step: 'day', days, benchmark, closes, rs: relativeStrength(closes, benchmark) }
}

/**
 * A bar for every week, at the last day on which both traded. Prices are only ever compared on the same day; a week without
 * such a day is a missing bar.
 */
export function weeklyBars(frame: Frame, closes: Series): Bars {
  return barsOf('week', frame.weeks, frame, closes)
}

/** The same of every calendar month. */
export function monthlyBars(frame: Frame, closes: Series): Bars {
  return barsOf('month', frame.months, frame, closes)
}

function barsOf(step: Step, periods: readonly Period[], frame: Frame, closes: Series): Bars {
  const last = periods.map((period) => lastTogether(frame, closes, period))
  const at = (series: Series) => last.map((place) => (place === null ? null : series[place]!))
  const [own, against] = [at(closes), at(frame.benchmark)]
  return {
    step,
    days: periods.map((period, i) => frame.days[last[i] ?? period.to - 1]!),
    benchmark: against,
    closes: own,
    rs: relativeStrength(own, against),
  }
}

function lastTogether({ benchmark }: Frame, closes: Series, { from, to }: Period): number | null {
  for (let i = to - 1; i >= from; i--) if (closes[i] !== null && benchmark[i] !== null) return i
  return null
}

function relativeStrength(closes: Series, benchmark: Series): Series {
  return combine(closes, benchmark, (price, against) => (against > 0 ? (100 * price) / against : null))
}
