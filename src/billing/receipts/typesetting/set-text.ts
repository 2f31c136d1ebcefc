import { drawRun } from './draw-run.ts'
import type { Doc } from './embedding.ts'
import { type Font, textFont, type Weight } from './fonts.ts'
import { type Line, lineOf, linesOf, printable, type Run } from './lines.ts'
import type { Glyph } from './shaping.ts'

/** How a text looks and how wide it may be, in points. */
export type Look = { width: number; size: number; colour: string; weight?: Weight }

/** A line of a text that is ready to be drawn on the document's present page, `top` points from its top. */
export type SetLine = { width: number; height: number; draw(x: number, top: number): void }

/** Breaks a text into lines that fit. */
export type SetText = (doc: Doc, text: string, look: Look) => SetLine[]

/**
 * Any text in any script, as its readers write it. Where glyphs do not tell their letters (syllables of several pieces) the
 * run says what it reads; of right-to-left runs, readers of PDF turn the glyphs around themselves.
 */
export const setText: SetText = (doc, text, { width, size, colour, weight = 'regular' }) =>
  linesOf(text, { weight, size, width }).map((line) => ({
    width: line.width,
    height: line.height,
    draw: (x, top) => drawLine(doc.fillColor(colour), line, x, top + line.ascent, size),
  }))

/** The same in plain letters without accents, and without a shaper: what is left when `setText` failed. */
export const setPlainText: SetText = (doc, text, { width, size, colour, weight = 'regular' }) => {
  const font = textFont(weight)
  const letters = printable(text).normalize('NFKD').replace(/\p{M}/gu, '')
  const plain = Array.from(letters, (letter) => (font.has(letter.codePointAt(0)!) ? letter : '?')).join('')
  const fits = (piece: string) => plainRun(piece, font, size).width <= width
  return plainLines(plain, fits).map((piece) => {
    const run = plainRun(piece, font, size)
    const line = lineOf(piece, [run], { weight, size })
    return { ...line, draw: (x, top) => drawLine(doc.fillColor(colour), line, x, top + line.ascent, size) }
  })
}

/** Letters one behind the other. */
function plainRun(text: string, font: Font, size: number): Run {
  const glyphs = Array.from(text, (letter): Glyph => {
    const id = font.shaper.nominalGlyph(letter.codePointAt(0)!)!
    return { id, text: letter, xAdvance: font.shaper.glyphHAdvance(id), xOffset: 0, yOffset: 0 }
  })
  const width = (size * glyphs.reduce((sum, { xAdvance }) => sum + xAdvance, 0)) / font.unitsPerEm
  return { text, from: 0, font, isRightToLeft: false, glyphs, width }
}

function plainLines(text: string, fits: (piece: string) => boolean): string[] {
  const lines: string[] = []
  let line = ''
  // Pieces of at most ten letters with the space behind them: words mostly, so that one without end breaks too.
  for (const [piece] of text.matchAll(/\S{1,10}\s?/g)) {
    if (line && !fits((line + piece).trimEnd())) {
      lines.push(line.trimEnd())
      line = ''
    }
    line += piece
  }
  return line ? [...lines, line.trimEnd()] : lines
}

/** Runs stand where they are seen; they are drawn in the order they are read. */
function drawLine(doc: Doc, line: Line, x: number, baseline: number, size: number): void {
  // Text stands upright on pages that run upwards; pdfkit's run downwards.
  doc.save().transform(1, 0, 0, -1, 0, doc.page.height)
  let at = x
  const placed = line.runs.map((run) => {
    at += run.width
    return { run, x: at - run.width }
  })
  for (const { run, x } of placed.sort((a, b) => a.run.from - b.run.from)) {
    const needsText = !run.isRightToLeft && !tellsItself(run)
    if (needsText) doc.markContent('Span', { actual: run.text })
    drawRun(doc, run, { x, y: doc.page.height - baseline, size })
    if (needsText) doc.endMarkedContent()
  }
  doc.restore()
}

/** Whether the glyphs, one behind the other, tell what is written; pieces of syllables and missing glyphs do not. */
function tellsItself({ glyphs, text }: Run): boolean {
  const isTold = glyphs.every((glyph) => glyph.id !== 0 && glyph.text !== '')
  return isTold && glyphs.map((glyph) => glyph.text).join('') === text
}
