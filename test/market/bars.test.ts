import { describe, expect, test } from 'vitest'
import { daysAfter, monthsAfter, weekOf } from '../../src/market/calendar/days.ts'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { analyse } from '../../src/market/engine/analysis.ts'
import { dailyBars, weeklyBars } from '../../src/market/engine/bars.ts'
import { closesOn, type Frame, frameOf } from '../../src/market/engine/frame.ts'
import { quadrantOf } from '../../src/market/engine/quadrants.ts'
import { fromYearHigh, returnsOf } from '../../src/market/engine/returns.ts'
import { change, mean, zScore } from '../../src/market/engine/series.ts'
import { scoreAt } from '../../src/market/engine/strength.ts'
import { type Prices, ratioAfter, type Split } from '../../src/market/prices/closing-prices.ts'
import { seeded, someDays } from './fixture.ts'

const prices = (entries: Record<string, number>) => new Map(Object.entries(entries))
const adjusted = (traded: Prices, splits: readonly Split[]) =>
  new Map([...traded].map(([day, close]) => [day, close / ratioAfter(splits, day)]))
const framed = (benchmark: Prices, until: string | null = null, calendar = everyWeekday) =>
  frameOf(benchmark, calendar, until, { weeks: 500, days: 2_500 })!
const bars = (of: typeof dailyBars, frame: Frame, own: Prices) => {
  const { days, benchmark, closes } = of(frame, closesOn(frame.days, own))
  return { days, benchmark, closes }
}

describe('days', () => {
  test.each([
    ['2026-11-22', '2026-11-16'],
    ['2026-11-16', '2026-11-16'],
    ['2027-01-01', '2026-12-28'],
  ])('the week of %s starts on %s', (day, monday) => expect(weekOf(day)).toBe(monday))

  test.each([
    ['2026-03-31', -1, '2026-02-28'],
    ['2024-03-31', -1, '2024-02-29'],
    ['2026-01-15', -12, '2025-01-15'],
    ['2025-11-30', 3, '2026-02-28'],
  ])('%s and %i months is %s', (day, months, then) => expect(monthsAfter(day, months)).toBe(then))
})

describe('bars', () => {
  const benchmark = prices({
    '2026-11-12': 100,
    '2026-11-13': 101,
    '2026-11-16': 102,
    '2026-11-19': 103,
    '2026-11-20': 104,
  })

  test('a week closes on the last day both traded, and prices are compared on that same day', () => {
    const own = prices({ '2026-11-13': 50, '2026-11-19': 52 })
    expect(bars(weeklyBars, framed(benchmark, '2026-11-22'), own)).toEqual({
      days: ['2026-11-13', '2026-11-19'],
      benchmark: [101, 103],
      closes: [50, 52],
    })
  })

  test('a week in which the instrument did not trade with the benchmark is a gap, not a value from elsewhere', () => {
    const own = prices({ '2026-11-11': 49, '2026-11-17': 51, '2026-11-20': 52 })
    expect(bars(weeklyBars, framed(benchmark, '2026-11-22'), own)).toEqual({
      days: ['2026-11-13', '2026-11-20'],
      benchmark: [null, 104],
      closes: [null, 52],
    })
  })

  test('days of years whose calendar is not known are the benchmark’s; what an instrument traded on others is not looked at', () => {
    const own = prices({ '2026-11-14': 1, '2026-11-16': 51 })
    const { days, closes } = bars(dailyBars, framed(benchmark, '2026-11-19'), own)
    expect(days).toEqual(['2026-11-12', '2026-11-13', '2026-11-16', '2026-11-19'])
    expect(closes).toEqual([null, null, 51, null])
  })

  test('a split divides what was traded before its day, and two of them both', () => {
    const traded = prices({ '2019-12-18': 3359.6, '2019-12-19': 33.55, '2020-01-02': 3.4 })
    const splits = [
      { day: '2019-12-19', ratio: 100 },
      { day: '2020-01-02', ratio: 10 },
    ]
    expect([...adjusted(traded, splits).values()].map((price) => Number(price.toFixed(4)))).toEqual([
      3.3596, 3.355, 3.4,
    ])
  })

  test('an adjusted split leaves no trace in any comparison', () => {
    const days = someDays(seeded(5), '2021-01-01', 700)
    const random = seeded(6)
    let price = 3000
    const smooth = new Map<string, number>()
    for (const day of days) {
      price *= 1 + 0.02 * (random() - 0.5)
      smooth.set(day, price)
    }
    const exDay = days[500]!
    const traded = new Map([...smooth].map(([day, close]) => [day, day < exDay ? close : close / 100]))
    const against = new Map(days.map((day, i) => [day, 100 + 10 * Math.sin(i / 40) + i / 50]))
    const params = { step: 'week', at: null, tail: 8, calendar: everyWeekday } as const
    const of = (closes: ReadonlyMap<string, number>) => {
      const {
        rs: _scale,
        spark: _line,
        ...rest
      } = analyse(against, [{ symbol: 'X', name: 'X', prices: closes }], params)!.sectors[0]!
      return JSON.parse(
        JSON.stringify(rest, (_key, value) => (typeof value === 'number' ? Number(value.toPrecision(9)) : value)),
      )
    }
    expect(of(adjusted(traded, [{ day: exDay, ratio: 100 }]))).toEqual(of(smooth))
    expect(of(traded)).not.toEqual(of(smooth))
  })
})

