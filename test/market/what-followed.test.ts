import { describe, expect, test } from 'vitest'
import { daysAfter, weekOf } from '../../src/market/calendar/days.ts'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { analyse, type Instrument } from '../../src/market/engine/analysis.ts'
import { type Horizon, horizons, type Outcome } from '../../src/market/engine/outcomes.ts'
import { spreadOf } from '../../src/market/engine/spreads.ts'
import { type Entry, entriesAmong, outcomesAfter, weeksOf } from '../../src/market/engine/what-followed.ts'
import type { Prices } from '../../src/market/prices/closing-prices.ts'
import { differences, randomMarket, randomWalk, withGaps } from './fixture.ts'

const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6))
const seeds = Array.from({ length: 6 }, (_, i) => first + i)
console.log(`what followed in the random markets of the seeds ${seeds[0]} to ${seeds.at(-1)}`)

/** Five years of three sectors, with gaps in every history; the calendar knows the trading days in two of three. */
function marketOf(seed: number) {
  const { benchmark, instruments, days, random } = randomMarket(seed, 5, 3)
  const open = new Set(days)
  const calendar = seed % 3 === 0 ? everyWeekday : { isOpen: (day: string) => open.has(day), isKnown: () => true }
  const broken = instruments.map((one, i) => (i === 0 ? one : { ...one, prices: withGaps(one.prices, random) }))
  return { benchmark, instruments: broken, days, random, calendar, asOf: days.at(-1)! }
}

/** Every price after a day is another one. */
function changedAfter(prices: Prices, day: string, random: () => number): Prices {
  return new Map([...prices].map(([at, price]) => [at, at > day ? price * (0.2 + 2 * random()) : price]))
}

const entriesOf = (...given: Parameters<typeof weeksOf>) => entriesAmong(weeksOf(...given))
const factsOf = ({ symbol, day, from, to }: Entry) => [symbol, day, from, to]
const closedBy = (entries: Entry[], day: string) =>
  entries.flatMap((entry) =>
    horizons.flatMap((horizon) => {
      const outcome = entry.outcomes[horizon]
      return outcome.state === 'closed' && daysAfter(outcome.from, 7 * horizon) <= day
        ? [[...factsOf(entry), horizon, outcome.from, outcome.to, outcome.excess]]
        : []
    }),
  )

describe('what followed looks at nothing that came later', () => {
  test.each(seeds)(
    'in the market of seed %i: other prices after a day change neither what was known by then nor what was over',
    (seed) => {
      const { benchmark, instruments, days, random, ...at } = marketOf(seed)
      const weeks = weeksOf(benchmark, instruments, at)
      const entries = entriesAmong(weeks)
      expect(entries.length).toBeGreaterThan(3)
      const looked = [entries[0]!.day, entries[Math.floor(entries.length * random())]!.day, days[900]!, days[1_100]!]
      for (const day of looked) {
        const replaced = (prices: Prices) => changedAfter(prices, day, random)
        const later = weeksOf(
          replaced(benchmark),
          instruments.map((one) => ({ ...one, prices: replaced(one.prices) })),
          at,
        )
        const known = (all: Entry[]) => all.filter((entry) => entry.day <= day).map(factsOf)
        // Entries are among them.
        expect(known(later)).toEqual(known(weeks))
        expect(closedBy(later, day)).toEqual(closedBy(weeks, day))
      }
    },
  )

  test.each(seeds)(
    'in the market of seed %i: thirteen weeks after the last entry nothing changes any figure',
    (seed) => {
      const { benchmark, instruments, days, random, ...at } = marketOf(seed)
      const entries = entriesOf(benchmark, instruments, at)
      const end = days[1_000]!
      const over = (all: Entry[]) =>
        all.filter(
          ({ outcomes }) => 'from' in outcomes[13] && outcomes[13].from && daysAfter(outcomes[13].from, 91) <= end,
        )
      const replaced = (prices: Prices) => changedAfter(prices, end, random)
      const later = entriesOf(
        replaced(benchmark),
        instruments.map((one) => ({ ...one, prices: replaced(one.prices) })),
        at,
      )
      expect(over(later)).toEqual(over(entries))
      for (const horizon of horizons)
        expect(spreadOf(over(later), horizon, 0.2)).toEqual(spreadOf(over(entries), horizon, 0.2))
    },
  )

  test.each(seeds)(
    'in the market of seed %i: an entry is the quadrant that the analysis of its own day shows',
    (seed) => {
      const { benchmark, instruments, calendar, asOf } = marketOf(seed)
      for (const entry of entriesOf(benchmark, instruments, { calendar, asOf }).slice(-12)) {
        const analysis = analyse(benchmark, instruments, { step: 'week', at: entry.day, tail: 2, calendar })!
        const shown = analysis.sectors.find(({ symbol }) => symbol === entry.symbol)!
        expect([analysis.asOf, shown.quadrant, shown.formula]).toEqual([entry.day, entry.to, 'B/2'])
      }
    },
  )
})

