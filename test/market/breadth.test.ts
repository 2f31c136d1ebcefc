import { describe, expect, test } from 'vitest'
import { weekOf } from '../../src/market/calendar/days.ts'
import { tradingCalendar } from '../../src/market/calendar/trading-calendar.ts'
import { breadthOf } from '../../src/market/engine/breadth.ts'
import type { Prices } from '../../src/market/prices/closing-prices.ts'
import { randomMarket, randomWalk } from './fixture.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6))
console.log(`breadth of the random market of seed ${seed}`)

const { days, benchmark, random } = randomMarket(seed, 5, 0)
const all = Array.from({ length: 7 }, () => randomWalk(random, days))
/** One whose prices begin a year before the end, so that it has an average in the last months only. */
const young = new Map([...all[0]!].slice(-250))
const until = { asOf: days.at(-1)!, calendar: tradingCalendar([], []) }
const breadthUntil = (prices: Prices[], at = until) =>
  breadthOf(
    benchmark,
    prices.map((own) => ({ prices: own })),
    at,
  )

const ends = days.filter((day, i) => weekOf(day) !== weekOf(days[i + 1] ?? '9999-01-01'))
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** How many are above, counted in the plainest way. */
function plain(prices: Prices[], week: number) {
  const window = (size: number) => ends.slice(week - size + 1, week + 1)
  const count = (known: Prices[], isAbove: (own: Prices) => boolean) => ({
    above: known.filter(isAbove).length,
    of: known.length,
  })
  const having = (size: number) => prices.filter((own) => window(size).every((day) => own.has(day)))
  const day = ends[week]!
  return {
    average: count(having(40), (own) => own.get(day)! > mean(window(40).map((one) => own.get(one)!))),
    mansfield: count(having(52), (own) => {
      const rs = (one: string) => own.get(one)! / benchmark.get(one)!
      return rs(day) > mean(window(52).map(rs))
    }),
  }
}

describe('breadth', () => {
  test('is what plain counting finds, week by week, and leaves out of both numbers what cannot be known', () => {
    const prices = [...all, young]
    const { days: weeks, average, mansfield } = breadthUntil(prices)
    expect(weeks).toEqual(ends.slice(-104))
    for (const [i] of weeks.entries()) {
      const week = ends.length - weeks.length + i
      expect({ week, average: average[i], mansfield: mansfield[i] }).toEqual({ week, ...plain(prices, week) })
    }
    expect(new Set(average.map(({ of }) => of))).toEqual(new Set([7, 8]))
  })

  test('looks at nothing that came later', () => {
    const later = days.at(-60)!
    const changed = (own: Prices) => new Map([...own].map(([day, price]) => [day, day > later ? price * 3 : price]))
    const before = breadthUntil(all)
    const after = breadthUntil(all.map(changed))
    const known = before.days.filter((day) => day <= later).length
    expect(after.average.slice(0, known)).toEqual(before.average.slice(0, known))
    expect(after.mansfield.slice(0, known)).toEqual(before.mansfield.slice(0, known))
  })

  test('of a day in the past is what was counted when that day was the newest, its own week included', () => {
    const asOf = days.at(-62)!
    const [past, now] = [breadthUntil(all, { ...until, asOf }), breadthUntil(all)]
    expect(past.days.at(-1)).toBe(asOf)
    const week = now.days.findIndex((day) => day >= asOf)
    expect(past.average.slice(-10, -1)).toEqual(now.average.slice(week - 9, week))
  })
})
