import type { Day } from '../calendar/days.ts'
import type { Prices } from '../prices/closing-prices.ts'
import type { Bars } from './bars.ts'
import { onDays, sinceDay, withYear } from './blank-days.ts'
import { type Carried, lastWithin, missingIn } from './carrying.ts'
import type { Frame } from './frame.ts'
import { type Span, spans, startsOf, weeksWithout, yearStartOf } from './returns.ts'
import type { Series } from './series.ts'
import { lookback, mansfieldBars, quarter } from './strength.ts'

/** What an instrument may have no value of. */
export const figureNames = ['score', 'map', 'mansfield', ...spans, 'high'] as const
type Figure = (typeof figureNames)[number]

/** Why a figure is null: a short sentence without a full stop, like "No price since 18 Nov". */
export type Blanks = Partial<Record<Figure, string>>

/**
 * What a reason is found in: the closes of one instrument on the days of the frame, and all its prices. `against`: what
 * sentences call the benchmark, like "the Nifty ETF".
 */
export type Subject = { frame: Frame; prices: Prices; closes: Series; against: string }

const lengths: Record<Span, string> = {
  '1W': 'a week',
  '1M': 'a month',
  '3M': '3 months',
  '6M': '6 months',
  '1Y': 'a year',
}

/** Why an instrument has no figure at all: no close in the last sessions. Null when it has one. */
export function staleReason({ frame, prices, closes }: Subject): string | null {
  if (lastWithin(closes, frame.days.length - 1) !== -1) return null
  return sinceReason({ frame, prices })
}

function sinceReason({ frame, prices }: Pick<Subject, 'frame' | 'prices'>): string {
  const last = endOf(prices, frame.asOf, (day, other) => day > other)
  return last === null ? 'No prices yet' : `No price since ${sinceDay(last, frame.asOf)}`
}

type Figures = {
  score: number | null
  mansfield: number | null
  tail: readonly unknown[]
  returns: Record<Span, number | null>
  fromHigh: number | null
}

/** The reason of every figure that is null, for an instrument that is not stale. `bars`: those of the map. */
export function blanksOf(
  subject: Subject & { daily: Bars },
  { bars, line, figures }: { bars: Bars; line: Carried; figures: Figures },
): Blanks {
  const unit = `${bars.step}s`
  const window = (size: number, needs: string) =>
    windowReason(subject, { bars, line, size, needs: `${needs} ${size} ${unit}` })
  const blanks: Blanks = returnBlanksOf(subject, figures.returns)
  if (figures.score === null) blanks.score = scoreReason(subject, subject.daily)
  if (figures.tail.length === 0) blanks.map = window(lookback['C/2'], 'a reading needs')
  if (figures.mansfield === null) blanks.mansfield = window(mansfieldBars[bars.step], 'Mansfield RS needs')
  return { ...blanks, ...highBlankOf(subject, figures.fromHigh) }
}

/** The reason of every return that is null. */
export function returnBlanksOf(subject: Subject, returns: Record<Span, number | null>): Blanks {
  const none = spans.filter((span) => returns[span] === null)
  return Object.fromEntries(none.map((span) => [span, returnReason(subject, span)]))
}

/** The reason why there is no distance from the year's high, where there is none. */
export function highBlankOf(subject: Subject, fromHigh: number | null): Blanks {
  return fromHigh === null ? { high: highReason(subject) } : {}
}

/** Why a reading is C's and not B's. */
export function provisionalReason(subject: Subject, bars: Bars, line: Carried): string {
  const size = lookback['B/2']
  return windowReason(subject, { bars, line, size, needs: `formula B needs ${size} ${bars.step}s` })
}

function returnReason(subject: Subject, span: Span): string {
  const { frame, closes } = subject
  const newest = lastWithin(closes, frame.days.length - 1)
  if (newest >= 0 && newest <= startsOf(frame)[span]) return sinceReason(subject)
  return closeReason(subject, startsOf(frame)[span], `less than ${lengths[span]}`)
}

function highReason(subject: Subject): string {
  const { frame, closes } = subject
  const start = yearStartOf(frame)
  if (lastWithin(closes, start) === -1) return closeReason(subject, start, 'less than a year')
  const weeks = weeksWithout(frame, closes, start).map(({ from, to }) => ({ from, to: to - 1 }))
  return gapsIn(frame, weeks, { subject: 'No price', of: '52 weeks', in: 'in' })
}

