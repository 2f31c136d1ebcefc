import { LRUCache } from 'lru-cache'
import { type Day, daysAfter } from '../calendar/days.ts'
import { type TradingCalendar, weekGoesOn } from '../calendar/trading-calendar.ts'
import type { Universe } from '../instruments/queries.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Instrument } from './analysis.ts'
import { closesOn, type Frame, frameOf, sessionAt } from './frame.ts'
import { type Followed, type Market, membersOf } from './market.ts'
import { readingsIn } from './quadrant-changes.ts'
import type { Quadrant } from './quadrants.ts'
import type { Series } from './series.ts'

/** Weeks over which it is looked at what followed an entry. */
export const horizons = [4, 13] as const
export type Horizon = (typeof horizons)[number]

/** A session's close may be missing this many sessions long: of an entry that waits longer nothing is counted. */
const patience = 3

/**
 * What followed over one horizon, in percentage points: return of the sector − return of the benchmark, from the close of the
 * first session after the entry to that of the last session within so many weeks of it. `open`: the weeks are not over.
 * `missing`: a close at one of the two ends is missing for more than three sessions.
 */
export type Outcome =
  | { state: 'closed'; from: Day; to: Day; excess: number }
  | { state: 'open'; from: Day | null }
  | { state: 'missing' }

/**
 * A sector's weekly reading that was, on the last session of a finished week, in another quadrant than the week before; both by
 * formula B. It was known after the close of `day`.
 */
export type Entry = { symbol: string; name: string; day: Day; from: Quadrant; to: Quadrant; outcomes: Outcomes }
export type Outcomes = Record<Horizon, Outcome>

/** All entries of these instruments, the oldest first. An entry and its outcomes need no price after their own last day. */
export function entriesOf(
  benchmark: Prices,
  instruments: readonly Instrument[],
  { asOf, calendar }: { asOf: Day; calendar: TradingCalendar },
): Entry[] {
  const frame = wholeFrame(benchmark, calendar, asOf)
  if (frame === null) return []
  return instruments
    .flatMap(({ symbol, name, prices }) => {
      const closes = closesOn(frame.days, prices)
      return quadrantEntries(frame, prices, calendar).map(
        (entry): Entry => ({ symbol, name, ...entry, outcomes: outcomesOf(frame, closes, entry.day) }),
      )
    })
    .sort((a, b) => (a.day === b.day ? (a.symbol < b.symbol ? -1 : 1) : a.day < b.day ? -1 : 1))
}

/** What followed a day of which the readings are known, whatever they were: of each instrument, by symbol. */
export function outcomesAfter(
  day: Day,
  benchmark: Prices,
  instruments: readonly Pick<Instrument, 'symbol' | 'prices'>[],
  { asOf, calendar }: { asOf: Day; calendar: TradingCalendar },
): Map<string, Outcomes> {
  const frame = wholeFrame(benchmark, calendar, asOf)
  if (frame === null) return new Map()
  return new Map(
    instruments.map(({ symbol, prices }) => [symbol, outcomesOf(frame, closesOn(frame.days, prices), day)]),
  )
}

/** Choices of benchmark and universe whose entries are kept with a market; those of sixteen sectors take a third of a megabyte. */
const kept = 12
const entriesByMarket = new WeakMap<Market, LRUCache<string, Entry[]>>()

/**
 * The entries of a universe against a benchmark, computed once until the market changes. That takes up to a tenth of a second: call
 * it as heavy work. Costs are no part of it; `spreadOf` takes them off.
 */
export function whatFollowed(market: Market, benchmark: Followed, universe: Universe): Entry[] {
  const { asOf, calendar } = market
  if (asOf === null) return []
  const cache = entriesByMarket.get(market) ?? new LRUCache<string, Entry[]>({ max: kept })
  entriesByMarket.set(market, cache)
  const key = `${benchmark.symbol} ${universe}`
  const members = membersOf(market, universe, benchmark)
  const entries = cache.get(key) ?? entriesOf(benchmark.prices, members, { asOf, calendar })
  cache.set(key, entries)
  return entries
}

function wholeFrame(benchmark: Prices, calendar: TradingCalendar, asOf: Day): Frame | null {
  return frameOf(benchmark, calendar, asOf, { weeks: Number.POSITIVE_INFINITY })
}

function quadrantEntries(
  frame: Frame,
  prices: Prices,
  calendar: TradingCalendar,
): Pick<Entry, 'day' | 'from' | 'to'>[] {
  const weeks = readingsIn(frame, prices, 'week')
  return weeks.flatMap(({ until, reading }, week) => {
    const before = weeks[week - 1]?.reading
    if (reading?.formula !== 'B/2' || before?.formula !== 'B/2' || reading.quadrant === before.quadrant) return []
    if (week === weeks.length - 1 && weekGoesOn(until, calendar)) return []
    return [{ day: until, from: before.quadrant, to: reading.quadrant }]
  })
}

function outcomesOf(frame: Frame, closes: Series, day: Day): Outcomes {
  const next = sessionAt(frame, day) + 1
  const start = firstTogether(frame, closes, next)
  const outcome = (horizon: Horizon): Outcome => {
    if (start === null)
      return next + patience < frame.days.length ? { state: 'missing' } : { state: 'open', from: null }
    const from = frame.days[start]!
    const end = daysAfter(from, 7 * horizon)
    if (frame.asOf < end) return { state: 'open', from }
    const last = lastTogether(frame, closes, sessionAt(frame, end))
    if (last === null || last <= start) return { state: 'missing' }
    const change = (series: Series) => 100 * (series[last]! / series[start]! - 1)
    return { state: 'closed', from, to: frame.days[last]!, excess: change(closes) - change(frame.benchmark) }
  }
  return { 4: outcome(4), 13: outcome(13) }
}

/** The first session from this one on, at most three later, on which both have a close. */
function firstTogether({ days, benchmark }: Frame, closes: Series, place: number): number | null {
  for (let i = place; i <= Math.min(place + patience, days.length - 1); i++)
    if (closes[i] !== null && benchmark[i] !== null) return i
  return null
}

/** The last session up to this one, at most three earlier, on which both have a close. */
function lastTogether({ benchmark }: Frame, closes: Series, place: number): number | null {
  for (let i = place; i >= Math.max(0, place - patience); i--) if (closes[i] !== null && benchmark[i] !== null) return i
  return null
}
