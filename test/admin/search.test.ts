import { describe, expect, test } from 'vitest'
import { insertComplaint } from '../../src/records/complaints/queries.ts'
import { admin, app, customer, payer, reader, usePanel } from './panel.ts'

usePanel(['admin', 'reader'])

const find = (q: string) => admin.visitor.get(`/admin/search?${new URLSearchParams({ q })}`)
const goesTo = async (q: string) => (await find(q)).location

describe('the box above every page of the panel', () => {
  test('leads straight to an order, by any number on its papers, typed in any case', async () => {
    const { id, order } = await payer()
    const [row] = await app.sql<Record<string, string>[]>`
      select p.cf_payment_id, p.bank_reference, r.number, o.cf_order_id
      from orders o join payments p on p.order_id = o.id join receipts r on r.order_id = o.id where o.id = ${order.id}`
    const { cfPaymentId, bankReference, number, cfOrderId } = row!
    for (const q of [order.id, cfPaymentId!, bankReference!, cfOrderId!, number!, number!.toLowerCase(), ` ${number} `])
      expect([q, await goesTo(q)]).toEqual([q, `/admin/orders/${order.id}`])
    expect((await admin.visitor.get(`/admin/orders/${order.id}`)).body).toContain(`/admin/subscribers/${id}`)
  })

  test('leads straight to a person by e-mail, phone in any format, id, and by a user name that is nobody’s name', async () => {
    const { id, form } = await customer({ phone: '9811122233' })
    for (const q of [form.email!, form.email!.toUpperCase(), '98111 22233', '+91-98111-22233', id, form.username!])
      expect([q, await goesTo(q)]).toEqual([q, `/admin/subscribers/${id}`])
  })

  test('shows everybody who may be meant, where more than one may', async () => {
    const one = await customer({ name: 'Zarina Begum' })
    const two = await customer({ name: 'Zarina Khan', username: 'zarina', phone: '9811199999' })
    const three = await customer({ name: 'Omar', phone: '9811199999' })
    const called = await find('zarina')
    expect(called.status).toBe(200)
    for (const { id } of [one, two]) expect(called.body).toContain(`/admin/subscribers/${id}"`)
    expect(called.body.indexOf(two.id)).toBeLessThan(called.body.indexOf(one.id))
    const sharing = await find('9811199999')
    expect(sharing.status).toBe(200)
    for (const { id } of [two, three]) expect(sharing.body).toContain(`/admin/subscribers/${id}"`)
  })

  test('leads to a coupon and to a complaint', async () => {
    await admin.visitor.post('/admin/coupons', { code: 'FINDME20', percent: '20' })
    expect(await goesTo('findme20')).toBe('/admin/coupons/FINDME20')
    const text = { name: 'Asha', email: 'asha@example.in', reference: '', text: 'Nothing came.' }
    const by = { actor: 'visitor', origin: null }
    const number = await insertComplaint(app.sql, { formKey: 'search', userId: null, ...text }, null, by)
    expect(await goesTo(number.toLowerCase())).toBe(`/admin/complaints/${number}`)
  })

  test('leaves the choice where a coupon is called like somebody', async () => {
    const { id } = await customer({ name: 'Diwali Prasad' })
    await admin.visitor.post('/admin/coupons', { code: 'DIWALI', percent: '20' })
    const { status, body } = await find('diwali')
    expect(status).toBe(200)
    expect(body).toContain(`/admin/subscribers/${id}"`)
    expect(body).toContain('href="/admin/coupons/DIWALI"')
  })

  test('searches for no gift code, which is as good as money, and says so', async () => {
    const { body } = await find('7KQM-2XPT-9FHC-4WNB-J6RD')
    expect(body).toContain('Gift codes are secret')
  })

  test('stands on every page of the panel, for who may only look too, and keeps what was typed', async () => {
    for (const path of ['/admin', '/admin/orders', '/admin/jobs', '/admin/market', '/admin/search'])
      expect([path, (await reader.visitor.get(path)).body.includes('action="/admin/search"')]).toEqual([path, true])
    expect((await find('nobody "at" all')).body).toContain('value="nobody &quot;at&quot; all"')
  })

  test('answers whatever is typed', async () => {
    const junk = [
      "'; drop table users; --",
      '%',
      '\\',
      "a' & !b:*",
      '(((',
      '<script>alert(1)</script>',
      '\u0000',
      '\ud800',
      'x'.repeat(200),
    ]
    for (const q of junk) {
      const answer = await find(q)
      expect([q, answer.status]).toEqual([q, 200])
      expect(answer.body).not.toContain('<script>alert')
    }
    expect((await find('')).body).toContain('What are you looking for?')
    expect((await find('x'.repeat(201))).status).toBe(400)
    expect((await admin.visitor.get('/admin/search?q=a&q=b')).status).toBe(400)
  })
})
