import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Series } from './series.ts'

/** One line of the table: the app's values, those of its bare counterpart, and the aim. */
export type Measurement = {
  name: string
  unit: string
  ours: Series
  theirs: Series | null
  /** Ours over theirs, or ours alone where there is no counterpart. */
  result: number
  aim: { least?: number; most?: number; unit?: string }
  /** Sentences below the table. */
  notes: string[]
}

/** A line without a counterpart, whose median may be so much `at most`, in its unit. */
export function alone(name: string, unit: string, ours: Series, most: number, notes: string[] = []): Measurement {
  return { name, unit, ours, theirs: null, result: ours.median, aim: { most, unit: ` ${unit}` }, notes }
}

/** Whether the aim is met. */
function isMet({ result, aim }: Measurement): boolean {
  return result >= (aim.least ?? Number.NEGATIVE_INFINITY) && result <= (aim.most ?? Number.POSITIVE_INFINITY)
}

/** What came out before this release, by a measure's name: a ratio, or a value in its unit; see docs/speed.md. */
const before = new Map<string, number>(
  Object.entries(JSON.parse(readFileSync(join(import.meta.dirname, 'before.json'), 'utf8'))),
)

const usualHeads = ['measure', 'ours', 'theirs', 'ratio', 'aim', '']

/** The table of medians, beside what came out before where that is known, and below it the ranges and the notes. */
export function printMeasurements(measurements: Measurement[], given = usualHeads): string {
  const isKnown = measurements.some(({ name }) => before.has(name))
  const heads = isKnown ? given.toSpliced(4, 0, 'before') : given
  const rows = measurements.map((measurement) => {
    const { aim, ours, theirs, unit } = measurement
    const earlier = before.get(measurement.name)
    const bound = aim.least !== undefined ? `≥ ${aim.least}` : `≤ ${aim.most}`
    return [
      measurement.name,
      `${show(ours.median)} ${unit}`,
      theirs ? `${show(theirs.median)} ${unit}` : '–',
      `${show(measurement.result)}${aim.unit ?? ''}`,
      ...(isKnown ? [earlier === undefined ? '–' : `${show(earlier)}${aim.unit ?? ''}`] : []),
      `${bound}${aim.unit ?? ''}`,
      isMet(measurement) ? 'met' : 'MISSED',
    ]
  })
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()
  const ranges = measurements.flatMap((measurement) => [
    `${measurement.name}: ours ${range(measurement.ours)}${measurement.theirs ? `, theirs ${range(measurement.theirs)}` : ''} ${measurement.unit}`,
    ...measurement.notes.map((note) => `    ${note}`),
  ])
  return [line(heads), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line), '', ...ranges].join('\n')
}

/** Smallest / median / largest of the rounds. */
function range({ min, median, max, values }: Series): string {
  return `${show(min)} / ${show(median)} / ${show(max)} in ${values.length} rounds`
}

/** A number with two or three significant digits. */
export function show(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toFixed(digits)
}
