import type { SectorRank } from '../engine/analysis.ts'
import type { Blanks } from '../engine/blanks.ts'
import type { ReturnKind } from '../engine/excess.ts'
import type { Step } from '../engine/frame.ts'
import { describeScore } from '../engine/meanings.ts'
import { quadrants, readingDigits } from '../engine/quadrants.ts'
import { type Span, spans } from '../engine/returns.ts'
import { mansfieldBars } from '../engine/strength.ts'
import { numberFormats } from '../engine/summary.ts'
import type { Terms } from '../engine/terms.ts'

/**
 * A column of numbers: the page, the order of its rows and the CSV file all take it from here. `first` is the order that
 * the first tap on its head asks for; `about` describes it.
 */
export type Column = {
  key: ColumnKey
  title: string
  about: (words: Words) => string
  value: (one: SectorRank) => number | null
  /** Whose blank tells why there is no value. */
  blank?: keyof Blanks
  /** With how many digits after the point a value is printed. */
  digits: (value: number) => number
  signed: boolean
  first: 'asc' | 'desc'
}
/** What the columns of numbers are taken from; the benchmark has it too, though no rank. */
export type Figured = Pick<SectorRank, 'score' | 'tail' | 'mansfield' | 'returns' | 'fromHigh' | 'blanks'>

/** A column that the benchmark has too. */
export type FigureColumn = Omit<Column, 'value'> & { value: (one: Figured) => number | null }

/** What the description of a column depends on. */
export type Words = { terms: Terms; step: Step; returns: ReturnKind }
export type ColumnKey =
  | 'name'
  | 'rank'
  | 'quadrant'
  | 'score'
  | 'ratio'
  | 'momentum'
  | 'mansfield'
  | Lowercase<Span>
  | 'high'

const spanNames: Record<Span, string> = {
  '1W': 'one week',
  '1M': 'one month',
  '3M': '3 months',
  '6M': '6 months',
  '1Y': 'one year',
}
const plain = { digits: () => 2, signed: false, first: 'desc' } as const
const reading = { ...plain, digits: (value: number) => readingDigits(value) } as const
const change = { digits: () => 1, signed: true, first: 'desc' } as const

/** The columns of numbers in the rank table, from left to right. */
export const numberColumns: FigureColumn[] = [
  {
    ...plain,
    key: 'score',
    blank: 'score',
    title: 'RS score',
    about: ({ terms }) => `From ${describeScore(terms.benchmark)}; 100 is ${terms.benchmark}’s own`,
    value: (one) => one.score,
  },
  {
    ...reading,
    key: 'ratio',
    blank: 'map',
    title: 'RS-Ratio',
    about: ({ terms, step }) =>
      `Strength against ${terms.benchmark}; 100 is its own average of the last 40 ${step}s (14 where provisional)`,
    value: (one) => one.tail.at(-1)?.ratio ?? null,
  },
  {
    ...reading,
    key: 'momentum',
    blank: 'map',
    title: 'RS-Mom.',
    about: ({ step }) =>
      `RS-Momentum: the change of RS-Ratio over 4 ${step}s; 100 is its own average of the last 40, ` +
      'which may be a rise or a fall (where provisional: no change)',
    value: (one) => one.tail.at(-1)?.momentum ?? null,
  },
  {
    ...change,
    key: 'mansfield',
    blank: 'mansfield',
    title: 'Mansfield',
    about: ({ step }) => `How far, in percent, the RS line is from its own mean of ${mansfieldBars[step]} ${step}s`,
    value: (one) => one.mansfield,
  },
  ...spans.map((span) => ({
    ...change,
    key: span.toLowerCase() as Lowercase<Span>,
    blank: span,
    title: span,
    about: ({ terms, returns }: Words) =>
      returns === 'absolute'
        ? `Change of the price over ${spanNames[span]}, in percent`
        : `Change of the price over ${spanNames[span]} minus that of ${terms.benchmark}, in percentage points`,
    value: (one: Figured) => one.returns[span],
  })),
  {
    ...change,
    key: 'high',
    blank: 'high',
    title: 'From high',
    about: () => 'How far, in percent, the price is under its highest close of 52 weeks',
    value: (one) => one.fromHigh,
  },
]

