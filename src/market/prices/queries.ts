import type { Sql } from '../../platform/db.ts'

/**
 * How old the market is: its newest trading day (the benchmark's), whether it is the invented sample, which never counts beside
 * real prices, and how many sessions the exchange held since then, special ones among them, up to yesterday in India. `asOf`
 * null: there are no prices.
 */
export async function marketAge(sql: Sql): Promise<{ asOf: string | null; sample: boolean; daysBehind: number }> {
  const [row] = await sql<{ asOf: string | null; sample: boolean; daysBehind: number }[]>`
    with newest as (
      select day from benchmark_days(true) b(day) order by day desc limit 1
    )
    select (select day::text from newest) as as_of,
           exists (select from imports where origin = 'sample' and status = 'committed') as sample,
           (select count(*)::int from newest, generate_series(1, (now() at time zone 'Asia/Kolkata')::date - day - 1) later
            where trades_on(day + later)) as days_behind
  `
  return row!
}

/**
 * Closing prices that count of one instrument; `places` are days after the first. `restatedAsOf`: for each of them the day up to
 * which its file's maker restated it, null for one as it was traded; null when none is restated.
 */
export type PricesRow = { symbol: string; places: number[]; closes: number[]; restatedAsOf: (string | null)[] | null }

/** The prices from one day to another of the next instruments by symbol that are shown, each with the oldest first. */
export async function listPricesOf(
  sql: Sql,
  { after, limit, first, last }: { after: string; limit: number; first: string; last: string },
): Promise<PricesRow[]> {
  return sql<PricesRow[]>`
    select i.symbol, p.*
    from (
      select symbol from instruments
      where symbol > ${after} and (shown or kind = 'benchmark')
      order by symbol
      limit ${limit}
    ) i
    cross join lateral (
      select coalesce(json_agg(day - ${first}::date), '[]') as places, coalesce(json_agg(close), '[]') as closes,
             case when bool_or(basis = 'restated')
                  then json_agg(case when basis = 'restated' then coalesce(restated_as_of, '9999-12-31') end) end as restated_as_of
      from counted_closes(i.symbol)
      where day between ${first} and ${last}
    ) p
    order by i.symbol
  `
}
