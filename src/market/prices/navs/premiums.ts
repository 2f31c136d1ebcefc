import type { Sql } from '../../../platform/db.ts'
import type { Day } from '../../calendar/days.ts'
import { ratioAfter, type Split } from '../closing-prices.ts'
import { listSplits } from '../splits/queries.ts'
import { findNavDays, type NavDays } from './queries.ts'

/** A day's close as it was traded and the NAV of that day, in rupees, and by how many percent the close was above it. */
export type Premium = { day: Day; close: number; nav: number; percent: number }

/** So many days are shown. */
const shown = 20

/** The newest days up to one that have both a close and a NAV, the newest first; empty where there are none. */
export async function readPremiums(sql: Sql, symbol: string, until: Day): Promise<Premium[]> {
  const [row, splits] = await Promise.all([findNavDays(sql, symbol, until, shown), listSplits(sql)])
  return premiumsOf(
    row,
    splits.filter((split) => split.symbol === symbol),
  )
}

/**
 * Closes against NAVs. Both are of their day, before any later split: a close that its file's maker has restated is multiplied back by
 * the splits that this accounts for.
 */
export function premiumsOf({ days, closes, navs, restatedAsOf }: NavDays, splits: readonly Split[]): Premium[] {
  return days.map((day, i) => {
    const close = (closes[i]! * ratioAfter(splits, day)) / ratioAfter(splits, restatedAsOf[i] ?? day)
    const nav = navs[i]!
    return { day, close, nav, percent: 100 * (close / nav - 1) }
  })
}
