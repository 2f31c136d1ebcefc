import type { Day } from '../market/calendar/days.ts'
import { parseDay } from '../market/dashboard/analysis-params.ts'
import type { Step } from '../market/engine/frame.ts'
import { AppError } from '../platform/errors.ts'
import { firstOf, QueryText } from '../platform/query-text.ts'
import { type Static, Type } from '../platform/schema.ts'

/** Which bars a series has: the newest up to the day of the analysis, none before `from`. */
export type SeriesRange = { from: Day | null; limit: number }

/** How many bars a series has: two years of weeks, four of months, and more days than the score of a week ago looks back on. */
const usual = { day: 300, week: 104, month: 48 } as const
/** Four years of days; of weeks and months all there are. */
const most = 1_000

/** The parameters that a series has besides those of the rankings. */
export const SeriesQuery = Type.Object({ from: QueryText, limit: QueryText })

/** Reads the range; with `from` alone it has all the bars there may be. Throws AppError `invalid` for what is no day or number. */
export function readSeriesRange(query: Static<typeof SeriesQuery>, step: Step): SeriesRange {
  const given = (name: keyof typeof query) => firstOf(query[name])
  const from = given('from') === '' ? null : parseDay(given('from'))
  if (given('limit') === '') return { from, limit: from === null ? usual[step] : most }
  const limit = /^\d{1,4}$/.test(given('limit')) ? Number(given('limit')) : 0
  if (limit < 1 || limit > most) throw new AppError('invalid', `The limit is a number of bars from 1 to ${most}.`)
  return { from, limit }
}
