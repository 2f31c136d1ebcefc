import type { Sql } from '../../platform/db.ts'
import type { Day } from '../calendar/days.ts'

/** The benchmark's symbol with the days of its prices that count, oldest first. Undefined: there is no benchmark. */
export async function findBenchmarkDays(
  sql: Sql,
): Promise<{ symbol: string; sample: boolean; days: Day[] } | undefined> {
  const [row] = await sql<{ symbol: string; sample: boolean; days: Day[] }[]>`
    select b.symbol, exists (select from imports where origin = 'sample' and status = 'committed') as sample,
           (select coalesce(jsonb_agg(p.day::text order by p.day), '[]') from counted_prices(b.symbol) p) as days
    from instruments b
    where b.kind = 'benchmark'
  `
  return row
}

/**
 * Days between the benchmark's first and last price on which it has none, and at least two other instruments have one, oldest
 * first: there was a session. (`not in` is looked up in a hash whatever the planner knows: of prices that were just imported it
 * knows nothing, and would compare each with each.)
 */
export async function listDaysWithoutBenchmark(sql: Sql): Promise<Day[]> {
  const rows = await sql<{ day: Day }[]>`
    with own as materialized (
      select day from benchmark_days(true) b(day)
    )
    select p.day::text as day
    from prices p
    join imports i on i.id = p.import_id and i.status = 'committed'
    where p.day > (select min(day) from own) and p.day < (select max(day) from own)
      and p.day not in (select day from own)
    group by p.day
    having count(distinct p.symbol) > 1
    order by p.day
  `
  return rows.map(({ day }) => day)
}
