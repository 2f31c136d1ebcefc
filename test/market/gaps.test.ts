import { describe, expect, test } from 'vitest'
import { type Day, daysAfter } from '../../src/market/calendar/days.ts'
import { tradingCalendar } from '../../src/market/calendar/trading-calendar.ts'
import { type AnalysisParams, analyse, type Instrument } from '../../src/market/engine/analysis.ts'
import { explain } from '../../src/market/engine/explanation.ts'
import { historyOf } from '../../src/market/engine/history.ts'
import type { Prices } from '../../src/market/prices/closing-prices.ts'
import { between, randomWalk, seeded } from './fixture.ts'

/** Ten holidays a year, so that every year is known; none is near the days below. */
const holidays = [2022, 2023, 2024, 2025, 2026].flatMap((year) =>
  Array.from({ length: 9 }, (_, month) => ({ day: mondayIn(year, month + 1) })).concat({ day: `${year}-12-25` }),
)
// Christmas of 2022 is a Sunday, so that year has nine and is not known.
const calendar = tradingCalendar(holidays, [])
const random = seeded(1126)
const days = openDays('2023-01-02', '2026-11-27')
const benchmark = randomWalk(random, days)
const sectors: Instrument[] = Array.from({ length: 16 }, (_, i) => ({
  symbol: `ETF${i}`,
  name: `Sector ${String(i).padStart(2, '0')}`,
  prices: randomWalk(random, days),
}))

const of = (instruments: readonly Instrument[], step: AnalysisParams['step'] = 'week', against: Prices = benchmark) =>
  analyse(against, instruments, { step, at: null, tail: 12, calendar })!
const without = (prices: Prices, ...gone: Day[]): Prices => new Map([...prices].filter(([day]) => !gone.includes(day)))
const holed = (prices: Prices, from: Day, to: Day) => without(prices, ...days.filter((day) => day >= from && day <= to))
/** The market with the first sector's prices changed, and that sector's numbers. */
const changed = (change: (prices: Prices) => Prices, step: AnalysisParams['step'] = 'week') => {
  const [first, ...others] = sectors
  const analysis = of([{ ...first!, prices: change(first!.prices) }, ...others], step)
  return { analysis, one: analysis.sectors.find((sector) => sector.symbol === first!.symbol)! }
}
const whole = (step: AnalysisParams['step'] = 'week') => changed((prices) => prices, step)

describe('one missing price', () => {
  test('of 63 trading days ago costs nobody a rank: the close of the day before stands for it', () => {
    const { analysis, one } = changed((prices) => without(prices, days.at(-64)!))
    expect([analysis.ranked, analysis.unranked]).toEqual([16, []])
    expect(one.rank).not.toBeNull()
    expect(one.score).not.toBe(whole().one.score)
    const others = (from: typeof analysis) =>
      from.sectors.filter((sector) => sector !== one && sector.symbol !== 'ETF0')
    expect(others(analysis).map(({ symbol, score }) => [symbol, score])).toEqual(
      others(whole().analysis).map(({ symbol, score }) => [symbol, score]),
    )
  })

  test('of 20 trading days ago is carried over in the daily reading, and counted', () => {
    const [{ one }, before] = [changed((prices) => without(prices, days.at(-21)!), 'day'), whole('day').one]
    expect([one.formula, one.carried, one.provisional, one.quadrant]).toEqual(['B/2', 1, null, before.quadrant])
    expect(one.blanks).toEqual({})
    expect(before.carried).toBe(0)
    expect(Math.abs(one.tail.at(-1)!.ratio - before.tail.at(-1)!.ratio)).toBeLessThan(0.2)
  })

  test('of the benchmark is a missing bar for everybody, and no more than one', () => {
    const against = without(benchmark, '2026-10-13')
    for (const one of of(sectors, 'day', against).sectors) expect([one.formula, one.carried]).toEqual(['B/2', 1])
    const [found, before] = [of(sectors, 'week', against), of(sectors)]
    expect(found.sectors).toEqual(before.sectors)
  })
})

