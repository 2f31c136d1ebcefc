import { deflateSync } from 'node:zlib'
import type PDFDocument from 'pdfkit'
import type { Font } from './fonts.ts'
import type { Glyph } from './shaping.ts'
import { subsetOf } from './subset.ts'

export type Doc = InstanceType<typeof PDFDocument>

/**
 * A font in a document: its name and object there, and by code which glyph it is, how wide (in thousandths of the size) and
 * what it reads.
 */
export type Embedded = {
  font: Font
  name: string
  reference: PDFKit.PDFKitReference
  codes: Map<string, number>
  glyphs: number[]
  widths: number[]
  readings: string[]
}

const inDocuments = new WeakMap<Doc, Map<Font, Embedded>>()

/** The font as this document has it; from now on it has it. */
export function embeddedIn(doc: Doc, font: Font): Embedded {
  const fonts = inDocuments.get(doc) ?? new Map<Font, Embedded>()
  inDocuments.set(doc, fonts)
  const known = fonts.get(font)
  if (known) return known
  const embedded: Embedded = {
    font,
    name: `F${fonts.size + 1}`,
    reference: doc.ref({}),
    codes: new Map(),
    glyphs: [],
    widths: [],
    readings: [],
  }
  codeOf(embedded, { id: 0, text: '' })
  fonts.set(font, embedded)
  return embedded
}

/**
 * The code of a glyph that reads so: a glyph that reads otherwise in another place gets another code there. (pdfkit would give
 * each glyph one code and one reading, have its own shaper, which fails at Noto's marks, place it, and read, cut and pack the
 * fonts anew for each document, a third of a receipt's time.)
 */
export function codeOf(
  { font, codes, glyphs, widths, readings }: Embedded,
  { id, text }: Pick<Glyph, 'id' | 'text'>,
): number {
  const key = `${id} ${text}`
  const known = codes.get(key)
  if (known !== undefined) return known
  const code = glyphs.push(id) - 1
  widths.push((font.shaper.glyphHAdvance(id) * 1000) / font.unitsPerEm)
  readings.push(text === '' ? nothing : Array.from(text).slice(0, longest).join(''))
  codes.set(key, code)
  return code
}

/** Invisible and without width: for a glyph that reads nothing of its own, where no text at all would be read as garbage. */
const nothing = '\u2060'
/** What a code reads may be 512 bytes long in PDF; far more than any syllable. */
const longest = 100

/** Writes the fonts that the document has, once all its text is drawn (ISO 32000-1, 9.7). */
export function endFonts(doc: Doc): void {
  for (const embedded of inDocuments.get(doc)?.values() ?? []) {
    const { font, name, reference, glyphs, widths, readings } = embedded
    const { packed, length } = programOf(embedded)
    const BaseFont = `${tagOf(name)}+${font.name}`
    const scaled = (units: number) => (units * 1000) / font.unitsPerEm
    const FontDescriptor = written(doc, {
      Type: 'FontDescriptor',
      FontName: BaseFont,
      Flags: symbolic,
      FontBBox: font.box.map(scaled),
      ItalicAngle: 0,
      Ascent: font.ascent * 1000,
      Descent: -font.descent * 1000,
      CapHeight: font.capHeight * 1000,
      StemV: 0,
      FontFile2: written(doc, { Filter: 'FlateDecode', Length1: length }, packed),
    })
    const descendant = written(doc, {
      Type: 'Font',
      Subtype: 'CIDFontType2',
      BaseFont,
      CIDSystemInfo: { Registry: new String('Adobe'), Ordering: new String('Identity'), Supplement: 0 },
      FontDescriptor,
      W: [0, widths],
      CIDToGIDMap: written(doc, {}, Buffer.from(Uint16Array.from(glyphs).buffer).swap16()),
    })
    Object.assign(reference.data, {
      Type: 'Font',
      Subtype: 'Type0',
      BaseFont,
      Encoding: 'Identity-H',
      DescendantFonts: [descendant],
      ToUnicode: written(doc, {}, unicodeMap(readings)),
    })
    reference.end(undefined)
  }
}

/** Its glyphs are not those of a standard encoding. */
const symbolic = 4

function written(doc: Doc, data: object, stream?: Buffer | string): PDFKit.PDFKitReference {
  const reference = doc.ref(data)
  reference.end(stream)
  return reference
}

/** Six capital letters of their own before the name of a font that is not whole. */
function tagOf(name: string): string {
  const number = Number(name.slice(1)).toString(26).padStart(6, '0')
  return number.replace(/./g, (digit) => String.fromCharCode(65 + Number.parseInt(digit, 26)))
}

type Program = { packed: Buffer; length: number }

/** What draws the glyphs; characters, shaping and names are told elsewhere. */
const tables = ['cvt ', 'fpgm', 'glyf', 'head', 'hhea', 'hmtx', 'loca', 'maxp', 'prep']

/** The whole of a small font is packed once and is the same in each document. */
const small = new Map<Font, Program>()

function programOf({ font, glyphs }: Embedded): Program {
  const known = small.get(font)
  if (known) return known
  const all = font.isSmall ? Array.from({ length: 65_536 }, (_, glyph) => glyph) : glyphs
  const program = subsetOf(font.bytes, { glyphs: all, tables })
  const packed = { packed: deflateSync(program, { level: font.isSmall ? 9 : 6 }), length: program.length }
  if (font.isSmall) small.set(font, packed)
  return packed
}

/** What each code reads, as readers want to be told (Adobe Technical Note 5411). */
function unicodeMap(readings: string[]): string {
  const hex = readings.map((text) => `<${Buffer.from(text, 'utf16le').swap16().toString('hex')}>`)
  const ranges: string[] = []
  for (let from = 0; from < hex.length; from += 256) {
    const part = hex.slice(from, from + 256)
    const [first, last] = [from, from + part.length - 1].map((code) => code.toString(16).padStart(4, '0'))
    ranges.push(`<${first}> <${last}> [${part.join(' ')}]`)
  }
  return [
    '/CIDInit /ProcSet findresource begin',
    '12 dict begin',
    'begincmap',
    '/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def',
    '/CMapName /Adobe-Identity-UCS def',
    '/CMapType 2 def',
    '1 begincodespacerange',
    '<0000> <ffff>',
    'endcodespacerange',
    `${ranges.length} beginbfrange`,
    ...ranges,
    'endbfrange',
    'endcmap',
    'CMapName currentdict /CMap defineresource pop',
    'end',
    'end',
  ].join('\n')
}
