import { beforeAll, describe, expect, test } from 'vitest'
import type { Paper } from '../../../src/billing/receipts/paper.ts'
import { paperPdf } from '../../../src/billing/receipts/pdf.ts'
import { invoiceTo, namesByScript } from './papers.ts'
import { drawingsOf, textOfPdf } from './pdf-text.ts'
import { type ReadPdf, readPdf, type Tagged } from './reading-pdf.ts'

const printed = async (paper: Paper) => (await paperPdf(paper)).pdf

/** The elements of a role, in the order in which they are read. */
function elements(tree: Tagged[], role: string): Tagged[] {
  return tree.flatMap((element) => [
    ...(element.role === role ? [element] : []),
    ...elements(element.children ?? [], role),
  ])
}

/** How many pieces of content hang in the tree. */
function pieces(tree: Tagged[]): number {
  return tree.reduce((sum, { role, children = [] }) => sum + (role ? pieces(children) : 1), 0)
}

describe('a paper can be listened to', () => {
  let pdf: Uint8Array
  let read: ReadPdf
  beforeAll(async () => {
    pdf = await printed(invoiceTo('Asha Rao'))
    read = await readPdf(pdf)
  })

  test('it says what it is, in which language, and that it is tagged', () => {
    expect(read).toMatchObject({ title: 'Tax invoice R2627-000001', language: 'en-IN', isMarked: true, pages: 1 })
    expect(Buffer.from(pdf).toString('latin1')).toMatch(/\/DisplayDocTitle true/)
  })

  test('its parts are headings, paragraphs and tables; the mark has words', () => {
    expect(elements(read.tree, 'H1')).toHaveLength(1)
    expect(elements(read.tree, 'H2').length).toBeGreaterThanOrEqual(4)
    expect(elements(read.tree, 'Table')).toHaveLength(3)
    expect(elements(read.tree, 'Figure').map(({ alt }) => alt)).toEqual(['Mark of D’s Sector ETF RS Analyzer'])
  })

  test('each table has heads, each row as many cells as the others, and no cell stands outside a row', () => {
    for (const table of elements(read.tree, 'Table')) {
      const rows = elements([table], 'TR')
      const heads = elements([table], 'TH')
      expect(heads.length).toBeGreaterThan(0)
      for (const { scope } of heads) expect(scope).toMatch(/^(?:Row|Column)$/)
      const widths = rows.map(({ children }) => children!.length)
      expect(new Set(widths).size).toBe(1)
      expect(widths.reduce((a, b) => a + b, 0)).toBe(heads.length + elements([table], 'TD').length)
    }
  })

  test('everything drawn is either in the tree or said to be an ornament', async () => {
    const streams = drawingsOf(Buffer.from(pdf))
    const marked = [...streams.matchAll(/\/MCID \d+/g)].length
    expect(marked).toBe(pieces(read.tree))
    // Rules and feet say nothing; text and lines outside any mark would be read as a riddle.
    const outside = streams.replace(/\/\w+ (?:<<(?:[^>]|>(?!>))*>> BDC|BMC)[\s\S]*?\nEMC/g, '')
    expect(outside).not.toMatch(/ TJ| Tj|\nS\n|\nf\n/)
  })

  test('the same paper is the same file to the byte', async () => {
    expect(Buffer.from(await printed(invoiceTo('కృష్ణ Rao'))).equals(await printed(invoiceTo('కృష్ణ Rao')))).toBe(true)
  })

  test('papers in plain letters take the same two fonts along, made once; another script adds its own', async () => {
    const [one, another] = [
      fontsIn(await printed(invoiceTo('Asha Rao'))),
      fontsIn(await printed(invoiceTo('Zubin Iyer'))),
    ]
    expect(one).toHaveLength(2)
    expect(another).toEqual(one)
    const mixed = fontsIn(await printed(invoiceTo('కృష్ణ')))
    expect(mixed.length).toBeGreaterThan(2)
    expect(mixed).toEqual(expect.arrayContaining(one))
  })
})

