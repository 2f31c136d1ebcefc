import { findState } from '../../identity/users/indian-states.ts'
import type { Sql } from '../../platform/db.ts'
import { type MonthFile, paperFile, plainRupees, shortFile, toolDay } from './month-file.ts'
import {
  allPapers,
  listRunsOfNumbers,
  type Month,
  sumByCode,
  sumByRegistration,
  sumOfConsumers,
  type TaxPaper,
} from './queries.ts'

/** Column heads as the CSV templates of the GST offline tool have them, one file a sheet. */
const heads = {
  b2b: [
    ...[
      'GSTIN/UIN of Recipient',
      'Receiver Name',
      'Invoice Number',
      'Invoice date',
      'Invoice Value',
      'Place Of Supply',
    ],
    ...['Reverse Charge', 'Applicable % of Tax Rate', 'Invoice Type', 'E-Commerce GSTIN', 'Rate', 'Taxable Value'],
    'Cess Amount',
  ],
  b2cs: [
    ...[
      'Type',
      'Place Of Supply',
      'Rate',
      'Applicable % of Tax Rate',
      'Taxable Value',
      'Cess Amount',
      'E-Commerce GSTIN',
    ],
  ],
  cdnr: [
    ...['GSTIN/UIN of Recipient', 'Receiver Name', 'Note Number', 'Note Date', 'Note Type', 'Place Of Supply'],
    ...['Reverse Charge', 'Note Supply Type', 'Note Value', 'Applicable % of Tax Rate', 'Rate', 'Taxable Value'],
    'Cess Amount',
  ],
  hsn: [
    ...['HSN', 'Description', 'UQC', 'Total Quantity', 'Total Value', 'Rate', 'Taxable Value', 'Integrated Tax Amount'],
    ...['Central Tax Amount', 'State/UT Tax Amount', 'Cess Amount'],
  ],
  totals: ['GSTIN', 'Papers', 'Number', 'Taxable value', 'CGST', 'SGST or UTGST', 'IGST', 'Round off', 'Total'],
  docs: ['Nature of Document', 'Sr. No. From', 'Sr. No. To', 'Total Number', 'Cancelled'],
}

const rate = 18

/**
 * What GSTR-1 asks of an Indian month ("2026-11"): for each GSTIN of the seller a folder with a file a table, since each files
 * a return of its own. Papers issued without a GSTIN are in the totals alone, and counted in the note.
 */
export async function gstr1Files(sql: Sql, name: string, month: Month): Promise<MonthFile[]> {
  const sums = await sumByRegistration(sql, month)
  const gstins = [...new Set(sums.flatMap(({ sellerGstin }) => sellerGstin ?? []))]
  const untaxed = sums.reduce((many, sum) => (sum.sellerGstin ? many : many + sum.many), 0)
  const totals = sums.map((sum) => [
    ...[sum.sellerGstin ?? 'none', sum.isNote ? 'Credit notes' : 'Receipts', sum.many],
    ...[sum.taxablePaise, sum.cgstPaise, sum.sgstPaise, sum.igstPaise, sum.roundOffPaise, sum.amountPaise].map(
      plainRupees,
    ),
  ])
  const tables = await Promise.all(gstins.map((gstin) => tablesOf(sql, month, gstin)))
  return [
    { name: 'README.txt', pieces: readme(name, { gstins, untaxed }) },
    { name: 'totals.csv', pieces: shortFile(heads.totals, totals) },
    ...tables.flat(),
  ]
}

/** The tables of one registration, in a folder of its name. */
async function tablesOf(sql: Sql, month: Month, gstin: string): Promise<MonthFile[]> {
  const [consumers, codes, runs] = await Promise.all([
    sumOfConsumers(sql, month, gstin),
    sumByCode(sql, month, gstin),
    listRunsOfNumbers(sql, month, gstin),
  ])
  const toCompanies = { ...allPapers, buyer: 'company', sellerGstin: gstin }
  const invoices = { month, filter: { ...toCompanies, what: 'receipts' }, head: heads.b2b }
  const notes = { month, filter: { ...toCompanies, what: 'notes' }, head: heads.cdnr }
  const hsn = (isCompany: boolean) => codes.filter((code) => code.isCompany === isCompany).map(hsnLine)
  return [
    { name: `${gstin}/b2b.csv`, pieces: paperFile(sql, invoices, b2bLines) },
    { name: `${gstin}/b2cs.csv`, pieces: shortFile(heads.b2cs, consumers.map(b2csLine)) },
    { name: `${gstin}/cdnr.csv`, pieces: paperFile(sql, notes, cdnrLines) },
    { name: `${gstin}/hsn(b2b).csv`, pieces: shortFile(heads.hsn, hsn(true)) },
    { name: `${gstin}/hsn(b2c).csv`, pieces: shortFile(heads.hsn, hsn(false)) },
    { name: `${gstin}/docs.csv`, pieces: shortFile(heads.docs, runs.map(docsLine)) },
  ]
}

