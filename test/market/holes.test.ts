import { expect, test } from 'vitest'
import { type Day, daysAfter, monthsAfter, weekOf } from '../../src/market/calendar/days.ts'
import { type TradingCalendar, tradingCalendar } from '../../src/market/calendar/trading-calendar.ts'
import { type Analysis, analyse, type SectorRank } from '../../src/market/engine/analysis.ts'
import { explain } from '../../src/market/engine/explanation.ts'
import { notesOf } from '../../src/market/engine/gaps.ts'
import { numberFormats } from '../../src/market/engine/summary.ts'
import type { Prices } from '../../src/market/prices/closing-prices.ts'
import { randomWalk, seeded } from './fixture.ts'

/**
 * The rules for missing prices, written down a second time, slowly and in their own words: a figure takes the last close
 * within three sessions; a window forgives one week or five sessions; a series that is older than three sessions shows nothing.
 */

const seed = Number(process.env.HOLES_SEED ?? Math.floor(Math.random() * 1e9))
const rounds = Number(process.env.HOLES_ROUNDS ?? 12)

type Step = 'week' | 'day'
type Line = (number | null)[]
const spans = { '1W': -7, '1M': -1, '3M': -3, '6M': -6, '1Y': -12 } as const

function sessionsFor(benchmark: Prices, calendar: TradingCalendar): Day[] {
  const own = [...benchmark.keys()].sort()
  const days: Day[] = []
  for (let day = own[0]!; day <= own.at(-1)!; day = daysAfter(day, 1))
    if (benchmark.has(day) || (calendar.isKnown(Number(day.slice(0, 4))) && calendar.isOpen(day))) days.push(day)
  return days
}

/** The newest of at most four sessions up to a place on which `has` says yes; -1 for none. */
function freshest(has: (place: number) => boolean, place: number): number {
  return [0, 1, 2, 3].map((back) => place - back).find((one) => one >= 0 && has(one)) ?? -1
}

function lastUpTo(sessions: readonly Day[], day: Day): number {
  return sessions.filter((one) => one <= day).length - 1
}

function returnsBy(sessions: readonly Day[], prices: Prices): Record<string, number | null> {
  const has = (place: number) => prices.has(sessions[place]!)
  const asOf = sessions.at(-1)!
  const now = freshest(has, sessions.length - 1)
  return Object.fromEntries(
    Object.entries(spans).map(([span, back]) => {
      const start = lastUpTo(sessions, back === -7 ? daysAfter(asOf, -7) : monthsAfter(asOf, back))
      const then = start < 0 ? -1 : freshest(has, start)
      // Without a price since the span began, there is no change to tell.
      if (now === -1 || then === -1 || now <= start) return [span, null]
      return [span, 100 * (prices.get(sessions[now]!)! / prices.get(sessions[then]!)! - 1)]
    }),
  )
}

function scoreBy(sessions: readonly Day[], prices: Prices, benchmark: Prices, at: number): number | null {
  const both = (place: number) => prices.has(sessions[place]!) && benchmark.has(sessions[place]!)
  const days = [0, 63, 126, 189, 252].map((back) => (at - back < 0 ? -1 : freshest(both, at - back)))
  if (days.includes(-1)) return null
  const [now, ...before] = days.map((place) => sessions[place]!)
  const sum = (of: Prices) =>
    before.reduce((total, day, i) => total + (i === 0 ? 0.4 : 0.2) * (of.get(now!)! / of.get(day)! - 1), 0)
  return (100 * (1 + sum(prices))) / (1 + sum(benchmark))
}

/** A bar a session or week: 100 × close ÷ benchmark on the last day on which both traded. */
function lineBy(sessions: readonly Day[], prices: Prices, benchmark: Prices, step: Step): Line {
  const groups = step === 'day' ? sessions.map((day) => [day]) : [...Map.groupBy(sessions, weekOf).values()]
  return groups.map((days) => {
    const day = days.findLast((one) => prices.has(one) && benchmark.has(one))
    return day === undefined ? null : (100 * prices.get(day)!) / benchmark.get(day)!
  })
}

/** The last `size` bars up to `end`, holes filled with the bar before them; null where more than the forgiven are missing. */
function windowBy(line: Line, size: number, forgiven: number, end = line.length - 1): number[] | null {
  const start = end - size + 1
  if (start < 0) return null
  if (line.slice(start, end + 1).filter((value) => value === null).length > forgiven) return null
  const filled: number[] = []
  for (let i = start; i <= end; i++) {
    let from = i
    while (from >= 0 && line[from] === null) from--
    if (from < 0 || i - from > forgiven) return null
    filled.push(line[from]!)
  }
  return filled
}

