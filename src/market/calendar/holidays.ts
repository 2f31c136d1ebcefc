import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { dayIn } from './days.ts'
import { type Holiday, saveHolidays } from './queries.ts'

const mostLines = 200

/**
 * Adds holidays as they were typed or pasted, one a line: "2027-01-26 Republic Day"; all or none of them. Answers how many
 * are new or renamed. Throws AppError `invalid` about `lines`, naming the first line that cannot be read.
 */
export async function addHolidays(sql: Sql, text: string, by: Actor): Promise<number> {
  return saveHolidays(sql, parseHolidays(text), by)
}

/** The holidays in a text; of a day that appears twice the last. Throws like `addHolidays`. */
function parseHolidays(text: string): Holiday[] {
  const refuse = (sentence: string) => new AppError('invalid', 'Nothing was saved.', { fields: { lines: sentence } })
  const lines = text.split(/\r?\n/)
  if (lines.length > mostLines) throw refuse(`At most ${mostLines} lines at a time.`)
  const found = new Map<string, Holiday>()
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const [, date = '', name = ''] = /^\s*(\S+?)[\s,;]+(.+?)\s*$/.exec(line) ?? []
    const day = dayIn(date)
    if (day === null || name.length > 60)
      throw refuse(
        `Line ${index + 1}: “${line.trim().slice(0, 40)}” is not a date and a name, like 2027-01-26 Republic Day.`,
      )
    found.set(day, { day, name })
  }
  if (found.size === 0) throw refuse('One holiday a line, like 2027-01-26 Republic Day.')
  return [...found.values()]
}
