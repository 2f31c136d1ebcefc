import { LRUCache } from 'lru-cache'
import { fmt } from '../../platform/format.ts'
import type { Day } from '../calendar/days.ts'
import { type Chart, drawChart } from '../charts/panels.ts'
import { type Above, type Breadth, breadthOf } from '../engine/breadth.ts'
import { benchmarkIn, type Market, membersOf, termsFor } from '../engine/market.ts'
import type { Terms } from '../engine/terms.ts'
import type { Measuring } from './choices.ts'

/** The breadth of what is ranked, ready to show: a chart of shares in percent, the same as a table, and both in words. */
export type ShownBreadth = {
  sample: boolean
  terms: Terms
  chart: Chart | null
  words: string
  /** The newest week first. */
  rows: { day: Day; average: string; mansfield: string }[]
}

/** How many weeks back the words compare with. */
const weeksBack = 4

/** Days and ways of measuring whose breadth is kept with a market, of some 20 KB each. */
const kept = 40
type Kept = LRUCache<string, { breadth: ShownBreadth | null }>
const keptOf = new WeakMap<Market, Kept>()

/**
 * The breadth as of a day, measured as the page is, composed once until the market changes. Call it as heavy work. Null where
 * nothing can be said of that day.
 */
export function shownBreadth(market: Market, asOf: Day, { against, universe }: Measuring): ShownBreadth | null {
  const benchmark = benchmarkIn(market, against)
  if (benchmark === null) return null
  const cache: Kept = keptOf.get(market) ?? new LRUCache({ max: kept })
  keptOf.set(market, cache)
  const key = [asOf, benchmark.symbol, universe].join(' ')
  const known = cache.get(key)
  if (known) return known.breadth
  const { calendar, sample } = market
  const counted = breadthOf(benchmark.prices, membersOf(market, universe, benchmark), { asOf, calendar })
  const breadth = compose(counted, { asOf, sample, terms: termsFor(benchmark, universe ?? 'sector') })
  cache.set(key, { breadth })
  return breadth
}

function compose(
  { days, average, mansfield }: Breadth,
  { asOf, sample, terms }: { asOf: Day; sample: boolean; terms: Terms },
): ShownBreadth | null {
  if (!isKnown(average.at(-1))) return null
  const share = ({ above, of }: Above) => (of === 0 ? null : (100 * above) / of)
  const lines = [
    { key: 'mansfield', values: mansfield.map(share) },
    { key: 'average', values: average.map(share) },
  ]
  return {
    sample,
    terms,
    chart: drawChart(days, [
      { key: 'breadth', title: `Share of ${terms.many} in percent`, height: 150, lines, fromZero: true },
    ]),
    words: wordsOf(average, mansfield, { asOf, terms }),
    rows: days
      .map((day, week) => ({ day, average: printed(average[week]!), mansfield: printed(mansfield[week]!) }))
      .reverse(),
  }
}

function wordsOf(
  average: readonly Above[],
  mansfield: readonly Above[],
  { asOf, terms: { many, benchmark } }: { asOf: Day; terms: Terms },
): string {
  const [now, strong] = [average.at(-1)!, mansfield.at(-1)!]
  const [before, strongBefore] = [average.at(-1 - weeksBack), mansfield.at(-1 - weeksBack)]
  const day = fmt.date(new Date(asOf))
  const closed = `On ${day}, ${printed(now)} ${many} closed above their own 40-week average`
  if (!isKnown(strong)) return `${closed}.`
  const both = `${closed}, and ${printed(strong)} had Mansfield RS above zero against ${benchmark}`
  return isKnown(before) && isKnown(strongBefore)
    ? `${both}; ${weeksBack} weeks before it was ${printed(before)} and ${printed(strongBefore)}.`
    : `${both}.`
}

function isKnown(one: Above | undefined): one is Above {
  return one !== undefined && one.of > 0
}

function printed({ above, of }: Above): string {
  return of === 0 ? '–' : `${above} of ${of}`
}