const meanBy = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length
function zBy(values: readonly number[]): number {
  const middle = meanBy(values)
  return (values.at(-1)! - middle) / Math.sqrt(meanBy(values.map((one) => (one - middle) ** 2)))
}
const rolling = (values: readonly number[], size: number, of: (window: number[]) => number) =>
  values.slice(size - 1).map((_, i) => of(values.slice(i, i + size)))

function readingBy(line: Line, forgiven: number) {
  const long = windowBy(line, 92, forgiven)
  if (long) {
    const ratios = rolling(rolling(long, 10, meanBy), 40, (window) => 100 + zBy(window))
    const paces = rolling(ratios, 5, (window) => 100 * (window.at(-1)! / window[0]! - 1))
    return { formula: 'B/2', ratio: ratios.at(-1)!, momentum: 100 + zBy(paces), missing: missingBy(line, 92) }
  }
  const short = windowBy(line, 18, forgiven)
  if (!short) return null
  const ratios = rolling(short, 14, (window) => (100 * window.at(-1)!) / meanBy(window))
  const momentum = (100 * ratios.at(-1)!) / ratios[0]!
  return { formula: 'C/2', ratio: ratios.at(-1)!, momentum, missing: missingBy(line, 18) }
}

const missingBy = (line: Line, size: number) => line.slice(-size).filter((value) => value === null).length

function mansfieldBy(line: Line, size: number, forgiven: number): number | null {
  const window = windowBy(line, size, forgiven)
  return window && 100 * (window.at(-1)! / meanBy(window) - 1)
}

function highBy(sessions: readonly Day[], prices: Prices): number | null {
  const asOf = sessions.at(-1)!
  const has = (place: number) => prices.has(sessions[place]!)
  const start = lastUpTo(sessions, daysAfter(asOf, -364))
  const now = freshest(has, sessions.length - 1)
  if (start < 0 || now === -1 || freshest(has, start) === -1) return null
  const year = sessions.slice(start + 1)
  const weeks = [...Map.groupBy(year, weekOf).entries()]
  // A week that began before the year is judged as a whole.
  const empty = weeks.filter(([monday]) => !sessions.some((day) => prices.has(day) && weekOf(day) === monday))
  if (empty.length > 1) return null
  const close = prices.get(sessions[now]!)!
  return 100 * (close / Math.max(close, ...year.map((day) => prices.get(day) ?? 0)) - 1)
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
function dayOf(text: string, asOf: Day): Day {
  const [date, month, year = asOf.slice(0, 4)] = text.trim().split(' ')
  return `${year}-${String(months.indexOf(month!) + 1).padStart(2, '0')}-${date!.padStart(2, '0')}`
}

/** What is untrue of a reason; null: nothing. */
function untruthOf(
  reason: string,
  { own, benchmark, sessions }: { own: Prices; benchmark: Prices; sessions: readonly Day[] },
): string | null {
  const asOf = sessions.at(-1)!
  const ownDays = [...own.keys()].filter((day) => day <= asOf).sort()
  const since = /^No price since (.+)$/.exec(reason)
  if (since) {
    const last = dayOf(since[1]!, asOf)
    return last === ownDays.at(-1) ? null : `the last price is of ${ownDays.at(-1)}`
  }
  if (reason === 'No prices yet') return ownDays.length === 0 ? null : `there is one of ${ownDays[0]}`
  const begin = /^Prices( of the Nifty ETF)? begin on (\d+ \w+ \d+):/.exec(reason)
  if (begin) {
    const day = dayOf(begin[2]!, asOf)
    return day === (begin[1] ? sessions[0] : ownDays[0]) ? null : `they begin on ${begin[1] ? sessions[0] : ownDays[0]}`
  }
  if (/^Nothing moves/.test(reason)) return 'something moves'
  const gap =
    /^No price( of the Nifty ETF| on the same day as the Nifty ETF)?(?: (?:in|on) (\d+) of the last (\d+) (weeks|days), the last)? (on|from) (?:(.+) to )?(.+)$/.exec(
      reason,
    )
  if (!gap) return 'it is not a known sentence'
  const [, whose = '', , , , , from, to] = gap
  const last = dayOf(to!, asOf)
  const rest = to!.trim().split(' ').slice(1).join(' ')
  const first = from ? dayOf(/^\d+$/.test(from) ? `${from} ${rest}` : from, last) : last
  if (first > last) return `${first} is after ${last}`
  const lacks = (day: Day) =>
    whose === ''
      ? !own.has(day)
      : whose === ' of the Nifty ETF'
        ? !benchmark.has(day)
        : !(own.has(day) && benchmark.has(day))
  const inside = sessions.filter((day) => day >= first && day <= last)
  if (inside[0] !== first || inside.at(-1) !== last) return 'its ends are no sessions'
  const there = inside.filter((day) => !lacks(day))
  return there.length === 0 ? null : `there is one on ${there.join(', ')}`
}

/** Random holes: single days, runs, whole weeks, an end that is missing, a late beginning. */
function holed(random: () => number, prices: Prices, isEnd: boolean): Prices {
  const days = [...prices.keys()].sort()
  const gone = new Set<Day>()
  const take = (from: number, count: number) => {
    for (const day of days.slice(Math.max(0, from), Math.max(0, from + count))) gone.add(day)
  }
  const near = () => days.length - 1 - Math.floor(random() ** 2 * Math.min(560, days.length))
  for (let i = Math.floor(random() * 5); i > 0; i--) take(near(), 1)
  for (let i = Math.floor(random() * 3); i > 0; i--) take(near(), 1 + Math.floor(random() * 9))
  for (const back of [5, 21, 63, 126, 189, 252])
    if (random() < 0.12) take(days.length - 1 - back - 2, 1 + Math.floor(random() * 5))
  if (isEnd && random() < 0.3) take(days.length - 1 - Math.floor(random() * 5), 9)
  if (isEnd && random() < 0.15) take(0, Math.floor(random() * days.length))
  if (!isEnd) gone.delete(days.at(-1)!)
  return new Map([...prices].filter(([day]) => !gone.has(day)))
}

function randomCalendar(random: () => number, years: readonly number[]) {
  const holidays: { day: Day }[] = []
  for (const year of years) {
    // Now and then a year that nobody entered.
    if (random() < 0.15) continue
    for (let i = 0; i < 16; i++) holidays.push({ day: daysAfter(`${year}-01-01`, Math.floor(random() * 365)) })
  }
  const sessions = Array.from({ length: 3 }, () => ({ day: daysAfter('2025-01-01', Math.floor(random() * 690)) }))
  return tradingCalendar(holidays, sessions)
}

function sameNumber(found: number | null, expected: number | null): boolean {
  if (found === null || expected === null) return found === expected
  return Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected))
}