describe('a missing week', () => {
  const [from, to] = ['2026-11-16', '2026-11-20']
  const gappy = sectors.map((one) => ({ ...one, prices: holed(one.prices, from, to) }))

  test('of all prices is one missing bar, and no return covers two weeks under the name of one', () => {
    const { sectors: found, benchmark: nifty } = of(gappy, 'week', holed(benchmark, from, to))
    for (const one of [...found, nifty])
      expect([one.returns['1W'], one.blanks]).toEqual([null, { '1W': 'No price from 16 to 20 Nov' }])
    for (const one of found) expect([one.formula, one.carried, one.rankBefore]).toEqual(['B/2', 1, null])
    expect(found[0]!.tail.map(({ day }) => day).slice(-3)).toEqual(['2026-11-13', '2026-11-20', '2026-11-27'])
  })

  test('is five missing days by day; a sixth is one too many, and then C takes over and says why', () => {
    const week = changed((prices) => holed(prices, from, to), 'day').one
    expect([week.formula, week.carried, week.blanks['1W']]).toEqual(['B/2', 5, 'No price from 16 to 20 Nov'])
    const more = changed((prices) => without(holed(prices, from, to), '2026-09-15'), 'day').one
    expect([more.formula, more.carried, more.provisional]).toEqual([
      'C/2',
      5,
      'No price on 6 of the last 92 days, the last from 16 to 20 Nov',
    ])
    expect(more.blanks.mansfield).toBe('No price on 6 of the last 200 days, the last from 16 to 20 Nov')
  })

  test('and a second one blank what looks back on both, each with its days', () => {
    const two = changed((prices) => holed(holed(prices, from, to), '2026-10-12', '2026-10-16')).one
    expect([two.formula, two.carried, two.fromHigh]).toEqual([null, 0, null])
    const reason = (size: number) => `No price in 2 of the last ${size} weeks, the last from 16 to 20 Nov`
    expect(two.blanks).toEqual({
      map: reason(18),
      mansfield: reason(52),
      high: reason(52),
      '1W': 'No price from 16 to 20 Nov',
    })
    const inARow = changed((prices) => holed(prices, '2026-11-02', '2026-11-13')).one
    expect(inARow.blanks.map).toBe('No price from 2 to 13 Nov')
  })

  test('of the benchmark alone is named as the benchmark’s', () => {
    const against = holed(holed(benchmark, '2026-11-02', '2026-11-06'), from, to)
    const [one] = of(sectors, 'week', against).sectors
    expect(one!.blanks).toEqual({
      map: 'No price of the Nifty ETF in 2 of the last 18 weeks, the last from 16 to 20 Nov',
      mansfield: 'No price of the Nifty ETF in 2 of the last 52 weeks, the last from 16 to 20 Nov',
    })
  })

  test('is told with the very numbers of the analysis, and drawn as a gap', () => {
    const prices = holed(sectors[0]!.prices, from, to)
    const { one, analysis } = changed(() => prices)
    const told = explain(benchmark, prices, { asOf: analysis.asOf, step: 'week', calendar })!
    expect([told.ratio, told.momentum, told.carried]).toEqual([one.tail.at(-1)!.ratio, one.tail.at(-1)!.momentum, 1])
    const history = historyOf(benchmark, prices, { asOf: analysis.asOf, calendar })
    for (const line of [history.closes, history.rs, history.mansfield]) expect(line.indexOf(null)).toBe(102)
    expect(history.mansfield.at(-1)).toBe(one.mansfield)
    const byDay = historyOf(benchmark, prices, { asOf: analysis.asOf, calendar, span: '3m' })
    expect(byDay.mansfield.at(-1)).toBe(one.mansfield)
  })
})

