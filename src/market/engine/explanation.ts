import type { Day } from '../calendar/days.ts'
import type { TradingCalendar } from '../calendar/trading-calendar.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { type Bars, barsBy } from './bars.ts'
import { withYear } from './blank-days.ts'
import { carriedOver, lastWithin, tolerated } from './carrying.ts'
import { type Step as BarStep, closesOn, frameOf } from './frame.ts'
import { readingDigits } from './quadrants.ts'
import { change, mean, type Series } from './series.ts'
import { lookback, type Readings, readingsOf, strengthB, strengthC } from './strength.ts'
import { type Terms, usualTerms } from './terms.ts'

/** A number on the way to a reading, in the order of computation; `how` is its formula. */
export type Step = { name: string; how: string; value: number; digits: number }

/**
 * How an instrument's place on the map is computed. `carried`: how many bars of the lookback took the RS before them because
 * their own was missing. `pace`: the change of RS-Ratio over four bars, in percent, and the usual one, which C does not have.
 */
export type Explanation = Pick<Readings, 'formula' | 'carried'> & {
  day: Day
  steps: Step[]
  ratio: number
  momentum: number
  pace: { change: number; usual: number | null }
}

/**
 * The numbers from two closing prices to RS-Ratio and RS-Momentum, on the last bar up to `asOf`: the same ones as the
 * analysis has, to the last digit. Null where the analysis has no reading; its blanks say why.
 */
export function explain(
  benchmark: Prices,
  prices: Prices,
  { asOf, step, calendar, terms = usualTerms }: { asOf: Day; step: BarStep; calendar: TradingCalendar; terms?: Terms },
): Explanation | null {
  const size = lookback['B/2'] + tolerated[step]
  const frame = frameOf(benchmark, calendar, asOf, { [`${step}s`]: size })
  if (frame === null) return null
  const own = closesOn(frame.days, prices)
  if (lastWithin(own, own.length - 1) === -1) return null
  const bars = barsBy(step, frame, own)
  const line = carriedOver(bars.rs, tolerated[step])
  const readings = readingsOf(line)
  if (readings === null) return null
  const { formula, carried } = readings
  const [ratio, momentum] = [readings.ratio.at(-1)!, readings.momentum.at(-1)!]
  const { steps, pace } = (formula === 'B/2' ? stepsOfB : stepsOfC)(line.values, { ratio, momentum }, step)
  return {
    formula,
    carried,
    ratio,
    momentum,
    pace,
    day: bars.days.at(-1)!,
    steps: [...closesIn(bars, terms), ...steps],
  }
}

/** Both closes of the newest bar that has them, and their RS. */
function closesIn({ closes, benchmark, rs, days }: Bars, { instrument }: Terms): Step[] {
  const last = rs.findLastIndex((value) => value !== null)
  const isNow = last === rs.length - 1
  return [
    {
      name: 'Close',
      how: `of the ETF${isNow ? '' : ` on ${withYear(days[last]!)}, when both last traded`}, in rupees, adjusted for splits`,
      value: closes[last]!,
      digits: 2,
    },
    { name: `Close of ${instrument}`, how: 'on the same day', value: benchmark[last]!, digits: 2 },
    { name: 'RS', how: `100 × close ÷ close of ${instrument}`, value: rs[last]!, digits: 4 },
  ]
}

type Now = { ratio: number; momentum: number }
type Computed = Pick<Explanation, 'steps' | 'pace'>

function stepsOfB(rs: Series, { ratio, momentum }: Now, unit: BarStep): Computed {
  const smooth = mean(rs, 10).slice(-40) as number[]
  const pace = change(strengthB(rs).ratio, 4).slice(-40) as number[]
  const [own, paceOwn] = [spreadOf(smooth), spreadOf(pace)]
  const steps = [
    { name: 'SMA10', how: `mean of RS over the last 10 ${unit}s`, value: smooth.at(-1)!, digits: 4 },
    { name: 'Mean of 40', how: `mean of SMA10 over the last 40 ${unit}s`, value: own.mean, digits: 4 },
    { name: 'Deviation of 40', how: 'standard deviation of the same 40', value: own.deviation, digits: 4 },
    { name: 'z', how: '(SMA10 − mean) ÷ deviation', value: ratio - 100, digits: 4 },
    { name: 'RS-Ratio', how: '100 + z', value: ratio, digits: readingDigits(ratio) },
    { name: 'ROC4', how: `change of RS-Ratio over 4 ${unit}s, in percent`, value: pace.at(-1)!, digits: 4 },
    { name: 'Mean of 40', how: 'mean of the last 40 ROC4', value: paceOwn.mean, digits: 4 },
    { name: 'Deviation of 40', how: 'standard deviation of the same 40', value: paceOwn.deviation, digits: 4 },
    { name: 'RS-Momentum', how: '100 + (ROC4 − mean) ÷ deviation', value: momentum, digits: readingDigits(momentum) },
  ]
  return { steps, pace: { change: pace.at(-1)!, usual: paceOwn.mean } }
}

function stepsOfC(rs: Series, { ratio, momentum }: Now, unit: BarStep): Computed {
  const before = strengthC(rs).ratio.at(-5)!
  const steps = [
    { name: 'SMA14', how: `mean of RS over the last 14 ${unit}s`, value: mean(rs, 14).at(-1)!, digits: 4 },
    { name: 'RS-Ratio', how: '100 × RS ÷ SMA14', value: ratio, digits: readingDigits(ratio) },
    { name: 'RS-Ratio before', how: `4 ${unit}s ago`, value: before, digits: readingDigits(before) },
    { name: 'RS-Momentum', how: '100 × RS-Ratio ÷ RS-Ratio before', value: momentum, digits: readingDigits(momentum) },
  ]
  return { steps, pace: { change: momentum - 100, usual: null } }
}

function spreadOf(values: readonly number[]): { mean: number; deviation: number } {
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length
  return { mean: middle, deviation: Math.sqrt(variance) }
}
