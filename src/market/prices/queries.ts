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

/** The benchmark's newest day, null without one, and whether its prices are the invented sample. */
export async function findNewestDay(sql: Sql): Promise<{ newest: string | null; sample: boolean }> {
  const [row] = await sql<{ newest: string | null; sample: boolean }[]>`
    select max(p.day)::text as newest,
           exists (select from imports where origin = 'sample' and status = 'committed') as sample
    from instruments b
    cross join lateral (
      select p.day
      from prices p
      join imports i on i.id = p.import_id and i.status = 'committed'
      where p.symbol = b.symbol
      order by p.day desc
      limit 1
    ) p
    where b.kind = 'benchmark'
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
