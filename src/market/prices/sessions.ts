import { dateInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { type Day, daysAfter, yearOf } from '../calendar/days.ts'
import { readTradingCalendar, type TradingCalendar } from '../calendar/trading-calendar.ts'
import { findBenchmarkDays, listDaysWithoutBenchmark } from './session-queries.ts'

/** The exchange's sessions between the benchmark's first and last price, as far as they are known; oldest first. */
export type Sessions = {
  /** The benchmark's own days, and those it misses. */
  all: Day[]
  /** Sessions on which the benchmark has no price. */
  missing: Day[]
  /** Days on which it has one although the calendar of that year says that the exchange was closed. */
  closed: Day[]
  /** Years without a calendar: there a day that all instruments miss is not known to be one. */
  unknownYears: number[]
}

/**
 * Compares the benchmark's days (oldest first) with the calendar. `traded` are days on which other instruments have prices and
 * it has none: these were sessions, whatever the calendar says.
 */
export function sessionsOf(own: readonly Day[], traded: readonly Day[], calendar: TradingCalendar): Sessions {
  const [first, last] = [own[0], own.at(-1)]
  if (first === undefined || last === undefined) return { all: [], missing: [], closed: [], unknownYears: [] }
  const isKnown = (day: Day) => calendar.isKnown(yearOf(day))
  const priced = new Set(own)
  const elsewhere = new Set(traded)
  const missing: Day[] = []
  for (let day = first; day < last; day = daysAfter(day, 1))
    if (!priced.has(day) && (elsewhere.has(day) || (isKnown(day) && calendar.isOpen(day)))) missing.push(day)
  const years = Array.from({ length: yearOf(last) - yearOf(first) + 1 }, (_, i) => yearOf(first) + i)
  return {
    all: [...own, ...missing].sort(),
    missing,
    closed: own.filter((day) => isKnown(day) && !calendar.isOpen(day)),
    unknownYears: years.filter((year) => !calendar.isKnown(year)),
  }
}

/** The benchmark with its sessions as they stand now; invented prices miss none. Null without a benchmark or its prices. */
export async function findBenchmarkSessions(sql: Sql): Promise<(Sessions & { symbol: string }) | null> {
  const [benchmark, traded, calendar] = await Promise.all([
    findBenchmarkDays(sql),
    listDaysWithoutBenchmark(sql),
    readTradingCalendar(sql),
  ])
  if (!benchmark || benchmark.days.length === 0) return null
  const { symbol, sample, days } = benchmark
  if (sample) return { symbol, all: days, missing: [], closed: [], unknownYears: [] }
  return { symbol, ...sessionsOf(days, traded, calendar) }
}

/**
 * "Mon 16 Nov to Fri 20 Nov 2026; Tue 13 Oct 2026": days by runs of sessions without one between them, the newest first; of
 * more than `most` runs, how many days are left out.
 */
export function daysText(days: readonly Day[], sessions: readonly Day[], most = 5): string {
  const runs = runsOf(days, sessions).reverse()
  const left = runs.slice(most).reduce((sum, run) => sum + run.length, 0)
  const texts = runs.slice(0, most).map((run) => runText(run[0]!, run.at(-1)!))
  return left === 0 ? texts.join('; ') : `${texts.join('; ')}; and ${left} before`
}

function runsOf(days: readonly Day[], sessions: readonly Day[]): Day[][] {
  const place = new Map(sessions.map((day, i) => [day, i]))
  const runs: Day[][] = []
  for (const day of days) {
    const run = runs.at(-1)
    if (run && place.get(run.at(-1)!)! + 1 === place.get(day)) run.push(day)
    else runs.push([day])
  }
  return runs
}

function runText(from: Day, to: Day): string {
  if (from === to) return shortText(from)
  const start = yearOf(from) === yearOf(to) ? shortText(from).slice(0, -5) : shortText(from)
  return `${start} to ${shortText(to)}`
}

function shortText(day: Day): string {
  return dateInIndia(new Date(day)).replace(',', '')
}
