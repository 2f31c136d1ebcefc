import { dateInIndia, dateTimeInIndia } from '../../platform/dates.ts'
import { rupeesExact } from '../../platform/money.ts'
import type { Paper } from './paper.ts'
import { drawMark } from './typesetting/mark.ts'
import {
  closePages,
  content,
  lower,
  openPages,
  ornament,
  type Pages,
  type Piece,
  roomFor,
  type Spot,
  sheet,
  within,
  write,
} from './typesetting/pages.ts'
import { type SetText, setPlainText, setText } from './typesetting/set-text.ts'
import { type Cell, type Column, hairline, ink, soft, tableRow } from './typesetting/table.ts'

/** A paper as PDF, and what was thrown while it was set in its own script, when it had to do without. */
export type PaperPdf = { pdf: Uint8Array; fallback: string | null }

const product = 'D’s Sector ETF RS Analyzer'

/**
 * The paper on A4, tagged for screen readers; a second page only where names or addresses need it. The same paper gives the
 * same bytes every time. No name, however odd, makes it fail.
 */
export async function paperPdf(paper: Paper): Promise<PaperPdf> {
  try {
    return { pdf: await drawn(paper, setText), fallback: null }
  } catch (error) {
    return { pdf: await drawn(paper, setPlainText), fallback: String((error as Error)?.stack ?? error) }
  }
}

async function drawn(paper: Paper, set: SetText): Promise<Buffer> {
  const pages = openPages({ title: `${paper.title} ${paper.number}`, made: paper.issuedAt, set })
  let spot = head(pages, paper)
  spot = parties(pages, paper, spot)
  spot = supply(pages, paper, spot)
  spot = summary(pages, paper, spot)
  spot = amounts(pages, paper, spot)
  spot = taxes(pages, paper, spot)
  spot = particulars(pages, paper, spot)
  closing(pages, paper, spot)
  return closePages(pages, (page, count) => foot(pages, paper, page, count))
}

const column = { x: sheet.left, width: sheet.width }
const paragraph: Piece = { as: 'P', ...column, size: 10, colour: ink }
const heading: Piece = { as: 'H2', ...column, size: 9, colour: soft }
const tint = '#f6f2ea'

function head(pages: Pages, { title, number, issuedAt, original }: Paper): Spot {
  const top = { page: 0, y: sheet.top }
  const { root } = pages
  const side = 36
  const bbox = [sheet.left, top.y, sheet.left + side, top.y + side]
  const mark = within(pages, root, 'Figure', { alt: `Mark of ${product}`, bbox, placement: 'Block' })
  content(pages, mark, 'Figure', () => drawMark(pages.doc, sheet.left, top.y, side))
  const beside = { ...paragraph, x: sheet.left + 48, width: 220, size: 12, weight: 'bold' } as const
  write(pages, root, product, beside, { ...top, y: top.y + 10 })
  const corner = { ...paragraph, x: 300, width: sheet.right - 300, align: 'right' } as const
  let spot = write(pages, root, title, { ...corner, as: 'H1', size: 22, weight: 'bold' }, { ...top, y: top.y - 5 })
  spot = write(pages, root, number, { ...corner, size: 12, weight: 'bold' }, spot)
  spot = write(pages, root, dateInIndia(issuedAt), { ...corner, colour: soft }, spot)
  if (original) {
    const takesPlace = title === 'Credit note' ? 'For' : 'Replaces'
    const words = `${takesPlace} ${original.title.toLowerCase()} ${original.number} of ${dateInIndia(original.issuedAt)}`
    spot = write(pages, root, words, { ...corner, colour: soft }, spot)
  }
  return hairline(pages, { ...spot, y: spot.y + 18 }, { below: 18 })
}

function parties(pages: Pages, { title, seller, buyer }: Paper, at: Spot): Spot {
  const sold = [seller.address, gstinOf(seller), stateOf(seller), seller.email]
  const bought = [buyer.person ?? '', buyer.address, gstinOf(buyer), stateOf(buyer), buyer.email]
  const to = title === 'Credit note' ? 'Credited to' : 'Billed to'
  const left = party(pages, { label: 'Sold by', name: seller.name, details: sold, x: sheet.left }, at)
  const right = party(pages, { label: to, name: buyer.name, details: bought, x: 312 }, at)
  const end = lower(left, right)
  return { ...end, y: end.y + 14 }
}

const gstinOf = ({ gstin }: { gstin: string | null }) => (gstin ? `GSTIN ${gstin}` : '')
const stateOf = ({ stateName, stateCode }: { stateName: string; stateCode: string }) =>
  stateName ? `${stateName} (${stateCode})` : ''

