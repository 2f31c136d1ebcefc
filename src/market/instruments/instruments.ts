import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError, highlighted } from '../../platform/errors.ts'
import { listAlternatives } from './alternatives/queries.ts'
import { isIsin, symbolIn } from './identifiers.ts'
import { findIsinHolder } from './names/queries.ts'
import {
  changeBenchmark,
  deleteInstrument,
  findInstrument,
  type InstrumentDetails,
  type InstrumentRow,
  insertInstrument,
  universes,
  updateInstrument,
  verifyInstrument,
} from './queries.ts'

export const detailFields = ['name', 'universe', 'tracks', 'isin', 'shown', 'isBenchmarkChoice'] as const

/** The details that were typed. Throws AppError `invalid` with a sentence for each field that is not valid. */
export function parseDetails(typed: Record<(typeof detailFields)[number], string>): InstrumentDetails {
  const [name, tracks, isin] = [typed.name.trim(), typed.tracks.trim(), typed.isin.trim().toUpperCase()]
  const fields: Record<string, string> = {}
  if (name === '' || name.length > 40) fields.name = 'A short name, as the dashboard should say it.'
  if (tracks.length > 80) fields.tracks = 'At most 80 letters.'
  if (isin !== '' && !isIsin(isin))
    fields.isin = 'That is no ISIN of an Indian fund: its check digit or shape is not right.'
  if (Object.keys(fields).length > 0) throw highlighted(fields)
  const universe = universes.find((one) => one === typed.universe) ?? 'sector'
  const isBenchmarkChoice = typed.isBenchmarkChoice !== ''
  return { name, universe, tracks, isin: isin || null, shown: typed.shown !== '', isBenchmarkChoice }
}

/** Follows another instrument; repeating it changes nothing. Answers its symbol. Throws AppError `invalid` about a field. */
export async function addInstrument(sql: Sql, typed: string, details: InstrumentDetails, by: Actor): Promise<string> {
  const symbol = symbolIn(typed)
  const refuse = (sentence: string) => highlighted({ symbol: sentence })
  if (symbol === null) throw refuse('The symbol as NSE writes it, like BANKBEES.')
  await assertOwnIsin(sql, symbol, details)
  if (await insertInstrument(sql, { ...details, symbol }, by)) return symbol
  const there = await findInstrument(sql, symbol)
  if (!there || !isSame(there, details)) throw refuse(`${symbol} is followed already.`)
  return symbol
}

/**
 * Changes the details of an instrument that was seen at revision `seen`; the benchmark stays the benchmark, shown and a choice.
 * Repeating it changes nothing. Throws AppError `invalid` about an ISIN that is another's and about a benchmark to choose that is listed
 * as an alternative, `conflict` when somebody else changed it meanwhile.
 */
export async function changeInstrument(
  sql: Sql,
  given: InstrumentDetails & { symbol: string; seen: number },
  by: Actor,
): Promise<void> {
  await assertOwnIsin(sql, given.symbol, given)
  if (given.isBenchmarkChoice) await assertNoAlternative(sql, given.symbol)
  if (await updateInstrument(sql, given, by)) return
  const there = await findInstrument(sql, given.symbol)
  if (!there || !isSame(there, given))
    throw new AppError(
      'conflict',
      `Somebody changed ${given.symbol} in the meantime. Please reload the page and check.`,
    )
}

/** Notes that symbol and index were checked today; repeating it changes nothing. Throws AppError `conflict` like changeInstrument. */
export async function verifyToday(sql: Sql, given: { symbol: string; seen: number }, by: Actor): Promise<void> {
  if (await verifyInstrument(sql, given, by)) return
  if ((await findInstrument(sql, given.symbol))?.revision !== given.seen)
    throw new AppError(
      'conflict',
      `Somebody changed ${given.symbol} in the meantime. Please check it as it stands now.`,
    )
}

/** Removes an instrument that never had a price; repeating it changes nothing. Throws AppError `conflict` for one that had. */
export async function removeInstrument(sql: Sql, symbol: string, by: Actor): Promise<void> {
  if (await deleteInstrument(sql, symbol, by)) return
  if (await findInstrument(sql, symbol))
    throw new AppError('conflict', `${symbol} has prices, splits or is the benchmark. Hide it instead.`)
}

const refusals: Record<string, string> = {
  unknown: 'There is no such instrument.',
  changed: 'The benchmark was changed in the meantime. Please reload the page.',
  'no-prices': 'It has no prices, so nothing could be measured against it. Import its prices first.',
}

/** Measures everything against another instrument; repeating it changes nothing. Throws AppError `conflict` with the reason. */
export async function measureAgainst(sql: Sql, given: { symbol: string; seen: string }, by: Actor): Promise<void> {
  const refusal = refusals[await changeBenchmark(sql, given, by)]
  if (refusal) throw new AppError('conflict', refusal)
}

/** Readers are offered what is shown by itself. */
async function assertNoAlternative(sql: Sql, symbol: string): Promise<void> {
  const link = (await listAlternatives(sql)).find((one) => one.symbol === symbol)
  if (link)
    throw highlighted({ isBenchmarkChoice: `It is listed on the page of ${link.sector}. Rank it by itself first.` })
}

/** An ISIN is one fund's, under whatever symbol: with two of it, prices would go to either. */
async function assertOwnIsin(sql: Sql, symbol: string, { isin }: InstrumentDetails): Promise<void> {
  const holder = isin === null ? null : await findIsinHolder(sql, isin)
  if (holder === null || holder === symbol) return
  throw highlighted({ isin: `That is the ISIN of ${holder}. If the fund was renamed, rename ${holder}.` })
}

function isSame(there: InstrumentRow, details: InstrumentDetails): boolean {
  // A change leaves the benchmark shown, in its universe and a choice.
  const fixed = there.kind === 'benchmark' ? { universe: there.universe, shown: true, isBenchmarkChoice: true } : {}
  return detailFields.every((field) => there[field] === { ...details, ...fixed }[field])
}
