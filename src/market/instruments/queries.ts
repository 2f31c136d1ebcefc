import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** What is followed. `kind`: the benchmark unless a reader chooses another one, a sector, or something else. `verifiedOn`: the Indian day a person last checked symbol and index, as text. */
export type InstrumentRow = {
  symbol: string
  name: string
  kind: 'sector' | 'benchmark' | 'other'
  tracks: string
  isin: string | null
  shown: boolean
  universe: Universe
  /** Whether a reader may measure against it; everybody may against the one of kind 'benchmark'. */
  isBenchmarkChoice: boolean
  verifiedOn: string | null
}

/** What an instrument is ranked among. */
export type Universe = (typeof universes)[number]
export const universes = ['sector', 'theme', 'broad'] as const

/** What a person enters about an instrument, besides its symbol. */
export type InstrumentDetails = Pick<
  InstrumentRow,
  'name' | 'universe' | 'tracks' | 'isin' | 'shown' | 'isBenchmarkChoice'
>

/** An instrument with its revision, which a change must name: it is refused when the instrument is at another one. */
export type Revised = InstrumentRow & { revision: number; hasPrices: boolean }

/** Every instrument: the benchmark, the sectors by name, then others. */
export async function listInstruments(sql: Sql): Promise<InstrumentRow[]> {
  return sql<InstrumentRow[]>`
    select symbol, name, kind, tracks, isin, shown, universe, is_benchmark_choice, verified_on::text as verified_on
    from instruments
    order by array_position(array['benchmark', 'sector', 'other'], kind), name, symbol
  `
}

/** One instrument, and whether any import ever brought prices of it. */
export async function findInstrument(sql: Sql, symbol: string): Promise<Revised | undefined> {
  const [row] = await sql<Revised[]>`
    select symbol, name, kind, tracks, isin, shown, universe, is_benchmark_choice, verified_on::text as verified_on, revision,
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
  const { symbol, name, universe, tracks, isin, shown, isBenchmarkChoice } = given
  const [row] = await sql<{ done: boolean }[]>`
    select follow_instrument(${symbol}, ${name}, ${universe}, ${tracks}, ${isin}, ${shown}, ${isBenchmarkChoice},
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
  const { symbol, seen, name, universe, tracks, isin, shown, isBenchmarkChoice } = given
  const [row] = await sql<{ done: boolean }[]>`
    select revise_instrument(${symbol}, ${seen}, ${name}, ${universe}, ${tracks}, ${isin}, ${shown}, ${isBenchmarkChoice},
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
