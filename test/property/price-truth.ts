import { isinOf } from '../../src/dev/exchange/listing.ts'
import type { Day } from '../../src/market/calendar/days.ts'
import { randomWalk } from '../market/fixture.ts'

/** From this day on one old unit is `ratio` new ones. */
type Split = { symbol: string; day: Day; ratio: number }

/** An instrument had another symbol up to a day. `isNoted`: whoever keeps the site has entered that; else files ask. */
type Renaming = { symbol: string; old: string; until: Day; isNoted: boolean }

/**
 * What really happened: the clean series, restated for every split, the splits, who was called differently, and whose ISIN is
 * another one from a day on. Instruments are called by the symbol they have in the end.
 */
export type Truth = {
  days: readonly Day[]
  symbols: readonly string[]
  splits: readonly Split[]
  clean: Clean
  renaming: Renaming | null
  reissue: { symbol: string; from: Day } | null
}
type Clean = ReadonlyMap<string, ReadonlyMap<Day, number>>

/** Faces split, bonuses of one for one, for two and for five, and units put together. */
const ratios = [2, 5, 10, 1.5, 1.2, 0.1] as const

/** A random history of these symbols over these days; `former` is what one of them may have been called. */
export function randomTruth(
  random: () => number,
  { symbols, former }: { symbols: readonly string[]; former: string },
  days: readonly Day[],
): Truth {
  const splits: Split[] = []
  for (let i = Math.floor(4 * random()); i > 0; i--) {
    const symbol = pick(random, symbols)
    const day = days[1 + Math.floor((days.length - 1) * random())]!
    if (!splits.some((one) => one.symbol === symbol && one.day === day))
      splits.push({ symbol, day, ratio: pick(random, ratios) })
  }
  const renamed = pick(random, symbols)
  // Where symbol and ISIN are both unheard of, nothing says whose prices they are.
  const reissued = pick(
    random,
    symbols.filter((symbol) => symbol !== renamed),
  )
  return {
    days,
    symbols,
    splits,
    clean: new Map(symbols.map((symbol) => [symbol, randomWalk(random, days)])),
    renaming:
      random() < 0.6 ? { symbol: renamed, old: former, until: pick(random, days), isNoted: random() < 0.5 } : null,
    reissue: random() < 0.3 ? { symbol: reissued, from: pick(random, days) } : null,
  }
}

/** What an instrument was called on a day. */
export function symbolOn({ renaming }: Truth, symbol: string, day: Day): string {
  return renaming?.symbol === symbol && day <= renaming.until ? renaming.old : symbol
}

/** The ISIN an instrument had on a day. */
export function isinOn({ reissue }: Truth, symbol: string, day: Day): string {
  return isinOf('INF', reissue?.symbol === symbol && day >= reissue.from ? `${symbol} anew` : symbol)
}

/** The close of a day as it was written when only the splits up to `asOf` had happened: as traded, when that is the day itself. */
export function closeAsOf({ clean, splits }: Truth, symbol: string, day: Day, asOf: Day): number {
  const later = splits.filter((split) => split.symbol === symbol && split.day > asOf)
  return later.reduce((close, { ratio }) => close * ratio, clean.get(symbol)!.get(day)!)
}

/** One of these, each as likely. */
export function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(items.length * random())]!
}
