import { type Box, boxScaleOf, drawBox } from '../charts/box-plot.ts'
import { quadrantLabels } from '../charts/rotation-map.ts'
import { type Market, termsFor } from '../engine/market.ts'
import { type Quadrant, quadrants } from '../engine/quadrants.ts'
import { type Spread, spreadOf } from '../engine/spreads.ts'
import { numberFormats, sourceOf } from '../engine/summary.ts'
import type { Terms } from '../engine/terms.ts'
import { type Entry, type Horizon, horizons, whatFollowed } from '../engine/what-followed.ts'
import { addressWith } from './analysis-params.ts'
import { measuringChoices, resolveBenchmark } from './choices.ts'
import type { WhatFollowedParams } from './what-followed-params.ts'
import { whatFollowedUrl } from './what-followed-params.ts'

/** A spread, ready to print; `box` is null where nothing is counted. */
export type ShownSpread = Spread & {
  horizon: Horizon
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
  /** The rankings that are measured in the same way. */
  rankings: string
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
  shown: { title: string; mark: string; quadrant: Quadrant }
  /** Per sector, by name, for the chosen quadrant. */
  sectors: { symbol: string; name: string; href: string; spreads: ShownSpread[] }[]
  /** The single entries of the chosen quadrant, the newest first. */
  entries: (Omit<Entry, 'outcomes'> & { bought: string | null; fromLabel: string; results: string[] })[]
}

/** Composes the page; null without prices. Throws AppError `not-found` for a benchmark that is none. */
export function whatFollowedPage(market: Market, given: WhatFollowedParams): WhatFollowed | null {
  if (market.asOf === null || market.benchmark === null) return null
  const { against, benchmark } = resolveBenchmark(market, given.against)
  const params = { ...given, against }
  const { cost, into } = params
  const universe = params.universe ?? 'sector'
  const all = whatFollowed(market, benchmark, universe)
  const measuring = { against, universe: params.universe }
  const byQuadrant = (quadrant: Quadrant) => all.filter(({ to }) => to === quadrant)
  const spreads = new Map(
    quadrants.map((quadrant) => [quadrant, horizons.map((horizon) => spreadOf(byQuadrant(quadrant), horizon, cost))]),
  )
  const scale = boxScaleOf([...spreads.values()].flat().flatMap(({ figures }) => figures ?? []))
  const show = (spread: Spread, i: number) => ({
    ...printed(spread, horizons[i]!),
    box: spread.figures && drawBox(spread.figures, scale),
  })
  const chosen = byQuadrant(into)
  return {
    params,
    market,
    benchmarkSymbol: benchmark.symbol,
    terms: termsFor(benchmark, universe),
    choices: measuringChoices(market, params),
    rankings: addressWith('/dashboard', measuring),
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
    shown: { quadrant: into, ...quadrantLabels[into] },
    sectors: sectorsIn(chosen).map(({ symbol, name, entries }) => ({
      symbol,
      name,
      href: addressWith(`/dashboard/sectors/${encodeURIComponent(symbol)}`, measuring),
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
  const { figures } = spread
  const signed = (value: number | undefined) => numberFormats.signed(value ?? null)
  return {
    ...spread,
    horizon,
    median: signed(figures?.median),
    middle: figures ? `${signed(figures.lower)} to ${signed(figures.upper)}` : '–',
    worst: signed(figures?.worst),
    best: signed(figures?.best),
    above: figures ? `${Math.round(100 * figures.above)}%` : '–',
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
