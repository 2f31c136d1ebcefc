import type { Doc } from './embedding.ts'

/** The product's mark, drawn as in public/favicon.svg, `side` points wide. */
export function drawMark(doc: Doc, x: number, y: number, side: number): void {
  doc
    .save()
    .translate(x, y)
    .scale(side / 32)
  doc.roundedRect(0, 0, 32, 32, 8).fill('#0b5560')
  // A third of white on the ground's colour, without transparency: some printers set it as black.
  doc.path('M16 5v22M5 16h22').lineWidth(1).stroke('#609197')
  doc.path('M7.5 22.5c0-8 4-13 11-13').lineWidth(2.5).lineCap('round').stroke('#7fe0d2')
  doc.path('M22.5 5.5l4.3 7.4h-8.6z').fill('#ffffff')
  doc.restore()
}
