import { describe, expect, test } from 'vitest'
import { daysAfter, monthsAfter } from '../../src/market/calendar/days.ts'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { tails } from '../../src/market/dashboard/analysis-params.ts'
import { type Analysis, type AnalysisParams, analyse, type Instrument } from '../../src/market/engine/analysis.ts'
import { inExcess } from '../../src/market/engine/excess.ts'
import { explain } from '../../src/market/engine/explanation.ts'
import { stepsOf } from '../../src/market/engine/frame.ts'
import { historyOf } from '../../src/market/engine/history.ts'
import { spans } from '../../src/market/engine/returns.ts'
import type { Prices } from '../../src/market/prices/closing-prices.ts'
import { between, differences, randomMarket, withGaps } from './fixture.ts'

const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6))
const seeds = Array.from({ length: 12 }, (_, i) => first + i)
console.log(`random markets of the seeds ${seeds[0]} to ${seeds.at(-1)}`)

const analyses: AnalysisParams[] = [
  { step: 'week', at: null, tail: 12, calendar: everyWeekday },
  { step: 'day', at: null, tail: 20, calendar: everyWeekday },
  { step: 'month', at: null, tail: 12, calendar: everyWeekday },
]
/** Years of a market that are enough for readings by formula B in its last quarter, and years that such a reading looks back. */
const enough = { day: 4, week: 4, month: 14 } as const
const reach = { day: 4, week: 4, month: 10 } as const
const each = seeds.flatMap((seed) => analyses.map((params) => [seed, params.step, params] as const))

/** A market with gaps in every history, the benchmark's too, on a calendar that knows its trading days. */
function brokenMarket(seed: number, params: AnalysisParams) {
  const { benchmark, instruments, days, random } = randomMarket(seed, enough[params.step])
  const open = new Set(days)
  const gappy = (prices: Prices) => withGaps(prices, random)
  // Gaps that leave the benchmark no price at all leave nothing to analyse.
  let against = gappy(benchmark)
  while (against.size === 0) against = gappy(benchmark)
  const calendar = seed % 3 === 0 ? everyWeekday : { isOpen: (day: string) => open.has(day), isKnown: () => true }
  return {
    benchmark: against,
    instruments: map(instruments, gappy),
    days,
    random,
    params: { ...params, calendar },
  }
}
const map = (instruments: Instrument[], change: (prices: Prices) => Prices) =>
  instruments.map((one) => ({ ...one, prices: change(one.prices) }))

