import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** What is followed. `verifiedOn`: the Indian day a person last checked symbol and index, as text. */
export type InstrumentRow = {
  symbol: string
  name: string
  kind: 'sector' | 'benchmark' | 'other'
  tracks: string
  isin: string | null
  shown: boolean
  verifiedOn: string | null
}

/** What a person says of an instrument, besides its symbol. */
export type InstrumentDetails = Pick<InstrumentRow, 'name' | 'kind' | 'tracks' | 'isin' | 'shown'>

/** An instrument with the number of its last change, which whoever changes it must have seen. */
export type Revised = InstrumentRow & { revision: number; hasPrices: boolean }

/** Every instrument: the benchmark, the sectors by name, then others. */
export async function listInstruments(sql: Sql): Promise<InstrumentRow[]> {
  return sql<InstrumentRow[]>`
    select symbol, name, kind, tracks, isin, shown, verified_on::text as verified_on
    from instruments
    order by array_position(array['benchmark', 'sector', 'other'], kind), name, symbol
  `
}

/** The symbols of all instruments. */
export async function listSymbols(sql: Sql): Promise<string[]> {
  const rows = await sql<{ symbol: string }[]>`select symbol from instruments`
  return rows.map((row) => row.symbol)
}

/** One instrument, and whether any import ever brought prices of it. */
export async function findInstrument(sql: Sql, symbol: string): Promise<Revised | undefined> {
  const [row] = await sql<Revised[]>`
    select symbol, name, kind, tracks, isin, shown, verified_on::text as verified_on, revision,
           exists (select from prices p where p.symbol = i.symbol) as has_prices
    from instruments i
    where symbol = ${symbol}
  `
  return row
}

/** Follows another instrument. False: it is followed already. */
export async function insertInstrument(
  sql: Sql,
  given: InstrumentDetails & { symbol: string },
  by: Actor,
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), added as (
      insert into instruments (symbol, name, kind, tracks, isin, shown)
      values (${given.symbol}, ${given.name}, ${given.kind}, ${given.tracks}, ${given.isin}, ${given.shown})
      on conflict do nothing
      returning *
    ), turned as (
      update market_state set version = version + 1, changed_at = now() where exists (select from added)
    )
    insert into audit (actor, action, details)
    select ${by.actor}, 'instrument.added', jsonb_build_object('symbol', symbol, 'name', name, 'kind', kind, 'tracks', tracks,
           'isin', isin, 'shown', shown)
    from added, origin
    returning id
  `
  return rows.count > 0
}

/** Changes what is said of an instrument; the benchmark stays the benchmark. False: it is at another revision. */
export async function updateInstrument(
  sql: Sql,
  given: InstrumentDetails & { symbol: string; seen: number },
  by: Actor,
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), old as materialized (
      select * from instruments where symbol = ${given.symbol} and revision = ${given.seen} for update
    ), changed as (
      update instruments i
      set name = ${given.name}, tracks = ${given.tracks}, isin = ${given.isin}, revision = i.revision + 1,
          kind = case when old.kind = 'benchmark' then 'benchmark' else ${given.kind}::text end,
          shown = old.kind = 'benchmark' or ${given.shown}::boolean
      from old where i.symbol = old.symbol
      returning i.*
    ), turned as (
      update market_state set version = version + 1, changed_at = now() where exists (select from changed)
    )
    insert into audit (actor, action, details)
    select ${by.actor}, 'instrument.changed', jsonb_build_object('symbol', n.symbol,
           'before', jsonb_build_object('name', o.name, 'kind', o.kind, 'tracks', o.tracks, 'isin', o.isin, 'shown', o.shown),
           'after', jsonb_build_object('name', n.name, 'kind', n.kind, 'tracks', n.tracks, 'isin', n.isin, 'shown', n.shown))
    from changed n, old o, origin
    returning id
  `
  return rows.count > 0
}

/** Notes that a person checked symbol and index today (in India). False: at another revision, or noted today already. */
export async function verifyInstrument(sql: Sql, given: { symbol: string; seen: number }, by: Actor): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), verified as (
      update instruments set verified_on = (now() at time zone 'Asia/Kolkata')::date
      where symbol = ${given.symbol} and revision = ${given.seen}
        and verified_on is distinct from (now() at time zone 'Asia/Kolkata')::date
      returning symbol, verified_on
    ), turned as (
      update market_state set version = version + 1, changed_at = now() where exists (select from verified)
    )
    insert into audit (actor, action, details)
    select ${by.actor}, 'instrument.verified', jsonb_build_object('symbol', symbol, 'on', verified_on) from verified, origin
    returning id
  `
  return rows.count > 0
}

/** Stops following an instrument that never had a price. False: it has, or it is the benchmark, or not there. */
export async function deleteInstrument(sql: Sql, symbol: string, by: Actor): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), gone as (
      delete from instruments i
      where symbol = ${symbol} and kind <> 'benchmark'
        and not exists (select from prices p where p.symbol = i.symbol)
        and not exists (select from splits s where s.symbol = i.symbol)
        and not exists (select from real_jumps r where r.symbol = i.symbol)
      returning symbol, name
    ), turned as (
      update market_state set version = version + 1, changed_at = now() where exists (select from gone)
    )
    insert into audit (actor, action, details)
    select ${by.actor}, 'instrument.removed', jsonb_build_object('symbol', symbol, 'name', name) from gone, origin
    returning id
  `
  return rows.count > 0
}

/** See change_benchmark in instruments.sql for the answers. */
export async function changeBenchmark(sql: Sql, given: { symbol: string; seen: string }, by: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    with origin as materialized (${auditContextOf(sql, by)})
    select change_benchmark(${given.symbol}, ${given.seen}, ${by.actor}) as outcome from origin
  `
  return row!.outcome
}
