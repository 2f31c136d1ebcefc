import type { Day } from '../../src/market/calendar/days.ts'
import { randomWalk } from '../market/fixture.ts'

/** From this day on one old unit is `ratio` new ones. */
type Split = { symbol: string; day: Day; ratio: number }

/** What really happened: the clean series, restated for every split, and the splits. */
export type World = { days: readonly Day[]; symbols: readonly string[]; splits: readonly Split[]; clean: Clean }
export type Clean = ReadonlyMap<string, ReadonlyMap<Day, number>>

/** Faces split, bonuses of one for one, for two and for five, and units put together. */
const ratios = [2, 5, 10, 1.5, 1.2, 0.1] as const

/** A random world of these symbols over these days. */
export function randomWorld(random: () => number, symbols: readonly string[], days: readonly Day[]): World {
  const splits: Split[] = []
  for (let i = Math.floor(4 * random()); i > 0; i--) {
    const symbol = pick(random, symbols)
    const day = days[1 + Math.floor((days.length - 1) * random())]!
    if (!splits.some((one) => one.symbol === symbol && one.day === day))
      splits.push({ symbol, day, ratio: pick(random, ratios) })
  }
  return { days, symbols, splits, clean: new Map(symbols.map((symbol) => [symbol, randomWalk(random, days)])) }
}

/** The close of a day as it was written when only the splits up to `asOf` had happened: as traded, when that is the day itself. */
export function closeAsOf({ clean, splits }: World, symbol: string, day: Day, asOf: Day): number {
  const later = splits.filter((split) => split.symbol === symbol && split.day > asOf)
  return later.reduce((close, { ratio }) => close * ratio, clean.get(symbol)!.get(day)!)
}

/** One of these, each as likely. */
export function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(items.length * random())]!
}
