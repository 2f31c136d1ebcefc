import type { Sql } from '../../platform/db.ts'
import { type Day, daysAfter, monthsAfter } from '../calendar/days.ts'
import { type Prices, ratioAfter, type Split } from './closing-prices.ts'
import { DayRun, PriceColumn } from './price-columns.ts'
import { listPricesOf, marketAge, type PricesRow } from './queries.ts'
import { listSplits } from './splits/queries.ts'

/** How many instruments are read at once: memory holds the rows of these, and numbers of the others. */
const batch = 20

/**
 * The closing prices that count of the benchmark and of what is shown, adjusted for splits, by symbol: of the last `years` up to
 * the benchmark's newest day. However many there are, memory grows by eight bytes a day and instrument. `newest` null: the
 * benchmark has no price.
 */
export async function readPrices(
  sql: Sql,
  years: number,
): Promise<{ newest: Day | null; sample: boolean; prices: ReadonlyMap<string, Prices> }> {
  const { asOf: newest, sample } = await marketAge(sql)
  const prices = new Map<string, Prices>()
  if (newest === null) return { newest, sample: false, prices }
  const run = new DayRun(daysAfter(monthsAfter(newest, -12 * years), 1), newest)
  const splits = Map.groupBy(await listSplits(sql), (split) => split.symbol)
  for (let after = ''; ; ) {
    const rows = await listPricesOf(sql, { after, limit: batch, first: run.days[0]!, last: newest })
    for (const row of rows) prices.set(row.symbol, columnOf(run, row, splits.get(row.symbol) ?? []))
    if (rows.length < batch) return { newest, sample, prices }
    after = rows.at(-1)!.symbol
  }
}

function columnOf(run: DayRun, { places, closes, restatedAsOf }: PricesRow, splits: readonly Split[]): Prices {
  const column = new Float64Array(run.days.length).fill(Number.NaN)
  for (const [i, place] of places.entries())
    column[place] = closes[i]! / ratioAfter(splits, restatedAsOf?.[i] ?? run.days[place]!)
  return new PriceColumn(run, column)
}
