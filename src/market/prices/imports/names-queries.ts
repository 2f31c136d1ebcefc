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
