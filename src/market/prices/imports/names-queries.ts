import type { Sql } from '../../../platform/db.ts'
import type { Day } from '../../calendar/days.ts'

/** An instrument's present names, its former ones with their last days, and names that were said to be other funds'. */
export type NamedInstrument = {
  symbol: string
  isin: string | null
  former: { kind: 'symbol' | 'isin'; name: string; until: Day }[]
  others: { kind: 'rename' | 'isin'; seen: string }[]
}

/** Every instrument with all its names. An answer counts as long as its import does. */
export async function listNames(sql: Sql): Promise<NamedInstrument[]> {
  return sql<NamedInstrument[]>`
    select i.symbol, i.isin,
           (select coalesce(jsonb_agg(jsonb_build_object('kind', f.kind, 'name', f.name, 'until', f.until_day)), '[]')
            from former_names f where f.symbol = i.symbol) as former,
           (select coalesce(jsonb_agg(jsonb_build_object('kind', q.kind, 'seen', q.seen)), '[]')
            from import_questions q
            join imports m on m.id = q.import_id and m.status = 'committed'
            where q.symbol = i.symbol and q.answer = 'other') as others
    from instruments i
    order by i.symbol
  `
}

/** Whether an instrument is by now another one than it was when the names were listed: renamed, or with another ISIN. */
export async function areOutdated(sql: Sql, names: readonly NamedInstrument[]): Promise<boolean> {
  const [row] = await sql<{ outdated: boolean }[]>`
    select exists (
      select from jsonb_to_recordset(${sql.json(names as never)}) as n(symbol text, isin text)
      where not exists (select from instruments i where i.symbol = n.symbol and (n.isin is null or n.isin = i.isin))
    ) as outdated
  `
  return row!.outdated
}

/** A name that an instrument gets with an import, or (not `isNewest`) is noted to have had. `symbol`: its present one. */
export type AcceptedName = { kind: 'rename' | 'isin'; symbol: string; seen: string; isNewest: boolean }

/** What committing a held import does to names, as far as it is answered. */
export async function listAcceptedNames(sql: Sql, importId: number): Promise<AcceptedName[]> {
  return sql<AcceptedName[]>`
    select kind, symbol, seen, is_newest from accepted_names(${importId}) order by symbol, kind desc, is_newest desc, seen
  `
}
