import { AppError } from '../../platform/errors.ts'
import { drawPanel, type Panel } from '../charts/panels.ts'
import { quadrantLabels } from '../charts/rotation-map.ts'
import type { SectorRank } from '../engine/analysis.ts'
import { type Explanation, explain } from '../engine/explanation.ts'
import { describeCarried, isSilent } from '../engine/gaps.ts'
import { type History, historyOf } from '../engine/history.ts'
import type { Market } from '../engine/market.ts'
import { describeMomentum, describeRatio, meaningsOf } from '../engine/meanings.ts'
import { quadrantOf } from '../engine/quadrants.ts'
import { type Analyser, analyserOf } from './analyser.ts'
import type { AnalyserParams } from './analysis-params.ts'
import { numberColumns, printed } from './columns.ts'

/** One sector's page. */
export type Sector = Analyser & {
  sectorRank: SectorRank
  tracks: string
  benchmarkSymbol: string
  /** What the numbers say, true of these very ones; null where there are none, which `blanks` has the reason of. */
  says: { ratio: string; momentum: string; quadrant: string; carried: string } | null
  /** Nothing is shown of it, all for one reason. */
  isSilent: boolean
  facts: { title: string; about: string; text: string; reason: string | undefined }[]
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
  const { step } = analyser.params
  const explanation = explain(benchmark.prices, instrument.prices, { asOf, step, calendar: market.calendar })
  const history = historyOf(benchmark.prices, instrument.prices, { asOf, calendar: market.calendar })
  return {
    ...analyser,
    sectorRank,
    tracks: instrument.tracks,
    benchmarkSymbol: benchmark.symbol,
    isSilent: isSilent(sectorRank),
    facts: numberColumns.map((column) => ({
      title: column.title.replace('Mom.', 'Momentum'),
      about: column.about,
      text: printed(column, sectorRank) + (column.signed && column.value(sectorRank) !== null ? ' %' : ''),
      reason: column.blank && sectorRank.blanks[column.blank],
    })),
    panels: panelsOf(history),
    history,
    explanation,
    says: explanation && whatItSays(explanation, step),
    stronger: sectors[place - 1] ?? null,
    weaker: sectors[place + 1] ?? null,
    quadrantOf,
    quadrantLabels,
  }
}

function whatItSays(explanation: Explanation, step: 'week' | 'day'): Sector['says'] {
  const { formula, ratio, momentum, pace } = explanation
  return {
    ratio: describeRatio(ratio, formula, step),
    momentum: describeMomentum(momentum, pace, step),
    quadrant: meaningsOf(formula, step)[quadrantOf({ ratio, momentum })],
    carried: describeCarried(explanation, step),
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
