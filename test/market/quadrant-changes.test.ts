import { describe, expect, test } from 'vitest'
import { everyWeekday, tradingCalendar } from '../../src/market/calendar/trading-calendar.ts'
import { analyse } from '../../src/market/engine/analysis.ts'
import { type Step, stepsOf } from '../../src/market/engine/frame.ts'
import {
  type BarReading,
  changesIn,
  type QuadrantChange,
  readingsBy,
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

/** What a plain look back says: the whole analysis of each day, or week's or month's last one, from the prices up to that day. */
function lookBack(step: Step, benchmark: Prices, prices: Prices, calendar: typeof everyWeekday): BarReading[] {
  return stepsOf(benchmark, step)
    .reverse()
    .map((until) => {
      const cut = (all: Prices) => between(all, '0000-01-01', until)
      const instruments = [{ symbol: 'ETF', name: 'Sector', prices: cut(prices) }]
      const one = analyse(cut(benchmark), instruments, { step, at: null, tail: 4, calendar })!.sectors[0]!
      const now = one.tail.at(-1)
      return { until, reading: now ? { ...now, formula: one.formula!, quadrant: one.quadrant! } : null }
    })
}

describe.each([
  ['a calendar that nobody entered', everyWeekday],
  ['a known calendar', knownYears],
])('the readings of a random market with %s', (_, calendar) => {
  test.each(seeds.flatMap((seed) => (['week', 'month', 'day'] as const).map((step) => [step, seed] as const)))(
    'are what the analysis said at the end of each %s (seed %i)',
    (step, seed) => {
      const { benchmark, instruments, random, days } = randomMarket(
        seed,
        step === 'day' ? 1 : 3,
        step === 'day' ? 2 : 3,
      )
      let against = withGaps(benchmark, random)
      while (against.size === 0) against = withGaps(benchmark, random)
      for (const [i, { prices }] of instruments.entries()) {
        const own = i === 0 ? prices : withGaps(prices, random)
        const plain = lookBack(step, against, own, calendar)
        expect(readingsBy(step, against, own, { asOf: days.at(-1)!, calendar })).toEqual(plain)
        const until = plain[Math.floor(plain.length / 2)]!.until
        expect(readingsBy(step, against, own, { asOf: until, calendar })).toEqual(
          plain.slice(0, Math.floor(plain.length / 2) + 1),
        )
      }
    },
  )
})

describe('changes of quadrant', () => {
  const week = (quadrant: Quadrant | null, i: number): BarReading => ({
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
    changesIn(quadrants.map(week)).map(({ from, to, bars, goesOn, ratio }: QuadrantChange) => [
      from,
      to,
      bars,
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
      const weeks = readingsBy('week', benchmark, prices, { asOf: days.at(-1)!, calendar: everyWeekday })
      const changes = changesIn(weeks)
      expect(changes.reduce((sum, one) => sum + one.bars, 0)).toBe(weeks.filter(({ reading }) => reading).length)
      for (const one of changes) expect(one.from).not.toBe(one.to)
      expect(changes.filter(({ goesOn }) => goesOn)).toEqual(weeks.at(-1)?.reading ? changes.slice(-1) : [])
    }
  })
})