describe('the analysis of a random market', () => {
  test.each(each)('of seed %i by %s does not depend on how much history was loaded', (seed, _step, given) => {
    const { benchmark, instruments, days, params } = brokenMarket(seed, given)
    const from = days[Math.floor(days.length * 0.25)]!
    const cut = (prices: Prices) => between(prices, from, '9999-12-31')
    expect(analyse(cut(benchmark), map(instruments, cut), params)).toEqual(analyse(benchmark, instruments, params))
  })

  test.each(each)(
    'of seed %i by %s, and its charts, need no more than four years before its day, by month ten',
    (seed, step, given) => {
      const params = { ...given, tail: Math.max(...tails) }
      const { benchmark, instruments, days } = randomMarket(seed, reach[step] + 2)
      const [asOf, from] = [days.at(-1)!, monthsAfter(days.at(-1)!, -12 * reach[step])]
      const cut = (prices: Prices) => between(prices, from, '9999-12-31')
      expect(analyse(cut(benchmark), map(instruments, cut), params)).toEqual(analyse(benchmark, instruments, params))
      const drawn = (change: (prices: Prices) => Prices) =>
        historyOf(change(benchmark), change(instruments[0]!.prices), { asOf, calendar: params.calendar })
      expect(drawn(cut)).toEqual(drawn((prices) => prices))
    },
  )

  test.each(each)('of seed %i by %s does not depend on the scale of prices', (seed, _step, given) => {
    const { benchmark, instruments, random, params } = brokenMarket(seed, given)
    const factor = 0.001 + 1000 * random()
    const scaled = (prices: Prices) => new Map([...prices].map(([day, price]) => [day, price * factor]))
    const plain = analyse(benchmark, instruments, params)!
    expect(differences(analyse(scaled(benchmark), map(instruments, scaled), params), plain)).toEqual([])
    // One instrument alone: its line moves with its scale, nothing that compares does.
    const alone = analyse(
      benchmark,
      [{ ...instruments[0]!, prices: scaled(instruments[0]!.prices) }, ...instruments.slice(1)],
      params,
    )
    const without = (analysis: Analysis) => ({
      ...analysis,
      sectors: analysis.sectors.map((one) => ({ ...one, rs: 0, spark: [] })),
    })
    expect(differences(without(alone!), without(plain))).toEqual([])
  })

  test.each(each)(
    'of seed %i by %s does not depend on the order of instruments or of their days',
    (seed, _step, given) => {
      const { benchmark, instruments, params } = brokenMarket(seed, given)
      const backwards = (prices: Prices) => new Map([...prices].reverse())
      const shuffled = map(instruments, backwards).reverse()
      expect(analyse(backwards(benchmark), shuffled, params)).toEqual(analyse(benchmark, instruments, params))
    },
  )

  test.each(each)('of seed %i by %s looks at nothing that came later', (seed, _step, given) => {
    const { benchmark, instruments, days, random, params } = brokenMarket(seed, given)
    const at = days[Math.floor(days.length * (0.7 + 0.2 * random()))]!
    const known = (prices: Prices) => between(prices, '0000-00-00', at)
    const then = analyse(known(benchmark), map(instruments, known), params)
    expect(analyse(benchmark, instruments, { ...params, at })).toEqual(then)
  })

  test.each(each)('of seed %i by %s has a reason for every blank, and only for blanks', (seed, _step, given) => {
    const { benchmark, instruments, days, random, params } = brokenMarket(seed, given)
    for (const at of [null, days[300]!, days[Math.floor(days.length * random())]!]) {
      const analysis = analyse(benchmark, instruments, { ...params, at })
      for (const one of analysis?.sectors ?? []) {
        const values = {
          score: one.score,
          map: one.quadrant,
          mansfield: one.mansfield,
          ...one.returns,
          high: one.fromHigh,
        }
        const blank = Object.entries(values).flatMap(([name, value]) => (value === null ? [name] : []))
        expect(Object.keys(one.blanks).sort()).toEqual(blank.sort())
        for (const reason of Object.values(one.blanks)) expect(reason).toMatch(/^(No|Prices|Nothing) [^.]*[^.]$/)
        expect([one.tail.length > 0, one.formula !== null, one.rank !== null]).toEqual([
          one.quadrant !== null,
          one.quadrant !== null,
          one.score !== null,
        ])
      }
      const named = analysis?.unranked.map((one) => one.symbol) ?? []
      expect(named.length + (analysis?.ranked ?? 0)).toBe(analysis?.sectors.length ?? 0)
      expect(new Set(named).size).toBe(named.length)
    }
  })

  test.each(each)('of seed %i by %s is told by its explanation to the last digit', (seed, step, given) => {
    const { benchmark, instruments, params } = brokenMarket(seed, given)
    const { asOf, sectors } = analyse(benchmark, instruments, params)!
    for (const one of instruments) {
      const { tail, formula, carried } = sectors.find((sector) => sector.symbol === one.symbol)!
      const told = explain(benchmark, one.prices, { asOf, step, calendar: params.calendar })
      const now = tail.at(-1)
      expect(told && [told.formula, told.carried, told.day, told.ratio, told.momentum]).toEqual(
        now ? [formula, carried, now.day, now.ratio, now.momentum] : null,
      )
    }
  })

  test.each(each)(
    'of seed %i by %s says nothing where more prices are missing than a window tolerates, and invents nothing',
    (seed, step, params) => {
      const { benchmark, instruments, days } = randomMarket(seed)
      const [whole] = instruments
      const last = days.at(-1)!
      const hole = between(benchmark, daysAfter(last, step === 'month' ? -75 : -27), daysAfter(last, -7))
      // Its last day may be one of those that a random walk leaves out.
      const prices = new Map([...whole!.prices, [last, whole!.prices.get(last) ?? 100] as const])
      const holed = new Map([...prices].filter(([day]) => !hole.has(day)))
      const found = analyse(benchmark, [{ ...whole!, prices: holed }], params)!.sectors[0]!
      expect([found.tail, found.quadrant, found.formula, found.mansfield]).toEqual([[], null, null, null])
      expect(found.rs).not.toBeNull()
      const none = analyse(benchmark, [{ ...whole!, prices: new Map() }], params)!.sectors[0]!
      expect([none.rank, none.score, none.rs, none.mansfield, none.quadrant, none.fromHigh]).toEqual([
        null,
        null,
        null,
        null,
        null,
        null,
      ])
      expect(Object.values(none.returns).every((value) => value === null)).toBe(true)
      expect(new Set(Object.values(none.blanks))).toEqual(new Set(['No prices yet']))
    },
  )

  test.each(each)(
    'of seed %i by %s tells in excess what it tells, less the benchmark’s own return',
    (seed, _step, given) => {
      const { benchmark, instruments, days, random, params } = brokenMarket(seed, given)
      const at = days[Math.floor(days.length * random())]!
      const plain = analyse(benchmark, instruments, { ...params, at })
      if (plain === null) return
      const excess = inExcess(plain)
      expect({ ...excess, sectors: [] }).toEqual({ ...plain, sectors: [] })
      for (const [i, { returns, blanks, ...rest }] of excess.sectors.entries()) {
        const { returns: own, blanks: ownBlanks, ...same } = plain.sectors[i]!
        expect(rest).toEqual(same)
        for (const span of spans) {
          const against = plain.benchmark.returns[span]
          expect(returns[span]).toBe(own[span] === null || against === null ? null : own[span] - against)
          expect(blanks[span] !== undefined).toBe(returns[span] === null)
          if (own[span] === null) expect(blanks[span]).toBe(ownBlanks[span])
        }
      }
    },
  )

  test.each(each)('of seed %i by %s holds only finite numbers', (seed, _step, params) => {
    const { benchmark, instruments } = randomMarket(seed, 3)
    const text = JSON.stringify(analyse(benchmark, instruments, params), (_key, value) =>
      typeof value === 'number' && !Number.isFinite(value) ? 'not finite' : value,
    )
    expect(text).not.toContain('not finite')
  })
})

test('an instrument that is the benchmark scores 100, and has no reading by a measure of how much it moves', () => {
  const { benchmark } = randomMarket(7)
  const [self] = analyse(benchmark, [{ symbol: 'SELF', name: 'Itself', prices: benchmark }], analyses[0]!)!.sectors
  expect([self!.formula, self!.score, self!.rs, self!.mansfield]).toEqual(['C/2', 100, 100, 0])
})

test('weeks and months to step to are their last trading days of the benchmark, the newest first', () => {
  const { benchmark, days } = randomMarket(3, 1)
  const weeks = stepsOf(benchmark, 'week')
  expect(weeks[0]).toBe(days.at(-1))
  expect(weeks.every((day, i) => i === 0 || day < weeks[i - 1]!)).toBe(true)
  expect(stepsOf(benchmark, 'day')).toEqual(days.toReversed())
  const months = new Map(days.map((day) => [day.slice(0, 7), day]))
  expect(stepsOf(benchmark, 'month')).toEqual([...months.values()].reverse())
})
