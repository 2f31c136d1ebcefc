import type { Sql } from '../../platform/db.ts'

/**
 * What was traded of one instrument, the oldest day first, as columns: see counted_trading in counted-prices.sql. `restatedAsOf` as
 * in PricesRow.
 */
export type TradingRow = {
  days: string[]
  closes: number[]
  volumes: (number | null)[]
  turnovers: (number | null)[]
  restatedAsOf: (string | null)[]
}

/** What was traded from one day to another. */
export async function findTrading(sql: Sql, symbol: string, first: string, last: string): Promise<TradingRow> {
  const [row] = await sql<TradingRow[]>`
    select coalesce(json_agg(day), '[]') as days, coalesce(json_agg(close), '[]') as closes,
           coalesce(json_agg(volume), '[]') as volumes, coalesce(json_agg(turnover), '[]') as turnovers,
           coalesce(json_agg(case when basis = 'restated' then coalesce(restated_as_of, '9999-12-31') end), '[]') as restated_as_of
    from counted_trading(${symbol}, ${first}, ${last})
  `
  return row!
}
