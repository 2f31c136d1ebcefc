import type { Series } from './series.ts'

/** One line of the table: what was measured, of us and of the least it could cost, and whether that is good enough. */
export type Measurement = {
  name: string
  unit: string
  ours: Series
  theirs: Series | null
  /** Ours over theirs (or the figure itself where nothing stands beside it), and what it should be. */
  result: number
  aim: { least?: number; most?: number; unit?: string }
  /** Sentences below the table: where the time goes, what came along. */
  notes: string[]
}

/** Whether the aim is met. */
function isMet({ result, aim }: Measurement): boolean {
  return result >= (aim.least ?? Number.NEGATIVE_INFINITY) && result <= (aim.most ?? Number.POSITIVE_INFINITY)
}

const usualHeads = ['measure', 'ours', 'theirs', 'ratio', 'aim', '']

/** The table, medians with smallest and largest below, and the notes. */
export function printMeasurements(figures: Measurement[], heads = usualHeads): string {
  const rows = figures.map((figure) => {
    const { aim, ours, theirs, unit } = figure
    const bound = aim.least !== undefined ? `≥ ${aim.least}` : `≤ ${aim.most}`
    return [
      figure.name,
      `${show(ours.median)} ${unit}`,
      theirs ? `${show(theirs.median)} ${unit}` : '–',
      `${show(figure.result)}${aim.unit ?? ''}`,
      `${bound}${aim.unit ?? ''}`,
      isMet(figure) ? 'met' : 'MISSED',
    ]
  })
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()
  const ranges = figures.flatMap((figure) => [
    `${figure.name}: ours ${range(figure.ours)}${figure.theirs ? `, theirs ${range(figure.theirs)}` : ''} ${figure.unit}`,
    ...figure.notes.map((note) => `    ${note}`),
  ])
  return [line(heads), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line), '', ...ranges].join('\n')
}

/** Smallest / median / largest of the rounds. */
function range({ min, median, max, values }: Series): string {
  return `${show(min)} / ${show(median)} / ${show(max)} in ${values.length} rounds`
}

/** A number with as many digits as mean something. */
export function show(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toFixed(digits)
}
