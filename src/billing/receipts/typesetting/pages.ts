import PDFDocument from 'pdfkit'
import { type Doc, endFonts } from './embedding.ts'
import { type Look, type SetText, setText } from './set-text.ts'

/** Margins of an A4 page, in points from its left and top edge. */
export const sheet = { left: 56, right: 539, top: 52, bottom: 770, width: 483 }

/** A tagged document under way, and how text is set in it. */
export type Pages = { doc: Doc; set: SetText; root: Element }

/** Where the next thing goes: a page counted from 0, and points from its top. */
export type Spot = { page: number; y: number }

/** An element of the structure that screen readers follow (ISO 32000-1, 14.8.4). */
export type Element = PDFKit.PDFStructureElement

/** Opens a document for PDF/UA: title, language, and structure from the first page on. The same input gives the same bytes. */
export function openPages({ title, made, set = setText }: { title: string; made: Date; set?: SetText }): Pages {
  const doc = new PDFDocument({
    size: 'A4',
    margin: 0,
    font: '',
    lang: 'en-IN',
    pdfVersion: '1.7',
    subset: 'PDF/UA' as 'PDF/A-1',
    tagged: true,
    displayTitle: true,
    bufferPages: true,
    info: { Title: title, CreationDate: made },
  })
  keepContents(doc)
  const root = doc.struct('Document')
  doc.addStructure(root)
  return { doc, set, root }
}

const contents = new WeakMap<Doc['page'], string[]>()

/** What is drawn on a page is written at once, when it ends: pdfkit makes an array of bytes of each line that it is given. */
function keepContents(doc: Doc): void {
  doc.addContent = (operators: string) => {
    const known = contents.get(doc.page)
    if (known) known.push(operators)
    else contents.set(doc.page, [operators])
    return doc
  }
}

/** Every page gets what `foot` draws, and the document ends. Resolves with its bytes. */
export function closePages({ doc, root }: Pages, foot: (page: number, pages: number) => void): Promise<Buffer> {
  const bytes = new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = []
    doc.on('data', (chunk: Buffer) => chunks.push(chunk))
    doc.on('end', () => resolve(Buffer.concat(chunks)))
    doc.on('error', reject)
  })
  const { count } = doc.bufferedPageRange()
  for (let page = 0; page < count; page++) {
    doc.switchToPage(page)
    foot(page + 1, count)
    doc.page.write((contents.get(doc.page) ?? []).join('\n'))
  }
  root.end()
  endFonts(doc)
  doc.end()
  return bytes
}

/** Goes to where `height` points are free: here, or at the top of the next page. */
export function roomFor({ doc }: Pages, { page, y }: Spot, height: number): Spot {
  const isFull = y + height > sheet.bottom
  const spot = isFull ? { page: page + 1, y: sheet.top } : { page, y }
  if (spot.page === doc.bufferedPageRange().count) doc.addPage()
  doc.switchToPage(spot.page)
  return spot
}

/** An element within another. */
export function within({ doc }: Pages, parent: Element, type: string, options: object = {}): Element {
  const element = doc.struct(type, options)
  parent.add(element)
  return element
}

/** Drawings that are part of what the element says. */
export function content({ doc }: Pages, element: Element, type: string, draw: () => void): void {
  const marked = doc.markStructureContent(type)
  draw()
  doc.endMarkedContent()
  element.add(marked)
}

/** Drawings that say nothing: screen readers leave them out. */
export function ornament({ doc }: Pages, draw: () => void, type: 'Layout' | 'Pagination' = 'Layout'): void {
  doc.markContent('Artifact', { type })
  draw()
  doc.endMarkedContent()
}

/** What a piece of text is (P, H1, TD …), where it stands and how it looks. */
export type Piece = Omit<Look, 'width'> & {
  as: string
  x: number
  width: number
  align?: 'right'
  scope?: 'Row' | 'Column'
}

const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u

/** Writes a text as an element of its own, over as many pages as it needs. Answers where it ends. */
export function write(pages: Pages, parent: Element, text: string, piece: Piece, at: Spot): Spot {
  const { as, x, width, align, scope } = piece
  const element = within(pages, parent, as, {
    ...(scope ? { scope } : {}),
    // Its glyphs stand in the order they are seen in, which is not the order to read aloud.
    ...(rightToLeft.test(text) ? { actual: text.toWellFormed() } : {}),
  })
  let spot = at
  for (const line of pages.set(pages.doc, text, piece)) {
    spot = roomFor(pages, spot, line.height)
    content(pages, element, as, () => line.draw(align === 'right' ? x + width - line.width : x, spot.y))
    spot = { ...spot, y: spot.y + line.height }
  }
  return spot
}

/** The one that is further down. */
export function lower(a: Spot, b: Spot): Spot {
  return a.page > b.page || (a.page === b.page && a.y > b.y) ? a : b
}
