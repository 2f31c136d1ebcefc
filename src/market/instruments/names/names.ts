import type { Actor } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError, highlighted } from '../../../platform/errors.ts'
import { dayIn } from '../../calendar/days.ts'
import { symbolIn } from '../identifiers.ts'
import { deleteFormerName, type FormerName, findPresentSymbol, listFormerNames, updateSymbol } from './queries.ts'

/** What a person enters to rename an instrument: its new symbol, and the last day it had the one before. */
export const renameFields = ['newSymbol', 'until'] as const

/**
 * Renames an instrument that was seen at revision `seen`; its prices, splits and moves go with it, and the symbol before stays
 * its own up to `until`. Repeating it changes nothing. Answers the new symbol. Throws AppError `invalid` about what was typed,
 * `conflict` when somebody else changed the instrument meanwhile.
 */
export async function renameInstrument(
  sql: Sql,
  given: { symbol: string; seen: number } & Record<(typeof renameFields)[number], string>,
  by: Actor,
): Promise<string> {
  const { symbol } = given
  const [newSymbol, until] = [symbolIn(given.newSymbol), dayIn(given.until)]
  const fields: Record<string, string> = {}
  if (newSymbol === null) fields.newSymbol = 'The symbol as NSE writes it, like BANKBEES.'
  else if (newSymbol === symbol) fields.newSymbol = `It is called ${symbol} already.`
  if (until === null) fields.until = `The last day it traded as ${symbol}, like 2026-11-20.`
  if (newSymbol === null || until === null || Object.keys(fields).length > 0) throw refusal(fields)
  const outcome = await updateSymbol(sql, { symbol, seen: given.seen, newSymbol, until }, by)
  if (outcome === 'taken')
    throw refusal({ newSymbol: `${newSymbol} is another instrument’s symbol. Rename or remove that one first.` })
  if (outcome === 'future') throw refusal({ until: 'That day has not come yet.' })
  if (outcome === 'done' || (await findPresentSymbol(sql, symbol)) === newSymbol) return newSymbol
  throw new AppError('conflict', `Somebody changed ${symbol} in the meantime. Please reload the page and check.`)
}

/**
 * Forgets a former name that was noted by mistake: prices under it are none of the instrument's any more, those imported already
 * stay. Repeating it changes nothing. Throws AppError `conflict` when somebody else changed the instrument meanwhile.
 */
export async function forgetName(
  sql: Sql,
  given: FormerName & { symbol: string; seen: number },
  by: Actor,
): Promise<void> {
  const isDay = dayIn(given.until) === given.until
  if (isDay && (await deleteFormerName(sql, given, by))) return
  const there = await listFormerNames(sql, given.symbol)
  if (there.some((one) => one.kind === given.kind && one.name === given.name && one.until === given.until))
    throw new AppError(
      'conflict',
      `Somebody changed ${given.symbol} in the meantime. Please reload the page and check.`,
    )
}

function refusal(fields: Record<string, string>): AppError {
  return highlighted(fields)
}
