import { type Actor, originJson } from '../../platform/audit-context.ts'
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

/** What a person enters about an instrument, besides its symbol. */
export type InstrumentDetails = Pick<InstrumentRow, 'name' | 'kind' | 'tracks' | 'isin' | 'shown'>

/** An instrument with its revision, which a change must name: it is refused when the instrument is at another one. */
export type Revised = InstrumentRow & { revision: number; hasPrices: boolean }

/** Every instrument: the benchmark, the sectors by name, then others. */
export async function listInstruments(sql: Sql): Promise<InstrumentRow[]> {
  return sql<InstrumentRow[]>`
    select symbol, name, kind, tracks, isin, shown, verified_on::text as verified_on
    from instruments
    order by array_position(array['benchmark', 'sector', 'other'], kind), name, symbol
  `
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

/** Adds an instrument to those that are followed. False: it is followed already. */
export async function insertInstrument(
  sql: Sql,
  given: InstrumentDetails & { symbol: string },
  by: Actor,
): Promise<boolean> {
  const { symbol, name, kind, tracks, isin, shown } = given
  const [row] = await sql<{ done: boolean }[]>`
    select add_instrument(${symbol}, ${name}, ${kind}, ${tracks}, ${isin}, ${shown},
                          ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** Changes the details of an instrument; the benchmark stays the benchmark. False: it is at another revision. */
export async function updateInstrument(
  sql: Sql,
  given: InstrumentDetails & { symbol: string; seen: number },
  by: Actor,
): Promise<boolean> {
  const { symbol, seen, name, kind, tracks, isin, shown } = given
  const [row] = await sql<{ done: boolean }[]>`
    select change_instrument(${symbol}, ${seen}, ${name}, ${kind}, ${tracks}, ${isin}, ${shown},
                             ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** Notes that a person checked symbol and index today (in India). False: at another revision, or noted today already. */
export async function verifyInstrument(sql: Sql, given: { symbol: string; seen: number }, by: Actor): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select verify_instrument(${given.symbol}, ${given.seen}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** Removes an instrument that never had a price. False: it had, or it is the benchmark, or not there. */
export async function deleteInstrument(sql: Sql, symbol: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select remove_instrument(${symbol}, ${by.actor}, ${originJson(sql, by)}) as done
  `
  return row!.done
}

/** See change_benchmark in instruments.sql for the answers. */
export async function changeBenchmark(sql: Sql, given: { symbol: string; seen: string }, by: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select change_benchmark(${given.symbol}, ${given.seen}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}
