import { describe, expect, test } from 'vitest'
import { rupees, rupeesExact } from '../../../src/platform/money.ts'
import { textOfPdf } from '../../billing/receipts/pdf-text.ts'
import { admin, app, usePanel } from '../panel.ts'
import { download, gstr1Of, paiseOf, sum } from './month-files.ts'
import { type Seller, sell, takeBack, thisMonth } from './sales.ts'

usePanel(['admin'])

const pune = { gstin: '27AAPFU0939F1ZV', stateCode: '27' }
const chandigarh = { gstin: '04AAPFU0939F1Z3', stateCode: '04' }
const company = (gstin: string | null, legalName = 'Rao Traders Pvt Ltd') => ({
  company: { legalName, address: '12 <Brigade> Road & "Lane", Bengaluru', gstin },
})
const names = {
  Malayalam: 'കൃഷ്ണൻ നായർ & മക്കൾ',
  Gurmukhi: 'ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ',
  Urdu: 'قرۃ العین حیدر',
  'Ol Chiki': 'ᱥᱟᱱᱛᱟᱲᱤ ᱢᱩᱨᱢᱩ',
}

type Stored = Record<'amount' | 'taxable' | 'cgst' | 'sgst' | 'igst' | 'off', number>
async function stored(number: string): Promise<Stored> {
  const [row] = await app.sql<Stored[]>`
    select amount_paise as amount, taxable_paise as taxable, cgst_paise as cgst, sgst_paise as sgst, igst_paise as igst,
           round_off_paise as off
    from ${app.sql(number.startsWith('R') ? 'receipts' : 'credit_notes')} where number = ${number}`
  return row!
}

/** What the page and the PDF print under the lines: each label with its amount. */
async function printed(number: string) {
  const path = `/${number.startsWith('R') ? 'receipts' : 'credit-notes'}/${number}`
  const page = (await admin.visitor.get(path)).body
  const foot = /<tfoot>([\s\S]*?)<\/tfoot>/.exec(page)![1]!
  const onPage = [...foot.matchAll(/<t[dh][^>]*>([^<]+)<\/t[dh]><td class="num">([^<]+)<\/td>/g)].map(
    ([, label, amount]) => [label!, amount!],
  )
  return { page, onPage, pdf: textOfPdf(await download(admin.visitor, `${path}.pdf`)) }
}

/** The page, the PDF and the stored paper say the same to the paisa; answers the labels of what was charged. */
async function agree(number: string): Promise<string[]> {
  const paper = await stored(number)
  const { onPage, pdf } = await printed(number)
  const amounts = Object.fromEntries(onPage)
  expect(amounts.Total).toBe(rupees(paper.amount))
  const taxes = onPage.filter(([label]) => /GST/.test(label!))
  const heads = [paper.cgst, paper.sgst, paper.igst].filter((paise) => paise > 0)
  expect(taxes.map(([, amount]) => amount)).toEqual(heads.map(rupees))
  for (const paise of [...heads, paper.amount]) expect(pdf).toContain(rupeesExact(paise))
  if ('Taxable value' in amounts) {
    expect(amounts['Taxable value']).toBe(rupees(paper.taxable))
    expect(pdf).toContain(rupeesExact(paper.taxable))
    expect(amounts['Round off'] ?? '0').toBe(paper.off === 0 ? '0' : `${paper.off > 0 ? '+' : ''}${rupees(paper.off)}`)
  }
  return taxes.map(([label]) => label!)
}

/** The lines of every GSTR-1 table about a paper. */
async function reported(seller: Seller, number: string) {
  const { table } = await gstr1Of(admin.visitor, await thisMonth())
  const isNote = number.startsWith('C')
  return table(`${seller.gstin}/${isNote ? 'cdnr' : 'b2b'}`).filter(
    (row) => row[isNote ? 'Note Number' : 'Invoice Number'] === number,
  )
}

