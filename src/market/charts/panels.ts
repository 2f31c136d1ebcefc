import type { Day } from '../calendar/days.ts'
import type { Series } from '../engine/series.ts'

/** A line over time, drawn. Lengths are SVG user units, origin at the top left. */
export type Panel = {
  width: number
  height: number
  /** The plot's edges; the ticks' texts are outside them. */
  plot: { left: number; right: number; top: number; bottom: number }
  line: string
  /** Where the zero line runs; null where zero is not in the picture. */
  zero: number | null
  across: { y: number; text: string }[]
  months: { x: number; text: string }[]
  /** The newest value's place. */
  last: { x: number; y: number } | null
}

const width = 640
const height = 220
const edges = { left: 56, right: width - 8, top: 10, bottom: height - 32 }

/** A value a bar as a line with its scale beside it; null where there are fewer than two values. */
export function drawPanel(days: readonly Day[], values: Series, { fromZero = false } = {}): Panel | null {
  const known = values.filter((value) => value !== null)
  if (known.length < 2) return null
  const { low, high, step } = scaleOf([...known, ...(fromZero ? [0] : [])])
  const y = (value: number) => round1(edges.bottom - ((value - low) / (high - low)) * (edges.bottom - edges.top))
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  const across = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step).map((value) => ({
    y: y(value),
    text: (Math.abs(value) < step / 1e6 ? 0 : value).toFixed(digits).replace('-', '−'),
  }))
  // Room for the longest text, 19 units high on phones, in a wide typeface.
  const longest = Math.max(...across.map(({ text }) => text.length))
  const plot = { ...edges, left: Math.max(edges.left, Math.ceil(8 + longest * 12.2)) }
  const x = (bar: number) => round1(plot.left + (bar / (days.length - 1)) * (plot.right - plot.left))
  const last = values.findLastIndex((value) => value !== null)
  return {
    width,
    height,
    plot,
    line: lineThrough(values, x, y),
    zero: low < 0 && high > 0 ? y(0) : null,
    across,
    months: quartersOf(days).map(({ bar, text }) => ({ x: x(bar), text })),
    last: { x: x(last), y: y(values[last]!) },
  }
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

const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The first bars of every second quarter, by month and year; the outermost ones have no room for their text. */
function quartersOf(days: readonly Day[]): { bar: number; text: string }[] {
  return days.flatMap((day, bar) => {
    const month = Number(day.slice(5, 7))
    const starts = bar > 0 && days[bar - 1]!.slice(0, 7) !== day.slice(0, 7)
    const fits = bar > days.length * 0.08 && bar < days.length * 0.93
    return starts && fits && month % 6 === 1 ? [{ bar, text: `${names[month - 1]} ${day.slice(0, 4)}` }] : []
  })
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}
