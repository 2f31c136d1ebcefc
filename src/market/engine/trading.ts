import { LRUCache } from 'lru-cache'
import type { Sql } from '../../platform/db.ts'
import { type Day, monthsAfter } from '../calendar/days.ts'
import type { Prices } from '../prices/closing-prices.ts'
import { readTrading, type Trading } from '../prices/reading-trading.ts'
import { closesOn, type Frame, type Step } from './frame.ts'
import type { Market } from './market.ts'
import type { Series } from './series.ts'

/** A chart of five years, seen from the oldest day that can be stepped to, four years ago. */
const years = 9
/** Instruments whose trading is kept with a market: what is read most, of a tenth of a megabyte each. */
const kept = 60
const tradingOf = new WeakMap<Market, LRUCache<string, Promise<Trading>>>()

/** What was traded of an instrument in the years that charts show; read when it is asked for, and kept until the market changes. */
export async function currentTrading(sql: Sql, market: Market, symbol: string): Promise<Trading> {
  if (market.asOf === null) return { volumes: new Map(), turnover: new Map() }
  const cache = tradingOf.get(market) ?? new LRUCache<string, Promise<Trading>>({ max: kept })
  tradingOf.set(market, cache)
  const reading = cache.get(symbol) ?? readTrading(sql, symbol, monthsAfter(market.asOf, -12 * years), market.asOf)
  cache.set(symbol, reading)
  // A failed reading is not remembered.
  reading.catch(() => cache.delete(symbol))
  return reading
}

/** What was traded, units or rupees, in each bar of the frame; null where no day of it is known. */
export function tradedBy(step: Step, { days, weeks, months }: Frame, traded: Prices): Series {
  const daily = closesOn(days, traded)
  if (step === 'day') return daily
  return (step === 'week' ? weeks : months).map(({ from, to }) => {
    const known = daily.slice(from, to).filter((amount) => amount !== null)
    return known.length === 0 ? null : known.reduce((sum, amount) => sum + amount, 0)
  })
}

/** The sessions of the average turnover, and how many of them may be without one. */
const turnoverSessions = { of: 20, mayLack: 5 } as const

/** Mean of the rupees traded a day over the last 20 of these sessions; null where more than five of them are not known. */
export function averageTurnover(sessions: readonly Day[], turnover: Prices): number | null {
  const known = sessions.slice(-turnoverSessions.of).flatMap((day) => turnover.get(day) ?? [])
  if (known.length < turnoverSessions.of - turnoverSessions.mayLack) return null
  return known.reduce((sum, rupees) => sum + rupees, 0) / known.length
}