describe('page, PDF and GSTR-1 agree to the paisa', () => {
  test.each([
    ['a company of the same state', pune, company('27AABCU9603R1ZN'), ['CGST 9%', 'SGST 9%'], '27-Maharashtra'],
    ['a company of another state', pune, company('29AAPFU0939F1ZR'), ['IGST 18%'], '29-Karnataka'],
    ['a company of a union territory', pune, company('35AAPFU0939F1ZY'), ['IGST 18%'], '35-Andaman & Nicobar Islands'],
    [
      'a company of the seller’s own union territory',
      chandigarh,
      company('04AABCU9603R1ZV'),
      ['CGST 9%', 'UTGST 9%'],
      '04-Chandigarh',
    ],
  ] as const)('for %s: the invoice, and notes over parts of it', async (_to, seller, buyer, taxes, place) => {
    for (const paise of [499_000, 100, 101, 33_333]) {
      const number = await sell({ seller, buyer, paise })
      expect(await agree(number)).toEqual(taxes)
      const invoice = await stored(number)
      expect(await reported(seller, number)).toMatchObject([
        {
          'Receiver Name': 'Rao Traders Pvt Ltd',
          'Place Of Supply': place,
          'GSTIN/UIN of Recipient': buyer.company.gstin,
          Rate: '18',
        },
      ])
      const [line] = await reported(seller, number)
      expect([paiseOf(line!['Invoice Value']!), paiseOf(line!['Taxable Value']!)]).toEqual([
        invoice.amount,
        invoice.taxable,
      ])
      const notes: Stored[] = []
      for (const back of [1, 33, paise]) {
        const note = await takeBack(number, back)
        await agree(note)
        const [row] = await reported(seller, note)
        notes.push(await stored(note))
        expect([paiseOf(row!['Note Value']!), paiseOf(row!['Taxable Value']!)]).toEqual([
          notes.at(-1)!.amount,
          notes.at(-1)!.taxable,
        ])
      }
      for (const head of Object.keys(invoice) as (keyof Stored)[])
        expect([head, notes.reduce((all, note) => all + note[head], 0)]).toEqual([head, invoice[head]])
    }
  })

  test.each([
    ['27', ['CGST 9%', 'SGST 9%']],
    ['29', ['IGST 18%']],
    ['38', ['IGST 18%']],
  ])('for a consumer of state %s, down to the rupee that a coupon leaves', async (state, taxes) => {
    for (const [discount, credit] of [
      [0, 0],
      [498_900, 0],
      [0, 498_900],
      [1, 2],
      [123_457, 200_001],
    ] as const) {
      const number = await sell({
        seller: pune,
        buyer: { state },
        paise: 499_000 - discount - credit,
        discount,
        credit,
      })
      expect(await agree(number)).toEqual(taxes)
    }
  })

  test.each(Object.entries(names))('a name in %s stands on page, PDF and in the files', async (_script, name) => {
    const number = await sell({ seller: pune, buyer: { name, ...company('29AAPFU0939F1ZR', name) } })
    const { page, pdf } = await printed(number)
    expect(page).toContain(name.replace('&', '&amp;'))
    // From right to left, as it stands on the paper: a reader of text turns it round.
    expect([pdf.includes(name), pdf.includes([...name].reverse().join(''))]).toContain(true)
    expect((await reported(pune, number))[0]!['Receiver Name']).toBe(name)
  })

  test.each(['<b>"Rao" & Söhne</b>', 'X'.repeat(200), `${'Rao & "Brothers" '.repeat(12).trim()}`])(
    'a company called %s',
    async (name) => {
      const number = await sell({ seller: pune, buyer: company('29AAPFU0939F1ZR', name) })
      await agree(number)
      await agree(await takeBack(number, 100))
      const { page } = await printed(number)
      expect(page).not.toContain('<b>"Rao"')
      expect((await reported(pune, number))[0]!['Receiver Name']).toBe(name)
    },
  )

  test('without a GSTIN there is no tax on any paper, and none in GSTR-1', async () => {
    const seller = { gstin: '', stateCode: '27' }
    const number = await sell({ seller, buyer: company('29AAPFU0939F1ZR') })
    const note = await takeBack(number, 100_000)
    for (const paper of [number, note]) {
      expect(await agree(paper)).toEqual([])
      const { page, pdf } = await printed(paper)
      for (const text of [page, pdf]) expect(text).not.toMatch(/CGST|SGST|IGST|SAC|Taxable|Place of supply/)
    }
    const { files } = await gstr1Of(admin.visitor, await thisMonth())
    const all = Object.entries(files).filter(([name]) => name.includes('/'))
    expect(all.filter(([, text]) => text.includes(number) || text.includes(note))).toEqual([])
  })
})

describe('a credit note', () => {
  test('in a later month, or another financial year, than its invoice is reported in its own, in its own series', async () => {
    const number = await sell({ seller: pune, buyer: company('29AAPFU0939F1ZR') })
    const consumer = await sell({ seller: pune, buyer: { state: '32' } })
    await app.sql`
      update receipts set issued_at = timestamptz '2025-03-31 23:59:00+05:30' where number in (${number}, ${consumer})`
    const note = await takeBack(number, 100_000)
    const other = await takeBack(consumer, 499_000)
    expect(note.slice(1, 5)).toBe(other.slice(1, 5))
    const [year] = await app.sql<{ year: string }[]>`select financial_year_of(now()) as year`
    expect(note.slice(1, 5)).toBe(year!.year)
    const { page, pdf } = await printed(note)
    for (const text of [page, pdf]) expect(text).toContain(number)
    expect(page).toContain('31 Mar 2025')
    const [now, then] = await Promise.all([
      gstr1Of(admin.visitor, await thisMonth()),
      gstr1Of(admin.visitor, '2025-03'),
    ])
    const tables = ({ table }: typeof now, name: string) => table(`${pune.gstin}/${name}`)
    expect(tables(now, 'cdnr').map((row) => row['Note Number'])).toContain(note)
    expect(tables(now, 'b2b').map((row) => row['Invoice Number'])).not.toContain(number)
    expect(tables(then, 'b2b').map((row) => row['Invoice Number'])).toEqual([number])
    expect(tables(then, 'cdnr')).toEqual([])
    const kerala = (files: typeof now) => tables(files, 'b2cs').filter((row) => row['Place Of Supply'] === '32-Kerala')
    expect([sum(kerala(then), 'Taxable Value'), sum(kerala(now), 'Taxable Value')]).toEqual([422_881, -422_881])
  })

  test('of a correction, where no money moved, says nothing of a refund', async () => {
    const number = await sell({ seller: pune })
    await app.sql`select correct_receipt(${number}, ${app.sql.json(company('29AAPFU0939F1ZR').company)}, 'user:x', null)`
    const [note] = await app.sql<{ number: string }[]>`select number from credit_notes where receipt_number = ${number}`
    const { page, pdf } = await printed(note!.number)
    expect(await agree(note!.number)).toEqual(['CGST 9%', 'SGST 9%'])
    expect(pdf).not.toMatch(/^Refund$/m)
    expect(page).not.toContain('>Refund<')
  })
})
