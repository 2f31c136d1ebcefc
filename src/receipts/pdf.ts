import PDFDocument from 'pdfkit'
import { dateInIndia, dateTimeInIndia } from '../platform/dates.ts'
import { rupeesExact } from '../platform/money.ts'
import { bold, regular, runsOf } from './fonts.ts'
import type { Receipt } from './receipts.ts'

const ink = '#1f1c18'
const soft = '#5f574c'
const rule = '#d9d2c7'
const left = 56
const right = 539

type Doc = InstanceType<typeof PDFDocument>

/** The receipt as one A4 page. The same receipt gives the same text every time. */
export function receiptPdf(receipt: Receipt): Promise<Buffer> {
  const title = receipt.kind === 'tax-invoice' ? 'Tax invoice' : 'Receipt'
  const doc = new PDFDocument({
    size: 'A4',
    margin: left,
    font: regular,
    lang: 'en-IN',
    info: { Title: `${title} ${receipt.number}`, Author: receipt.seller.name, CreationDate: receipt.issuedAt },
  })
  const done = collect(doc)
  drawHead(doc, title, receipt)
  drawParties(doc, receipt)
  drawLines(doc, receipt)
  drawPayment(doc, receipt)
  doc.end()
  return done
}

function drawHead(doc: Doc, title: string, receipt: Receipt) {
  doc.font(bold).fontSize(20).fillColor(ink).text(title, left, 56)
  doc.fontSize(11).text(receipt.number, left, 60, { align: 'right', width: right - left })
  doc
    .font(regular)
    .fontSize(9)
    .fillColor(soft)
    .text(dateInIndia(receipt.issuedAt), left, 76, { align: 'right', width: right - left })
  line(doc, 100)
  doc.y = 116
}

function drawParties(doc: Doc, { seller, buyer, kind }: Receipt) {
  const top = doc.y
  const sold = [seller.address, kind === 'tax-invoice' ? `GSTIN ${seller.gstin}` : '', seller.stateName, seller.email]
  const bought = [buyer.email, `${buyer.stateName} (${buyer.stateCode})`]
  const bottoms = [party(doc, 'From', seller.name, sold, left, top), party(doc, 'To', buyer.name, bought, 310, top)]
  if (kind === 'tax-invoice')
    doc
      .fontSize(8)
      .fillColor(soft)
      .text(
        `Place of supply: ${buyer.stateName} (${buyer.stateCode}). Reverse charge: no.`,
        left,
        Math.max(...bottoms) + 6,
      )
  doc.y = Math.max(...bottoms, doc.y) + 18
}

function party(doc: Doc, label: string, name: string, details: string[], x: number, top: number): number {
  const width = 225
  doc.font(regular).fontSize(8).fillColor(soft).text(label, x, top, { width })
  doc.fontSize(10.5).fillColor(ink)
  write(doc, name, bold, x, top + 13, width)
  doc.font(regular).fontSize(9).fillColor(soft)
  for (const detail of details.filter(Boolean)) doc.text(detail, x, doc.y + 2, { width })
  return doc.y
}

/** A name in whatever script it is spelt, run by run. */
function write(doc: Doc, text: string, font: string, x: number, y: number, width: number) {
  const runs = runsOf(text, font)
  runs.forEach((run, index) => {
    const options = { width, continued: index < runs.length - 1 }
    doc.font(run.font)
    if (index === 0) doc.text(run.text, x, y, options)
    else doc.text(run.text, options)
  })
}

function drawLines(doc: Doc, receipt: Receipt) {
  line(doc, doc.y)
  doc.y += 10
  for (const { description, sac, amountPaise } of receipt.lines)
    row(doc, sac ? `${description} (SAC ${sac})` : description, rupeesExact(amountPaise))
  row(doc, `Period: ${dateInIndia(receipt.period.from)} to ${dateInIndia(receipt.period.to)}`, '', soft)
  for (const tax of receipt.taxes) row(doc, tax.label, rupeesExact(tax.amountPaise))
  if (receipt.roundOffPaise !== 0) row(doc, 'Round off', rupeesExact(receipt.roundOffPaise))
  line(doc, doc.y + 2)
  doc.y += 10
  doc.font(bold).fontSize(12)
  row(doc, 'Total', rupeesExact(receipt.totalPaise), ink, 12)
  doc
    .font(regular)
    .fontSize(9)
    .fillColor(soft)
    .text(receipt.totalInWords, left, doc.y, { width: right - left })
  doc.y += 18
}

function drawPayment(doc: Doc, { payment, seller, kind }: Receipt) {
  const facts = [
    `Paid on ${dateTimeInIndia(payment.paidAt)} by ${payment.method}`,
    payment.reference ? `bank reference ${payment.reference}` : '',
    `Cashfree payment ${payment.cfPaymentId}`,
  ]
  doc
    .fontSize(9)
    .fillColor(ink)
    .text(`${facts.filter(Boolean).join(', ')}.`, left, doc.y, { width: right - left })
  doc.y += 10
  const kept =
    kind === 'tax-invoice'
      ? 'Computer-generated tax invoice; no signature is needed.'
      : 'Computer-generated receipt; no signature is needed.'
  doc
    .fontSize(8)
    .fillColor(soft)
    .text(`${kept} Prepaid: nothing is debited by itself. Questions: ${seller.email}`, left, doc.y, {
      width: right - left,
    })
}

function row(doc: Doc, label: string, amount: string, colour = ink, size = 10) {
  const top = doc.y
  doc.fontSize(size).fillColor(colour).text(label, left, top, { width: 360 })
  const bottom = doc.y
  if (amount) doc.text(amount, left, top, { width: right - left, align: 'right' })
  doc.y = Math.max(bottom, doc.y) + 5
}

function line(doc: Doc, y: number) {
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