/** Why there is no score. */
function scoreReason(subject: Subject, { rs }: Bars): string {
  const { frame, closes } = subject
  const places = [0, 1, 2, 3, 4].map((quarters) => rs.length - 1 - quarter * quarters)
  const place = places.find((one) => lastWithin(rs, one) === -1)
  if (place === undefined) return 'The returns of a year give no score'
  if (place < 0 || lastWithin(closes, place) === -1) return closeReason(subject, place, 'less than a year')
  const gap = gapAround(rs, place)
  return `${lacking(subject, [gap])} ${onDays(frame.days[gap.from]!, frame.days[gap.to]!, frame.asOf)}`
}

/** Why a window of `size` bars up to now has no value; `needs` says what for: "Mansfield RS needs 52 weeks". */
function windowReason(
  subject: Subject,
  { bars, line, size, needs }: { bars: Bars; line: Carried; size: number; needs: string },
): string {
  const { frame } = subject
  const count = bars.rs.length
  const known = bars.rs.findIndex((value) => value !== null)
  const begun = beginningOf(subject)
  const isCut = begun !== null && begun < frame.days[0]!
  if (known === -1 || (count - known < size && (count < size || !isCut))) return tooShort(subject, needs)
  const isWhole = missingIn(line, count - 1, size) <= line.most && !line.values.slice(-size).includes(null)
  if (isWhole) return 'Nothing moves, so there is no deviation to measure by'
  const periods = bars.step === 'month' ? frame.months : frame.weeks
  const placeOf = (i: number) =>
    bars.step === 'day' ? { from: i, to: i } : { from: periods[i]!.from, to: periods[i]!.to - 1 }
  const missing = bars.rs.flatMap((value, i) => (value === null && i >= count - size - line.most ? [placeOf(i)] : []))
  const unit = `${bars.step}s`
  return gapsIn(frame, missing, {
    subject: lacking(subject, missing),
    of: `${size} ${unit}`,
    in: bars.step === 'day' ? 'on' : 'in',
  })
}

/** Why there is no close fresh enough for the trading day at `place`; before the first trading day it is -1 or less. */
function closeReason(subject: Subject, place: number, short: string): string {
  const { frame, closes } = subject
  const begun = beginningOf(subject)
  if (place < 0 || begun === null || begun > frame.days[place]!) return tooShort(subject, short)
  const { from, to } = gapAround(closes, place)
  return `No price ${onDays(frame.days[from]!, frame.days[to]!, frame.asOf)}`
}

/** The younger of the two histories is what a figure waits for. */
function tooShort(subject: Subject, short: string): string {
  const { days } = subject.frame
  const begun = beginningOf(subject)
  return begun === null || begun < days[0]!
    ? `Prices of ${subject.against} begin on ${withYear(days[0]!)}: ${short}`
    : `Prices begin on ${withYear(begun)}: ${short}`
}

type Gap = { from: number; to: number }

function gapAround(series: Series, place: number): Gap {
  let [from, to] = [place, place]
  while (from > 0 && series[from - 1] === null) from--
  while (to < series.length - 1 && series[to + 1] === null) to++
  return { from, to }
}

/** Whose price it is that the days of these gaps lack. */
function lacking({ frame, closes, against }: Subject, gaps: readonly Gap[]): string {
  const lacks = (series: Series) =>
    gaps.every(({ from, to }) => series.slice(from, to + 1).every((value) => value === null))
  if (lacks(closes)) return 'No price'
  return lacks(frame.benchmark) ? `No price of ${against}` : `No price on the same day as ${against}`
}

/** One gap by its days; several by their number, with the days of the last one. */
function gapsIn(
  { days, asOf }: Frame,
  missing: readonly Gap[],
  words: { subject: string; of: string; in: string },
): string {
  const runs: Gap[] = []
  for (const { from, to } of missing) {
    const before = runs.at(-1)
    if (before && from === before.to + 1) before.to = to
    else runs.push({ from, to })
  }
  const last = runs.at(-1)!
  const when = onDays(days[last.from]!, days[last.to]!, asOf)
  if (runs.length === 1) return `${words.subject} ${when}`
  return `${words.subject} ${words.in} ${missing.length} of the last ${words.of}, the last ${when}`
}

function beginningOf({ prices, frame }: Subject): Day | null {
  return endOf(prices, frame.asOf, (day, other) => day < other)
}

function endOf(prices: Prices, asOf: Day, isBetter: (day: Day, other: Day) => boolean): Day | null {
  let found: Day | null = null
  for (const day of prices.keys()) if (day <= asOf && (found === null || isBetter(day, found))) found = day
  return found
}