function b2bLines({ gstin, buyerName, number, issuedAt, amountPaise, stateCode, taxablePaise }: TaxPaper) {
  return [
    [
      ...[gstin!, buyerName, number, toolDay(issuedAt), plainRupees(amountPaise), toolState(stateCode)],
      ...['N', '', 'Regular B2B', '', rate, plainRupees(taxablePaise), ''],
    ],
  ]
}

function b2csLine({ stateCode, taxablePaise }: { stateCode: string; taxablePaise: number }) {
  return ['OE', toolState(stateCode), rate, '', plainRupees(taxablePaise), '', '']
}

/** A note stands with positive amounts: that it takes back is said by its type, C. */
function cdnrLines({ gstin, buyerName, number, issuedAt, amountPaise, stateCode, taxablePaise }: TaxPaper) {
  return [
    [
      ...[gstin!, buyerName, number, toolDay(issuedAt), 'C', toolState(stateCode)],
      ...['N', 'Regular B2B', plainRupees(-amountPaise), '', rate, plainRupees(-taxablePaise), ''],
    ],
  ]
}

/** Services have no quantity. */
function hsnLine(code: Awaited<ReturnType<typeof sumByCode>>[number]) {
  const { sac, amountPaise, taxablePaise, igstPaise, cgstPaise, sgstPaise } = code
  const taxes = [igstPaise, cgstPaise, sgstPaise].map(plainRupees)
  return [sac, 'Subscription', 'NA', 0, plainRupees(amountPaise), rate, plainRupees(taxablePaise), ...taxes, '']
}

/** Numbers are given and never cancelled. */
function docsLine({ isNote, first, last, many }: Awaited<ReturnType<typeof listRunsOfNumbers>>[number]) {
  return [isNote ? 'Credit Note' : 'Invoices for outward supply', first, last, many, 0]
}

/** "27-Maharashtra". The tool writes "&" where we write "and". */
function toolState(code: string): string {
  return `${code}-${(findState(code)?.name ?? 'Other Territory').replaceAll(' and ', ' & ')}`
}

async function* readme(month: string, { gstins, untaxed }: { gstins: string[]; untaxed: number }) {
  const text =
    gstins.length === 0
      ? `No tax invoice or credit note with GST was issued in ${month} (India). Without a GSTIN there is no GSTR-1.
totals.csv has the plain totals of the month.`
      : `GSTR-1 of ${month} (Indian days), for the GST offline tool: a return for each GSTIN, a folder for each.
${gstins.map((gstin) => `  ${gstin}\n`).join('')}
How to import: in the tool, choose GSTIN, year and month, then "Import files", and for each sheet the CSV file of that GSTIN:
  b2b.csv       tax invoices to companies with a GSTIN (table 4)
  b2cs.csv      consumers by place of supply, net of the month's credit notes to consumers (table 7); a line may be negative
  cdnr.csv      credit notes to companies with a GSTIN (table 9B)
  hsn(b2b).csv  by SAC, companies, net of credit notes (table 12)
  hsn(b2c).csv  by SAC, consumers, net of credit notes (table 12)
  docs.csv      numbers given in the month (table 13), a line for each unbroken run; none is ever cancelled
totals.csv is for your own check and is not imported.

What to know:
- A credit note belongs to the GSTIN of its invoice, even where the seller has another one now.
- An invoice that was corrected stays where it was; a credit note takes the whole of it back and another invoice follows.
- Total values have the round off of each paper in them; taxes are each paper's, added up.
- Invoices to consumers of another state above Rs 1 lakh belong in b2cl, and their notes in cdnur. There is no such price here.
${untaxed > 0 ? `- ${untaxed === 1 ? '1 paper of this month was' : `${untaxed} papers of this month were`} issued without a GSTIN: in totals.csv alone.\n` : ''}
Not verified: these files were never imported into the real tool. Heads are those that public texts give; between versions
of the tool the order of the columns of hsn differs, and state names may be written otherwise. Import one month as a trial
and compare the tool's summary with totals.csv before anything is filed.`
  yield `${text}\n`.replaceAll('\n', '\r\n')
}