/** Everything that the table can be sorted by. */
export const columns: Column[] = [
  { ...plain, key: 'name', title: 'Sector', about: () => '', value: () => null, first: 'asc' },
  {
    ...plain,
    key: 'rank',
    title: 'Rank',
    about: ({ terms }) => `By RS score: ${describeScore(terms.benchmark)}`,
    digits: () => 0,
    value: (one) => one.rank,
    first: 'asc',
  },
  {
    ...plain,
    key: 'quadrant',
    title: 'Quadrant',
    about: () => 'Its strength and pace now, against its own past: where it is on the map',
    value: (one) => (one.quadrant === null ? null : quadrants.indexOf(one.quadrant)),
    first: 'asc',
  },
  ...numberColumns,
]

/** The column of this key. */
export function columnOf(key: ColumnKey): Column {
  return columns.find((column) => column.key === key)!
}

/** The sectors in the requested order. Those without a value come last in either direction. */
export function inOrder(sectors: readonly SectorRank[], { sort, dir }: { sort: ColumnKey; dir: 'asc' | 'desc' }) {
  const { value } = columnOf(sort)
  const turn = dir === 'asc' ? 1 : -1
  if (sort === 'name') return sectors.toSorted((a, b) => turn * a.name.localeCompare(b.name, 'en'))
  return sectors.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)]
    if (x === null || y === null) return Number(x === null) - Number(y === null)
    return turn * (x - y)
  })
}

/** What follows a figure where its column has no room for it: " %", or " pp" for a difference of two returns; '' for an index. */
export function unitOf({ key, signed }: FigureColumn, returns: ReturnKind): string {
  if (!signed) return ''
  return returns === 'excess' && spans.some((span) => span.toLowerCase() === key) ? ' pp' : ' %'
}

/** A column's title; "Mansfield" alone is that of 52 weeks, by days or months it says the length of its mean: "Mansfield 200d". */
export function titleOf({ key, title }: Pick<Column, 'key' | 'title'>, step: Step): string {
  return key === 'mansfield' && step !== 'week' ? `${title} ${mansfieldBars[step]}${step[0]}` : title
}

/** A column's title without abbreviations. */
export function longTitleOf(column: Pick<Column, 'key' | 'title'>, step: Step): string {
  return titleOf(column, step).replace('Mom.', 'Momentum')
}

/** A column's title in full: "1W (%)", or "1W excess (pp)" where the benchmark's return is taken off. */
export function titleWithUnit(column: FigureColumn, { returns, step }: Pick<Words, 'returns' | 'step'>): string {
  const unit = unitOf(column, returns).trim()
  return `${longTitleOf(column, step)}${unit === 'pp' ? ' excess' : ''}${unit === '' ? '' : ` (${unit})`}`
}

/** A cell as it is printed. */
export function printed({ value, signed, digits }: FigureColumn, one: Figured): string {
  const number = value(one)
  return numberFormats[signed ? 'signed' : 'plain'](number, number === null ? 0 : digits(number))
}

/** The number that is printed in a cell, for files and JSON. */
export function roundedIn({ value, digits }: FigureColumn, one: Figured): number | null {
  const number = value(one)
  return number === null ? null : rounded(number, digits(number))
}

/** RS-Ratio or RS-Momentum with the digits that it is printed with. */
export function roundedReading(value: number | null): number | null {
  return value === null ? null : rounded(value, readingDigits(value))
}

/** A number with so many digits after the point. */
export function rounded(value: number | null, digits: number): number | null {
  return value === null ? null : Number(value.toFixed(digits)) + 0
}
