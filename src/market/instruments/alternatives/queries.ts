import { type Actor, originJson } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'

/** Another fund of a sector; both are symbols. */
export type Alternative = { symbol: string; sector: string }

/** All of them, by sector and symbol. */
export async function listAlternatives(sql: Sql): Promise<Alternative[]> {
  return sql<Alternative[]>`
    select symbol, alternative_of as sector from instruments where alternative_of is not null order by alternative_of, symbol
  `
}

/** What an instrument may be an alternative of: what is ranked by itself, other than the benchmark. */
export async function listSectorsToLink(sql: Sql, symbol: string): Promise<{ symbol: string; name: string }[]> {
  return sql<{ symbol: string; name: string }[]>`
    select symbol, name from instruments
    where symbol <> ${symbol} and kind <> 'benchmark' and alternative_of is null
    order by name, symbol
  `
}

/** See link_alternative in alternatives.sql for the answers. */
export async function linkAlternative(
  sql: Sql,
  given: { symbol: string; seen: number; sector: string | null },
  by: Actor,
): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select link_alternative(${given.symbol}, ${given.seen}, ${given.sector}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}
