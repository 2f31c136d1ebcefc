import type { Sql } from '../../platform/db.ts'

/** How complete an instrument's prices are, against the benchmark's trading days. Days as text; null without prices. */
export type Coverage = {
  symbol: string
  name: string
  kind: 'sector' | 'benchmark' | 'other'
  shown: boolean
  first: string | null
  last: string | null
  prices: number
  /** Trading days after its last price. */
  stale: number
  /** Trading days between its first and last price without one; `gapDays` are the newest five. */
  gaps: number
  gapDays: string[]
  /** Days between the benchmark's first and last on which this one has a price and the benchmark has none. */
  beyond: number
}

/** Every instrument: the benchmark first, then sectors, then others. */
export async function listCoverage(sql: Sql): Promise<Coverage[]> {
  return sql<Coverage[]>`
    with counted as materialized (
      select i.symbol, i.kind, p.day from instruments i cross join lateral counted_prices(i.symbol) p
    ), trading as materialized (
      select day from counted where kind = 'benchmark'
    ), edges as materialized (
      select min(day) as first_day, max(day) as last_day from trading
    ), spans as materialized (
      select c.symbol, min(c.day) as first_day, max(c.day) as last_day, count(*)::int as prices,
             (count(*) filter (where t.day is null and c.day between e.first_day and e.last_day))::int as beyond
      from counted c
      cross join edges e
      left join trading t on t.day = c.day
      group by c.symbol
    ), missing as materialized (
      select s.symbol, t.day, row_number() over (partition by s.symbol order by t.day desc) as place
      from spans s
      join trading t on t.day between s.first_day and s.last_day
      left join counted c on c.symbol = s.symbol and c.day = t.day
      where c.day is null
    )
    select i.symbol, i.name, i.kind, i.shown, s.first_day::text as first, s.last_day::text as last,
           coalesce(s.prices, 0) as prices, coalesce(s.beyond, 0) as beyond,
           (select count(*)::int from trading t where t.day > s.last_day) as stale,
           (select count(*)::int from missing m where m.symbol = i.symbol) as gaps,
           (select coalesce(jsonb_agg(m.day::text order by m.day), '[]') from missing m
            where m.symbol = i.symbol and m.place <= 5) as gap_days
    from instruments i
    left join spans s on s.symbol = i.symbol
    order by array_position(array['benchmark', 'sector', 'other'], i.kind), i.name, i.symbol
  `
}

/** How many imports wait for a decision. */
export async function countHeld(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from imports where status = 'held'`
  return row!.count
}
