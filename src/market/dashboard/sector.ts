import { AppError } from '../../platform/errors.ts'
import { drawPanel, type Panel } from '../charts/panels.ts'
import { quadrantLabels } from '../charts/rotation-map.ts'
import type { SectorRank } from '../engine/analysis.ts'
import { type Explanation, explain } from '../engine/explanation.ts'
import { type History, historyOf } from '../engine/history.ts'
import type { Market } from '../engine/market.ts'
import { quadrantOf } from '../engine/quadrants.ts'
import { type Analyser, analyserOf } from './analyser.ts'
import type { AnalyserParams } from './analysis-params.ts'
import { numberColumns, printed } from './columns.ts'

/** One sector's page. */
export type Sector = Analyser & {
  sectorRank: SectorRank
  tracks: string
  benchmarkSymbol: string
  facts: { title: string; about: string; text: string }[]
  panels: { key: 'price' | 'rs' | 'mansfield'; title: string; about: string; panel: Panel | null }[]
  history: History
  explanation: Explanation | null
  /** The next stronger and weaker one by rank. */
  stronger: SectorRank | null
  weaker: SectorRank | null
  quadrantOf: typeof quadrantOf
  quadrantLabels: typeof quadrantLabels
}

/** Composes a sector's page. Throws AppError `not-found` for a symbol that is not shown, or while there are no prices. */
export function sectorOf(market: Market, symbol: string, given: AnalyserParams): Sector {
  const instrument = market.sectors.find((one) => one.symbol === symbol)
  const analyser = instrument && analyserOf(market, given)
  if (!analyser) throw new AppError('not-found', 'There is no such sector.')
  const { sectors, asOf } = analyser.analysis
  const place = sectors.findIndex((one) => one.symbol === symbol)
  const sectorRank = sectors[place]!
  const benchmark = market.benchmark!
  const history = historyOf(benchmark.prices, instrument.prices, { asOf, calendar: market.calendar })
  return {
    ...analyser,
    sectorRank,
    tracks: instrument.tracks,
    benchmarkSymbol: benchmark.symbol,
    facts: numberColumns.map((column) => ({
      title: column.title.replace('Mom.', 'Momentum'),
      about: column.about,
      text: printed(column, sectorRank) + (column.signed && column.value(sectorRank) !== null ? ' %' : ''),
    })),
    panels: panelsOf(history),
    history,
    explanation: explain(benchmark.prices, instrument.prices, {
      asOf,
      step: analyser.params.step,
      calendar: market.calendar,
    }),
    stronger: sectors[place - 1] ?? null,
    weaker: sectors[place + 1] ?? null,
    quadrantOf,
    quadrantLabels,
  }
}

function panelsOf({ days, closes, rs, mansfield }: History): Sector['panels'] {
  return [
    {
      key: 'price',
      title: 'Price',
      about: 'Weekly close in rupees, adjusted for splits.',
      panel: drawPanel(days, closes),
    },
    {
      key: 'rs',
      title: 'RS line',
      about: '100 × price ÷ price of the Nifty ETF. It rises while the sector does better than the Nifty.',
      panel: drawPanel(days, rs),
    },
    {
      key: 'mansfield',
      title: 'Mansfield RS',
      about: 'How far, in percent, the RS line is above or below its own mean of 52 weeks.',
      panel: drawPanel(days, mansfield, { fromZero: true }),
    },
  ]
}