const figuresOf = (one: SectorRank) => ({
  score: one.score,
  mansfield: one.mansfield,
  ...one.returns,
  high: one.fromHigh,
})

function checkSector(
  one: SectorRank,
  given: { own: Prices; benchmark: Prices; sessions: readonly Day[]; calendar: TradingCalendar; step: Step },
): string[] {
  const { own, benchmark, sessions, step } = given
  const has = (place: number) => own.has(sessions[place]!)
  const isStale = freshest(has, sessions.length - 1) === -1
  const line = lineBy(sessions, own, benchmark, step)
  const forgiven = step === 'week' ? 1 : 5
  const reading = isStale ? null : readingBy(line, forgiven)
  const expected: Record<string, number | null> = isStale
    ? Object.fromEntries(Object.keys(figuresOf(one)).map((name) => [name, null]))
    : {
        score: scoreBy(sessions, own, benchmark, sessions.length - 1),
        mansfield: mansfieldBy(line, step === 'week' ? 52 : 200, forgiven),
        ...returnsBy(sessions, own),
        high: highBy(sessions, own),
      }
  const faults: string[] = []
  for (const [name, found] of Object.entries(figuresOf(one)))
    if (!sameNumber(found, expected[name]!)) faults.push(`${name}: ${found}, expected ${expected[name]}`)
  const now = one.tail.at(-1) ?? null
  if (one.formula !== (reading?.formula ?? null)) faults.push(`formula: ${one.formula}, expected ${reading?.formula}`)
  else if (reading) {
    if (!now || !sameNumber(now.ratio, reading.ratio) || !sameNumber(now.momentum, reading.momentum))
      faults.push(`reading: ${JSON.stringify(now)}, expected ${JSON.stringify(reading)}`)
    if (one.carried !== reading.missing) faults.push(`carried: ${one.carried}, expected ${reading.missing}`)
    const told = explain(benchmark, own, { asOf: sessions.at(-1)!, step, calendar: given.calendar })
    if (told?.ratio !== now?.ratio || told?.momentum !== now?.momentum)
      faults.push('it is explained with other numbers')
  }
  const blanks = { ...figuresOf(one), map: now?.ratio ?? null }
  for (const [name, value] of Object.entries(blanks)) {
    const reason = one.blanks[name as 'map']
    if ((value === null) !== (reason !== undefined)) faults.push(`${name}: ${value}, with the reason ${reason}`)
    const untruth = reason === undefined ? null : untruthOf(reason, given)
    if (untruth !== null) faults.push(`${name}: “${reason}”, but ${untruth}`)
  }
  if (one.provisional !== null) {
    const untruth = untruthOf(one.provisional, given)
    if (untruth !== null) faults.push(`provisional: “${one.provisional}”, but ${untruth}`)
  }
  if ((one.formula === 'C/2') !== (one.provisional !== null)) faults.push(`${one.formula} and ${one.provisional}`)
  const printed = [...Object.values(blanks).map((value) => numberFormats.signed(value)), ...notesOf(one, step)].join(
    ' ',
  )
  if (/NaN|Infinity|undefined|null/.test(printed)) faults.push(`printed: ${printed}`)
  return faults
}

