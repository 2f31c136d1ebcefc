import { describe, expect, test } from 'vitest'
import { type Admin, adminOf } from '../../support/admin.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { admin, app, customer, payer, reader, usePanel } from '../panel.ts'

usePanel()

const reprice = (who: Admin, key: string, price: string, more: Record<string, string> = {}) =>
  who.visitor.post(`/admin/plans/${key}/price`, { price, ...more })
const sale = (who: Admin, key: string, act: 'withdrawal' | 'offer') => who.visitor.post(`/admin/plans/${key}/${act}`)
const onSale = async () =>
  (await app.sql<{ key: string }[]>`select key from plans where on_sale order by key`).map(({ key }) => key)
const entries = (action: string) =>
  app.sql`select actor, details, origin from audit where action = ${action} order by id`

describe('a new price', () => {
  test('is shown with what it changes before it is asked for', async () => {
    const page = await admin.visitor.get('/admin/plans/monthly_v1/price?price=₹ 599')
    expect(page.status).toBe(200)
    expect(page.body).toContain('Sell for ₹599')
    expect(page.body).toContain('+₹100 (+20%)')
    expect(await onSale()).toEqual(['annual_v1', 'monthly_v1'])
  })

  test('changed after looking is shown first; the look button only shows', async () => {
    const changed = await reprice(admin, 'monthly_v1', '599', { wanted: '699' })
    expect([changed.status, changed.body.includes('You changed the number')]).toEqual([409, true])
    expect(changed.body).toContain('Sell for ₹699')
    const look = await reprice(admin, 'monthly_v1', '599', { wanted: '699', look: 'yes' })
    expect(look).toMatchObject({ status: 303, location: '/admin/plans/monthly_v1/price?price=699' })
    expect(await onSale()).toEqual(['annual_v1', 'monthly_v1'])
  })

  test('what cannot be a price, and the price that is, are said at the field', async () => {
    for (const [price, sentence] of [
      ['', 'Please enter rupees'],
      ['-5', 'At least ₹1'],
      ['0', 'At least ₹1'],
      ['1e9', 'Please enter rupees'],
      ['99999999', 'At most'],
      ['599.001', 'Please enter rupees'],
      ['499', 'This is the price already'],
    ]) {
      const answer = await reprice(admin, 'monthly_v1', price!)
      expect([price, answer.status, answer.body.includes(sentence!)]).toEqual([price, 422, true])
    }
    expect((await reprice(admin, 'weekly_v1', '99')).status).toBe(404)
    expect((await reprice(reader, 'monthly_v1', '599')).status).toBe(403)
    expect((await reader.visitor.get('/admin/plans')).body).not.toContain('New price')
    expect(await onSale()).toEqual(['annual_v1', 'monthly_v1'])
  })

  test('double-clicked it is one version; older buyers and open orders keep theirs, new ones pay the new price', async () => {
    const { email } = await payer()
    const { visitor: early, email: earlyEmail, order: open } = await customer()

    const answers = await Promise.all([1, 2, 3].map(() => reprice(admin, 'monthly_v1', '599')))
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303])
    expect(await onSale()).toEqual(['annual_v1', 'monthly_v2'])
    const noted = await entries('plan.repriced')
    expect(noted).toHaveLength(1)
    expect(noted[0]).toMatchObject({
      actor: `user:${admin.id}`,
      details: { before: { key: 'monthly_v1', pricePaise: 49_900 }, after: { key: 'monthly_v2', pricePaise: 59_900 } },
      origin: { address: expect.any(String) },
    })

    expect((await new Visitor(app).get('/')).body).toContain('₹599')
    await early.post('/checkout/monthly')
    expect(await newestOrder(app, earlyEmail!)).toMatchObject({ id: open.id, amountPaise: 49_900 })
    app.sandbox.control.pay(open.id)
    await early.get(`/payment/return?order_id=${open.id}`)
    const [kept] = await app.sql`select amount_paise, status, plan_key from orders where id = ${open.id}`
    expect(kept).toMatchObject({ amountPaise: 49_900, status: 'paid', planKey: 'monthly_v1' })
    expect(await subscriberOf(app, email!)).toMatchObject({ status: 'active' })
    const late = await newestOrder(app, (await new Visitor(app).register()).email!)
    expect(late).toMatchObject({ amountPaise: 59_900 })
  })

  test('two admins with two prices: one goes on sale, the other is told and keeps what was typed', async () => {
    const other = await adminOf(app)
    const answers = await Promise.all([reprice(admin, 'annual_v1', '5490'), reprice(other, 'annual_v1', '5990')])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
    const late = answers.find(({ status }) => status === 409)!
    expect(late.body).toContain('Another version went on sale in the meantime')
    expect(late.body).toMatch(/value="(5490|5990)"/)
    expect((await onSale()).filter((key) => key.startsWith('annual'))).toEqual(['annual_v2'])
  })

  test('asks who is there when that was not proved in the last ten minutes, and does nothing until then', async () => {
    const stale = await adminOf(app, 'admin', false)
    const refused = await reprice(stale, 'monthly_v2', '649')
    expect(refused.status).toBe(422)
    expect(refused.body).toContain('name="your_code"')
    expect(refused.body).toContain('value="649"')
    expect(await onSale()).toContain('monthly_v2')
    const wrong = await reprice(stale, 'monthly_v2', '649', {
      your_password: stale.form.password!,
      your_code: '000000',
    })
    expect([wrong.status, wrong.body.includes(stale.form.password!)]).toEqual([422, false])
    const done = await reprice(stale, 'monthly_v2', '649', {
      your_password: stale.form.password!,
      your_code: stale.code(),
    })
    expect(done.status).toBe(303)
    expect(await onSale()).toContain('monthly_v3')
  })
})

