import type { Day } from '../calendar/days.ts'
import { historyOf } from './history.ts'
import type { Market } from './market.ts'
import type { Series } from './series.ts'

/** How many of so many sectors are above something; `of` counts those of which it can be said. */
export type Above = { above: number; of: number }

/**
 * Two years of weeks, oldest first: how many sectors closed above their own average of 40 weeks, and of how many Mansfield's
 * strength was above zero.
 */
export type Breadth = { days: readonly Day[]; average: Above[]; mansfield: Above[] }

/** The breadth of the market's sectors up to its newest day. Null without prices. */
export function breadthOf(market: Market): Breadth | null {
  const { benchmark, sectors, asOf, calendar } = market
  if (benchmark === null || asOf === null) return null
  const at = { asOf, calendar }
  const { days } = historyOf(benchmark.prices, benchmark.prices, at)
  const histories = sectors.map(({ prices }) => historyOf(benchmark.prices, prices, at))
  return {
    days,
    average: days.map((_, week) => count(histories.map(({ closes, long }) => difference(closes, long, week)))),
    mansfield: days.map((_, week) => count(histories.map(({ mansfield }) => mansfield[week] ?? null))),
  }
}

function difference(a: Series, b: Series, bar: number): number | null {
  const [one, other] = [a[bar] ?? null, b[bar] ?? null]
  return one === null || other === null ? null : one - other
}

function count(values: readonly (number | null)[]): Above {
  const known = values.filter((value) => value !== null)
  return { above: known.filter((value) => value > 0).length, of: known.length }
}
