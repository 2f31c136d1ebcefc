import { LRUCache } from 'lru-cache'
import type { Day } from '../calendar/days.ts'
import { type TradingCalendar, weekGoesOn } from '../calendar/trading-calendar.ts'
import type { Universe } from '../instruments/queries.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Instrument } from './analysis.ts'
import { closesOn, type Frame, frameOf } from './frame.ts'
import { type Followed, type Market, membersOf } from './market.ts'
import { type Horizon, type Outcomes, outcomesOf } from './outcomes.ts'
import { readingsIn } from './quadrant-changes.ts'
import type { Quadrant } from './quadrants.ts'
import { type Excesses, excessesOf } from './spreads.ts'

/**
 * A sector's weekly reading that was, on the last session of a finished week, in another quadrant than the week before; both by
 * formula B. It was known after the close of `day`.
 */
export type Entry = { symbol: string; name: string; day: Day; from: Quadrant; to: Quadrant; outcomes: Outcomes }

/**
 * Every week of these instruments in which an entry was possible, the oldest first: a finished one whose reading and the one of the
 * week before are both by formula B, in whichever quadrant. A week and its outcomes need no price after their own last day.
 */
export function weeksOf(
  benchmark: Prices,
  instruments: readonly Instrument[],
  { asOf, calendar }: { asOf: Day; calendar: TradingCalendar },
): Entry[] {
  const frame = wholeFrame(benchmark, calendar, asOf)
  if (frame === null) return []
  return instruments
    .flatMap(({ symbol, name, prices }) => {
      const closes = closesOn(frame.days, prices)
      return comparableWeeks(frame, prices, calendar).map(
        (week): Entry => ({ symbol, name, ...week, outcomes: outcomesOf(frame, closes, week.day) }),
      )
    })
    .sort((a, b) => (a.day === b.day ? (a.symbol < b.symbol ? -1 : 1) : a.day < b.day ? -1 : 1))
}

/** The weeks that are entries: in another quadrant than the week before. */
export function entriesAmong(weeks: readonly Entry[]): Entry[] {
  return weeks.filter(({ from, to }) => from !== to)
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

/**
 * All entries, and what they are judged by: what followed any week of any of the same instruments in which an entry was possible,
 * before costs.
 */
type FollowedEntries = { entries: Entry[]; anyWeek: Record<Horizon, Excesses> }

/** Choices of benchmark and universe that are kept with a market; those of sixteen sectors take half a megabyte. */
const kept = 12
const followedByMarket = new WeakMap<Market, LRUCache<string, FollowedEntries>>()

/**
 * What followed in a universe against a benchmark, computed once until the market changes. That takes up to a tenth of a second: call
 * it as heavy work. Costs are no part of it; `spreadOf` and `spreadAfter` take them off. Null without prices.
 */
export function whatFollowed(market: Market, benchmark: Followed, universe: Universe): FollowedEntries | null {
  const { asOf, calendar } = market
  if (asOf === null) return null
  const cache = followedByMarket.get(market) ?? new LRUCache<string, FollowedEntries>({ max: kept })
  followedByMarket.set(market, cache)
  const key = `${benchmark.symbol} ${universe}`
  const known = cache.get(key)
  if (known) return known
  const weeks = weeksOf(benchmark.prices, membersOf(market, universe, benchmark), { asOf, calendar })
  const followed = {
    entries: entriesAmong(weeks),
    anyWeek: { 4: excessesOf(weeks, 4), 13: excessesOf(weeks, 13) },
  }
  cache.set(key, followed)
  return followed
}

function wholeFrame(benchmark: Prices, calendar: TradingCalendar, asOf: Day): Frame | null {
  return frameOf(benchmark, calendar, asOf, { weeks: Number.POSITIVE_INFINITY })
}

/** The quadrants of each week in which an entry was possible, and of the week before. */
function comparableWeeks(
  frame: Frame,
  prices: Prices,
  calendar: TradingCalendar,
): Pick<Entry, 'day' | 'from' | 'to'>[] {
  const weeks = readingsIn(frame, prices, 'week')
  return weeks.flatMap(({ until, reading }, week) => {
    const before = weeks[week - 1]?.reading
    if (reading?.formula !== 'B/2' || before?.formula !== 'B/2') return []
    if (week === weeks.length - 1 && weekGoesOn(until, calendar)) return []
    return [{ day: until, from: before.quadrant, to: reading.quadrant }]
  })
}
