import type { Sql } from '../../platform/db.ts'

/** What is followed. `verifiedOn`: the Indian day a person last checked symbol and index, as text. */
export type InstrumentRow = {
  symbol: string
  name: string
  kind: 'sector' | 'benchmark' | 'other'
  tracks: string
  isin: string | null
  shown: boolean
  verifiedOn: string | null
}

/** Every instrument: the benchmark, the sectors by name, then others. */
export async function listInstruments(sql: Sql): Promise<InstrumentRow[]> {
  return sql<InstrumentRow[]>`
    select symbol, name, kind, tracks, isin, shown, verified_on::text as verified_on
    from instruments
    order by array_position(array['benchmark', 'sector', 'other'], kind), name, symbol
  `
}

/** Whether anything was ever imported, the sample included. */
export async function hasImports(sql: Sql): Promise<boolean> {
  const rows = await sql`select from imports where committed_at is not null limit 1`
  return rows.count > 0
}

/**
 * How old the market is: its newest trading day (the benchmark's), whether it is the invented sample, and how many days the
 * exchange was open since then, up to yesterday in India. `asOf` null: there are no prices.
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
           count(d.day) filter (where extract(isodow from d.day) < 6 and h.day is null)::int as days_behind
    from newest
    left join lateral generate_series(newest.day + interval '1 day', (now() at time zone 'Asia/Kolkata')::date - interval '1 day',
                                      interval '1 day') d(day) on true
    left join holidays h on h.day = d.day::date
  `
  return row!
}

/** What the analysis is made of now: it changes with every committed or undone import, split, holiday and instrument. */
export async function findVersion(sql: Sql): Promise<{ version: number; changedAt: Date }> {
  const [row] = await sql<{ version: number; changedAt: Date }[]>`
    select version::int as version, changed_at from market_state
  `
  return row!
}

/** Closing prices that count, per symbol as days and closes side by side, of the last `years` before the newest. */
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

/** Splits that count. */
export async function listSplits(sql: Sql) {
  return sql<{ id: number; symbol: string; day: string; ratio: number }[]>`
    select id::int as id, symbol, day::text as day, ratio from counted_splits() order by day desc, symbol
  `
}

/** Weekdays on which the exchange is closed. */
export async function listHolidays(sql: Sql) {
  return sql<{ day: string; name: string }[]>`select day::text as day, name from holidays order by day`
}
