import { describe, expect, test } from 'vitest'
import { everyWeekday, tradingCalendar } from '../../src/market/calendar/trading-calendar.ts'
import { analyse } from '../../src/market/engine/analysis.ts'
import { stepsOf } from '../../src/market/engine/frame.ts'
import {
  changesIn,
  type QuadrantChange,
  readingsByWeek,
  type WeekReading,
} from '../../src/market/engine/quadrant-changes.ts'
import type { Quadrant } from '../../src/market/engine/quadrants.ts'
import type { Prices } from '../../src/market/prices/closing-prices.ts'
import { between, randomMarket, withGaps } from './fixture.ts'

const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6))
const seeds = Array.from({ length: 4 }, (_, i) => first + i)
console.log(`random markets of the seeds ${seeds[0]} to ${seeds.at(-1)}`)

/** Every weekday of these years is a session, whether there is a price or not. */
const knownYears = tradingCalendar(
  [2020, 2021, 2022, 2023].flatMap((year) =>
    Array.from({ length: 10 }, (_, i) => ({ day: `${year}-12-${String(15 + i).padStart(2, '0')}` })),
  ),
  [],
)

/** What a plain look back says: the whole analysis of each week's last day, from the prices up to that day. */
function lookBack(benchmark: Prices, prices: Prices, calendar: typeof everyWeekday): WeekReading[] {
  return stepsOf(benchmark, 'week')
    .reverse()
    .map((until) => {
      const cut = (all: Prices) => between(all, '0000-01-01', until)
      const instruments = [{ symbol: 'ETF', name: 'Sector', prices: cut(prices) }]
      const one = analyse(cut(benchmark), instruments, { step: 'week', at: null, tail: 4, calendar })!.sectors[0]!
      const now = one.tail.at(-1)
      return { until, reading: now ? { ...now, formula: one.formula!, quadrant: one.quadrant! } : null }
    })
}

describe.each([
  ['a calendar that nobody entered', everyWeekday],
  ['a known calendar', knownYears],
])('the weekly readings of a random market with %s', (_, calendar) => {
  test.each(seeds)('are what the analysis said at the end of each week (seed %i)', (seed) => {
    const { benchmark, instruments, random, days } = randomMarket(seed, 3, 3)
    let against = withGaps(benchmark, random)
    while (against.size === 0) against = withGaps(benchmark, random)
    for (const [i, { prices }] of instruments.entries()) {
      const own = i === 0 ? prices : withGaps(prices, random)
      const plain = lookBack(against, own, calendar)
      expect(readingsByWeek(against, own, { asOf: days.at(-1)!, calendar })).toEqual(plain)
      const until = plain[Math.floor(plain.length / 2)]!.until
      expect(readingsByWeek(against, own, { asOf: until, calendar })).toEqual(
        plain.slice(0, Math.floor(plain.length / 2) + 1),
      )
    }
  })
})

describe('changes of quadrant', () => {
  const week = (quadrant: Quadrant | null, i: number): WeekReading => ({
    until: `2026-01-${String(i + 1).padStart(2, '0')}`,
    reading: quadrant && {
      day: `2026-01-${String(i + 1).padStart(2, '0')}`,
      ratio: i,
      momentum: i,
      formula: 'B/2',
      quadrant,
    },
  })
  const of = (...quadrants: (Quadrant | null)[]) =>
    changesIn(quadrants.map(week)).map(({ from, to, weeks, goesOn, ratio }: QuadrantChange) => [
      from,
      to,
      weeks,
      goesOn,
      ratio,
    ])

  test('are every first reading and every move, with the reading of that week and how long it stayed', () => {
    expect(of(null, 'lagging', 'lagging', 'improving', 'leading', 'leading')).toEqual([
      [null, 'lagging', 2, false, 1],
      ['lagging', 'improving', 1, false, 3],
      ['improving', 'leading', 2, true, 4],
    ])
  })

  test('begin anew after weeks without a reading', () => {
    expect(of('leading', null, 'leading', null)).toEqual([
      [null, 'leading', 1, false, 0],
      [null, 'leading', 1, false, 2],
    ])
  })

  test('there are none without a reading', () => {
    expect([of(), of(null, null)]).toEqual([[], []])
  })

  test.each(seeds)('add up to all weeks with a reading, and no two in a row are alike (seed %i)', (seed) => {
    const { benchmark, instruments, days } = randomMarket(seed, 4, 2)
    for (const { prices } of instruments) {
      const weeks = readingsByWeek(benchmark, prices, { asOf: days.at(-1)!, calendar: everyWeekday })
      const changes = changesIn(weeks)
      expect(changes.reduce((sum, one) => sum + one.weeks, 0)).toBe(weeks.filter(({ reading }) => reading).length)
      for (const one of changes) expect(one.from).not.toBe(one.to)
      expect(changes.filter(({ goesOn }) => goesOn)).toEqual(weeks.at(-1)?.reading ? changes.slice(-1) : [])
    }
  })
})
