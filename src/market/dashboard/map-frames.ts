import { LRUCache } from 'lru-cache'
import { AppError } from '../../platform/errors.ts'
import { fmt } from '../../platform/format.ts'
import { runHeavyWork } from '../../platform/heavy-work.ts'
import type { Day } from '../calendar/days.ts'
import type { Analysis, Reading, SectorRank } from '../engine/analysis.ts'
import { cachedAnalysis, type Market } from '../engine/market.ts'
import { type AnalyserParams, analysisUrl } from './analysis-params.ts'

/** Some bars of the map, oldest first, each as the analysis of that day shows it: what public/analyser.js plays. */
export type MapFrames = {
  days: Day[]
  /** The days as they are printed. */
  dates: string[]
  /** The longest tail, in bars. */
  tail: number
  sectors: { symbol: string; name: string; tracks: Track[] }[]
}

/**
 * Readings in a row, one a bar, as thousandths of a point from 100. `from`: the frame of the first, below 0 before the frames
 * begin; `since`: the first frame whose tail it is, which the last reading's frame ends. At frame f the tail is what is in it of the
 * bars up to f, `tail` of them at most.
 */
type Track = { from: number; since: number; isProvisional: boolean; readings: [ratio: number, momentum: number][] }

/** Bars that are played in one go: more than a year of weeks. */
const count = 60

/** The frames that a day is played among: their newest day, how many there are, and which of them shows the day. */
export function framesAround(days: readonly Day[], at: Day): { until: Day; count: number; index: number } {
  const place = Math.max(
    0,
    days.findIndex((day) => day <= at),
  )
  // Half of them overlap with the next: from every day one can go on for some time both ways.
  const newest = place < count ? 0 : (Math.floor(place / (count / 2)) - 1) * (count / 2)
  const length = Math.min(count, days.length - newest)
  return { until: days[newest]!, count: length, index: length - 1 - (place - newest) }
}

const computed = new WeakMap<Market, LRUCache<string, Promise<MapFrames>>>()

/** The frames up to the day of the parameters, computed once for all readers. `days`: those that can be stepped to, newest first. */
export function framesOf(market: Market, params: AnalyserParams, days: readonly Day[]): Promise<MapFrames> {
  const cache = computed.get(market) ?? new LRUCache<string, Promise<MapFrames>>({ max: 12 })
  computed.set(market, cache)
  const key = framesUrl(params, params.at)
  const known = cache.get(key)
  if (known) return known
  const computing = compute(market, params, days)
  cache.set(key, computing)
  computing.catch(() => cache.delete(key))
  return computing
}

/** Where the frames up to a day are: the same address for all that does not change them. */
export function framesUrl(params: AnalyserParams, until: Day | null): string {
  const unchanging = {
    view: 'table',
    sort: 'rank',
    dir: 'asc',
    focus: null,
    only: null,
    zoom: null,
    names: 'few',
    returns: 'absolute',
  } as const
  return analysisUrl({ ...params, ...unchanging }, { at: until }, '/dashboard/map.json')
}

/** How many analyses are one piece of heavy work. */
const aPiece = 4

async function compute(market: Market, params: AnalyserParams, days: readonly Day[]): Promise<MapFrames> {
  const shown = days
    .filter((day) => day <= (params.at ?? days[0]!))
    .slice(0, count)
    .reverse()
  if (shown.length === 0) throw new AppError('invalid', 'There are no prices of that day to play.')
  const analyses: Analysis[] = []
  for (let i = 0; i < shown.length; i += aPiece) {
    const piece = shown.slice(i, i + aPiece)
    const analysed = await runHeavyWork({ patient: i > 0 }, () =>
      piece.map((at) => cachedAnalysis(market, { ...params, at: at === market.asOf ? null : at })!),
    )
    analyses.push(...analysed)
  }
  const sectors = new Map(analyses.flatMap((one) => one.sectors.map(({ symbol, name }) => [symbol, name])))
  return {
    days: shown,
    dates: shown.map((day) => fmt.date(new Date(day))),
    tail: params.tail,
    sectors: [...sectors].map(([symbol, name]) => ({
      symbol,
      name,
      tracks: tracksOf(
        analyses.map((one) => one.sectors.find((sector) => sector.symbol === symbol)),
        params.tail,
      ),
    })),
  }
}

/** The tails of a sector, one a frame, as the tracks that hold them. A tail that goes on from the one before lengthens its track. */
function tracksOf(frames: readonly (SectorRank | undefined)[], length: number): Track[] {
  const tracks: { track: Track; exact: Reading[] }[] = []
  for (const [frame, sector] of frames.entries()) {
    if (!sector || sector.tail.length === 0) continue
    const isProvisional = sector.provisional !== null
    const last = tracks.at(-1)
    const goesOn =
      last?.track.isProvisional === isProvisional &&
      last.track.from + last.exact.length === frame &&
      isSame(last.exact.slice(1 - length), sector.tail.slice(0, -1))
    const added = goesOn ? sector.tail.slice(-1) : sector.tail
    const open = goesOn ? last : startedAt(frame, sector.tail.length, isProvisional)
    open.exact.push(...added)
    open.track.readings.push(...added.map(thousandths))
    if (!goesOn) tracks.push(open)
  }
  return tracks.map(({ track }) => track)
}

function startedAt(frame: number, bars: number, isProvisional: boolean): { track: Track; exact: Reading[] } {
  return { track: { from: frame - bars + 1, since: frame, isProvisional, readings: [] }, exact: [] }
}

function isSame(one: readonly Reading[], other: readonly Reading[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ ratio, momentum }, i) => ratio === other[i]!.ratio && momentum === other[i]!.momentum)
  )
}

/** Rounded down, so that what is below 100 stays below it and in its quadrant. */
function thousandths({ ratio, momentum }: Reading): [number, number] {
  return [Math.floor((ratio - 100) * 1000), Math.floor((momentum - 100) * 1000)]
}