describe('what followed a day', () => {
  test.each(seeds)(
    'in the market of seed %i: is of every instrument, and what is known of those that entered',
    (seed) => {
      const { benchmark, instruments, ...at } = marketOf(seed)
      const entries = entriesOf(benchmark, instruments, at)
      expect(entries.length).toBeGreaterThan(0)
      for (const { symbol, day, outcomes } of entries) {
        const after = outcomesAfter(day, benchmark, instruments, at)
        expect([...after.keys()]).toEqual(instruments.map((one) => one.symbol))
        expect(after.get(symbol)).toEqual(outcomes)
      }
    },
  )
})

/** The same in the plainest way, for histories without gaps on days that are all known: from the formulas, nothing of src/. */
function plainWeeks(benchmark: Prices, instruments: readonly Instrument[]) {
  const days = [...benchmark.keys()].sort()
  const ends = days.flatMap((day, i) => (i === days.length - 1 || weekOf(day) !== weekOf(days[i + 1]!) ? [i] : []))
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const z = (values: number[]) =>
    (values.at(-1)! - mean(values)) / Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)))
  return instruments.flatMap(({ symbol, prices }) => {
    const rs = ends.map((i) => (100 * prices.get(days[i]!)!) / benchmark.get(days[i]!)!)
    const quadrantAt = (week: number) => {
      const smooth = (at: number) => mean(rs.slice(at - 9, at + 1))
      const ratio = (at: number) => 100 + z(Array.from({ length: 40 }, (_, k) => smooth(at - 39 + k)))
      const pace = (at: number) => 100 * (ratio(at) / ratio(at - 4) - 1)
      const momentum = 100 + z(Array.from({ length: 40 }, (_, k) => pace(week - 39 + k)))
      if (ratio(week) >= 100) return momentum >= 100 ? 'leading' : 'weakening'
      return momentum >= 100 ? 'improving' : 'lagging'
    }
    const quadrants = ends.map((_, week) => (week < 91 ? null : quadrantAt(week)))
    return ends.flatMap((place, week) => {
      const [from, to] = [quadrants[week - 1] ?? null, quadrants[week]!]
      // Of the last week it is not known whether it is over: the calendar of this market ends with it.
      if (from === null) return []
      const outcome = (weeks: number): Outcome => {
        if (place + 1 >= days.length) return { state: 'open', from: null }
        const start = days[place + 1]!
        const end = daysAfter(start, 7 * weeks)
        if (days.at(-1)! < end) return { state: 'open', from: start }
        const last = days.findLast((day) => day <= end)!
        const change = (of: Prices) => 100 * (of.get(last)! / of.get(start)! - 1)
        return { state: 'closed', from: start, to: last, excess: change(prices) - change(benchmark) }
      }
      return [{ symbol, day: days[place]!, from, to, outcomes: { 4: outcome(4), 13: outcome(13) } }]
    })
  })
}

