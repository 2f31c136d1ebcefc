import { runHeavyWork } from '../../platform/heavy-work.ts'
import type { Day } from '../calendar/days.ts'
import { type Chart, drawChart } from '../charts/panels.ts'
import { type Above, breadthOf } from '../engine/breadth.ts'
import type { Market } from '../engine/market.ts'

/** The breadth of the sectors, ready to show: a chart of shares in percent, the same as a table, and both in words. */
export type ShownBreadth = {
  sample: boolean
  chart: Chart | null
  words: string
  /** The newest week first. */
  rows: { day: Day; average: string; mansfield: string }[]
}

/** How many weeks back the words compare with. */
const weeksBack = 4

const shown = new WeakMap<Market, ShownBreadth | null>()

/**
 * The breadth of the newest day, composed once until the market changes, as heavy work; who comes later waits for nothing. Null
 * where nothing can be said of any sector yet.
 */
export async function shownBreadth(market: Market): Promise<ShownBreadth | null> {
  const known = shown.get(market)
  if (known !== undefined) return known
  return runHeavyWork({ patient: false }, () => {
    const breadth = shown.get(market) ?? compose(market)
    shown.set(market, breadth)
    return breadth
  })
}

function compose(market: Market): ShownBreadth | null {
  const breadth = breadthOf(market)
  if (breadth === null) return null
  const { days, average, mansfield } = breadth
  if (!average.some(({ of }) => of > 0)) return null
  const share = ({ above, of }: Above) => (of === 0 ? null : (100 * above) / of)
  const lines = [
    { key: 'mansfield', values: mansfield.map(share) },
    { key: 'average', values: average.map(share) },
  ]
  return {
    sample: market.sample,
    chart: drawChart(days, [
      { key: 'breadth', title: 'Share of sectors in percent', height: 150, lines, fromZero: true },
    ]),
    words: wordsOf(average, mansfield),
    rows: days
      .map((day, week) => ({ day, average: printed(average[week]!), mansfield: printed(mansfield[week]!) }))
      .reverse(),
  }
}

function wordsOf(average: readonly Above[], mansfield: readonly Above[]): string {
  const [now, strong] = [average.at(-1)!, mansfield.at(-1)!]
  const [before, strongBefore] = [average.at(-1 - weeksBack), mansfield.at(-1 - weeksBack)]
  const today = `${printed(now)} sectors closed above their own 40-week average, and ${printed(strong)} have Mansfield RS above zero`
  const isKnown = (one: Above | undefined) => one !== undefined && one.of > 0
  return isKnown(before) && isKnown(strongBefore)
    ? `${today}; ${weeksBack} weeks before it was ${printed(before!)} and ${printed(strongBefore!)}.`
    : `${today}.`
}

function printed({ above, of }: Above): string {
  return of === 0 ? '–' : `${above} of ${of}`
}
