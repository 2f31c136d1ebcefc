import type { Actor } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError } from '../../../platform/errors.ts'
import { type Day, dayIn } from '../../calendar/days.ts'
import type { Format } from '../files/formats.ts'
import { setBasis, setRestatedAsOf, type Taken } from './basis-queries.ts'
import { findToday } from './queries.ts'
import { insertQuestions } from './question-queries.ts'

/** First and last day and number of prices of each symbol in one file. */
export type Spans = Map<string, { firstDay: Day; lastDay: Day; prices: number }>

/** Counts one more price of a symbol. */
export function widen(spans: Spans, symbol: string, day: Day): void {
  const span = spans.get(symbol)
  if (!span) spans.set(symbol, { firstDay: day, lastDay: day, prices: 1 })
  else {
    span.prices++
    if (day < span.firstDay) span.firstDay = day
    if (day > span.lastDay) span.lastDay = day
  }
}

/** `part`, of a file that does not say its basis: which of these it is in the import. */
type ReadFile = { format: Format; file: string; place: number; part: number; spans: Spans }

/**
 * Notes at the end of a file what its prices account for. Restated ones: the splits up to the file's last day, whatever symbol
 * has it. Of a file of unknown origin nothing is guessed: somebody is asked.
 */
export async function noteBasis(
  sql: Sql,
  importId: number,
  { format, file, place, part, spans }: ReadFile,
): Promise<void> {
  if (spans.size === 0) return
  if (format.basis === 'restated') {
    const lastDay = [...spans.values()].reduce((last, one) => (one.lastDay > last ? one.lastDay : last), '')
    await setRestatedAsOf(sql, importId, { place, symbols: [...spans.keys()], lastDay })
  } else {
    const asked = [...spans].map(([symbol, span]) => ({
      kind: 'basis' as const,
      symbol,
      seen: file,
      ...span,
      file: place,
      part,
    }))
    await insertQuestions(sql, importId, asked)
  }
}

/**
 * A corrected basis as it is typed, of those prices in a file that are `taken` for something. `until`, for 'restated': the last day
 * whose splits they account for.
 */
export type TypedBasis = { place: number; symbol: string; taken: Taken; basis: string; until: string }

/**
 * Corrects what one file's prices of an instrument are taken for, in a held import or in one that counts. Throws AppError
 * `invalid` about the field `until`, `conflict` for an import that is neither.
 */
export async function correctBasis(sql: Sql, importId: number, typed: TypedBasis, by: Actor): Promise<void> {
  const { place, symbol, taken } = typed
  const basis = typed.basis === 'restated' ? 'restated' : 'traded'
  const asOf = basis === 'restated' ? dayIn(typed.until) : null
  if (basis === 'restated' && (asOf === null || asOf > (await findToday(sql)))) throw wrongDay()
  const outcome = await setBasis(sql, importId, { place, symbol, taken, right: { basis, asOf } }, by)
  if (outcome === 'early') throw wrongDay()
  if (outcome !== 'done')
    throw new AppError('conflict', 'These prices are no longer live and no longer waiting. Please reload the page.')
}

function wrongDay(): AppError {
  const sentence = 'A day like 2026-11-20, from the file’s last one up to today.'
  return new AppError('invalid', 'That cannot be the day.', { fields: { until: sentence } })
}
