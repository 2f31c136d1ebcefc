import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paperOfReceipt } from '../../../src/billing/receipts/paper.ts'
import { findReceiptRow } from '../../../src/billing/receipts/queries.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { textOfPdf } from './pdf-text.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({
    SELLER_GSTIN: '27AAPFU0939F1ZV',
    SELLER_NAME: 'Sector Tools LLP',
    SELLER_ADDRESS: '1 MG Road, Pune',
  })
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())

async function bought(plan: string, state: string) {
  const visitor = new Visitor(app)
  const form = await visitor.register({ plan, state })
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  const [row] = await app.sql<Record<string, number | string>[]>`
    select number, amount_paise, taxable_paise, cgst_paise, sgst_paise, igst_paise, round_off_paise from receipts where order_id = ${order.id}`
  return { visitor, row: row!, page: (await visitor.get(`/receipts/${row!.number}`)).body }
}

describe('a registered seller’s tax invoice', () => {
  test.each([
    [
      'monthly',
      '27',
      { amountPaise: 49_900, taxablePaise: 42_288, cgstPaise: 3_806, sgstPaise: 3_806, igstPaise: 0, roundOffPaise: 0 },
    ],
    [
      'monthly',
      '29',
      { amountPaise: 49_900, taxablePaise: 42_288, cgstPaise: 0, sgstPaise: 0, igstPaise: 7_612, roundOffPaise: 0 },
    ],
    [
      'annual',
      '27',
      {
        amountPaise: 499_000,
        taxablePaise: 422_881,
        cgstPaise: 38_059,
        sgstPaise: 38_059,
        igstPaise: 0,
        roundOffPaise: 1,
      },
    ],
    [
      'annual',
      '29',
      { amountPaise: 499_000, taxablePaise: 422_881, cgstPaise: 0, sgstPaise: 0, igstPaise: 76_119, roundOffPaise: 0 },
    ],
  ])('for the %s plan and a buyer in state %s adds up to the price', async (plan, state, lines) => {
    const { row } = await bought(plan, state)
    expect(row).toMatchObject(lines)
  })

  test('within the state names CGST and SGST, and rounds off a paisa where they do not meet the price', async () => {
    const { page } = await bought('annual', '27')
    for (const text of [
      '27AAPFU0939F1ZV',
      '997331',
      'CGST',
      '₹380.59',
      'SGST',
      '₹4,228.81',
      'Round off',
      '₹0.01',
      '₹4,990',
      'Maharashtra',
    ])
      expect(page).toContain(text)
    expect(page).not.toContain('IGST')
  })

  test('to another state names IGST alone', async () => {
    const { page } = await bought('monthly', '29')
    for (const text of ['IGST', '₹76.12', '₹422.88', 'Karnataka', '₹499']) expect(page).toContain(text)
    expect(page).not.toMatch(/CGST|SGST|Round off/)
  })

  test('as PDF has all that Rule 46 asks for', async () => {
    const { visitor, row } = await bought('annual', '27')
    const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(`${app.url}/receipts/${row.number}.pdf`, { headers: { cookie } })
    const text = textOfPdf(Buffer.from(await answer.arrayBuffer()))
    for (const words of [
      'Tax invoice',
      'GSTIN 27AAPFU0939F1ZV',
      'SAC 997331',
      'CGST',
      '₹380.59',
      'Round off',
      '₹0.01',
      'Place of supply: Maharashtra (27)',
      'Reverse charge',
      '₹4,990.00',
    ])
      expect(text).toContain(words)
    expect(String(row.number).length).toBeLessThanOrEqual(16)
  })

  test('says before paying that the price includes GST', async () => {
    const visitor = new Visitor(app)
    await visitor.register()
    const { body } = await visitor.get('/checkout/monthly')
    for (const text of ['GST included', 'decides the tax']) expect(body).toContain(text)
  })

  /** A receipt of an order as it is paid, by a seller of a state. */
  async function issued(
    order: Record<string, unknown>,
    seller = { gstin: '27AAPFU0939F1ZV', stateCode: '27' },
    state = '27',
  ) {
    const form = await new Visitor(app).register({ plan: 'annual', state })
    const { id } = await newestOrder(app, form.email!)
    await app.sql`update orders set ${app.sql(order)}, status = 'paid', paid_at = now() where id = ${id}`
    await app.sql`insert into payments (cf_payment_id, order_id, status, method, applied_at) values ('cf' || ${id}, ${id}, 'SUCCESS', 'upi', now())`
    const all = { name: 'Sector Tools LLP', address: '', email: 'help@example.in', sac: '997331', ...seller }
    const [row] = await app.sql<{ number: string }[]>`
      select write_receipt(o, 'cf' || o.id, ${app.sql.json(all)}, buyer_of(o), null) as number from orders o where id = ${id}`
    return paperOfReceipt((await findReceiptRow(app.sql, row!.number))!)
  }

  test.each(['04', '26', '31', '35', '38'])(
    'of a seller in the union territory %s charges UTGST beside CGST',
    async (code) => {
      const seller = { gstin: `${code}AAPFU0939F1ZV`, stateCode: code }
      const paper = await issued({ amount_paise: 499_000 }, seller, code)
      expect(paper.tax!.heads).toEqual([
        { label: 'CGST', ratePercent: 9, amountPaise: 38_059 },
        { label: 'UTGST', ratePercent: 9, amountPaise: 38_059 },
      ])
      expect((await issued({ amount_paise: 499_000 }, seller)).tax!.heads).toEqual([
        { label: 'IGST', ratePercent: 18, amountPaise: 76_119 },
      ])
    },
  )

  test('to a company goes by the state of its GSTIN, wherever the person lives', async () => {
    const company = app.sql.json({ legalName: 'Rao Traders Pvt Ltd', address: 'Bengaluru', gstin: '29AAPFU0939F1ZR' })
    const paper = await issued({ amount_paise: 499_000, company })
    expect(paper.buyer).toMatchObject({ name: 'Rao Traders Pvt Ltd', gstin: '29AAPFU0939F1ZR', stateName: 'Karnataka' })
    expect(paper.placeOfSupply).toEqual({ code: '29', name: 'Karnataka' })
    expect(paper.tax!.heads).toEqual([{ label: 'IGST', ratePercent: 18, amountPaise: 76_119 }])
  })

  test('names discount and credit before tax, and its lines add up to the taxable value', async () => {
    for (let i = 0; i < 25; i++) {
      const [discount, credit] = [1 + ((i * 7_919) % 99_999), (i * 104_729) % 199_999]
      const paper = await issued({
        amount_paise: 499_000 - discount - credit,
        discount_paise: discount,
        credit_paise: credit,
      })
      expect(paper.lines.reduce((sum, { amountPaise }) => sum + amountPaise, 0)).toBe(paper.tax!.taxablePaise)
      expect(paper.lines.map(({ description }) => description)).toContain('Discount')
      expect(Math.abs(paper.lines[0]!.amountPaise - 422_881)).toBeLessThanOrEqual(2)
    }
  })

  test('of the wrong state, or that does not add up, is noticed by the books', async () => {
    const [within, across] = [(await bought('annual', '27')).row.number!, (await bought('annual', '29')).row.number!]
    const broken = async () =>
      (await app.sql<{ number: string }[]>`select broken_i6_tax() as number`).map((r) => r.number)
    expect(await broken()).toEqual([])
    const igst = { cgst_paise: 0, sgst_paise: 0, igst_paise: 76_119, round_off_paise: 0 }
    const halves = { cgst_paise: 38_059, sgst_paise: 38_059, igst_paise: 0, round_off_paise: 1 }
    await app.sql`update receipts set ${app.sql(igst)} where number = ${within}`
    await app.sql`update receipts set ${app.sql(halves)} where number = ${across}`
    expect((await broken()).sort()).toEqual([within, across].sort())
    await app.sql`update receipts set ${app.sql(halves)} where number = ${within}`
    await app.sql`update receipts set ${app.sql(igst)} where number = ${across}`
    expect(await broken()).toEqual([])
    // Constraints refuse the rest; the check is there for the day one is gone.
    await app.sql`alter table receipts drop constraint lines_add_up`
    await app.sql`update receipts set round_off_paise = 2 where number = ${within}`
    expect(await broken()).toEqual([within])
    await app.sql`update receipts set round_off_paise = 1 where number = ${within}`
  })

  test('of a gift says for how many months, and no period', async () => {
    const paper = await issued({ amount_paise: 499_000, purpose: 'gift' })
    expect([paper.lines[0]!.description, paper.period]).toEqual(['Sector ETF RS Analyzer, gift of 12 months', null])
  })
})
