import { monthNames } from '../../platform/dates.ts'
import type { Day } from '../calendar/days.ts'
import type { Series } from '../engine/series.ts'

/**
 * A plot to be drawn: lines over the same bars, and columns that stand on the bottom. `height` of the plot alone, in CSS pixels;
 * `fromZero`: zero is in the picture; `written`: how the scale is, else as plain numbers.
 */
export type PanelSpec = {
  key: string
  title: string
  height: number
  lines: readonly { key: string; values: Series }[]
  columns?: Series
  fromZero?: boolean
  written?: (value: number) => string
}

/**
 * Plots above one another over one axis of time. Heights are CSS pixels from the top; `x` is percent of the width, so that the
 * drawing gets narrower on a phone and its texts do not. Paths are in thousandths of the width.
 */
export type Chart = {
  height: number
  panels: Panel[]
  times: { x: number; text: string }[]
  /** Where each bar is. */
  xs: number[]
}
type Panel = {
  key: string
  title: string
  top: number
  bottom: number
  across: { y: number; text: string }[]
  /** Where the zero line runs; null where zero is not in the picture. */
  zero: number | null
  /** The columns as one path; '' where there are none. */
  columns: string
  /** Every line with its newest value's place. */
  lines: { key: string; path: string; last: { x: number; y: number } }[]
}

/** Between the plots there is room for a title; below the last one for the times. */
const room = { title: 38, times: 26 } as const
/** The least distance between two texts of a scale. */
const textHeight = 18
/** The outermost bars' distance from the edges, in percent. */
const margin = 0.8

/** Draws plots of these bars; null where nothing has two values. A plot in which nothing has two is left out. */
export function drawChart(days: readonly Day[], specs: readonly PanelSpec[]): Chart | null {
  const xs = days.map((_, bar) => round2(margin + (bar / Math.max(1, days.length - 1)) * (100 - 2 * margin)))
  const panels: Panel[] = []
  let top: number = room.title
  for (const spec of specs) {
    const lines = spec.lines.filter(({ values }) => knownIn(values).length > 1)
    if (lines.length === 0 && knownIn(spec.columns ?? []).length < 2) continue
    panels.push(drawPanel({ ...spec, lines }, top, xs))
    top += spec.height + room.title
  }
  if (panels.length === 0) return null
  return { height: top - room.title + room.times, panels, times: timesOf(days, xs), xs }
}

function knownIn(values: Series): number[] {
  return values.filter((value) => value !== null)
}

function drawPanel(spec: PanelSpec, top: number, xs: readonly number[]): Panel {
  const { key, title, height, lines, columns = [], fromZero, written } = spec
  const bottom = top + height
  const known = [...lines.flatMap(({ values }) => knownIn(values)), ...knownIn(columns)]
  const { low, high, step } = scaleOf([...known, ...(fromZero ? [0] : [])])
  const y = (value: number) => round1(bottom - ((value - low) / (high - low)) * height)
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  const count = Math.round((high - low) / step)
  // A low plot has room for the ends of its scale alone.
  const every = height / count < textHeight ? count : 1
  return {
    key,
    title,
    top,
    bottom,
    across: Array.from({ length: count / every + 1 }, (_, i) => low + i * every * step).map((value) => ({
      y: y(value),
      text: written ? written(value) : (Math.abs(value) < step / 1e6 ? 0 : value).toFixed(digits).replace('-', '−'),
    })),
    columns: columnsOn(columns, { xs, bottom, y }),
    zero: low < 0 && high > 0 ? y(0) : null,
    lines: lines.map(({ key, values }) => {
      const last = values.findLastIndex((value) => value !== null)
      return {
        key,
        path: lineThrough(values, (bar) => round1(10 * xs[bar]!), y),
        last: { x: xs[last]!, y: y(values[last]!) },
      }
    }),
  }
}

/** Columns that are as wide as nine tenths of a bar, and no less than a hair. */
function columnsOn(
  values: Series,
  { xs, bottom, y }: { xs: readonly number[]; bottom: number; y: (value: number) => number },
): string {
  const width = Math.max(1, round1((0.9 * 10 * (100 - 2 * margin)) / Math.max(1, xs.length - 1)))
  return values
    .map((value, bar) =>
      value === null ? '' : `M${round1(10 * xs[bar]! - width / 2)} ${bottom}V${y(value)}h${width}V${bottom}Z`,
    )
    .join('')
}

/** A line small enough for a table's cell; '' where there are fewer than two values. */
export function sparkOf(values: Series, size: { width: number; height: number }): string {
  const known = values.filter((value) => value !== null)
  if (known.length < 2) return ''
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const x = (bar: number) => round1(1 + (bar / (values.length - 1)) * (size.width - 2))
  const y = (value: number) => round1(size.height - 2 - ((value - low) / (high - low || 1)) * (size.height - 4))
  return lineThrough(values, x, y)
}

/** A gap in the values is a gap in the line. */
function lineThrough(values: Series, x: (bar: number) => number, y: (value: number) => number): string {
  return values
    .map((value, i) => (value === null ? '' : `${i > 0 && values[i - 1] !== null ? 'L' : 'M'}${x(i)} ${y(value)}`))
    .join('')
}

/** Round numbers around the values, three to six of them. */
function scaleOf(values: readonly number[]): { low: number; high: number; step: number } {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const reach = most - least || Math.abs(most) || 1
  const rough = 10 ** Math.floor(Math.log10(reach / 4))
  const step = [1, 2, 2.5, 5, 10].map((one) => one * rough).find((one) => reach / one <= 4.5)!
  const low = Math.floor(least / step + 1e-9) * step
  return { low, high: Math.max(Math.ceil(most / step - 1e-9) * step, low + step), step }
}

/** Every so many months have a text, by how many the bars cover: at most five, which a phone has room for. */
const monthsApart = [
  { upTo: 4, months: 1 },
  { upTo: 14, months: 3 },
  { upTo: 27, months: 6 },
  { upTo: Number.POSITIVE_INFINITY, months: 12 },
] as const

/** The first bars of months, quarters, halves or years; where a text would be cut off at an edge there is none. */
function timesOf(days: readonly Day[], xs: readonly number[]): Chart['times'] {
  const starts = days.map((day, bar) => bar > 0 && days[bar - 1]!.slice(0, 7) !== day.slice(0, 7))
  const covered = starts.filter(Boolean).length
  const { months } = monthsApart.find(({ upTo }) => covered <= upTo)!
  return days.flatMap((day, bar) => {
    const month = Number(day.slice(5, 7))
    const fits = xs[bar]! > 11 && xs[bar]! < 90
    if (!starts[bar] || !fits || (month - 1) % months !== 0) return []
    return [{ x: xs[bar]!, text: months === 12 ? day.slice(0, 4) : `${monthNames[month - 1]} ’${day.slice(2, 4)}` }]
  })
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
