import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminOf } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { textOfPdf } from './pdf-text.ts'

let app: TestApp
let buyer: Visitor
let number: string
let email: string
let orderId: string
beforeAll(async () => {
  app = await startApp({ SELLER_NAME: 'Sector Tools LLP', SELLER_ADDRESS: '1 MG Road, Pune' })
  buyer = new Visitor(app)
  const form = await buyer.register({ name: 'Asha <i>Rao</i>'.replaceAll(/<\/?i>/g, ''), plan: 'annual' })
  email = form.email!
  const order = await newestOrder(app, email)
  orderId = order.id
  app.sandbox.control.pay(order.id)
  await buyer.get(`/payment/return?order_id=${order.id}`)
  number = (await app.sql<{ number: string }[]>`select number from receipts where order_id = ${order.id}`)[0]!.number
})
afterAll(() => app.close())

async function pdf(visitor: Visitor): Promise<Buffer> {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const answer = await fetch(`${app.url}/receipts/${number}.pdf`, { headers: { cookie } })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/pdf')
  expect(answer.headers.get('content-disposition')).toBe(`inline; filename="${number}.pdf"`)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  return Buffer.from(await answer.arrayBuffer())
}

describe('a receipt', () => {
  test('is read by its buyer: number, amount in figures and words, period, payment', async () => {
    const page = await buyer.get(`/receipts/${number}`)
    expect(page.status).toBe(200)
    expect(number).toMatch(/^R\d{4}-\d{6}$/)
    for (const text of [
      number,
      '₹4,990',
      'Rupees Four Thousand Nine Hundred Ninety Only',
      'Sector Tools LLP',
      'Asha Rao',
      'Maharashtra',
      'UPI',
    ])
      expect(page.body).toContain(text)
    const note = 'Seller not registered under GST; no GST charged.'
    expect(page.body).toContain(note)
    expect(page.body).toContain(orderId)
    expect(page.body.replace(note, '').replaceAll(orderId, '')).not.toMatch(/GST|SAC|tax invoice/i) // an id may hold any letters
  })

  test('is a PDF whose text can be read and copied, the rupee sign too', async () => {
    const bytes = await pdf(buyer)
    expect(bytes.subarray(0, 5).toString()).toBe('%PDF-')
    const text = textOfPdf(bytes)
    for (const words of [
      number,
      '₹4,990.00',
      'Rupees Four Thousand Nine Hundred Ninety Only',
      'Asha Rao',
      'Sector Tools LLP',
      '1 MG Road, Pune',
      email,
    ])
      expect(text).toContain(words)
    const note = 'Seller not registered under GST; no GST charged.'
    expect(text).toContain(note)
    expect(text).toContain(orderId)
    expect(text.replace(note, '').replaceAll(orderId, '')).not.toMatch(/GST|SAC/)
  })

  test('is the same text every time', async () => {
    expect(textOfPdf(await pdf(buyer))).toBe(textOfPdf(await pdf(buyer)))
  })

  test('does not exist for a stranger, sends a visitor to log in, and is read by an admin', async () => {
    const stranger = new Visitor(app)
    await stranger.register()
    for (const path of [`/receipts/${number}`, `/receipts/${number}.pdf`]) {
      const refused = await stranger.get(path)
      expect([refused.status, refused.body.includes('There is no such receipt in your account.')]).toEqual([404, true])
      expect((await new Visitor(app).get(path)).status).toBe(303)
    }
    const { visitor: admin } = await adminOf(app, 'admin-read')
    expect((await admin.get(`/receipts/${number}`)).status).toBe(200)
    expect((await admin.get(`/receipts/${number}.pdf`)).status).toBe(200)
  })

  test.each([
    'R2627-999999',
    'R2627-1',
    'r2627-000001',
    'R2627/000001',
    'R2627-000001.html',
    '..%2f..%2f.env',
    "R2627-000001'",
    'x'.repeat(60),
  ])('of the number %j does not exist', async (other) => {
    const answer = await buyer.get(`/receipts/${other}`)
    expect([400, 404]).toContain(answer.status)
  })

  test('keeps what was printed when the buyer or the seller changes later', async () => {
    await app.sql`update users set name = 'Somebody Else', state_code = '29' where email = ${email}`
    const page = await buyer.get(`/receipts/${number}`)
    expect(page.body).toContain('Maharashtra')
    expect(textOfPdf(await pdf(buyer))).toContain('Asha Rao')
  })

  test.each([
    ['ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ'],
    ['കൃഷ്ണൻ നായർ'],
    ['శ్రీదేవి రెడ్డి'],
    ['محمد علی خان'],
    ['李小龙 😀'],
    ['x'.repeat(200)],
    ['\u0301\u094d'],
    ['\u202eoaR ahsA\ufffe'],
  ])('of %j is a page, a PDF and a mail', async (name) => {
    await app.sql`update receipts set buyer = jsonb_set(buyer, '{name}', to_jsonb(${name}::text)) where number = ${number}`
    const page = await buyer.get(`/receipts/${number}`)
    expect([page.status, page.body.includes(name)]).toEqual([200, true])
    expect(textOfPdf(await pdf(buyer))).toContain('₹4,990.00')
    await app.sql`update mails set status = 'queued', next_attempt_at = now(), to_name = ${name} where kind = 'receipt'`
    await app.run('deliver-mails')
    expect(await app.sql`select from mails where kind = 'receipt' and status = 'sent'`).toHaveLength(1)
  })
})
