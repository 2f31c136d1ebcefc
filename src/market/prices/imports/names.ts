import type { Sql } from '../../../platform/db.ts'
import type { Day } from '../../calendar/days.ts'
import type { Seen } from '../files/reading.ts'
import { listNames, type NamedInstrument } from './names-queries.ts'

/** Whose a row of a file is, and what in its names is new. Pure, and a few look-ups in maps: it is asked for every row. */
export type Names = {
  instruments: readonly NamedInstrument[]
  /**
   * The instrument's symbol; null for a row that is none of ours. By ISIN first, present or former; else by symbol, a former one
   * up to its last day.
   */
  match: (seen: Seen & { day: Day }) => string | null
  /** Whether a symbol was once an instrument's that has another one now, whoever has it since. */
  wasGivenUp: (symbol: string) => boolean
  /** What the row calls the instrument, where that is none of its names on that day; null where it is. */
  newNames: (symbol: string, seen: Seen & { day: Day }) => NewNames
}
/** `isForeign`: the ISIN is another than the instrument's own. */
export type NewNames = { seenSymbol: string | null; seenIsin: string | null; isForeign: boolean }

/** Like the ISIN of an Indian security; in files of every age something else may stand in its place. */
const isinShape = /^IN[A-Z0-9]{9}\d$/

/** The names of all instruments as they are now. */
export async function namesOf(sql: Sql): Promise<Names> {
  return namesAmong(await listNames(sql))
}

/** See namesOf. */
export function namesAmong(instruments: readonly NamedInstrument[]): Names {
  const bySymbol = new Map(instruments.map((one) => [one.symbol, one]))
  const byIsin = new Map<string, string>()
  const formerSymbols = new Map<string, { symbol: string; until: Day }[]>()
  for (const { symbol, former } of instruments)
    for (const { kind, name, until } of former)
      if (kind === 'isin') byIsin.set(name, symbol)
      else formerSymbols.set(name, [...(formerSymbols.get(name) ?? []), { symbol, until }])
  for (const stays of formerSymbols.values()) stays.sort((a, b) => (a.until < b.until ? -1 : 1))
  for (const { symbol, isin } of instruments) if (isin !== null) byIsin.set(isin, symbol)
  const keyOf = (kind: 'rename' | 'isin', symbol: string, seen: string) => `${kind} ${symbol} ${seen}`
  const others = new Set(
    instruments.flatMap(({ symbol, others }) => others.map(({ kind, seen }) => keyOf(kind, symbol, seen))),
  )

  /** Whose symbol it was on a day: of those who gave it up, the first who still had it; else who has it now. */
  const holderOf = (name: string, day: Day) =>
    formerSymbols.get(name)?.find(({ until }) => day <= until)?.symbol ?? bySymbol.get(name)?.symbol

  return {
    instruments,
    match({ symbol, isin, day }) {
      const known = isin === null ? undefined : byIsin.get(isin)
      if (known !== undefined) return symbol === null || !others.has(keyOf('rename', known, symbol)) ? known : null
      const holder = symbol === null ? undefined : holderOf(symbol, day)
      if (holder === undefined || (isin !== null && others.has(keyOf('isin', holder, isin)))) return null
      return holder
    },
    wasGivenUp: (symbol) => formerSymbols.has(symbol),
    newNames(symbol, { symbol: name, isin, day }) {
      const isKnown = name === null || name === symbol || wasCalled(formerSymbols.get(name), symbol, day)
      const isNew = isin !== null && byIsin.get(isin) !== symbol && isinShape.test(isin)
      return {
        seenSymbol: isKnown ? null : name,
        seenIsin: isNew ? isin : null,
        isForeign: isNew && bySymbol.get(symbol)!.isin !== null,
      }
    },
  }
}

function wasCalled(stays: readonly { symbol: string; until: Day }[] | undefined, symbol: string, day: Day): boolean {
  return stays?.some((one) => one.symbol === symbol && day <= one.until) ?? false
}

/**
 * The rows of one file under an instrument's symbol and a foreign ISIN: when a fund is renamed, another may take its old symbol on
 * the same day. Then the row with the instrument's ISIN is its own, and the one with the foreign ISIN is not ours.
 */
export class ForeignRows<Row extends { symbol: string; day: Day } & NewNames> {
  readonly #renamed = new Set<string>()
  readonly #waiting: Row[] = []

  /** The rows that can be stored now: this one, or none, for one with a foreign ISIN has to wait for the end of its file. */
  take(row: Row): Row[] {
    if (row.isForeign) {
      this.#waiting.push(row)
      return []
    }
    if (row.seenSymbol !== null) this.#renamed.add(`${row.symbol} ${row.day}`)
    return [row]
  }

  /** At the end of a file: the rows that waited and may be the instrument's. */
  end(): Row[] {
    return this.#waiting.filter(({ symbol, day }) => !this.#renamed.has(`${symbol} ${day}`))
  }
}
