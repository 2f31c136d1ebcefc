import { afterAll, beforeAll, expect, test } from 'vitest'
import { insertCoupon } from '../../../src/billing/coupons/queries.ts'
import { type Admin, adminOf } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, nothingGranted, tracesOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { disputesOf, quiet, sound } from './fixture.ts'

let app: TestApp
let admin: Admin
beforeAll(async () => {
  app = await startApp()
  admin = await adminOf(app)
})
afterAll(() => app.close())

/** Somebody who paid less than the price, so that their money is held. */
async function heldPayer() {
  const visitor = new Visitor(app)
  const form = await visitor.register({ plan: 'monthly' })
  const { id, userId } = await newestOrder(app, form.email!)
  app.sandbox.control.pay(id, { amount: 498 })
  await visitor.get(`/payment/return?order_id=${id}`)
  await quiet(app)
  expect(await tracesOf(app, id)).toMatchObject({ ...nothingGranted, heldAt: expect.any(Date) })
  return { visitor, id, userId }
}
const text = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
const stateOf = async (userId: string) =>
  (await app.sql<{ state: string }[]>`select state from money_under_way(${userId})`).map(({ state }) => state)

test('held money that the bank took back is held no more, and every page says that it went back', async () => {
  const { visitor, id, userId } = await heldPayer()
  expect(await stateOf(userId)).toEqual(['held'])
  const { dispute_id } = app.sandbox.control.dispute(id)
  await quiet(app)
  expect((await admin.visitor.get(`/admin/orders/${id}`)).body).not.toContain('ccess goes on')
  app.sandbox.control.closeDispute(dispute_id, 'lost')
  await quiet(app)
  await app.run('reconcile')
  expect(await tracesOf(app, id)).toMatchObject({ ...nothingGranted, status: 'terminated', heldAt: null })
  expect(await stateOf(userId)).toEqual([])

  const account = text((await visitor.get('/account')).body)
  expect(account).toContain(`It bought nothing of order ${id}: all of it went back, or is on its way back.`)
  expect(account).toContain('What was paid for it went back, or is on its way back, so no access was given.')
  for (const untrue of ['still being confirmed', 'still counts when it goes through'])
    expect([untrue, account.includes(untrue)]).toEqual([untrue, false])
  expect((await admin.visitor.get(`/admin/orders/${id}`)).body).toContain('it had bought no access')
  expect((await admin.visitor.get(`/admin/subscribers/${userId}`)).body).toContain(
    'The order was ended: its money went back. Nothing was granted.',
  )
  await sound(app)
})

test('held money that was lost and comes back after all is held again', async () => {
  const { id, userId } = await heldPayer()
  const { dispute_id } = app.sandbox.control.dispute(id)
  app.sandbox.control.closeDispute(dispute_id, 'lost')
  await quiet(app)
  await app.run('reconcile')
  expect(await stateOf(userId)).toEqual([])
  await app.sql`update orders set created_at = created_at - interval '2 minutes' where id = ${id}`
  app.sandbox.control.escalateDispute(dispute_id)
  await quiet(app)
  await app.run('reconcile')
  expect(await tracesOf(app, id)).toMatchObject({ ...nothingGranted, heldAt: expect.any(Date) })
  expect(await stateOf(userId)).toEqual(['held'])
  await sound(app)
})

test.each(['active', 'terminating'])(
  'an order that was %s lets go of its code when its money went back',
  async (status) => {
    const code = `BACK${status.toUpperCase()}`
    const offer = { percent: 20, amountPaise: null, startsAt: null, endsAt: null, maxUses: 1, maxDiscountPaise: null }
    await insertCoupon(app.sql, { code, ...offer, planNames: null }, { actor: 'command', origin: null })
    const visitor = new Visitor(app)
    const form = await visitor.register({ plan: 'monthly' })
    await visitor.post('/checkout/monthly', { coupon: code })
    const { id } = await newestOrder(app, form.email!)
    app.sandbox.control.pay(id, { amount: 398 })
    await visitor.get(`/payment/return?order_id=${id}`)
    await quiet(app)
    await app.sql`update orders set status = ${status} where id = ${id}`
    app.sandbox.control.closeDispute(app.sandbox.control.dispute(id).dispute_id, 'lost')
    await quiet(app)
    await app.run('reconcile')
    expect(await tracesOf(app, id)).toMatchObject({ ...nothingGranted, status: 'terminated', heldAt: null })
    expect(await app.sql`select from coupon_claims where order_id = ${id} and released_at is null`).toHaveLength(0)
    expect((await visitor.post('/checkout/monthly', { coupon: code })).status).toBe(303)
    await sound(app)
  },
)

test('a dispute of held money whose webhook was lost is heard of by “Settle now”', async () => {
  const { id } = await heldPayer()
  app.sandbox.control.faults({ webhooksMuted: true })
  app.sandbox.control.dispute(id)
  app.sandbox.control.clearFaults()
  await admin.visitor.post(`/admin/orders/${id}/settle`)
  expect(await disputesOf(app, id)).toMatchObject([{ status: 'open' }])
})
