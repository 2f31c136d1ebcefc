import type { CalendarFlaw } from '../../market/calendar/calendar-flaws.ts'
import type { ListedRename, OtherIsin } from '../../market/instruments/etf-list/queries.ts'
import { daysText, type Sessions } from '../../market/prices/sessions.ts'
import { plural } from '../labels.ts'
import { dayText } from './labels.ts'
import type { Coverage } from './queries.ts'

/** A problem with the market's data, with the page where it can be fixed. */
export type Problem = { tone: 'bad' | 'warn'; title: string; text: string; href: string }

type MarketState = {
  age: { asOf: string | null; sample: boolean; daysBehind: number }
  coverage: readonly Coverage[]
  held: number
  /** The benchmark with its sessions; null while it has no prices. */
  sessions: (Sessions & { symbol: string }) | null
  calendar: readonly CalendarFlaw[]
  /** Instruments whose ISIN is missing or another one in NSE's list of ETFs. */
  isins: readonly OtherIsin[]
  /** Instruments that NSE's list has under another symbol. */
  renames: readonly ListedRename[]
}

const upload = '/admin/market/imports'
const calendarPage = '/admin/market/holidays'

/** All problems with the market's data, the most severe first. */
export function problemsOf({ age, coverage, held, sessions, calendar, isins, renames }: MarketState): Problem[] {
  const benchmark = coverage.find((one) => one.kind === 'benchmark')
  const shown = coverage.filter((one) => one.shown || one.kind === 'benchmark')
  const ofSettings: Problem[] = [
    ...calendar.map(({ title, text }): Problem => ({ tone: 'warn', title, text, href: calendarPage })),
    ...otherNames(renames),
    ...otherIsins(isins),
  ]
  if (age.asOf === null)
    return [
      {
        tone: 'bad',
        title: 'There are no prices',
        text: `${benchmark ? `Everything is measured against ${benchmark.symbol}, which has none. ` : ''}Subscribers see no numbers.`,
        href: upload,
      },
      ...ofSettings,
    ]
  return [
    ...behind(age),
    ...(held > 0
      ? [
          {
            tone: 'warn' as const,
            title: `${plural(held, 'import')} to decide`,
            text: 'Read, but not live yet.',
            href: upload,
          },
        ]
      : []),
    ...(sessions ? withoutBenchmark(sessions) : []),
    ...unpriced(shown.filter((one) => one.prices === 0)),
    ...shown.filter((one) => one.prices > 0).flatMap((one) => flawsOf(one)),
    ...ofSettings,
  ]
}

function otherNames(renames: readonly ListedRename[]): Problem[] {
  return renames.map((one) => ({
    tone: 'warn',
    title: `NSE’s list calls ${one.symbol} ${one.listed}`,
    text: `Both have ISIN ${one.isin}. Rename it; it keeps its history.`,
    href: hrefOf(one),
  }))
}

/** Missing ISINs are one problem, since the first list finds many; each different one is a problem of its own. */
function otherIsins(isins: readonly OtherIsin[]): Problem[] {
  const missing = isins.filter(({ isin }) => isin === null)
  const [first] = missing
  return [
    ...(first
      ? [
          {
            tone: 'warn' as const,
            title: missing.length === 1 ? `${first.symbol} has no ISIN` : `${missing.length} instruments have no ISIN`,
            text: `NSE’s list says ${missing.map(({ symbol, listed }) => `${missing.length === 1 ? '' : `${symbol} `}${listed}`).join(', ')}.`,
            href: missing.length === 1 ? hrefOf(first) : '/admin/market/instruments',
          },
        ]
      : []),
    ...isins
      .filter(({ isin }) => isin !== null)
      .map((one) => ({
        tone: 'warn' as const,
        title: `${one.symbol} has another ISIN in NSE’s list`,
        text: `The list says ${one.listed}; here it is ${one.isin}.`,
        href: hrefOf(one),
      })),
  ]
}

function behind(age: MarketState['age']): Problem[] {
  if (age.sample || age.daysBehind === 0) return []
  const title = `Prices end on ${dayText(age.asOf)}`
  const text = `${plural(age.daysBehind, 'trading day')} since then. Reports are not sent on old prices.`
  return [{ tone: age.daysBehind > 2 ? 'bad' : 'warn', title, text, href: upload }]
}

/** A session that is lost within the last three months is in most of the figures that subscribers see. */
const sessionsAQuarter = 63

/** Days that every sector loses are one problem, the benchmark's, however many instruments miss them as well. */
function withoutBenchmark({ symbol, all, missing, closed }: Sessions & { symbol: string }): Problem[] {
  const found: Problem[] = []
  if (missing.length > 0)
    found.push({
      tone: missing.at(-1)! >= (all.at(-sessionsAQuarter) ?? '') ? 'bad' : 'warn',
      title: `${symbol} has no price on ${plural(missing.length, 'trading day')}`,
      text: `${daysText(missing, all)}. Every sector is measured against it, so none has a figure for these days. Import the prices, or correct the calendar.`,
      href: upload,
    })
  if (closed.length > 0)
    found.push({
      tone: 'warn',
      title: `${symbol} has prices on ${plural(closed.length, 'day')} when the exchange was closed`,
      text: `${daysText(closed, all)}. Correct the calendar, or undo the import they came with.`,
      href: calendarPage,
    })
  return found
}

/** One problem for all of them: before the first import they would fill a page. */
function unpriced(found: readonly Coverage[]): Problem[] {
  const [first] = found
  if (!first) return []
  if (found.length === 1)
    return [
      {
        tone: 'warn',
        title: `${first.symbol} has no prices`,
        text: 'It is shown without numbers.',
        href: hrefOf(first),
      },
    ]
  const title = `${found.length} instruments have no prices`
  const text = `Shown without numbers: ${found.map((one) => one.symbol).join(', ')}.`
  return [{ tone: 'warn', title, text, href: '/admin/market/imports' }]
}

function hrefOf({ symbol }: { symbol: string }): string {
  return `/admin/market/instruments/${encodeURIComponent(symbol)}`
}

function flawsOf(one: Coverage): Problem[] {
  const warn = (title: string, text: string): Problem => ({ tone: 'warn', title, text, href: hrefOf(one) })
  return [
    ...(one.stale > 0
      ? [
          warn(
            `${one.symbol} has no price since ${dayText(one.last)}`,
            `${plural(one.stale, 'trading day')} since then.`,
          ),
        ]
      : []),
    ...(one.ownGaps > 0
      ? [
          warn(
            `${one.symbol} has no price on ${plural(one.ownGaps, 'trading day')}`,
            `${one.ownGaps > 5 ? 'Most recently ' : ''}${one.gapDays.map(dayText).join('; ')}.`,
          ),
        ]
      : []),
    ...(one.beyond > 0
      ? [
          warn(
            `${one.symbol} has ${plural(one.beyond, 'price')} on days when nothing else traded`,
            'They are not used: trading days are the benchmark’s.',
          ),
        ]
      : []),
  ]
}
