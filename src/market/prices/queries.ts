import type { Sql } from '../../platform/db.ts'

/**
 * How old the market is: its newest trading day (the benchmark's), whether it is the invented sample, and how many sessions
 * the exchange held since then, special ones among them, up to yesterday in India. `asOf` null: there are no prices.
 */
export async function marketAge(sql: Sql): Promise<{ asOf: string | null; sample: boolean; daysBehind: number }> {
  const [row] = await sql<{ asOf: string | null; sample: boolean; daysBehind: number }[]>`
    with newest as (
      select p.day, i.origin = 'sample' as sample
      from instruments b
      join prices p on p.symbol = b.symbol
      join imports i on i.id = p.import_id and i.status = 'committed'
      where b.kind = 'benchmark'
      order by p.day desc
      limit 1
    )
    select max(newest.day)::text as as_of, coalesce(bool_or(newest.sample), false) as sample,
           count(d.day) filter (where trades_on(d.day::date))::int as days_behind
    from newest
    left join lateral generate_series(newest.day + interval '1 day', (now() at time zone 'Asia/Kolkata')::date - interval '1 day',
                                      interval '1 day') d(day) on true
  `
  return row!
}

/** Closing prices that count, of the last `years` up to the newest; per symbol, as arrays of days and closes. */
export async function listPrices(sql: Sql, years: number) {
  return sql<{ symbol: string; days: string[]; closes: number[]; restated: boolean[]; sample: boolean }[]>`
    with newest as (
      select max(p.day) as day
      from instruments i
      cross join lateral (
        select day from counted_prices(i.symbol) order by day desc limit 1
      ) p
    )
    select i.symbol, jsonb_agg(p.day order by p.day) as days, jsonb_agg(p.close order by p.day) as closes,
           jsonb_agg(p.basis = 'restated' order by p.day) as restated,
           exists (select from imports where origin = 'sample' and status = 'committed') as sample
    from newest, instruments i
    cross join lateral counted_prices(i.symbol) p
    where p.day > newest.day - make_interval(years => ${years})
    group by i.symbol
  `
}
