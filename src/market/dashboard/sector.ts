import { AppError } from '../../platform/errors.ts'
import type { Day } from '../calendar/days.ts'
import { quadrantLabels } from '../charts/rotation-map.ts'
import type { Analysis, SectorRank } from '../engine/analysis.ts'
import { type Explanation, explain } from '../engine/explanation.ts'
import { describeCarried, isSilent } from '../engine/gaps.ts'
import { type HistorySpan, historyOf, historySpans } from '../engine/history.ts'
import { benchmarkIn, type Market } from '../engine/market.ts'
import { describeMomentum, describeRatio, meaningsOf } from '../engine/meanings.ts'
import { changesIn, type QuadrantChange, readingsBy } from '../engine/quadrant-changes.ts'
import { quadrantOf } from '../engine/quadrants.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Premium } from '../prices/navs/premiums.ts'
import type { Trading } from '../prices/reading-trading.ts'
import { type Analyser, analyserOf } from './analyser.ts'
import { type AnalyserParams, universeIn } from './analysis-params.ts'
import { longTitleOf, numberColumns, printed, unitOf } from './columns.ts'
import { compareUrl } from './compare-params.ts'
import { fundsOf, type SectorFund } from './sector-alternatives.ts'
import { type SectorCharts, sectorChartsOf } from './sector-charts.ts'
import { sectorUrl, spanChoices } from './sector-params.ts'

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
  span: HistorySpan
  spans: ReturnType<typeof spanChoices>
  /** The comparison, with this one chosen. */
  compareHref: string
  /** Bars of the charts. */
  lineStep: 'week' | 'day'
  charts: SectorCharts
  /** The first day with prices, where they do not reach back over the whole span; else null. */
  pricesBegin: Day | null
  /** Rupees traded a day, the mean of 20 sessions. */
  turnover: number | null
  /** Premiums to NAV, the newest first; empty where no NAV is known. */
  premiums: readonly Premium[]
  /** The ETFs of this sector; empty where it is the only one. */
  funds: SectorFund[]
  /** Every move into another quadrant from bar to bar of the step, the newest first. */
  changes: QuadrantChange[]
  explanation: Explanation | null
  /** The next stronger and weaker one by rank, with the addresses of their pages. */
  stronger: (SectorRank & { href: string }) | null
  weaker: (SectorRank & { href: string }) | null
  quadrantOf: typeof quadrantOf
  quadrantLabels: typeof quadrantLabels
}

/** What was traded of a symbol, where it was read. */
type TradingOf = (symbol: string) => Trading | undefined
/** Premiums to NAV of a symbol, the newest first. */
type PremiumsOf = (symbol: string) => readonly Premium[]

/** Composes a sector's page. Throws AppError `not-found` for a symbol that is not shown, or while there are no prices. */
export function sectorOf(
  market: Market,
  symbol: string,
  given: AnalyserParams,
  {
    span = '2y',
    tradingOf = () => undefined,
    premiumsOf = () => [],
  }: { span?: HistorySpan; tradingOf?: TradingOf; premiumsOf?: PremiumsOf } = {},
): Sector {
  const instrument = market.shown.find((one) => one.symbol === symbol)
  const universe = instrument && universeIn(instrument)
  const analyser = instrument && analyserOf(market, { ...given, universe: universe ?? null })
  if (!analyser) throw new AppError('not-found', 'There is no such sector.')
  const { sectors, asOf, terms } = analyser.analysis
  const place = sectors.findIndex((one) => one.symbol === symbol)
  const sectorRank = sectors[place]
  if (!sectorRank) throw new AppError('not-found', 'There is no such sector.')
  const { params } = analyser
  const { step, returns } = params
  const benchmark = benchmarkIn(market, params.against)!
  const trading = tradingOf(symbol)
  const premiumsUntil = (one: string) => premiumsOf(one).filter(({ day }) => day <= asOf)
  const until = { asOf, calendar: market.calendar }
  const explanation = explain(benchmark.prices, instrument.prices, { ...until, step, terms })
  const readings = readingsBy(step, benchmark.prices, instrument.prices, until)
  const history = historyOf(benchmark.prices, instrument.prices, {
    ...until,
    span,
    ...(trading && { trading }),
  })
  const first = firstTogether(benchmark.prices, instrument.prices)
  const isShort = first !== null && (history.days.length < historySpans[span].bars || first > history.days[0]!)
  const withHref = (one: SectorRank | undefined) => (one ? { ...one, href: sectorUrl(one.symbol, params, span) } : null)
  return {
    ...analyser,
    sectorRank,
    tracks: instrument.tracks,
    benchmarkSymbol: benchmark.symbol,
    isSilent: isSilent(sectorRank),
    facts: numberColumns.map((column) => ({
      title: longTitleOf(column, step),
      about: column.about({ terms, step, returns }),
      text: printed(column, sectorRank) + (column.value(sectorRank) === null ? '' : unitOf(column, returns)),
      reason: column.blank && sectorRank.blanks[column.blank],
    })),
    span,
    spans: spanChoices(span, (one) => sectorUrl(symbol, params, one)),
    compareHref: compareUrl({ analyser: params, span, lines: 'rs', symbols: [symbol] }),
    lineStep: history.step,
    pricesBegin: isShort ? first : null,
    charts: sectorChartsOf(history, { readings, step, terms }),
    turnover: history.turnover,
    premiums: premiumsUntil(symbol),
    funds: fundsOf(market, instrument, { asOf, tradingOf, premiumsOf: premiumsUntil }),
    changes: changesIn(readings).reverse(),
    explanation,
    says: explanation && whatItSays(explanation, analyser.analysis),
    stronger: withHref(sectors[place - 1]),
    weaker: withHref(sectors[place + 1]),
    quadrantOf,
    quadrantLabels,
  }
}

/** The first day on which both have a price; null where there is none. */
function firstTogether(benchmark: Prices, prices: Prices): Day | null {
  return [...prices.keys()].filter((day) => benchmark.has(day)).sort()[0] ?? null
}

function whatItSays(explanation: Explanation, { step, terms }: Analysis): Sector['says'] {
  const { formula, ratio, momentum, pace } = explanation
  return {
    ratio: describeRatio(ratio, formula, step),
    momentum: describeMomentum(momentum, pace, step),
    quadrant: meaningsOf(formula, step, terms)[quadrantOf({ ratio, momentum })],
    carried: describeCarried(explanation, step),
  }
}
