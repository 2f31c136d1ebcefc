import type { Sql } from '../../../platform/db.ts'
import type { SymbolSummary } from '../imports/preview-queries.ts'

/** A NAV on its way in, in rupees. `file` is its place in the import's files. */
export type StagedNav = { symbol: string; day: string; nav: number; file: number; line: number }

/** Adds NAVs to an import that is being read. Answers those whose symbol and day it has already, and where. */
export async function stageNavs(sql: Sql, importId: number, navs: readonly StagedNav[]) {
  return sql<{ symbol: string; day: string; file: number; line: number; firstFile: number; firstLine: number }[]>`
    select symbol, day::text as day, file, line, first_file, first_line
    from stage_navs(${importId}, ${sql.json(navs as never)})
  `
}

/** What an import brings of one instrument's NAVs: days from and to, how many, and of those the new, known and changed ones. */
export type NavSummary = Omit<SymbolSummary, 'gaps' | 'traded'>

/** The NAVs of an import against those that count without it. */
export async function summariseNavs(sql: Sql, importId: number): Promise<NavSummary[]> {
  return sql<NavSummary[]>`
    with compared as materialized (
      select n.symbol, n.day, n.nav,
             (select o.nav from navs o join imports i on i.id = o.import_id
              where o.symbol = n.symbol and o.day = n.day and o.import_id <> n.import_id
                and i.status = 'committed' and i.origin <> 'sample'
              order by i.committed_at desc limit 1) as counted
      from navs n
      where n.import_id = ${importId}
    )
    select c.symbol, i.name, min(c.day)::text as "from", max(c.day)::text as "to", count(*)::int as rows,
           (count(*) filter (where counted is null))::int as fresh,
           (count(*) filter (where counted = nav))::int as same,
           (count(*) filter (where counted <> nav))::int as changed
    from compared c
    join instruments i on i.symbol = c.symbol
    group by c.symbol, i.name, i.kind
    order by i.kind, i.name
  `
}

/** Days with a NAV that counts and a close that counts, the newest first, as columns; `restatedAsOf` as in PricesRow. */
export type NavDays = { days: string[]; closes: number[]; navs: number[]; restatedAsOf: (string | null)[] }

/** The newest such days up to one, at most `limit` of them. */
export async function findNavDays(sql: Sql, symbol: string, until: string, limit: number): Promise<NavDays> {
  const [row] = await sql<NavDays[]>`
    select coalesce(json_agg(day order by day desc), '[]') as days, coalesce(json_agg(close order by day desc), '[]') as closes,
           coalesce(json_agg(nav order by day desc), '[]') as navs,
           coalesce(json_agg(case when basis = 'restated' then coalesce(restated_as_of, '9999-12-31') end order by day desc), '[]')
             as restated_as_of
    from (
      select n.day, n.nav, c.close, c.basis, c.restated_as_of
      from counted_navs(${symbol}) n
      cross join lateral (select * from counted_closes(${symbol}) c where c.day = n.day) c
      where n.day <= ${until}
      order by n.day desc
      limit ${limit}
    ) newest
  `
  return row!
}

/** The newest day of which a NAV of an instrument counts; null: of none. */
export async function findLastNavDay(sql: Sql, symbol: string): Promise<string | null> {
  const [row] = await sql<{ day: string | null }[]>`select max(day)::text as day from counted_navs(${symbol})`
  return row!.day
}
