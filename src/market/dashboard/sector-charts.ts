import type { Day } from '../calendar/days.ts'
import { weekOf } from '../calendar/days.ts'
import { type Chart, drawChart } from '../charts/panels.ts'
import type { Step } from '../engine/frame.ts'
import { averageBars, type History } from '../engine/history.ts'
import type { BarReading } from '../engine/quadrant-changes.ts'
import type { Quadrant } from '../engine/quadrants.ts'
import { numberFormats } from '../engine/summary.ts'
import type { Terms } from '../engine/terms.ts'

/** A sector's charts, and the same numbers as a table, which the crosshair reads. */
export type SectorCharts = {
  chart: Chart | null
  /** The quadrant of each reading behind the lines; `x` and `width` in percent. `hasMark`: there is room for its mark. */
  bands: { quadrant: Quadrant; x: number; width: number; hasMark: boolean }[]
  /** Where the first quadrant stands, when bars without a reading come before it; `x` in percent. */
  begins: { day: Day; x: number } | null
  columns: { key: string; title: string }[]
  /** The newest bar first; `x` is its place in percent, `cells` those of the columns. */
  rows: { day: Day; x: number; cells: string[]; quadrant: Quadrant | null }[]
}

/**
 * Composes the charts of a history. The quadrants of `readings`, one a day, week or month, are painted behind it: each bar has that
 * of its week or month, or by daily readings of its last day.
 */
export function sectorChartsOf(
  history: History,
  { readings, step: readBy, terms }: { readings: readonly BarReading[]; step: Step; terms: Terms },
): SectorCharts {
  const { step, days, closes, short, long, benchmark, rs, mansfield, volumes } = history
  const chart = drawChart(days, [
    {
      key: 'price',
      title: 'Price in rupees',
      height: 220,
      lines: [
        { key: 'benchmark', values: benchmark },
        { key: 'long', values: long },
        { key: 'short', values: short },
        { key: 'close', values: closes },
      ],
    },
    {
      key: 'volume',
      title: `Volume, units a ${step}`,
      height: 60,
      lines: [],
      columns: volumes,
      fromZero: true,
      written: brief,
    },
    { key: 'rs', title: 'RS line', height: 110, lines: [{ key: 'rs', values: rs }] },
    {
      key: 'mansfield',
      title: 'Mansfield RS in percent, 52 weeks',
      height: 110,
      lines: [{ key: 'mansfield', values: mansfield }],
      fromZero: true,
    },
  ])
  const quadrantIn = new Map(readings.map(({ until, reading }) => [periodOf[readBy](until), reading?.quadrant ?? null]))
  const quadrants = days.map((day) => quadrantIn.get(periodOf[readBy](day)) ?? null)
  const { plain, signed, units } = numberFormats
  const hasVolume = volumes.some((value) => value !== null)
  const { short: brisk, long: slow } = averageBars[step]
  const bands = chart ? bandsOf(quadrants, chart.xs) : []
  const first = quadrants.findIndex((quadrant) => quadrant !== null)
  return {
    chart,
    bands,
    begins: bands[0] && first > 0 ? { day: days[first]!, x: bands[0].x } : null,
    columns: [
      { key: 'close', title: 'Price (₹)' },
      { key: 'short', title: `Average of ${brisk} ${step}s` },
      { key: 'long', title: `Average of ${slow} ${step}s` },
      { key: 'benchmark', title: `${terms.benchmark.replace(/^the /, '')}, rebased` },
      { key: 'rs', title: 'RS' },
      { key: 'mansfield', title: 'Mansfield, 52 weeks (%)' },
      ...(hasVolume ? [{ key: 'volume', title: `Volume (units a ${step})` }] : []),
    ],
    rows: days
      .map((day, bar) => ({
        day,
        x: chart?.xs[bar] ?? 0,
        quadrant: quadrants[bar]!,
        cells: [
          plain(closes[bar]!),
          plain(short[bar]!),
          plain(long[bar]!),
          plain(benchmark[bar]!),
          plain(rs[bar]!, 4),
          signed(mansfield[bar]!),
          ...(hasVolume ? [units(volumes[bar]!)] : []),
        ],
      }))
      .reverse(),
  }
}

/** What is the same of all days that one reading is of. */
const periodOf: Record<Step, (day: Day) => string> = {
  day: (day) => day,
  week: weekOf,
  month: (day) => day.slice(0, 7),
}

/** A number of units for a scale, in words that people in India count by: "2.5 lakh", "3 cr". */
function brief(value: number): string {
  const [size, word] = value >= 1e7 ? [1e7, ' cr'] : value >= 1e5 ? [1e5, ' lakh'] : [1, '']
  return `${(value / size).toLocaleString('en-IN', { maximumFractionDigits: 2 })}${word}`
}

/** Bars of one quadrant in a row are one band, from halfway to the bar before up to halfway to the one after. */
function bandsOf(quadrants: readonly (Quadrant | null)[], xs: readonly number[]): SectorCharts['bands'] {
  const between = (bar: number) => (bar <= 0 ? 0 : bar >= xs.length ? 100 : (xs[bar - 1]! + xs[bar]!) / 2)
  const bands: SectorCharts['bands'] = []
  for (let from = 0, to = 0; from < quadrants.length; from = to) {
    const quadrant = quadrants[from]!
    while (to < quadrants.length && quadrants[to] === quadrant) to++
    const x = between(from)
    const width = between(to) - x
    if (quadrant !== null) bands.push({ quadrant, x: round(x), width: round(width), hasMark: width >= 7 })
  }
  return bands
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
