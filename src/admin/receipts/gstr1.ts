import { findState } from '../../identity/users/indian-states.ts'
import type { Sql } from '../../platform/db.ts'
import { type MonthFile, paperFile, plainRupees, shortFile, toolDay } from './month-file.ts'
import { allPapers, listSeries, type Month, sumByCode, sumByKind, sumOfConsumers, type TaxPaper } from './queries.ts'

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
  docs: ['Nature of Document', 'Sr. No. From', 'Sr. No. To', 'Total Number', 'Cancelled'],
}

const rate = 18

/**
 * What GSTR-1 asks of an Indian month ("2026-11"), a file a table. A seller who was not registered has no return: then the
 * zip holds plain totals instead, and says so. Papers from before the registration are left out, and counted in the note.
 */
export async function gstr1Files(sql: Sql, name: string, month: Month): Promise<MonthFile[]> {
  const [series, kinds] = await Promise.all([listSeries(sql, month), sumByKind(sql, month)])
  const taxed = series.reduce((many, one) => many + one.many, 0)
  const untaxed = kinds.reduce((many, one) => many + one.many, 0) - taxed
  const totals = kinds.map((sum) => [
    sum.isNote ? 'Credit notes' : 'Receipts',
    sum.many,
    ...[sum.taxablePaise, sum.cgstPaise, sum.sgstPaise, sum.igstPaise, sum.roundOffPaise, sum.amountPaise].map(
      plainRupees,
    ),
  ])
  const totalsHead = ['Papers', 'Number', 'Taxable value', 'CGST', 'SGST or UTGST', 'IGST', 'Round off', 'Total']
  const plain = [
    { name: 'README.txt', pieces: readme(name, { taxed, untaxed }) },
    { name: 'totals.csv', pieces: shortFile(totalsHead, totals) },
  ]
  return taxed === 0 ? plain : [...plain, ...(await tables(sql, month, series))]
}

async function tables(sql: Sql, month: Month, series: Awaited<ReturnType<typeof listSeries>>): Promise<MonthFile[]> {
  const [consumers, codes] = await Promise.all([sumOfConsumers(sql, month), sumByCode(sql, month)])
  const toCompanies = { ...allPapers, buyer: 'company' }
  const hsn = (isCompany: boolean) => codes.filter((code) => code.isCompany === isCompany).map(hsnLine)
  return [
    {
      name: 'b2b.csv',
      pieces: paperFile(sql, { month, filter: { ...toCompanies, what: 'receipts' }, head: heads.b2b }, b2bLines),
    },
    {
      name: 'b2cs.csv',
      pieces: shortFile(
        heads.b2cs,
        consumers.map(({ stateCode, taxablePaise }) => [
          ...['OE', toolState(stateCode), rate, '', plainRupees(taxablePaise), '', ''],
        ]),
      ),
    },
    {
      name: 'cdnr.csv',
      pieces: paperFile(sql, { month, filter: { ...toCompanies, what: 'notes' }, head: heads.cdnr }, cdnrLines),
    },
    { name: 'hsn(b2b).csv', pieces: shortFile(heads.hsn, hsn(true)) },
    { name: 'hsn(b2c).csv', pieces: shortFile(heads.hsn, hsn(false)) },
    {
      name: 'docs.csv',
      pieces: shortFile(
        heads.docs,
        series.map(({ isNote, first, last, many }) => [
          ...[isNote ? 'Credit Note' : 'Invoices for outward supply', first, last, many, 0],
        ]),
      ),
    },
  ]
}

function b2bLines(paper: TaxPaper) {
  if (!paper.isTaxed) return []
  const { gstin, buyerName, number, issuedAt, amountPaise, stateCode, taxablePaise } = paper
  const place = toolState(stateCode)
  const value = plainRupees(amountPaise)
  return [
    [
      ...[gstin!, buyerName, number, toolDay(issuedAt), value, place],
      ...['N', '', 'Regular B2B', '', rate, plainRupees(taxablePaise), ''],
    ],
  ]
}

/** A note stands with positive amounts: that it takes back is said by its type, C. */
function cdnrLines(paper: TaxPaper) {
  if (!paper.isTaxed) return []
  const { gstin, buyerName, number, issuedAt, amountPaise, stateCode, taxablePaise } = paper
  const place = toolState(stateCode)
  return [
    [
      ...[gstin!, buyerName, number, toolDay(issuedAt), 'C', place],
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

/** "27-Maharashtra". The tool writes "&" where we write "and". */
function toolState(code: string): string {
  return `${code}-${(findState(code)?.name ?? 'Other Territory').replaceAll(' and ', ' & ')}`
}

async function* readme(month: string, { taxed, untaxed }: { taxed: number; untaxed: number }) {
  const text =
    taxed === 0
      ? `No tax invoice or credit note with GST was issued in ${month} (India). Without a GSTIN there is no GSTR-1.
totals.csv has the plain totals of the month.`
      : `GSTR-1 of ${month} (Indian days), for the GST offline tool.

How to import: in the tool, choose GSTIN, year and month, then "Import files", and for each sheet its CSV file:
  b2b.csv       tax invoices to companies with a GSTIN (table 4)
  b2cs.csv      consumers by place of supply, net of the month's credit notes to consumers (table 7); a line may be negative
  cdnr.csv      credit notes to companies with a GSTIN (table 9B)
  hsn(b2b).csv  by SAC, companies, net of credit notes (table 12)
  hsn(b2c).csv  by SAC, consumers, net of credit notes (table 12)
  docs.csv      numbers given in the month (table 13); numbers have no gaps and none is ever cancelled
totals.csv is for your own check and is not imported.

What to know:
- An invoice that was corrected stays where it was; a credit note takes the whole of it back and another invoice follows.
- Total values have the round off of each paper in them; taxes are each paper's, added up.
- Invoices to consumers of another state above Rs 1 lakh belong in b2cl, and their notes in cdnur. There is no such price here.
${untaxed > 0 ? `- ${untaxed} papers of this month were issued without a GSTIN. They are in totals.csv alone.\n` : ''}
Not verified: these files were never imported into the real tool. Heads are those that public texts give; between versions
of the tool the order of the columns of hsn differs, and state names may be written otherwise. Import one month as a trial
and compare the tool's summary with totals.csv before anything is filed.`
  yield `${text}\n`.replaceAll('\n', '\r\n')
}
