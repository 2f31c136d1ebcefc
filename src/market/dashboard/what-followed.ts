import { type Box, boxScaleOf, drawBox } from '../charts/box-plot.ts'
import { quadrantLabels } from '../charts/rotation-map.ts'
import { type Market, termsFor } from '../engine/market.ts'
import { type Horizon, horizons } from '../engine/outcomes.ts'
import { type Quadrant, quadrants } from '../engine/quadrants.ts'
import { type Spread, spreadAfter, spreadOf } from '../engine/spreads.ts'
import { numberFormats, sourceOf } from '../engine/summary.ts'
import type { Terms } from '../engine/terms.ts'
import { type Entry, whatFollowed } from '../engine/what-followed.ts'
import type { Analyser } from './analyser.ts'
import { analysisUrl } from './analysis-params.ts'
import { measuringChoices, resolveBenchmark } from './choices.ts'
import type { WhatFollowedParams } from './what-followed-params.ts'
import { whatFollowedUrl } from './what-followed-params.ts'

/** Of fewer entries no share above zero, median or quartiles are printed. */
const fewest = 5
const tooFew = 'too few'

/** A spread, ready to print; `box` is null where too few are counted. */
export type ShownSpread = Spread & {
  horizon: Horizon
  isTooFew: boolean
  median: string
  middle: string
  worst: string
  best: string
  above: string
  box: Box | null
}

/** The page: what followed each kind of entry over all sectors, and per sector for the chosen quadrant. */
export type WhatFollowed = {
  params: WhatFollowedParams
  market: Pick<Market, 'sample' | 'asOf'>
  benchmarkSymbol: string
  terms: Terms
  choices: ReturnType<typeof measuringChoices>
  /** Where the other pages of the dashboard are, with the choices of this one. */
  address: Analyser['address']
  /** What the form does not ask for and its answer keeps: parameters and their values. */
  carried: [string, string][]
  source: string
  /** The days of the first and last entry; null without entries. */
  reach: { first: string; last: string } | null
  zero: number
  quadrants: {
    quadrant: Quadrant
    title: string
    mark: string
    href: string
    isShown: boolean
    spreads: ShownSpread[]
  }[]
  /** What the quadrants are judged by: any week of any sector in which an entry was possible. */
  anyWeek: ShownSpread[]
  shown: { title: string; mark: string; quadrant: Quadrant }
  /** Per sector, by name, for the chosen quadrant. */
  sectors: { symbol: string; name: string; href: string; spreads: ShownSpread[] }[]
  /** The single entries of the chosen quadrant, the newest first. */
  entries: (Omit<Entry, 'outcomes'> & { bought: string | null; fromLabel: string; results: string[] })[]
}

/** Composes the page; null without prices. Throws AppError `not-found` for a benchmark that is none. */
export function whatFollowedPage(market: Market, given: WhatFollowedParams): WhatFollowed | null {
  if (market.asOf === null || market.benchmark === null) return null
  const { against, benchmark } = resolveBenchmark(market, given.analyser.against)
  const analyser = { ...given.analyser, against }
  const params = { ...given, analyser }
  const { cost, into } = params
  const universe = analyser.universe ?? 'sector'
  const { entries: all, anyWeek } = whatFollowed(market, benchmark, universe)!
  const address: Analyser['address'] = (changes, path) => analysisUrl(analyser, changes, path)
  const byQuadrant = (quadrant: Quadrant) => all.filter(({ to }) => to === quadrant)
  const spreads = new Map(
    quadrants.map((quadrant) => [quadrant, horizons.map((horizon) => spreadOf(byQuadrant(quadrant), horizon, cost))]),
  )
  const baseline = horizons.map((horizon) => spreadAfter(anyWeek[horizon], cost))
  const drawn = [...spreads.values(), baseline].flat().filter(({ count }) => count >= fewest)
  const scale = boxScaleOf(drawn.flatMap(({ figures }) => figures ?? []))
  const show = (spread: Spread, i: number) => ({
    ...printed(spread, horizons[i]!),
    box: spread.figures && spread.count >= fewest ? drawBox(spread.figures, scale) : null,
  })
  const chosen = byQuadrant(into)
  return {
    params,
    market,
    benchmarkSymbol: benchmark.symbol,
    terms: termsFor(benchmark, universe),
    choices: measuringChoices(market, analyser),
    address,
    carried: [...new URLSearchParams(address({ against: null, universe: null, focus: null }, '').slice(1))],
    source: sourceOf(market),
    reach: all.length === 0 ? null : { first: all[0]!.day, last: all.at(-1)!.day },
    zero: scale.zero,
    quadrants: quadrants.map((quadrant) => ({
      quadrant,
      ...quadrantLabels[quadrant],
      href: whatFollowedUrl(params, { into: quadrant }),
      isShown: quadrant === into,
      spreads: spreads.get(quadrant)!.map(show),
    })),
    anyWeek: baseline.map(show),
    shown: { quadrant: into, ...quadrantLabels[into] },
    sectors: sectorsIn(chosen).map(({ symbol, name, entries }) => ({
      symbol,
      name,
      href: address({ at: null, focus: null }, `/dashboard/sectors/${encodeURIComponent(symbol)}`),
      spreads: horizons.map((horizon) => ({ ...printed(spreadOf(entries, horizon, cost), horizon), box: null })),
    })),
    entries: chosen.toReversed().map((entry) => entryOf(entry, cost)),
  }
}

function sectorsIn(entries: readonly Entry[]): { symbol: string; name: string; entries: Entry[] }[] {
  return [...Map.groupBy(entries, ({ symbol }) => symbol)]
    .map(([symbol, own]) => ({ symbol, name: own[0]!.name, entries: own }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en') || (a.symbol < b.symbol ? -1 : 1))
}

function printed(spread: Spread, horizon: Horizon): Omit<ShownSpread, 'box'> {
  const { figures, count } = spread
  const isTooFew = count > 0 && count < fewest
  const signed = (value: number | undefined) => numberFormats.signed(value ?? null)
  const [median, middle, above] = isTooFew
    ? [tooFew, tooFew, tooFew]
    : [
        signed(figures?.median),
        figures ? `${signed(figures.lower)} to ${signed(figures.upper)}` : '–',
        figures ? `${Math.round(100 * figures.above)}%` : '–',
      ]
  return {
    ...spread,
    horizon,
    isTooFew,
    median,
    middle,
    above,
    worst: signed(figures?.worst),
    best: signed(figures?.best),
  }
}

function entryOf({ outcomes, ...entry }: Entry, cost: number): WhatFollowed['entries'][number] {
  const first = outcomes[4]
  return {
    ...entry,
    fromLabel: quadrantLabels[entry.from].title,
    bought: first.state === 'missing' ? null : first.from,
    results: horizons.map((horizon) => {
      const outcome = outcomes[horizon]
      if (outcome.state === 'closed') return numberFormats.signed(outcome.excess - cost)
      return outcome.state === 'open' ? 'open' : 'no price'
    }),
  }
}
