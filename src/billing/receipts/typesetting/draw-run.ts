import type PDFDocument from 'pdfkit'
import type { Font } from './fonts.ts'
import type { Run } from './lines.ts'
import type { Glyph } from './shaping.ts'

export type Doc = InstanceType<typeof PDFDocument>

/** Where a run begins on a page that runs upwards, in points. */
type Start = { x: number; y: number; size: number }

/**
 * Draws a run as it was shaped. Glyphs that read something come first, one behind the other; the marks and pieces that belong
 * to them follow, each where it stands, so that a reader who goes by the order finds the letters and no gaps.
 */
export function drawRun(doc: Doc, { font, glyphs }: Run, { x, y, size }: Start): void {
  const embedded = embeddedIn(doc, font)
  doc.page.fonts[embedded.id] ??= embedded.ref()
  const scale = size / font.unitsPerEm
  doc.addContent(`BT\n/${embedded.id} ${short(size)} Tf`)
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
    doc.addContent(`1 0 0 1 ${short(x + at * scale)} ${short(y + glyph.yOffset * scale)} Tm`)
    doc.addContent(`[${spaced(group, embedded, font)}] TJ`)
  }
  doc.addContent('ET')
}

type Piece = { glyph: Glyph; code: string; at: number }

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
function spaced(group: Piece[], { widths }: EmbeddedFont, { unitsPerEm }: Font): string {
  const start = group[0]!.at
  let written = ''
  // Where the reader's pen is, in thousandths, moves included as they are rounded.
  let pen = 0
  for (const { code, at } of group) {
    const move = short(pen - ((at - start) * 1000) / unitsPerEm)
    if (move !== 0) written += ` ${move} `
    written += `<${code}>`
    pen += widths[Number.parseInt(code, 16)]! - move
  }
  return written.replaceAll('><', '')
}

/** What pdfkit keeps of a font in a document: which glyphs it takes along, how wide they are and what they read. */
type EmbeddedFont = {
  id: string
  ref(): unknown
  font: { getGlyph(id: number): { advanceWidth: number } }
  subset: { glyphs: number[] }
  widths: number[]
  unicode: number[][]
  scale: number
  codes?: Map<string, string>
}

/** Fonts that pdfkit has read; documents share them. */
const read = new Map<string, EmbeddedFont['font']>()

function embeddedIn(doc: Doc, { name, bytes }: Font): EmbeddedFont {
  doc.registerFont(name, (read.get(name) ?? bytes) as unknown as string).font(name)
  const embedded = (doc as unknown as { _font: EmbeddedFont })._font
  read.set(name, embedded.font)
  return embedded
}

/** Invisible and without width: for a glyph that reads nothing of its own, where no text at all would be read as garbage. */
const nothing = [0x2060]
/** What a code reads may be 512 bytes long in PDF; far more than any syllable. */
const longest = 100

/**
 * The code of a glyph that reads so: a glyph that reads otherwise in another place gets another code there. (pdfkit would
 * give each glyph one code and one reading, and have its own shaper, which fails at Noto's marks, place it.)
 */
function codeOf(embedded: EmbeddedFont, { id, text }: Glyph): string {
  embedded.codes ??= new Map()
  const key = `${id} ${text}`
  const known = embedded.codes.get(key)
  if (known) return known
  const { subset, widths, unicode, font, scale } = embedded
  const number = subset.glyphs.push(id) - 1
  widths[number] = font.getGlyph(id).advanceWidth * scale
  unicode[number] = text === '' ? nothing : Array.from(text, (sign) => sign.codePointAt(0)!).slice(0, longest)
  const code = number.toString(16).padStart(4, '0')
  embedded.codes.set(key, code)
  return code
}

function short(value: number): number {
  return Number(value.toFixed(3))
}
