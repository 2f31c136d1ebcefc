import { type Actor, originJson } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import type { Day } from '../../calendar/days.ts'

/** A name that an instrument had up to a day. */
export type FormerName = { kind: 'symbol' | 'isin'; name: string; until: Day }

/** The former names of an instrument, the newest first. */
export async function listFormerNames(sql: Sql, symbol: string): Promise<FormerName[]> {
  return sql<FormerName[]>`
    select kind, name, until_day::text as until from former_names where symbol = ${symbol} order by until_day desc, kind, name
  `
}

/** The present symbol of the instrument that had a symbol last; null when none gave it up, or one has it now. */
export async function findPresentSymbol(sql: Sql, name: string): Promise<string | null> {
  const [row] = await sql<{ symbol: string }[]>`
    select symbol from former_names
    where kind = 'symbol' and name = ${name} and not exists (select from instruments where symbol = ${name})
    order by until_day desc
    limit 1
  `
  return row?.symbol ?? null
}

/** The instrument that has, or once had, an ISIN. */
export async function findIsinHolder(sql: Sql, isin: string): Promise<string | null> {
  const [row] = await sql<{ symbol: string }[]>`
    select symbol from instruments where isin = ${isin}
    union all
    select symbol from former_names where kind = 'isin' and name = ${isin}
    limit 1
  `
  return row?.symbol ?? null
}

/** The last day an instrument is known by its present symbol: that of its newest price, or yesterday in India. */
export async function findLastDay(sql: Sql, symbol: string): Promise<Day> {
  const [row] = await sql<{ day: Day }[]>`
    select coalesce(max(p.day), (now() at time zone 'Asia/Kolkata')::date - 1)::text as day
    from prices p
    join imports i on i.id = p.import_id and i.status = 'committed'
    where p.symbol = ${symbol}
  `
  return row!.day
}

/** See rename_instrument in names.sql for the answers. `seen`: the revision that the person saw. */
export async function updateSymbol(
  sql: Sql,
  given: { symbol: string; seen: number; newSymbol: string; until: Day },
  by: Actor,
): Promise<string> {
  const { symbol, seen, newSymbol, until } = given
  const [row] = await sql<{ outcome: string }[]>`
    select rename_instrument(${symbol}, ${seen}, ${newSymbol}, ${until}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** Forgets a former name. False: the instrument is at another revision, or has no such former name. */
export async function deleteFormerName(
  sql: Sql,
  given: FormerName & { symbol: string; seen: number },
  by: Actor,
): Promise<boolean> {
  const { symbol, seen, kind, name, until } = given
  const [row] = await sql<{ done: boolean }[]>`
    select forget_name(${symbol}, ${seen}, ${kind}, ${name}, ${until}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}
