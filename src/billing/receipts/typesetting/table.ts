import { type Element, lower, ornament, type Pages, roomFor, type Spot, sheet, within, write } from './pages.ts'
import type { Look } from './set-text.ts'

export const ink = '#1f1c18'
export const soft = '#5f574c'
const rule = '#d9d2c7'

/** A column of a table, in points from the left edge of the page. */
export type Column = { x: number; width: number; align?: 'right' }

type Style = Partial<Pick<Look, 'size' | 'colour' | 'weight'>>

/** A cell: its text, and what it heads, where it does. */
export type Cell = { text: string; heads?: 'Row' | 'Column' } & Style

/** A row of cells below each other's tops, kept on one page where it fits one. Answers where the tallest ends. */
export function tableRow(pages: Pages, table: Element, columns: Column[], cells: Cell[], at: Spot, gap = 4): Spot {
  const row = within(pages, table, 'TR')
  const looks = cells.map((cell, i) => ({ size: 10, colour: ink, ...columns[i]!, ...styleOf(cell) }))
  const heights = cells.map(({ text }, i) =>
    pages.set(pages.doc, text, looks[i]!).reduce((sum, line) => sum + line.height, 0),
  )
  const start = roomFor(pages, at, Math.max(...heights))
  const ends = cells.map(({ text, heads }, i) =>
    write(pages, row, text, { ...looks[i]!, ...(heads ? { as: 'TH', scope: heads } : { as: 'TD' }) }, start),
  )
  const end = ends.reduce(lower, start)
  return { ...end, y: end.y + gap }
}

function styleOf({ size, colour, weight }: Cell): Style {
  return { ...(size ? { size } : {}), ...(colour ? { colour } : {}), ...(weight ? { weight } : {}) }
}

/** A hairline across the page, or from `x` on; answers where what is below it may begin. */
export function hairline(pages: Pages, at: Spot, { x = sheet.left, below = 7 } = {}): Spot {
  const spot = roomFor(pages, at, 8)
  ornament(pages, () => {
    pages.doc.moveTo(x, spot.y).lineTo(sheet.right, spot.y).lineWidth(0.6).strokeColor(rule).stroke()
  })
  return { ...spot, y: spot.y + below }
}
