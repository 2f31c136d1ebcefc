import type { Sql } from '../../platform/db.ts'

/** How complete an instrument's prices are, against the exchange's sessions. Days as text; null without prices. */
export type Coverage = {
  symbol: string
  name: string
  kind: 'sector' | 'benchmark' | 'other'
  shown: boolean
  first: string | null
  last: string | null
  prices: number
  /** Sessions after its last price. */
  stale: number
  /** Sessions between its first and last price without one. */
  gaps: number
  /** Those of them on which the benchmark has a price; `gapDays` are the newest five. */
  ownGaps: number
  gapDays: string[]
  /** Days between the first and last session on which this one has a price, and that were none. */
  beyond: number
}

/**
 * Every instrument: the benchmark first, then sectors, then others. `missing` are the sessions on which the benchmark has no
 * price; without sessions nothing is missing.
 */
export async function listCoverage(
  sql: Sql,
  { all, missing }: { all: readonly string[]; missing: readonly string[] } = { all: [], missing: [] },
): Promise<Coverage[]> {
  return sql<Coverage[]>`
    with counted as materialized (
      select i.symbol, p.day from instruments i cross join lateral counted_prices(i.symbol) p
    ), sessions as materialized (
      select day::date as day, ${sql.json(missing as never)}::jsonb ? day as is_missing
      from jsonb_array_elements_text(${sql.json(all as never)}) day
    ), edges as materialized (
      select min(day) as first_day, max(day) as last_day from sessions
    ), spans as materialized (
      select c.symbol, min(c.day) as first_day, max(c.day) as last_day, count(*)::int as prices,
             (count(*) filter (where s.day is null and c.day between e.first_day and e.last_day))::int as beyond
      from counted c
      cross join edges e
      left join sessions s on s.day = c.day
      group by c.symbol
    ), gaps as materialized (
      select o.symbol, s.day, s.is_missing,
             row_number() over (partition by o.symbol, s.is_missing order by s.day desc) as place
      from spans o
      join sessions s on s.day between o.first_day and o.last_day
      left join counted c on c.symbol = o.symbol and c.day = s.day
      where c.day is null
    )
    select i.symbol, i.name, i.kind, i.shown, o.first_day::text as first, o.last_day::text as last,
           coalesce(o.prices, 0) as prices, coalesce(o.beyond, 0) as beyond,
           (select count(*)::int from sessions s where s.day > o.last_day) as stale,
           (select count(*)::int from gaps g where g.symbol = i.symbol) as gaps,
           (select count(*)::int from gaps g where g.symbol = i.symbol and not g.is_missing) as own_gaps,
           (select coalesce(jsonb_agg(g.day::text order by g.day), '[]') from gaps g
            where g.symbol = i.symbol and not g.is_missing and g.place <= 5) as gap_days
    from instruments i
    left join spans o on o.symbol = i.symbol
    order by array_position(array['benchmark', 'sector', 'other'], i.kind), i.name, i.symbol
  `
}

/** How many imports wait for a decision. */
export async function countHeld(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from imports where status = 'held'`
  return row!.count
}
