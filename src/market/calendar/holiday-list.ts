import { AppError } from '../../platform/errors.ts'
import { matches, Type } from '../../platform/schema.ts'
import { type Day, dayIn, weekdayOf } from './days.ts'
import type { Holiday, SpecialSession } from './queries.ts'
import { isWeekday } from './trading-calendar.ts'

/** What a list says: weekdays off, days with a special session, and how many entries were weekends without one. */
export type HolidayList = { holidays: Holiday[]; sessions: SpecialSession[]; weekends: number }

const mostEntries = 200
const longestName = 60
const longestLine = 500
const example = 'One a line, like 2027-01-26 Republic Day.'

/** An entry as it stands in a list; `place` is how a sentence calls it. */
type Entry = { place: string; date: string; weekday: string; name: string }

/** NSE's `holiday-master?type=trading`: lists by segment, of which CM is the capital market. */
const ExchangeList = Type.Array(
  Type.Object({ tradingDate: Type.String(), weekDay: Type.Optional(Type.String()), description: Type.String() }),
)
const ExchangeLists = Type.Object({ CM: ExchangeList })

/**
 * Reads a list of holidays: NSE's JSON, the table of its page as it is copied, or one holiday a line, "2027-01-26 Republic
 * Day". An asterisk in a name, or the word Muhurat, means that there is a session on that day, as NSE marks it. Of a day that
 * appears twice the last counts. Throws AppError `invalid` about `lines`, naming the first entry that cannot be read.
 */
export function readHolidayList(text: string): HolidayList {
  const entries = /^\s*[[{]/.test(text) ? entriesOfJson(text) : entriesOfLines(text)
  if (entries.length > mostEntries) throw refusal(`At most ${mostEntries} entries at a time.`)
  if (entries.length === 0) throw refusal(example)
  const read = entries.map(readEntry)
  const holidays = read.filter(({ day, name }) => isWeekday(day) && !isMuhurat(name))
  const sessions = read.filter(({ isSession }) => isSession)
  return {
    holidays: onePerDay(holidays.map(({ day, name }) => ({ day, name }))),
    sessions: onePerDay(sessions.map(({ day, name }) => ({ day, name: isDiwali(name) ? 'Muhurat trading' : name }))),
    weekends: read.filter(({ day, isSession }) => !isWeekday(day) && !isSession).length,
  }
}

function onePerDay<Of extends { day: Day }>(entries: readonly Of[]): Of[] {
  return [...new Map(entries.map((entry) => [entry.day, entry])).values()]
}

function entriesOfJson(text: string): Entry[] {
  const given = parsed(text)
  const list = matches(ExchangeLists, given) ? given.CM : given
  if (!matches(ExchangeList, list))
    throw refusal('This is not NSE’s list of holidays: a list CM with tradingDate and description is expected in it.')
  return list.map(({ tradingDate, weekDay = '', description }, i) => ({
    place: `Entry ${i + 1} of CM`,
    date: tradingDate,
    weekday: weekDay,
    name: description,
  }))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refusal('This JSON cannot be read: perhaps not all of it was copied.')
  }
}

/** A serial number, a date, a weekday and a name; only date and name are needed. */
const line =
  /^(?:\d{1,3}[.)]?[\s,;|]+)?(\d[\w-]+)[\s,;|]+(?:((?:sun|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?)(?:day)?)[\s,;|]+)?(\S.*)$/i
const tableHead = /^(sr\b|s\.? ?no|#|date\b)/i

function entriesOfLines(text: string): Entry[] {
  return text.split(/\r?\n/).flatMap((given, i) => {
    if (given.length > longestLine) throw refusal(`Line ${i + 1} is longer than ${longestLine} characters.`)
    const trimmed = given.replace(/^[\s|]+|[\s|]+$/g, '')
    if (trimmed === '' || tableHead.test(trimmed)) return []
    const [, date = '', weekday = '', name = ''] = line.exec(trimmed) ?? []
    if (dayIn(date) === null || name === '')
      throw refusal(`Line ${i + 1}: “${trimmed.slice(0, 40)}” is not a date and a name, like 2027-01-26 Republic Day.`)
    return [{ place: `Line ${i + 1}`, date, weekday, name }]
  })
}

function readEntry({ place, date, weekday, name: given }: Entry): { day: Day; name: string; isSession: boolean } {
  const day = dayIn(date)
  const name = given.replaceAll('*', '').replace(/\s+/g, ' ').trim()
  if (day === null || name === '' || name.length > longestName)
    throw refusal(`${place}: “${`${date} ${given}`.slice(0, 40)}” is not a date and a short name.`)
  const real = weekdayOf(day)
  if (weekday !== '' && !real.toLowerCase().startsWith(weekday.trim().slice(0, 3).toLowerCase()))
    throw refusal(`${place}: ${day} is a ${real}, not a ${weekday.trim().slice(0, 20)}.`)
  return { day, name, isSession: given.includes('*') || isMuhurat(name) }
}

function isMuhurat(name: string): boolean {
  return /muhurat/i.test(name)
}

function isDiwali(name: string): boolean {
  return isMuhurat(name) || /diwali|deepavali|la(x|ksh)mi/i.test(name)
}

function refusal(sentence: string): AppError {
  return new AppError('invalid', 'Nothing was saved.', { fields: { lines: sentence } })
}
