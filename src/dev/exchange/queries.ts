import type { Sql } from '../../platform/db.ts'

/** Every instrument, and the first symbol it had where it was renamed. */
export async function listSecurities(sql: Sql) {
  return sql<{ symbol: string; firstSymbol: string | null; isin: string | null; name: string; tracks: string }[]>`
    select i.symbol, i.isin, i.name, i.tracks,
           (select f.name from former_names f where f.symbol = i.symbol and f.kind = 'symbol'
            order by f.until_day limit 1) as first_symbol
    from instruments i
    order by i.symbol
  `
}