type Party = { label: string; name: string; details: string[]; x: number }

function party(pages: Pages, { label, name, details, x }: Party, at: Spot): Spot {
  const narrow = { x, width: 227 }
  const section = within(pages, pages.root, 'Sect')
  let spot = write(pages, section, label, { ...heading, ...narrow }, at)
  spot = write(pages, section, name, { ...paragraph, ...narrow, size: 12, weight: 'bold' }, down(spot, 4))
  for (const detail of details.filter(Boolean))
    spot = write(pages, section, detail, { ...paragraph, ...narrow, colour: soft }, down(spot, 3))
  return spot
}

function supply(pages: Pages, { placeOfSupply, placeAssumed, tax, reason }: Paper, at: Spot): Spot {
  let spot = at
  if (tax && placeOfSupply) {
    const why = placeAssumed ? ', the supplier’s state, because the buyer’s is not on record' : ''
    const place = `Place of supply: ${placeOfSupply.name} (${placeOfSupply.code})${why}`
    spot = down(write(pages, pages.root, `${place}. Reverse charge: No.`, paragraph, spot), 4)
  }
  if (reason) spot = down(write(pages, pages.root, `Reason: ${reason}.`, paragraph, spot), 4)
  return down(spot, 12)
}

/** The figure that everybody looks for first, and what it paid for. A tax invoice needs its page for the tax. */
function summary(pages: Pages, paper: Paper, at: Spot): Spot {
  const { title, original, period, facts, lines, totalPaise, tax } = paper
  if (tax) return at
  const height = 66
  const box = roomFor(pages, at, height)
  ornament(pages, () => {
    pages.doc.roundedRect(sheet.left, box.y, sheet.width, height, 6).fillColor(tint).fill()
  })
  const label = title === 'Credit note' ? 'Amount credited' : original ? 'Total, no money moved' : 'Amount paid'
  const left = { ...paragraph, x: sheet.left + 16, width: 224 }
  const figure = write(pages, pages.root, label, { ...left, size: 9, colour: soft }, down(box, 13))
  write(pages, pages.root, rupeesExact(totalPaise), { ...left, size: 20, weight: 'bold' }, down(figure, 2))
  const right = { ...paragraph, x: 312, width: sheet.right - 328 }
  const [when] = facts.flatMap(({ value }) => (value instanceof Date ? value : []))
  const span = period ? `${dateInIndia(period.from)} to ${dateInIndia(period.to)}` : when ? dateInIndia(when) : ''
  const about = write(pages, pages.root, lines[0]!.description, { ...right, weight: 'bold' }, down(box, 14))
  if (span) write(pages, pages.root, span, { ...right, colour: soft }, down(about, 4))
  return down(box, height + 24)
}

function amounts(pages: Pages, paper: Paper, at: Spot): Spot {
  const { tax, lines, breakdown, totalPaise, totalInWords } = paper
  const columns: Column[] = [
    { x: sheet.left, width: 290 },
    { x: 356, width: 70 },
    { x: 426, width: sheet.right - 426, align: 'right' },
  ]
  const table = within(pages, pages.root, 'Table')
  const label = (text: string): Cell => ({ text, heads: 'Column', size: 9, colour: soft })
  const names = [label('Description'), tax ? label('SAC') : { text: '' }, label(tax ? 'Before tax' : 'Amount')]
  let spot = hairline(pages, tableRow(pages, table, columns, names, at), { below: 8 })
  for (const { description, sac, amountPaise } of lines) {
    const cells = [{ text: description }, { text: sac ?? '' }, { text: signed(amountPaise) }]
    spot = tableRow(pages, table, columns, cells, spot, 8)
  }
  spot = hairline(pages, down(spot, 2), { x: 312, below: 8 })
  const sums: Column[] = [{ x: 312, width: 114 }, columns[2]!]
  // Of the heads of a sum the first column is the second of the lines' columns; an empty cell stands before it.
  const sum = (name: string, amount: string, look: Partial<Cell> = {}) => {
    const cells: Cell[] = [{ text: '' }, { text: name, heads: 'Row', colour: soft, ...look }, { text: amount, ...look }]
    spot = tableRow(pages, table, [columns[0]!, ...sums], cells, spot)
  }
  for (const { label: name, amountPaise, isSigned } of breakdown)
    sum(name, isSigned ? withSign(amountPaise) : rupeesExact(amountPaise))
  if (breakdown.length > 0) spot = hairline(pages, down(spot, 2), { x: 312, below: 8 })
  sum('Total', rupeesExact(totalPaise), { size: 14, weight: 'bold', colour: ink })
  const words = write(pages, pages.root, totalInWords, { ...paragraph, colour: soft, align: 'right' }, spot)
  if (tax) return down(words, 24)
  const note = 'Seller not registered under GST; no GST charged.'
  return down(write(pages, pages.root, note, { ...paragraph, colour: soft, align: 'right' }, down(words, 3)), 24)
}

