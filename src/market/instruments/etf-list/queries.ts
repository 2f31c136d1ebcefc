import { type Actor, originJson } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import type { Day } from '../../calendar/days.ts'

/** An ETF as NSE's list has it. */
export type ListedEtf = { symbol: string; securityName: string; underlying: string; isin: string; listedOn: Day }

/** What a list that was read did to the one before. */
type Replaced = { entries: number; added: number; gone: number; changed: number }

/** An ETF of NSE's list that is not followed yet. */
export type Candidate = Omit<ListedEtf, 'listedOn'>

/** Something followed whose ISIN is missing here, or another one in NSE's list. */
export type OtherIsin = { symbol: string; isin: string | null; listed: string }

/** See replace_etf_list in etf-list.sql. */
export async function replaceEtfList(
  sql: Sql,
  given: { etfs: ListedEtf[]; file: string },
  by: Actor,
): Promise<Replaced> {
  const [row] = await sql<{ replaced: Replaced }[]>`
    select replace_etf_list(${sql.json(given.etfs)}, ${given.file}, ${by.actor}, ${originJson(sql, by)}) as replaced
  `
  return row!.replaced
}

/** How many ETFs the list has, and when it was read; null when it never was. */
export async function findEtfList(sql: Sql): Promise<{ entries: number; readAt: Date } | null> {
  const [row] = await sql<{ entries: number; readAt: Date | null }[]>`
    select count(*)::int as entries, max(read_at) as read_at from etf_list
  `
  return row!.readAt ? { entries: row!.entries, readAt: row!.readAt } : null
}

/** Something followed that the list has under another symbol. `until`: the last day it is known by the present one. */
export type ListedRename = { symbol: string; isin: string; listed: string; revision: number; until: Day }

/**
 * ETFs whose symbol, name or underlying contain every word, without those that are followed, under whatever name. The list is short
 * enough to scan.
 */
export async function searchEtfList(sql: Sql, words: string, limit: number): Promise<Candidate[]> {
  return sql<Candidate[]>`
    select l.symbol, l.security_name, l.underlying, l.isin
    from etf_list l
    where not exists (select from instruments i where i.symbol = l.symbol or i.isin = l.isin)
      and not exists (select from former_names f where f.kind = 'isin' and f.name = l.isin)
      and not exists (
        select from regexp_split_to_table(lower(trim(${words})), '\\s+') word
        where strpos(lower(concat_ws(' ', l.symbol, l.security_name, l.underlying)), word) = 0
      )
    order by not starts_with(lower(l.symbol), lower(trim(${words}))), l.symbol
    limit ${limit}
  `
}

/** Everything followed whose ISIN is not the list's; what the list has under another symbol is among listListedRenames instead. */
export async function listOtherIsins(sql: Sql): Promise<OtherIsin[]> {
  return sql<OtherIsin[]>`
    select i.symbol, i.isin, l.isin as listed
    from instruments i
    join etf_list l on l.symbol = i.symbol and l.isin is distinct from i.isin
    where not exists (select from etf_list o where o.isin = i.isin)
    order by i.symbol
  `
}

/** Everything followed whose ISIN the list has under another symbol, and not under its own. */
export async function listListedRenames(sql: Sql): Promise<ListedRename[]> {
  return sql<ListedRename[]>`
    select distinct on (i.symbol) i.symbol, i.isin, l.symbol as listed, i.revision,
           coalesce((select max(p.day) from prices p join imports m on m.id = p.import_id and m.status = 'committed'
                     where p.symbol = i.symbol), (now() at time zone 'Asia/Kolkata')::date - 1)::text as until
    from instruments i
    join etf_list l on l.isin = i.isin and l.symbol <> i.symbol
    where not exists (select from etf_list o where o.isin = i.isin and o.symbol = i.symbol)
    order by i.symbol, l.symbol
  `
}
