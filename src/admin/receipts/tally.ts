import { findState } from '../../identity/users/indian-states.ts'
import type { Sql } from '../../platform/db.ts'
import { paperFile, plainRupees, toolDay } from './month-file.ts'
import { allPapers, type Month, type TaxPaper } from './queries.ts'

/** A ledger entry a line; the lines of a voucher stand together. For TallyPrime's "Import data › Vouchers" with a mapping. */
const head = [
  ...['Voucher Date', 'Voucher Type Name', 'Voucher Number', 'Reference No.', 'Ledger Name', 'Ledger Amount'],
  ...[
    'Ledger Amount Dr/Cr',
    'Buyer/Supplier - Name',
    'Buyer/Supplier - State',
    'Buyer/Supplier - GSTIN/UIN',
    'GST Registration',
    'Voucher Narration',
  ],
]

/** The month's sales and credit notes as vouchers for Tally, each balanced: money on one side, value and taxes on the other. */
export async function* tallyFile(sql: Sql, month: Month) {
  yield '\ufeff' // it is opened in a spreadsheet first
  yield* paperFile(sql, { month, filter: allPapers, head }, voucherLines)
}

function voucherLines(paper: TaxPaper) {
  const isNote = paper.kind !== 'receipt'
  const voucher = [
    toolDay(paper.issuedAt),
    isNote ? 'Credit Note' : 'Sales',
    paper.number,
    paper.about ?? paper.orderId,
  ]
  const buyer = [paper.buyerName, findState(paper.stateCode)?.name ?? '', paper.gstin ?? '']
  const narration = paper.kind === 'correction' ? 'Buyer details corrected' : (paper.planTitle ?? '')
  return entriesOf(paper)
    .filter(({ paise }) => paise !== 0)
    .map(({ ledger, paise }) => [
      ...[
        ...voucher,
        ledger,
        plainRupees(Math.abs(paise)),
        paise > 0 ? 'Cr' : 'Dr',
        ...buyer,
        paper.sellerGstin ?? '',
        narration,
      ],
    ])
}

/** Credits are positive. A credit note has all the other way round. */
function entriesOf(paper: TaxPaper) {
  return [
    { ledger: 'Cashfree Payments', paise: -paper.amountPaise },
    { ledger: 'Subscription Sales', paise: paper.taxablePaise },
    { ledger: 'Output CGST', paise: paper.cgstPaise },
    { ledger: 'Output SGST/UTGST', paise: paper.sgstPaise },
    { ledger: 'Output IGST', paise: paper.igstPaise },
    { ledger: 'Round Off', paise: paper.roundOffPaise },
  ]
}
