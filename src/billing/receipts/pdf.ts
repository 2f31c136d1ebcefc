import PDFDocument from 'pdfkit'
import { dateInIndia, dateTimeInIndia } from '../../platform/dates.ts'
import { rupeesExact } from '../../platform/money.ts'
import type { Paper } from './paper.ts'
import { printable } from './typesetting/lines.ts'
import { type Doc, type Place, type SetText, setPlainText, setText } from './typesetting/set-text.ts'

const ink = '#1f1c18'
const soft = '#5f574c'
const rule = '#d9d2c7'
const left = 56
const right = 539
const wide = right - left

/** A page under way: the document, how text is set on it, and how far down it is written. */
type Page = { doc: Doc; set: SetText; y: number }

/** A receipt as PDF, and what was thrown while it was set in its own script, when it had to do without. */
export type ReceiptPdf = { pdf: Uint8Array; fallback: string | null }

/** The receipt as one A4 page. The same receipt gives the same text every time. No name, however odd, makes it fail. */
export async function receiptPdf(receipt: Paper): Promise<ReceiptPdf> {
  try {
    return { pdf: await drawn(receipt, setText), fallback: null }
  } catch (error) {
    return { pdf: await drawn(receipt, setPlainText), fallback: String((error as Error)?.stack ?? error) }
  }
}

async function drawn(receipt: Paper, set: SetText): Promise<Buffer> {
  const doc = new PDFDocument({
    size: 'A4',
    margin: left,
    font: '',
    lang: 'en-IN',
    info: {
      Title: `${receipt.title} ${receipt.number}`,
      Author: printable(receipt.seller.name),
      CreationDate: receipt.issuedAt,
    },
  })
  const done = collect(doc)
  const page: Page = { doc, set, y: 56 }
  drawHead(page, receipt)
  drawParties(page, receipt)
  drawLines(page, receipt)
  drawPayment(page, receipt)
  doc.end()
  return done
}

function drawHead(page: Page, { title, number, issuedAt }: Paper) {
  const corner = { x: left, width: wide, align: 'right' } as const
  write(page, title, { y: 56, size: 20, weight: 'bold' })
  write(page, number, { ...corner, y: 60, size: 11, weight: 'bold' })
  write(page, dateInIndia(issuedAt), { ...corner, y: 76, size: 9, colour: soft })
  line(page, 100)
  page.y = 116
}

function drawParties(page: Page, { seller, buyer, placeOfSupply, original, reason }: Paper) {
  const { y } = page
  const sold = [seller.address, seller.gstin ? `GSTIN ${seller.gstin}` : '', seller.stateName, seller.email]
  const bought = [
    buyer.person ?? '',
    buyer.address,
    buyer.gstin ? `GSTIN ${buyer.gstin}` : '',
    buyer.email,
    `${buyer.stateName} (${buyer.stateCode})`,
  ]
  page.y = Math.max(
    party(page, { label: 'From', name: seller.name, details: sold, x: left, y }),
    party(page, { label: 'To', name: buyer.name, details: bought, x: 310, y }),
  )
  const notes = [
    placeOfSupply ? `Place of supply: ${placeOfSupply.name} (${placeOfSupply.code}). Reverse charge: no.` : '',
    original ? `For ${original.title.toLowerCase()} ${original.number} of ${dateInIndia(original.issuedAt)}.` : '',
    reason ? `Reason: ${reason}.` : '',
  ]
  for (const note of notes.filter(Boolean)) page.y = write(page, note, { y: page.y + 6, size: 8, colour: soft })
  page.y += 18
}

type Party = { label: string; name: string; details: string[]; x: number; y: number }

function party(page: Page, { label, name, details, x, y }: Party): number {
  const column = { x, width: 225 }
  write(page, label, { ...column, y, size: 8, colour: soft })
  let bottom = write(page, name, { ...column, y: y + 13, size: 10.5, weight: 'bold' })
  for (const detail of details.filter(Boolean))
    bottom = write(page, detail, { ...column, y: bottom + 2, size: 9, colour: soft })
  return bottom
}

function drawLines(page: Page, receipt: Paper) {
  line(page, page.y)
  page.y += 10
  for (const { description, sac, amountPaise } of receipt.lines)
    row(page, sac ? `${description} (SAC ${sac})` : description, rupeesExact(amountPaise))
  if (receipt.period)
    row(page, `Period: ${dateInIndia(receipt.period.from)} to ${dateInIndia(receipt.period.to)}`, '', { colour: soft })
  for (const { label, amountPaise } of receipt.breakdown) row(page, label, rupeesExact(amountPaise))
  line(page, page.y + 2)
  page.y += 10
  row(page, 'Total', rupeesExact(receipt.totalPaise), { size: 12, weight: 'bold' })
  page.y = write(page, receipt.totalInWords, { size: 9, colour: soft }) + 18
}

function drawPayment(page: Page, { facts, seller, title }: Paper) {
  const said = facts.flatMap(({ label, value }) =>
    value === null ? [] : [`${label}: ${value instanceof Date ? dateTimeInIndia(value) : value}`],
  )
  page.y = write(page, said.join(', '), { size: 9 }) + 10
  write(
    page,
    `Computer-generated ${title.toLowerCase()}; no signature is needed. Prepaid: no auto-debit. Questions: ${seller.email}`,
    { size: 8, colour: soft },
  )
}

function row(page: Page, label: string, amount: string, look: Partial<Place> = {}) {
  const style = { size: 10, ...look }
  const bottoms = [write(page, label, { ...style, width: 360 }), write(page, amount, { ...style, align: 'right' })]
  page.y = Math.max(...bottoms) + 5
}

/** Sets a text where the page has come to, in ink over the whole width unless told otherwise. Answers where it ends. */
function write({ doc, set, y }: Page, text: string, look: Partial<Place> & { size: number }): number {
  return set(doc, text, { x: left, y, width: wide, colour: ink, ...look })
}

function line({ doc }: Page, y: number) {
  doc.moveTo(left, y).lineTo(right, y).lineWidth(0.7).strokeColor(rule).stroke()
}

function collect(doc: Doc): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    doc.on('data', (chunk: Buffer) => chunks.push(chunk))
    doc.on('end', () => resolve(Buffer.concat(chunks)))
    doc.on('error', reject)
  })
}
