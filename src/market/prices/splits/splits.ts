import type { Actor } from '../../../platform/audit-context.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError, highlighted } from '../../../platform/errors.ts'
import { dayIn } from '../../calendar/days.ts'
import { listInstruments } from '../../instruments/queries.ts'
import { parseRatio } from '../imports/imports.ts'
import { insertSplit, listSplits } from './queries.ts'

/**
 * Enters a split by hand: from `day` on one old unit is `ratio` new ones. Repeating it changes nothing. Throws AppError
 * `invalid` about what was typed, `conflict` when another ratio is entered for that day.
 */
export async function addSplit(sql: Sql, typed: Record<'symbol' | 'day' | 'ratio', string>, by: Actor): Promise<void> {
  const fields: Record<string, string> = {}
  const day = dayIn(typed.day)
  const known = await listInstruments(sql)
  if (!known.some((one) => one.symbol === typed.symbol)) fields.symbol = 'Choose an instrument.'
  if (day === null) fields.day = 'The first day at the new price, like 2026-11-20.'
  const ratio = ratioOr(typed.ratio, fields)
  if (Object.keys(fields).length > 0) throw highlighted(fields)
  if (await insertSplit(sql, { symbol: typed.symbol, day: day!, ratio }, by)) return
  const there = (await listSplits(sql)).find((one) => one.symbol === typed.symbol && one.day === day)
  if (there?.ratio !== ratio)
    throw new AppError('conflict', `There is a split of ${typed.symbol} on that day already. Remove it first.`)
}

function ratioOr(text: string, fields: Record<string, string>): number {
  try {
    return parseRatio(text)
  } catch (error) {
    Object.assign(fields, (error as AppError).fields)
    return Number.NaN
  }
}