describe('a paper that needs a second page', () => {
  test('has it, numbered, with everything on it once and in order', async () => {
    const long = 'Sri Venkata Raghava Narasimha '.repeat(16)
    const read = await readPdf(await printed({ ...invoiceTo(long), totalInWords: 'Rupees and so on' }))
    expect(read.pages).toBe(2)
    for (const words of ['Page 1 of 2', 'Page 2 of 2', 'Rupees and so on', 'SAC 997331', 'Reverse charge: No'])
      expect(read.text.split(words)).toHaveLength(2)
    expect(pieces(read.tree)).toBeGreaterThan(50)
  })
})

test('a credit note names its invoice and why; a receipt without GST says that none is charged, and no other word of tax', async () => {
  const invoice = invoiceTo('Asha Rao')
  const original = { number: 'R2627-000001', issuedAt: invoice.issuedAt, title: 'Tax invoice' }
  const heads = { kind: 'credit-note', title: 'Credit note', number: 'C2627-000001' } as const
  const note = await readPdf(
    await printed({ ...invoice, ...heads, original, reason: 'Payment refunded', period: null }),
  )
  for (const words of ['Credit note C2627-000001', 'For tax invoice R2627-000001 of', 'Reason: Payment refunded.'])
    expect(note.text).toContain(words)
  expect(note.text).not.toMatch(/Period sold|Prepaid/)
  const untaxed = { kind: 'receipt', title: 'Receipt', tax: null, placeOfSupply: null, breakdown: [] } as const
  const lines = [{ description: 'Annual', sac: null, amountPaise: 509_000 }]
  const off = { description: 'Discount', sac: null, amountPaise: -10_000 }
  const seller = { ...invoice.seller, gstin: null }
  const receipt = await readPdf(
    await printed({ ...invoice, ...untaxed, seller, breakdown: [], lines: [...lines, off] }),
  )
  expect(receipt.text).toContain('Discount −₹100.00')
  const sentence = 'Seller not registered under GST; no GST charged.'
  expect(receipt.text).toContain(sentence)
  expect(receipt.text.replace(sentence, '')).not.toMatch(/GST|SAC|tax|Place of supply|Reverse/i)
})

describe('a name is copied from a paper as it was typed', () => {
  test.each(namesByScript)('%s', async (_language, name) => {
    const pdf = await printed(invoiceTo(name))
    // Firefox's reader goes by the glyphs alone. A vowel around its letter is copied as its two halves: equivalent letters.
    expect((await readPdf(pdf)).text.normalize('NFC')).toContain(name.normalize('NFC'))
    // Readers that know of replacing text find the very characters; of right-to-left ones, in the element's own.
    const isFromTheRight = /\p{Script=Arabic}/u.test(name)
    if (!isFromTheRight) expect(textOfPdf(Buffer.from(pdf))).toContain(name)
    else expect(Buffer.from(pdf).toString('latin1')).toContain(`ActualText (${utf16(name)})`)
  })

  test('with Latin and digits beside it, too', async () => {
    const { text } = await readPdf(await printed(invoiceTo('Khan محمد علی Ltd कृष्ण 42')))
    expect(text.replace(/\s/g, '')).toContain('Khanمحمدعلی')
  })
})

/** The embedded font programs, packed as they are. */
function fontsIn(pdf: Uint8Array): string[] {
  const bytes = Buffer.from(pdf).toString('latin1')
  return [...bytes.matchAll(/\/Length1 \d+\n\/Length \d+\n>>\nstream\n([\s\S]*?)\nendstream/g)].map(([, font]) => font!)
}

/** A string as PDF writes it: UTF-16 behind a mark, brackets and backslashes escaped. */
function utf16(text: string): string {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le').swap16().toString('latin1')
  const escapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f' }
  return bytes.replace(/[\n\r\t\b\f()\\]/g, (sign) => escapes[sign] ?? `\\${sign}`)
}