describe('series', () => {
  test('a gap is not bridged: the mean starts anew behind it', () => {
    expect(mean([1, 2, 3, null, 5, 6, 7], 3)).toEqual([null, null, 2, null, null, null, 6])
    expect(change([1, null, 2, 4], 1)).toEqual([null, null, null, 100])
  })

  test('what does not move has no z-score, however its rounding trembles', () => {
    expect(zScore([5, 5, 5], 3)).toEqual([null, null, null])
    expect(zScore([0.1 + 0.2, 0.3, 0.3], 3)).toEqual([null, null, null])
    expect(zScore([1, 2, 3], 3)[2]).toBeCloseTo(Math.sqrt(1.5), 12)
  })

  test('a change against zero is no number', () => expect(change([0, 5], 1)).toEqual([null, null]))
})

describe('figures', () => {
  test('the score weighs the last quarter double', () => {
    const days = someDays(seeded(1), '2020-01-01', 253)
    const flat = new Map(days.map((day) => [day, 100]))
    const rising = new Map(days.map((day, i) => [day, i < 253 - 63 ? 100 : 110]))
    const frame = framed(flat)
    const daily = dailyBars(frame, closesOn(frame.days, rising))
    const scores = days.map((_, bar) => scoreAt(daily, bar))
    expect(scores.at(-1)).toBeCloseTo(100 * (1 + 0.4 * 0.1 + 0.6 * 0.1), 9)
    expect(scores.filter((value) => value !== null)).toHaveLength(1)
  })

  test('returns are against the last close on or before the span’s first day, and none where it is more than three sessions old', () => {
    const days = someDays(seeded(2), '2025-09-01', 330).filter((day) => day <= '2026-11-20')
    const benchmark = new Map([...days, '2026-11-20'].map((day) => [day, 100]))
    const frame = framed(benchmark)
    const sessionBefore = (day: string, sessions: number) => days.filter((one) => one <= day).at(-1 - sessions)!
    const closes = prices({
      [sessionBefore('2025-11-20', 3)]: 80,
      [sessionBefore('2026-08-20', 4)]: 1,
      [sessionBefore('2026-10-20', 1)]: 90,
      [sessionBefore('2026-11-13', 0)]: 95,
      '2026-11-20': 100,
    })
    const found = returnsOf(frame, closesOn(frame.days, closes))
    expect(found['1W']).toBeCloseTo(100 * (100 / 95 - 1), 9)
    expect(found['1M']).toBeCloseTo(100 * (100 / 90 - 1), 9)
    expect(found['1Y']).toBeCloseTo(25, 9)
    expect([found['3M'], found['6M']]).toEqual([null, null])
  })

  test('the distance from the year’s high needs a year, forgets what is older, and misses at most one week', () => {
    const days = Array.from({ length: 500 }, (_, i) => daysAfter('2025-01-01', i))
    const closes = new Map(days.map((day, i) => [day, i < 100 ? 500 : 100 + (i === 300 ? 25 : 0)]))
    const high = (at: string, own: Prices = closes) => {
      const frame = framed(closes, at)
      return fromYearHigh(frame, closesOn(frame.days, own))
    }
    expect(high(days.at(-1)!)).toBeCloseTo(-20, 9)
    expect(high(days[300]!)).toBeNull()
    expect(high(days[400]!)).toBeCloseTo(-80, 9)
    const without = (weeks: number) =>
      new Map([...closes].filter(([day]) => day < '2025-12-01' || day >= daysAfter('2025-12-01', 7 * weeks)))
    expect(high(days.at(-1)!, without(1))).toBeCloseTo(-20, 9)
    expect(high(days.at(-1)!, without(2))).toBeNull()
  })

  test.each([
    [100, 100, 'leading'],
    [100, 99.99, 'weakening'],
    [99.99, 99.99, 'lagging'],
    [99.99, 100, 'improving'],
  ] as const)('a ratio of %d with a momentum of %d is %s', (ratio, momentum, quadrant) => {
    expect(quadrantOf({ ratio, momentum })).toBe(quadrant)
  })
})