describe('on sale or not', () => {
  test('a version is taken off sale and put back, once each however often it is pressed', async () => {
    const off = await Promise.all([sale(admin, 'annual_v2', 'withdrawal'), sale(admin, 'annual_v2', 'withdrawal')])
    expect(off.map(({ status }) => status)).toEqual([303, 303])
    expect(await onSale()).toEqual(['monthly_v3'])
    expect((await new Visitor(app).get('/checkout/annual', {})).status).toBe(303)
    expect(await entries('plan.withdrawn')).toHaveLength(1)
    const back = await Promise.all([sale(admin, 'annual_v2', 'offer'), sale(admin, 'annual_v2', 'offer')])
    expect(back.map(({ status }) => status)).toEqual([303, 303])
    expect(await onSale()).toEqual(['annual_v2', 'monthly_v3'])
    expect(await entries('plan.offered')).toHaveLength(1)
  })

  test('two versions of one plan are never on sale together, also when both are put back at once', async () => {
    expect((await sale(admin, 'annual_v1', 'offer')).status).toBe(409)
    await sale(admin, 'annual_v2', 'withdrawal')
    const answers = await Promise.all([sale(admin, 'annual_v1', 'offer'), sale(admin, 'annual_v2', 'offer')])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
    expect((await onSale()).filter((key) => key.startsWith('annual'))).toHaveLength(1)
  })

  test('the last plan on sale stays, also when two admins take off the last two', async () => {
    const keys = await onSale()
    expect(keys).toHaveLength(2)
    const answers = await Promise.all(keys.map((key) => sale(admin, key, 'withdrawal')))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
    const left = await onSale()
    expect(left).toHaveLength(1)
    const page = await admin.visitor.get(`/admin/plans/${left[0]}/sale`)
    expect(page.body).toContain('This is the last plan on sale')
    expect(page.body).not.toContain('Take it off sale</button>')
  })

  test('who may only look is refused, and what does not exist is not there', async () => {
    for (const act of ['withdrawal', 'offer'] as const) {
      expect((await sale(reader, 'monthly_v3', act)).status).toBe(403)
      expect((await sale(admin, 'nothing_v1', act)).status).toBe(404)
    }
    expect((await reader.visitor.get('/admin/plans/monthly_v3/sale')).status).toBe(403)
    expect((await reader.visitor.get('/admin/plans.csv')).body).toContain('monthly_v1')
  })
})