describe('a series that ended', () => {
  test('shows nothing but since when, has no rank and is not on the map', () => {
    const { analysis, one } = changed((prices) => between(prices, '2023-01-01', '2026-11-18'))
    const reason = 'No price since 18 Nov'
    expect(Object.values(one.blanks)).toEqual(Array(9).fill(reason))
    expect(Object.values(one.returns)).toEqual([null, null, null, null, null])
    expect([one.rank, one.score, one.rs, one.mansfield, one.fromHigh]).toEqual([null, null, null, null, null])
    expect([one.quadrant, one.formula, one.tail, one.spark, one.carried]).toEqual([null, null, [], [], 0])
    expect([analysis.ranked, analysis.unranked]).toEqual([15, [{ symbol: 'ETF0', name: 'Sector 00', reason }]])
    expect(
      explain(benchmark, between(sectors[0]!.prices, '2023-01-01', '2026-11-18'), { ...analysis, calendar }),
    ).toBeNull()
  })

  test('stands with its last close while that is at most three trading days old', () => {
    const until = (day: Day) => changed((prices) => between(prices, '2023-01-01', day), 'day').one
    expect([until('2026-11-24').carried, until('2026-11-24').blanks]).toEqual([3, {}])
    expect(until('2026-11-23').blanks['1W']).toBe('No price since 23 Nov')
  })

  test('has no change over a week in which it never traded, although its last close still stands', () => {
    const closed = ['2026-11-23', '2026-11-24']
    const prices = between(without(sectors[0]!.prices, ...closed), '2023-01-01', '2026-11-20')
    const analysis = analyse(without(benchmark, ...closed), [{ ...sectors[0]!, prices }], {
      step: 'week',
      at: null,
      tail: 12,
      calendar: tradingCalendar([...holidays, ...closed.map((day) => ({ day }))], []),
    })!
    const [one] = analysis.sectors
    expect([one!.returns['1W'], one!.blanks]).toEqual([null, { '1W': 'No price since 20 Nov' }])
    expect(one!.returns['1M']).not.toBeNull()
  })

  test('keeps the rank that it had a week ago, and so do those it left behind', () => {
    const ended = sectors.map((one, i) =>
      i < 3 ? { ...one, prices: between(one.prices, '2023-01-01', '2026-11-18') } : one,
    )
    const { sectors: now } = of(ended)
    const then = analyse(benchmark, ended, { step: 'week', at: '2026-11-20', tail: 12, calendar })!
    const ranks = (found: typeof now, of: (one: (typeof now)[number]) => number | null) =>
      Object.fromEntries(found.map((one) => [one.symbol, of(one)]))
    expect(ranks(now, (one) => one.rankBefore)).toEqual(ranks(then.sectors, (one) => one.rank))
    expect(now.slice(-3).map((one) => one.rank)).toEqual([null, null, null])
  })

  test('in another year is told with the year', () => {
    const { one } = changed((prices) => between(prices, '2023-01-01', '2025-12-30'))
    expect(one.blanks.score).toBe('No price since 30 Dec 2025')
  })
})

describe('a history that is too short', () => {
  const since = (day: Day, step: AnalysisParams['step'] = 'week') =>
    changed((prices) => between(prices, day, '2026-11-27'), step).one

  test('says since when there are prices, and what each figure needs', () => {
    const begun = 'Prices begin on 3 Mar 2026'
    const one = since('2026-03-03')
    expect([one.formula, one.provisional]).toEqual(['C/2', `${begun}: formula B needs 92 weeks`])
    expect(one.blanks).toEqual({
      score: `${begun}: less than a year`,
      mansfield: `${begun}: Mansfield RS needs 52 weeks`,
      '1Y': `${begun}: less than a year`,
      high: `${begun}: less than a year`,
    })
    expect(since('2026-11-25').blanks).toMatchObject({
      map: 'Prices begin on 25 Nov 2026: a reading needs 18 weeks',
      '1W': 'Prices begin on 25 Nov 2026: less than a week',
      '3M': 'Prices begin on 25 Nov 2026: less than 3 months',
    })
    expect(since('2026-11-25', 'day').blanks.map).toBe('Prices begin on 25 Nov 2026: a reading needs 18 days')
  })

  test('of the benchmark is told as the benchmark’s', () => {
    const found = of(sectors, 'week', between(benchmark, '2026-03-03', '2026-11-27'))
    expect(found.sectors[0]!.blanks.mansfield).toBe(
      'Prices of the Nifty ETF begin on 3 Mar 2026: Mansfield RS needs 52 weeks',
    )
    expect(found.unranked).toHaveLength(16)
  })

  test('of none at all is told in one sentence', () => {
    const { analysis, one } = changed(() => new Map())
    expect(new Set(Object.values(one.blanks))).toEqual(new Set(['No prices yet']))
    expect(analysis.unranked[0]!.reason).toBe('No prices yet')
  })
})

test('what moves exactly with the benchmark has no deviation to be measured by, and C says so', () => {
  const { one } = changed(() => benchmark)
  expect([one.formula, one.provisional, one.score]).toEqual([
    'C/2',
    'Nothing moves, so there is no deviation to measure by',
    100,
  ])
})

function openDays(from: Day, to: Day): Day[] {
  const found: Day[] = []
  for (let day = from; day <= to; day = daysAfter(day, 1)) if (calendar.isOpen(day)) found.push(day)
  return found
}

function mondayIn(year: number, month: number): Day {
  const first = `${year}-${String(month).padStart(2, '0')}-01`
  return daysAfter(first, (8 - new Date(first).getUTCDay()) % 7)
}
