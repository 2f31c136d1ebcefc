import { codeOf, type Doc, type Embedded, embeddedIn } from './embedding.ts'
import type { Run } from './lines.ts'
import type { Glyph } from './shaping.ts'

/** Where a run begins on a page that runs upwards, in points. */
type Start = { x: number; y: number; size: number }

/**
 * Draws a run as it was shaped. Glyphs that read something come first, one behind the other; the marks and pieces that belong
 * to them follow, each where it stands, so that a reader who goes by the order finds the letters and no gaps.
 */
export function drawRun(doc: Doc, { font, glyphs }: Run, { x, y, size }: Start): void {
  const embedded = embeddedIn(doc, font)
  doc.page.fonts[embedded.name] ??= embedded.reference
  const scale = size / font.unitsPerEm
  const written = ['BT', `/${embedded.name} ${short(size)} Tf`]
  const pieces: Piece[] = []
  let pen = 0
  for (const glyph of glyphs) {
    pieces.push({ glyph, code: codeOf(embedded, glyph), at: pen + glyph.xOffset })
    pen += glyph.xAdvance
  }
  const carriers = pieces.filter(({ glyph }) => glyph.text !== '')
  const others = pieces.filter(({ glyph }) => glyph.text === '')
  for (const group of [...joined(carriers), ...others.map((piece) => [piece])]) {
    const { at, glyph } = group[0]!
    written.push(`1 0 0 1 ${short(x + at * scale)} ${short(y + glyph.yOffset * scale)} Tm`)
    written.push(`[${spaced(group, embedded)}] TJ`)
  }
  doc.addContent([...written, 'ET'].join('\n'))
}

type Piece = { glyph: Glyph; code: number; at: number }

/** Glyphs of one height together. */
function joined(pieces: Piece[]): Piece[][] {
  const groups: Piece[][] = []
  for (const piece of pieces) {
    const last = groups.at(-1)
    if (last && last[0]!.glyph.yOffset === piece.glyph.yOffset) last.push(piece)
    else groups.push([piece])
  }
  return groups
}

/** Codes as a TJ operator takes them: numbers between them move the next one to the left, in thousandths of the size. */
function spaced(group: Piece[], { widths, font: { unitsPerEm } }: Embedded): string {
  const start = group[0]!.at
  let written = ''
  // Where the reader's pen is, in thousandths, moves included as they are rounded.
  let pen = 0
  for (const { code, at } of group) {
    const move = short(pen - ((at - start) * 1000) / unitsPerEm)
    if (move !== 0) written += ` ${move} `
    written += `<${code.toString(16).padStart(4, '0')}>`
    pen += widths[code]! - move
  }
  return written.replaceAll('><', '')
}

function short(value: number): number {
  return Math.round(value * 1000) / 1000
}
