import type PDFDocument from 'pdfkit'
import { textFile, type Weight } from './fonts.ts'
import { type Line, linesOf, printable, type Run } from './lines.ts'

export type Doc = InstanceType<typeof PDFDocument>

/** Where a text goes: its top left corner, how wide it may be and how it looks. Points from the top of the page. */
export type Place = {
  x: number
  y: number
  width: number
  size: number
  colour: string
  weight?: Weight
  align?: 'right'
}

/** Writes a text into a column and answers where it ends. */
export type SetText = (doc: Doc, text: string, place: Place) => number

/**
 * Any text in any script, as its readers write it. Where a glyph is not a character (Indic syllables) the run says what it
 * reads; of right-to-left runs, readers of PDF turn the glyphs around themselves.
 */
export const setText: SetText = (doc, text, place) => {
  const { x, width, size, colour, weight = 'regular', align } = place
  let top = place.y
  doc.fillColor(colour)
  for (const line of linesOf(text, { weight, size, width })) {
    drawLine(doc, line, align === 'right' ? x + width - line.width : x, top + line.ascent, size)
    top += line.height
  }
  return top
}

/** The same with the letters of Western Europe alone, without a shaper: what is left when `setText` failed. */
export const setPlainText: SetText = (doc, text, { x, y, width, size, colour, weight = 'regular', align }) => {
  const plain = printable(text).replace(/[^\x20-\x7e\u00a0-\u017f‘’“”–—…₹]/gu, '?')
  doc
    .font(textFile(weight))
    .fillColor(colour)
    .fontSize(size)
    .text(plain, x, y, { width, ...(align ? { align } : {}) })
  return doc.y
}

function drawLine(doc: Doc, line: Line, x: number, baseline: number, size: number): void {
  // Text stands upright on pages that run upwards; pdfkit's run downwards.
  doc.save().transform(1, 0, 0, -1, 0, doc.page.height)
  let at = x
  for (const run of line.runs) {
    const isLetters = run.glyphs.every(({ id, text }) => id !== 0 && text !== '')
    const needsText = !isLetters && !run.isRightToLeft
    if (needsText) doc.markContent('Span', { actual: run.text })
    drawRun(doc, run, { x: at, y: doc.page.height - baseline, size, isLetters })
    if (needsText) doc.endMarkedContent()
    at += run.width
  }
  doc.restore()
}

/** One text object of the page. Numbers between glyphs move the next one to the left, in thousandths of the size. */
function drawRun(
  doc: Doc,
  run: Run,
  { x, y, size, isLetters }: { x: number; y: number; size: number; isLetters: boolean },
): void {
  const font = fontWith(doc, run)
  doc.page.fonts[font.id] ??= font.ref()
  const [codes, positions] = font.encode(run.text, [])
  // What a glyph reads is told once for the whole document, so a letter has precedence over a piece of a syllable.
  if (isLetters)
    for (const [i, code] of codes.entries()) font.unicode[Number.parseInt(code, 16)] = codePointsOf(run.glyphs[i]!.text)
  doc.addContent(`BT\n1 0 0 1 ${short(x)} ${short(y)} Tm\n/${font.id} ${short(size)} Tf`)
  let rise = 0
  let pieces: string[] = []
  const flush = () => {
    if (pieces.length > 0) doc.addContent(`[${pieces.join(' ').replaceAll('> <', '')}] TJ`)
    pieces = []
  }
  for (const [i, { xAdvance, xOffset, yOffset, advanceWidth }] of positions.entries()) {
    if (yOffset !== rise) {
      flush()
      doc.addContent(`${short((yOffset * size) / 1000)} Ts`)
      rise = yOffset
    }
    const [before, after] = [short(-xOffset), short(xOffset + advanceWidth - xAdvance)]
    pieces.push(...(before ? [`${before}`] : []), `<${codes[i]}>`, ...(after ? [`${after}`] : []))
  }
  flush()
  doc.addContent('ET')
}

type Position = { xAdvance: number; xOffset: number; yOffset: number; advanceWidth: number }

/** What pdfkit keeps of a font in a document: it numbers and measures the glyphs used, and asks its engine where they stand. */
type EmbeddedFont = {
  id: string
  ref(): unknown
  encode(text: string, features: []): [codes: string[], positions: Position[]]
  unicode: number[][]
  font: Engine
}

type Engine = {
  getGlyph(id: number): { advanceWidth: number }
  layout(text: string): { glyphs: object[]; positions: object[]; advanceWidth: number }
}

/** Fonts that pdfkit's engine has read; documents share them. */
const engines = new Map<string, Engine>()

/**
 * The run's font in this document, made to lay out this run as it was shaped. The engine of its own, fontkit, throws at
 * marks that have no anchor, as in Noto's Gurmukhi, Telugu and Malayalam, and knows nothing of paragraphs from right to left.
 */
function fontWith(doc: Doc, { font: { name, bytes }, glyphs }: Run): EmbeddedFont {
  doc.registerFont(name, (engines.get(name) ?? bytes) as unknown as string).font(name)
  const embedded = (doc as unknown as { _font: EmbeddedFont })._font
  const engine = embedded.font
  engines.set(name, engine)
  engine.layout = () => ({
    glyphs: glyphs.map(({ id, text }) => ({
      id,
      advanceWidth: engine.getGlyph(id).advanceWidth,
      codePoints: codePointsOf(text),
    })),
    positions: glyphs.map(({ xAdvance, xOffset, yOffset }) => ({ xAdvance, xOffset, yOffset })),
    advanceWidth: 0,
  })
  return embedded
}

function codePointsOf(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0)!)
}

function short(value: number): number {
  return Number(value.toFixed(3))
}
