import type { Sql } from '../../platform/db.ts'
import type { Day } from '../calendar/days.ts'
import { type Prices, ratioAfter } from './closing-prices.ts'
import { listSplits } from './splits/queries.ts'
import { findTrading } from './trading-queries.ts'

/**
 * What was traded by day, only on days of which a file says it: `volumes` in units as they are now, after all splits; `turnover` in
 * rupees, which is volume × close where the file has no turnover.
 */
export type Trading = { volumes: Prices; turnover: Prices }

/** What was traded of an instrument from one day to another. A split multiplies the volumes before it as it divides their prices. */
export async function readTrading(sql: Sql, symbol: string, first: Day, last: Day): Promise<Trading> {
  const [row, splits] = await Promise.all([findTrading(sql, symbol, first, last), listSplits(sql)])
  const own = splits.filter((split) => split.symbol === symbol)
  const volumes = new Map<Day, number>()
  const turnover = new Map<Day, number>()
  for (const [i, day] of row.days.entries()) {
    const volume = row.volumes[i]!
    if (volume !== null) volumes.set(day, volume * ratioAfter(own, row.restatedAsOf[i] ?? day))
    // Close and volume are of one file and one basis, so their product is what was paid.
    turnover.set(day, row.turnovers[i] ?? volume! * row.closes[i]!)
  }
  return { volumes, turnover }
}
