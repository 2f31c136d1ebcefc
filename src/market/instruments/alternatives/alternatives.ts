import type { Actor } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError } from '../../../platform/errors.ts'
import { symbolIn } from '../identifiers.ts'
import { linkAlternative } from './queries.ts'

/**
 * Makes an instrument that was seen at revision `seen` another fund of the sector that was typed, or ranks it by itself again where
 * none was. Repeating it changes nothing. Throws AppError `invalid` about the field `sector`, `conflict` when it was changed meanwhile.
 */
export async function setAlternative(
  sql: Sql,
  { symbol, seen, typed }: { symbol: string; seen: number; typed: string },
  by: Actor,
): Promise<void> {
  const sector = typed === '' ? null : (symbolIn(typed) ?? '')
  const outcome = await linkAlternative(sql, { symbol, seen, sector }, by)
  if (outcome === 'changed')
    throw new AppError('conflict', `Somebody changed ${symbol} in the meantime. Please reload the page and check.`)
  if (outcome === 'benchmark')
    throw new AppError('conflict', `${symbol} is the benchmark, which is an alternative of nothing.`)
  const refusal = refusals[outcome]
  if (refusal) throw new AppError('invalid', 'Nothing was changed.', { fields: { sector: refusal } })
}

const refusals: Record<string, string> = {
  unknown: 'There is no such instrument.',
  'no-sector': 'Choose a sector from the list.',
  choice: 'It is offered as a benchmark. Take that back first.',
  'has-own': 'Other funds are alternatives of this one. Link them elsewhere first.',
}
