import type { Sql } from '../platform/db.ts'

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