/** Quartiles by sorting and interpolating, and the most windows side by side by trying every first one. */
function plainSpread(entries: readonly Pick<Entry, 'outcomes'>[], horizon: Horizon, cost: number) {
  const closed = entries.map(({ outcomes }) => outcomes[horizon]).filter((one) => one.state === 'closed')
  const values = closed.map(({ excess }) => excess - cost).sort((a, b) => a - b)
  const at = (share: number) => {
    const place = share * (values.length - 1)
    const part = place % 1
    return values[Math.floor(place)]! * (1 - part) + values[Math.ceil(place)]! * part
  }
  const most = new Map<string, number>()
  const longest = (from: string): number => {
    const known = most.get(from)
    if (known !== undefined) return known
    const found = Math.max(0, ...closed.filter((one) => one.from >= from).map((one) => 1 + longest(one.to)))
    most.set(from, found)
    return found
  }
  return {
    count: values.length,
    apart: longest(''),
    figures:
      values.length === 0
        ? null
        : {
            median: at(0.5),
            lower: at(0.25),
            upper: at(0.75),
            worst: values[0]!,
            best: values.at(-1)!,
            above: values.filter((value) => value > 0).length / values.length,
          },
  }
}

describe('what followed equals a plain model', () => {
  test.each(seeds)('in the market of seed %i', (seed) => {
    const { days, benchmark, random } = randomMarket(seed, 4, 0)
    const whole = ['A', 'B', 'C'].map((symbol) => ({ symbol, name: symbol, prices: randomWalk(random, days) }))
    const open = new Set(days)
    const calendar = { isOpen: (day: string) => open.has(day), isKnown: () => true }
    const weeks = weeksOf(benchmark, whole, { asOf: days.at(-1)!, calendar })
    const plain = plainWeeks(benchmark, whole)
    const [entries, plainEntries] = [weeks, plain].map((all) => all.filter(({ from, to }) => from !== to))
    expect(entriesAmong(weeks)).toEqual(entries)
    const inOrder = <One extends { day: string; symbol: string }>(all: One[]) =>
      all.toSorted((a, b) => (a.day + a.symbol < b.day + b.symbol ? -1 : 1))
    expect(differences(inOrder(weeks.map(({ name: _name, ...week }) => week)), inOrder(plain))).toEqual([])
    const kinds = ['leading', 'weakening', 'lagging', 'improving'].map((to) =>
      [entries!, plainEntries!].map((all) => all.filter((entry) => entry.to === to)),
    )
    for (const [own, expected] of [...kinds, [weeks, plain]])
      for (const horizon of horizons)
        for (const cost of [0, 0.2, 3.5]) {
          const { open: stillOpen, missing, ...spread } = spreadOf(own!, horizon, cost)
          expect(differences(spread, plainSpread(expected!, horizon, cost))).toEqual([])
          expect(missing).toBe(0)
          expect(spread.count + stillOpen).toBe(own!.length)
        }
  })
})

describe('an entry', () => {
  const entry = (from: string, to: string, excess: number): Entry => ({
    symbol: 'X',
    name: 'X',
    day: from,
    from: 'lagging',
    to: 'improving',
    outcomes: { 4: { state: 'closed', from, to, excess }, 13: { state: 'open', from } },
  })

  test('whose window begins where another ends does not overlap it', () => {
    const touching = [entry('2026-01-05', '2026-02-02', 1), entry('2026-02-02', '2026-03-02', 2)]
    expect(spreadOf(touching, 4, 0)).toMatchObject({ count: 2, apart: 2, open: 0 })
    expect(spreadOf([...touching, entry('2026-01-30', '2026-02-27', 3)], 4, 0)).toMatchObject({ count: 3, apart: 2 })
  })

  test('that only earns its costs is not above zero, and one that is open counts in no figure', () => {
    expect(spreadOf([entry('2026-01-05', '2026-02-02', 0.5)], 4, 0.5).figures).toMatchObject({ median: 0, above: 0 })
    expect(spreadOf([entry('2026-01-05', '2026-02-02', 0.5)], 13, 0)).toEqual({
      count: 0,
      apart: 0,
      open: 1,
      missing: 0,
      figures: null,
    })
  })
})