/** The tax table of Rule 46: for the one service, its code, value, rates and taxes. */
function taxes(pages: Pages, { tax, lines }: Paper, at: Spot): Spot {
  if (!tax) return at
  const sac = lines.find((line) => line.sac)?.sac
  const total = tax.heads.reduce((sum, { amountPaise }) => sum + amountPaise, 0)
  const facts: [head: string, value: string][] = [
    ['Service', sac ? `SAC ${sac}` : ''],
    ['Taxable value', rupeesExact(tax.taxablePaise)],
    ['Rate', `${tax.ratePercent}%`],
    ...tax.heads.map(({ label, ratePercent, amountPaise }): [string, string] => [
      `${label} ${ratePercent}%`,
      rupeesExact(amountPaise),
    ]),
    ['Tax in all', rupeesExact(total)],
  ]
  const width = sheet.width / facts.length
  const columns = facts.map(
    (_, i): Column => ({
      x: sheet.left + i * width,
      width: width - (i === facts.length - 1 ? 0 : 6),
      ...(i > 0 ? { align: 'right' } : {}),
    }),
  )
  let spot = write(pages, pages.root, 'Tax', { ...paragraph, as: 'H2', weight: 'bold' }, at)
  const table = within(pages, pages.root, 'Table')
  const names = facts.map(([text]): Cell => ({ text, heads: 'Column', size: 8, colour: soft }))
  spot = hairline(pages, tableRow(pages, table, columns, names, down(spot, 6)), { below: 8 })
  const values = facts.map(([, text]): Cell => ({ text }))
  return down(tableRow(pages, table, columns, values, spot), 20)
}

/** What was sold for how long, and how it was paid or went back; nothing of a correction, where no money moved. */
function particulars(pages: Pages, { title, period, facts }: Paper, at: Spot): Spot {
  if (!period && facts.every(({ value }) => !value)) return at
  const name = title === 'Credit note' ? 'Refund' : 'Period and payment'
  let spot = write(pages, pages.root, name, { ...paragraph, as: 'H2', weight: 'bold' }, at)
  spot = hairline(pages, down(spot, 5), { below: 8 })
  const columns: Column[] = [
    { x: sheet.left, width: 120 },
    { x: sheet.left + 130, width: sheet.width - 130 },
  ]
  const table = within(pages, pages.root, 'Table')
  const sold = period ? `${dateInIndia(period.from)} to ${dateInIndia(period.to)}` : null
  for (const { label, value } of [{ label: 'Period sold', value: sold }, ...facts]) {
    if (!value) continue
    const text = value instanceof Date ? dateTimeInIndia(value) : value
    spot = tableRow(pages, table, columns, [{ text: label, heads: 'Row', colour: soft }, { text }], spot, 5)
  }
  return down(spot, 18)
}

/** Whom to ask, at the foot of a page that has room above it. */
function closing(pages: Pages, { title, number, seller }: Paper, at: Spot): void {
  const name = title.toLowerCase()
  const spot = hairline(pages, { ...at, y: Math.max(at.y, 704) }, { below: 12 })
  const question = `Questions about this ${name}?`
  const asked = write(pages, pages.root, question, { ...paragraph, as: 'H2', weight: 'bold' }, spot)
  const words = `Write to ${seller.email} and mention ${number}. Computer-generated ${name}; no signature is needed.`
  write(pages, pages.root, words, { ...paragraph, size: 9, colour: soft }, down(asked, 3))
}

function foot(pages: Pages, { title, number, seller }: Paper, page: number, count: number): void {
  const look = { size: 8, colour: soft, width: 360 }
  ornament(
    pages,
    () => {
      const [words] = pages.set(pages.doc, `${title} ${number} · ${seller.name}`, look)
      words?.draw(sheet.left, 796)
      const [place] = pages.set(pages.doc, `Page ${page} of ${count}`, look)
      place?.draw(sheet.right - place.width, 796)
    },
    'Pagination',
  )
}

function down(spot: Spot, points: number): Spot {
  return { ...spot, y: spot.y + points }
}

/** What was taken off has the sign that readers of figures know, U+2212. */
function signed(amountPaise: number): string {
  return amountPaise < 0 ? `−${rupeesExact(-amountPaise)}` : rupeesExact(amountPaise)
}

function withSign(amountPaise: number): string {
  return amountPaise > 0 ? `+${rupeesExact(amountPaise)}` : signed(amountPaise)
}
