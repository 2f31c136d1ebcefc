import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { correctReceipt } from '../../../src/billing/receipts/correction.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { registration, stageOn, Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ SELLER_GSTIN: '27AAPFU0939F1ZV' })
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())

/** Somebody who registered without a state, and their open order. */
async function stateless(plan = 'monthly') {
  const visitor = new Visitor(app)
  const { username, state, ...form } = registration({ plan })
  expect((await visitor.post('/register', form)).status).toBe(303)
  const order = await newestOrder(app, form.email!)
  return { visitor, order, email: form.email! }
}

const stateOf = async (email: string) =>
  (await app.sql<{ stateCode: string | null }[]>`select state_code from users where email = ${email}`)[0]!.stateCode
const hasPayForm = (body: string) => body.includes('name="payment_session_id"')

describe('the checkout of who never gave a state', () => {
  test('asks for it before it shows the way to Cashfree, and keeps it', async () => {
    const { visitor, order, email } = await stateless()
    const before = await visitor.get('/checkout/monthly')
    expect([stageOn(before), hasPayForm(before.body)]).toEqual(['session-created', false])
    expect(before.body).toContain('Continue to pay ₹499')
    for (const state of ['', '99', 'Atlantis', '<b>']) {
      const refused = await visitor.post('/checkout/state', { order: order.id, state })
      expect([state, refused.status, refused.body.includes('Please choose your state')]).toEqual([state, 422, true])
    }
    expect(await stateOf(email)).toBeNull()
    const given = await visitor.post('/checkout/state', { order: order.id, state: '29' })
    expect([given.status, given.location]).toEqual([303, '/checkout/monthly'])
    expect(hasPayForm((await visitor.get('/checkout/monthly')).body)).toBe(true)
    expect(await stateOf(email)).toBe('29')
  })

  test('notices in an open page that it was given in another', async () => {
    const { visitor, order } = await stateless()
    const page = await visitor.get('/checkout/monthly')
    const url = /hx-get="([^"]+)"/.exec(page.body)![1]!.replaceAll('&amp;', '&')
    expect((await visitor.get(url, { 'hx-request': 'true' })).status).toBe(204)
    await visitor.post('/checkout/state', { order: order.id, state: '29' })
    const answer = await visitor.get(url, { 'hx-request': 'true' })
    expect([answer.status, hasPayForm(answer.body)]).toEqual([200, true])
  })

  test('takes it together with the order that it opens', async () => {
    const { visitor, order, email } = await stateless()
    app.sandbox.control.expire(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const page = await visitor.get('/checkout/monthly')
    expect([stageOn(page), page.body.includes('form="extras"')]).toEqual(['none', true])
    const refused = await visitor.post('/checkout/monthly', { state: '99' })
    expect([refused.status, refused.body.includes('Please choose your state')]).toEqual([422, true])
    expect((await newestOrder(app, email)).id).toBe(order.id)
    expect((await visitor.post('/checkout/monthly', { state: '07' })).status).toBe(303)
    expect([await stateOf(email), hasPayForm((await visitor.get('/checkout/monthly')).body)]).toEqual(['07', true])
  })

  test('is nobody else’s: another’s order, and none, do not exist', async () => {
    const { order, email } = await stateless()
    const other = await stateless()
    for (const id of [order.id, '', 'x'])
      expect((await other.visitor.post('/checkout/state', { order: id, state: '29' })).status).toBe(404)
    expect([await stateOf(email), await stateOf(other.email)]).toEqual([null, null])
  })
})

describe('money that arrives although no state was ever given', () => {
  const receiptOf = async (orderId: string) =>
    (
      await app.sql<{ number: string; igstPaise: number; cgstPaise: number; buyer: object }[]>`
      select number, igst_paise, cgst_paise, buyer from receipts where order_id = ${orderId} order by serial desc`
    )[0]!

  test('is settled, and the receipt names the supplier’s state as the place of supply and says why', async () => {
    const { visitor, email } = await stateless()
    const created = await visitor.postJson('/api/create-cashfree-order', { plan: 'monthly' })
    expect(created.status).toBe(200)
    const { order_id: id } = created.json() as { order_id: string }
    app.sandbox.control.pay(id)
    expect(stageOn(await visitor.get(`/payment/return?order_id=${id}`))).toBe('paid')
    const receipt = await receiptOf(id)
    expect(receipt).toMatchObject({ igstPaise: 0, cgstPaise: 3_806 })
    expect(receipt.buyer).toEqual({ name: 'Asha Rao', email, stateCode: '27', placeAssumed: true })
    const page = await visitor.get(`/receipts/${receipt.number}`)
    expect(page.body).toContain('Place of supply: Maharashtra (27), the supplier’s state')
    const broken = await app.sql`select broken_i6_tax() union all select broken_i6_receipts()`
    expect(broken).toEqual([])
  })

  test('is corrected to the buyer’s own state once that is known', async () => {
    const { visitor, order, email } = await stateless()
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const { number } = await receiptOf(order.id)
    const by = { actor: 'command', origin: null }
    expect((await correctReceipt(app.sql, number, null, by)).done).toBe(false)
    await visitor.post('/account/profile', { name: 'Asha Rao', phone: '9876500001', state: '29' })
    expect((await correctReceipt(app.sql, number, null, by)).done).toBe(true)
    const corrected = await receiptOf(order.id)
    expect(corrected).toMatchObject({ igstPaise: 7_612, cgstPaise: 0 })
    expect(corrected.buyer).toEqual({ name: 'Asha Rao', email, stateCode: '29' })
  })
})