function ranksIn({ sectors }: Analysis): string[] {
  return sectors.filter((one) => one.rank !== null).map((one) => `${one.rank} ${one.symbol} ${one.rankBefore}`)
}

function ranksBy(sessions: readonly Day[], owns: ReadonlyMap<string, Prices>, benchmark: Prices, at: number): string[] {
  return [...owns]
    .filter(([, own]) => freshest((place) => own.has(sessions[place]!), at) !== -1)
    .map(([symbol, own]) => ({ symbol, score: at < 0 ? null : scoreBy(sessions, own, benchmark, at) }))
    .filter((one): one is { symbol: string; score: number } => one.score !== null)
    .sort((a, b) => b.score - a.score || (a.symbol < b.symbol ? -1 : 1))
    .map(({ symbol }) => symbol)
}

test(
  `with random holes every figure is what the rules say, and every blank has a true reason (seed ${seed})`,
  () => {
    for (let round = 0; round < rounds; round++) {
      const random = seeded(seed + round)
      const years = [2022, 2023, 2024, 2025, 2026]
      const calendar = randomCalendar(random, years)
      const last = daysAfter('2026-06-01', Math.floor(random() * 200))
      const open: Day[] = []
      for (let day = random() < 0.2 ? '2025-02-03' : '2022-09-05'; day <= last; day = daysAfter(day, 1))
        if (calendar.isOpen(day)) open.push(day)
      const benchmark = random() < 0.5 ? randomWalk(random, open) : holed(random, randomWalk(random, open), false)
      const owns = new Map<string, Prices>(
        Array.from({ length: 5 }, (_, i) => [`ETF${i}`, holed(random, randomWalk(random, open), true)] as const),
      )
      const instruments = [...owns].map(([symbol, prices]) => ({ symbol, name: symbol, prices }))
      const sessions = sessionsFor(benchmark, calendar)
      for (const step of ['week', 'day'] as const) {
        const analysis = analyse(benchmark, instruments, { step, at: null, tail: 12, calendar })!
        const where = `seed ${seed + round}, by ${step}`
        expect(analysis.asOf, where).toBe(sessions.at(-1))
        for (const one of analysis.sectors)
          expect(
            checkSector(one, { own: owns.get(one.symbol)!, benchmark, sessions, calendar, step }),
            `${where}, ${one.symbol}`,
          ).toEqual([])
        const now = ranksBy(sessions, owns, benchmark, sessions.length - 1)
        const before = ranksBy(sessions, owns, benchmark, lastUpTo(sessions, daysAfter(analysis.asOf, -7)))
        expect(ranksIn(analysis), where).toEqual(
          now.map((symbol, i) => `${i + 1} ${symbol} ${before.includes(symbol) ? before.indexOf(symbol) + 1 : null}`),
        )
        const own = returnsBy(sessions, benchmark)
        for (const [span, value] of Object.entries(analysis.benchmark.returns))
          expect(sameNumber(value, own[span]!), `${where}, benchmark ${span}`).toBe(true)
      }
    }
  },
  rounds * 10_000,
)
