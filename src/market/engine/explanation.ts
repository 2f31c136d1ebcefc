import type { Day } from '../calendar/days.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { dailyBars, tradingDays, weeklyBars, weeksOf } from './bars.ts'
import { change, mean, type Series } from './series.ts'
import { type Formula, relativeStrength, strengthB, strengthC } from './strength.ts'

/** A number on the way to a reading, in the order of computation; `how` is its formula. */
export type Step = { name: string; how: string; value: number; digits: number }

/** How an instrument's place on the map is computed. */
export type Explanation = { formula: Formula; day: Day; steps: Step[]; ratio: number; momentum: number }

/** Bars that the longest window needs: 10 for the mean, 40 for each deviation, 4 for the change. */
const bars = 100

/**
 * The numbers from two closing prices to RS-Ratio and RS-Momentum, on the last bar up to `asOf`: the same ones as the
 * analysis has, to the last digit. Null where the prices do not reach.
 */
export function explain(
  benchmark: Prices,
  prices: Prices,
  { asOf, step }: { asOf: Day; step: 'week' | 'day' },
): Explanation | null {
  const days = tradingDays(benchmark, asOf, step === 'week' ? 5 * (bars + 1) : bars)
  const { closes, ...at } =
    step === 'week' ? weeklyBars(weeksOf(days).slice(-bars), benchmark, prices) : dailyBars(days, benchmark, prices)
  const rs = relativeStrength({ closes, ...at })
  const [close, against, now] = [closes.at(-1), at.benchmark.at(-1), rs.at(-1)]
  if (close == null || against == null || now == null) return null
  const start: Step[] = [
    { name: 'Close', how: 'of the ETF, in rupees, adjusted for splits', value: close, digits: 2 },
    { name: 'Close of the Nifty ETF', how: 'on the same day', value: against, digits: 2 },
    { name: 'RS', how: '100 × close ÷ close of the Nifty ETF', value: now, digits: 4 },
  ]
  const rest = stepsOfB(rs, step) ?? stepsOfC(rs, step)
  return rest && { ...rest, day: at.days.at(-1)!, steps: [...start, ...rest.steps] }
}

type Steps = Omit<Explanation, 'day'>

function stepsOfB(rs: Series, unit: 'week' | 'day'): Steps | null {
  const b = strengthB(rs)
  const [ratio, momentum] = [b.ratio.at(-1), b.momentum.at(-1)]
  if (ratio == null || momentum == null) return null
  const smooth = mean(rs, 10).slice(-40) as number[]
  const pace = change(b.ratio, 4).slice(-40) as number[]
  const [own, paceOwn] = [spreadOf(smooth), spreadOf(pace)]
  return {
    formula: b.formula,
    ratio,
    momentum,
    steps: [
      { name: 'SMA10', how: `mean of RS over the last 10 ${unit}s`, value: smooth.at(-1)!, digits: 4 },
      { name: 'Mean of 40', how: `mean of SMA10 over the last 40 ${unit}s`, value: own.mean, digits: 4 },
      { name: 'Deviation of 40', how: 'standard deviation of the same 40', value: own.deviation, digits: 4 },
      { name: 'z', how: '(SMA10 − mean) ÷ deviation', value: ratio - 100, digits: 4 },
      { name: 'RS-Ratio', how: '100 + z', value: ratio, digits: 2 },
      { name: 'ROC4', how: `change of RS-Ratio over 4 ${unit}s, in percent`, value: pace.at(-1)!, digits: 4 },
      { name: 'Mean of 40', how: 'mean of the last 40 ROC4', value: paceOwn.mean, digits: 4 },
      { name: 'Deviation of 40', how: 'standard deviation of the same 40', value: paceOwn.deviation, digits: 4 },
      { name: 'RS-Momentum', how: '100 + (ROC4 − mean) ÷ deviation', value: momentum, digits: 2 },
    ],
  }
}

function stepsOfC(rs: Series, unit: 'week' | 'day'): Steps | null {
  const c = strengthC(rs)
  const [ratio, momentum] = [c.ratio.at(-1), c.momentum.at(-1)]
  if (ratio == null || momentum == null) return null
  return {
    formula: c.formula,
    ratio,
    momentum,
    steps: [
      { name: 'SMA14', how: `mean of RS over the last 14 ${unit}s`, value: mean(rs, 14).at(-1)!, digits: 4 },
      { name: 'RS-Ratio', how: '100 × RS ÷ SMA14', value: ratio, digits: 2 },
      { name: 'RS-Ratio before', how: `4 ${unit}s ago`, value: c.ratio.at(-5)!, digits: 2 },
      { name: 'RS-Momentum', how: '100 × RS-Ratio ÷ RS-Ratio before', value: momentum, digits: 2 },
    ],
  }
}

function spreadOf(values: readonly number[]): { mean: number; deviation: number } {
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length
  return { mean: middle, deviation: Math.sqrt(variance) }
}
