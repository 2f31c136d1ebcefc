import { type Day, daysAfter } from '../../src/market/calendar/days.ts'
import type { Instrument } from '../../src/market/engine/analysis.ts'
import type { Prices } from '../../src/market/prices/closing-prices.ts'

/** Mulberry32: the same numbers for the same seed, from 0 up to 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Monday to Friday from `from` on, without about one day in forty, which are holidays. */
export function someDays(random: () => number, from: Day, count: number): Day[] {
  const days: Day[] = []
  for (let day = from; days.length < count; day = daysAfter(day, 1)) {
    const weekday = new Date(day).getUTCDay()
    if (weekday !== 0 && weekday !== 6 && random() > 0.025) days.push(day)
  }
  return days
}

/** A random walk of closing prices; one day in `gaps` is missing. */
export function randomWalk(random: () => number, days: readonly Day[], gaps = Number.POSITIVE_INFINITY): Prices {
  let price = 50 + 200 * random()
  const drift = 0.0004 * (random() - 0.4)
  const closes = days.map((day): [Day, number] => {
    price *= 1 + drift + 0.024 * (random() - 0.5)
    return [day, Number(price.toFixed(2))]
  })
  return new Map(closes.filter(() => random() > 1 / gaps))
}

/** A benchmark and some sectors over the same days. */
export function randomMarket(seed: number, years = 4, sectors = 6) {
  const random = seeded(seed)
  const days = someDays(random, '2020-01-01', Math.round(250 * years))
  const benchmark = randomWalk(random, days)
  const instruments: Instrument[] = Array.from({ length: sectors }, (_, i) => ({
    symbol: `ETF${i}`,
    name: `Sector ${i}`,
    prices: randomWalk(random, days, 400),
  }))
  return { random, days, benchmark, instruments }
}

/** The prices from a day on, up to another. */
export function between(prices: Prices, from: Day, to: Day): Prices {
  return new Map([...prices].filter(([day]) => day >= from && day <= to))
}

/** The prices without some runs of one to twelve days, and perhaps without their end or their beginning. */
export function withGaps(prices: Prices, random: () => number): Prices {
  const days = [...prices.keys()]
  const dropped = new Set<Day>()
  const drop = (from: number, count: number) => {
    for (const day of days.slice(Math.max(0, from), from + count)) dropped.add(day)
  }
  for (let i = Math.floor(4 * random()); i > 0; i--)
    drop(Math.floor(days.length * (1 - random() ** 2)), 1 + Math.floor(12 * random() ** 2))
  if (random() < 0.25) drop(days.length - Math.floor(9 * random()), 9)
  if (random() < 0.25) drop(0, Math.floor(days.length * random()))
  return new Map([...prices].filter(([day]) => !dropped.has(day)))
}

/**
 * Where two analyses differ, as paths. Numbers that agree to a billionth are the same: what rounding in another order of sums
 * may change is not a difference, and rounding them first would only move the border at which it shows.
 */
export function differences(one: unknown, other: unknown, path = ''): string[] {
  if (typeof one === 'number' && typeof other === 'number')
    return Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(one)) ? [] : [`${path}: ${one}, ${other}`]
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return one === other ? [] : [`${path}: ${one}, ${other}`]
  const keys = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...keys].flatMap((key) => differences(one[key as never], other[key as never], `${path}.${key}`))
}
