import { type Day, daysAfter, weekOf } from '../calendar/days.ts'
import { weekGoesOn } from '../calendar/trading-calendar.ts'
import { headlineOf } from '../changes/describe.ts'
import { type HeatCell, heatBounds, heatCell, heatCells } from '../charts/heat.ts'
import { quadrantLabels } from '../charts/rotation-map.ts'
import type { Analysis, SectorRank } from '../engine/analysis.ts'
import { inExcess } from '../engine/excess.ts'
import { describeCarried, describeUnranked } from '../engine/gaps.ts'
import { cachedAnalysis, type Market, stepsIn } from '../engine/market.ts'
import { type Legends, legendsFor } from '../engine/meanings.ts'
import { spans } from '../engine/returns.ts'
import { onlySectors } from '../engine/selection.ts'
import { type Move, movesIn, numberFormats, sourceOf, stampOf, summaryOf } from '../engine/summary.ts'

/** A report as the templates print it; the same for everybody who gets it. Numbers are text. */
export type Report = {
  cadence: 'weekly' | 'daily'
  asOf: Date
  sample: boolean
  /** What changed, short enough for a subject: "IT: lagging → improving, and 2 more". */
  headline: string
  /** The sectors that changed quadrant since the bar before. */
  moves: (Move & { mark: string })[]
  summary: string
  source: string
  stamp: string
  ranked: number
  /** Who has no rank and why, and whose readings rest on a close carried over; '' where all is there. */
  gaps: string
  legends: Legends
  ranks: { rank: string; moved: string; name: string; symbol: string; quadrant: QuadrantText | null; score: string }[]
  columns: string[]
  /** Whose returns: "Returns in percent", or those minus the Nifty's. */
  returns: string
  heat: { name: string; isBenchmark: boolean; cells: HeatCell[] }[]
  /** Where colours begin, for the legend under the returns. */
  bounds: typeof heatBounds
  /** The text that replaces the map's picture where pictures are off. */
  mapText: string
}
type QuadrantText = { key: keyof typeof quadrantLabels; mark: string; title: string; isProvisional: boolean }

const tails = { weekly: 6, daily: 10 } as const

const reports = new WeakMap<Analysis, Report>()

/** The analysis that a report of a trading day shows: weeks or days, up to that day. Null without prices. */
export function analysisFor(market: Market, cadence: 'weekly' | 'daily', issue: Day): Analysis | null {
  // A week's report includes sessions on its weekend, where the exchange held any.
  return cadence === 'weekly'
    ? cachedAnalysis(market, { step: 'week', at: daysAfter(weekOf(issue), 6), tail: tails.weekly })
    : cachedAnalysis(market, { step: 'day', at: issue, tail: tails.daily })
}

/**
 * The newest trading day there is a report about: for a weekly one the last day of a week that is over, by the calendar or
 * because a later week has prices.
 */
export function newestIssue(market: Market, cadence: 'weekly' | 'daily'): Day | null {
  if (market.asOf === null || cadence === 'daily') return market.asOf
  return stepsIn(market, 'week').find((day, i) => i > 0 || !weekGoesOn(day, market.calendar)) ?? null
}

/** What a reader chose to see of an analysis: returns minus the Nifty's, and those symbols alone (null: all of them). */
export function chosenFrom(
  analysis: Analysis,
  { excess, symbols }: { excess: boolean; symbols: ReadonlySet<string> | null },
): Analysis {
  const whole = excess ? inExcess(analysis) : analysis
  return symbols === null ? whole : onlySectors(whole, symbols)
}

/** The report of an analysis, composed once for all who chose the same; `isExcess`: its returns are minus the Nifty's. */
export function reportOf(
  market: Market,
  analysis: Analysis,
  { cadence, isExcess }: { cadence: 'weekly' | 'daily'; isExcess: boolean },
): Report {
  const known = reports.get(analysis)
  if (known) return known
  const { sectors, ranked, asOf } = analysis
  const report: Report = {
    cadence,
    // Noon in India, so that it is this day in any time zone nearby.
    asOf: new Date(`${asOf}T12:00:00+05:30`),
    sample: market.sample,
    headline: subjectOf(analysis),
    moves: movesIn(analysis).map((move) => ({ ...move, mark: quadrantLabels[move.to].mark })),
    summary: summaryOf(analysis),
    source: sourceOf(market),
    stamp: stampOf(analysis),
    ranked,
    gaps: gapsOf(analysis),
    legends: legendsFor(analysis.step),
    ranks: sectors.map((one) => ({
      rank: one.rank === null ? '–' : String(one.rank),
      moved: numberFormats.moved(one),
      name: one.name,
      symbol: one.symbol,
      quadrant: quadrantText(one),
      score: numberFormats.plain(one.score, 1),
    })),
    columns: [...spans, 'From high'],
    returns: isExcess
      ? `Returns minus those of ${analysis.terms.instrument}, in percentage points`
      : 'Returns in percent',
    heat: [
      { name: market.benchmark!.name, isBenchmark: true, ...analysis.benchmark },
      ...sectors.map((one) => ({ isBenchmark: false, ...one })),
    ].map(({ name, isBenchmark, returns, fromHigh, blanks }) => ({
      name,
      isBenchmark,
      cells: [...heatCells(returns, blanks), heatCell('high', fromHigh, blanks.high)],
    })),
    bounds: heatBounds,
    mapText: mapTextOf(sectors),
  }
  reports.set(analysis, report)
  return report
}

function subjectOf(analysis: Analysis): string {
  const moves = movesIn(analysis).map(({ name, from, to }) => ({ short: `${name}: ${from} → ${to}` }))
  if (moves.length > 0) return headlineOf(moves)
  const [best] = analysis.sectors.filter((one) => one.rank !== null)
  return `No sector changed quadrant${best ? `; ${best.name} ranks highest` : ''}`
}

function gapsOf({ sectors, step, ...analysis }: Analysis): string {
  const carried = sectors.filter((one) => one.carried > 0).map((one) => `${one.name}: ${describeCarried(one, step)}.`)
  return [describeUnranked(analysis), ...carried].filter((sentence) => sentence !== '').join(' ')
}

function quadrantText({ quadrant, provisional }: SectorRank): QuadrantText | null {
  if (quadrant === null) return null
  const { mark, title } = quadrantLabels[quadrant]
  return { key: quadrant, mark, title, isProvisional: provisional !== null }
}

function mapTextOf(sectors: readonly SectorRank[]): string {
  const placed = Object.entries(quadrantLabels).flatMap(([quadrant, { title }]) => {
    const members = sectors.filter((one) => one.quadrant === quadrant)
    const names = members.map((one) => `${one.name}${one.provisional !== null ? ' (provisional)' : ''}`)
    return names.length === 0 ? [] : [`${title}: ${names.join(', ')}.`]
  })
  return `Sector rotation map. ${placed.join(' ')}`
}
