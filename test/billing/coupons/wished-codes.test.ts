import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertCoupon, withdrawCoupon } from '../../../src/billing/coupons/queries.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { registrant } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { longPending, newestOrder } from '../../support/ledger.ts'
import { registration, Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ CASHFREE_TIMEOUT_MS: '1000' })
})
afterAll(async () => {
  expect((await checkInvariants(app.sql)).broken).toBe(0)
  await app.close()
})

const by = { actor: 'command', origin: null }
let made = 0
/** A coupon of a third off, which leaves paise. */
async function coupon(planNames: string[] | null = null): Promise<string> {
  const code = `THIRD${++made}`
  const none = { amountPaise: null, startsAt: null, endsAt: null, maxUses: null, maxDiscountPaise: null }
  await insertCoupon(app.sql, { code, percent: 33, ...none, planNames }, by)
  return code
}
/** Cashfree says that an order has expired, and its payer comes back. */
const expire = async (visitor: Visitor, orderId: string) => {
  app.sandbox.control.expire(orderId)
  await visitor.get(`/payment/return?order_id=${orderId}`)
}
/** What the page says is to be paid, on its button. */
const button = (body: string) => /type="submit"[^>]*>\s*(?:Pay|Continue to payment,) (₹[\d,.]+)\s*</.exec(body)?.[1]
/** The code that the button sends: of the form below, or beside the button where there is none. */
const codeSent = (body: string) => /name="coupon"[^>]* value="(\w+)"/.exec(body)?.[1]
const amountOf = async (email: string) => {
  const { id } = await newestOrder(app, email)
  const [row] = await app.sql<
    { amountPaise: number; code: string | null }[]
  >`select amount_paise, (select coupon_code from coupon_claims where order_id = id) as code from orders where id = ${id}`
  return [row!.amountPaise, row!.code]
}
/** Somebody whose order with a code died unpaid. */
async function whoseOrderDied() {
  const code = await coupon()
  const person = await registrant(app)
  await person.visitor.post('/checkout/monthly', { coupon: code })
  const order = await newestOrder(app, person.email)
  await expire(person.visitor, order.id)
  return { ...person, order, code }
}

describe('before anybody pays', () => {
  test('the button, the page and the order show the same amount, to the paisa', async () => {
    const code = await coupon()
    const { visitor, email, order } = await registrant(app)
    await expire(visitor, order.id)
    const { body } = await visitor.get(`/checkout/monthly?coupon=${code.toLowerCase()}`)
    expect([button(body), codeSent(body)]).toEqual(['₹334.33', code])
    expect(body).toMatch(/class="total"><dt>Total<\/dt><dd>₹334\.33</)
    await visitor.post('/checkout/monthly', { coupon: codeSent(body)! })
    expect(await amountOf(email)).toEqual([33_433, code])
    expect(button((await visitor.get('/checkout/monthly')).body)).toBe('₹334.33')
    expect((await visitor.get('/account')).body).toContain(`The code ${code} took ₹164.67 off.`)
  })

  test('a code that is not valid any more when the order is opened again is named, with the full price', async () => {
    const { visitor, email, code, order } = await whoseOrderDied()
    expect(button((await visitor.get('/checkout/monthly')).body)).toBe('₹334.33')
    await withdrawCoupon(app.sql, code, by)
    const { body } = await visitor.get('/checkout/monthly')
    expect(body).toContain(`The code ${code} is not used. This code is not valid any more.`)
    expect([button(body), codeSent(body)]).toEqual(['₹499', undefined])
    // The page was loaded before the code ended: nothing is opened at the full price unasked.
    const late = await visitor.post('/checkout/monthly', { coupon: code })
    expect([late.status, button(late.body)]).toEqual([422, undefined])
    expect((await newestOrder(app, email)).id).toBe(order.id)
  })

  test('a page that notices by itself that its order is over keeps the code', async () => {
    const { visitor, order, code } = await whoseOrderDied()
    const { body } = await visitor.get(`/payment/status/${order.id}`)
    expect([button(body), body.includes('form="extras"')]).toEqual(['₹334.33', true])
    expect(codeSent((await visitor.get('/checkout/monthly')).body)).toBe(code)
  })

  test('a link with another code than the open order’s says that it is not applied yet', async () => {
    const code = await coupon()
    const { visitor } = await registrant(app)
    const { body } = await visitor.get(`/checkout/monthly?coupon=${code}`)
    expect(body).toContain(`The code ${code} is not applied yet. Choose “Apply”, and ₹334.33 is left to pay.`)
    expect(body).toMatch(/<details class="card" open>/) // the button is there to be seen
    expect(button(body)).toBe('₹499')
    expect((await visitor.get('/checkout/monthly?coupon=NOSUCH')).body).toContain('There is no such code')
  })

  test('an order that Cashfree cannot end keeps its price, and says that the code was not changed', async () => {
    const code = await coupon()
    const { visitor, email, order } = await registrant(app)
    await app.sql`update orders set attempts_asked_at = now() where id = ${order.id}`
    app.sandbox.control.faults({ serverError: true })
    const answer = await visitor.post('/checkout/monthly', { coupon: code })
    app.sandbox.control.clearFaults()
    expect([answer.status, button(answer.body)]).toEqual([503, '₹499'])
    expect(answer.body).toContain('Cashfree did not end the open order, so it keeps its price')
    expect((await newestOrder(app, email)).id).toBe(order.id)
  })

  test('an order with a code that Cashfree could not open keeps it when that is tried again, on either page', async () => {
    const code = await coupon()
    const { visitor, email, order } = await registrant(app)
    await expire(visitor, order.id)
    app.sandbox.control.faults({ serverError: true })
    await visitor.post('/checkout/monthly', { coupon: code })
    const { body } = await visitor.get('/checkout/monthly')
    expect(body).toMatch(/Try again\s*<\/button>/)
    expect([codeSent(body), /class="total"><dt>Total<\/dt><dd>([^<]+)/.exec(body)![1]]).toEqual([code, '₹334.33'])
    app.sandbox.control.clearFaults()
    await visitor.post('/checkout/monthly', { coupon: codeSent(body)!, company: '', address: '', gstin: '' })
    expect(await amountOf(email)).toEqual([33_433, code])
  })

  test('a page that was loaded while money was under way is loaded anew when its button needs the form of the code', async () => {
    const { visitor, order } = await registrant(app)
    app.sandbox.control.pending(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const { body } = await visitor.get('/checkout/monthly')
    expect(body).not.toContain('id="extras"')
    const poll = /hx-get="(\/payment\/status[^"]*)"/.exec(body)![1]!.replaceAll('&amp;', '&')
    app.sandbox.control.fail(order.id)
    await app.sql`update orders set asked_at = now() - interval '1 minute', attempts_asked_at = now() - interval '1 minute' where id = ${order.id}`
    const region = await visitor.get(poll, { 'hx-request': 'true' })
    expect([region.status, region.headers.get('hx-refresh')]).toEqual([200, 'true'])
    expect((await visitor.get('/checkout/monthly')).body).toContain('id="extras"')
  })

  test('an order that turns out to be over at Cashfree is followed by one with its code', async () => {
    const code = await coupon()
    const { visitor, email } = await registrant(app)
    await visitor.post('/checkout/monthly', { coupon: code })
    const order = await newestOrder(app, email)
    await app.sql`update orders set expires_at = now(), attempts_asked_at = now() where id = ${order.id}`
    app.sandbox.control.expire(order.id)
    await visitor.post('/checkout/monthly')
    expect((await newestOrder(app, email)).id).not.toBe(order.id)
    expect(await amountOf(email)).toEqual([33_433, code])
  })
})

describe('starting over', () => {
  test('carries the code and the company along', async () => {
    const code = await coupon()
    const { visitor, email } = await registrant(app)
    await visitor.post('/checkout/monthly', { coupon: code, company: 'Rao Traders' })
    const order = await newestOrder(app, email)
    expect((await visitor.post('/checkout/monthly/restart')).status).toBe(303)
    expect((await newestOrder(app, email)).id).not.toBe(order.id)
    expect(await amountOf(email)).toEqual([33_433, code])
  })

  test('says so where the code is not valid any more, and leaves the order with it to be paid', async () => {
    const code = await coupon()
    const { visitor, email } = await registrant(app)
    await visitor.post('/checkout/monthly', { coupon: code })
    const order = await newestOrder(app, email)
    await withdrawCoupon(app.sql, code, by)
    const answer = await visitor.post('/checkout/monthly/restart', { order: order.id })
    expect([answer.status, button(answer.body), codeSent(answer.body)]).toEqual([422, '₹334.33', code])
    expect(answer.body).toContain('This code is not valid any more')
    expect(app.sandbox.control.order(order.id).status).toBe('ACTIVE')
    expect((await newestOrder(app, email)).id).toBe(order.id)
  })

  test('after a payment that is said to have failed frees the payer, although its code is not valid any more', async () => {
    const code = await coupon()
    const { visitor, email } = await registrant(app)
    await visitor.post('/checkout/monthly', { coupon: code })
    const order = await newestOrder(app, email)
    app.sandbox.control.pending(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    await longPending(app, order.id)
    await withdrawCoupon(app.sql, code, by)
    const answer = await visitor.post('/checkout/monthly/restart', { order: order.id })
    expect([answer.status, answer.body.includes('This code is not valid any more')]).toEqual([422, true])
    expect((await visitor.post('/checkout/monthly', { coupon: '' })).status).toBe(303)
    expect(await amountOf(email)).toEqual([49_900, null])
  })

  test('carries the code along where the old order is still being ended', async () => {
    const code = await coupon()
    const { visitor, email } = await registrant(app)
    await visitor.post('/checkout/monthly', { coupon: code })
    const order = await newestOrder(app, email)
    app.sandbox.control.pending(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    await longPending(app, order.id)
    await visitor.post('/checkout/monthly/restart')
    expect(await app.sql`select status from orders where id = ${order.id}`).toEqual([{ status: 'terminating' }])
    expect(await amountOf(email)).toEqual([33_433, code])
  })
})

describe('a link with a code', () => {
  test('keeps it for whoever logs in instead of registering', async () => {
    const code = await coupon(['annual'])
    const { visitor, username, password } = await memberOf()
    await visitor.post('/logout')
    const page = (await visitor.get(`/?coupon=${code}&plan=annual`)).body
    const next = decodeURIComponent(/href="\/login\?next=([^"]+)"/.exec(page)![1]!)
    expect(next).toBe(`/checkout/annual?coupon=${code}`)
    const answer = await visitor.post('/login', { login: username, password, next })
    expect(answer.location).toBe(next)
    expect(button((await visitor.get(next)).body)).toBe('₹3,343.30')
  })

  test('keeps it for whoever is logged in, on the cards of the plans', async () => {
    const code = await coupon()
    const { visitor } = await registrant(app)
    const page = (await visitor.get(`/?coupon=${code}`)).body
    expect(page).toContain(`href="/checkout/annual?coupon=${code}"`)
    expect(page).toContain(`${code}: 33% off`)
    const stranger = (await new Visitor(app).get(`/?coupon=${code}`)).body
    expect(stranger).toContain(`/?plan=annual&amp;coupon=${code}#register`)
  })

  test('keeps it where the log-in comes first', async () => {
    const answer = await new Visitor(app).get('/checkout/annual?coupon=SAVE')
    expect(answer.location).toBe(`/login?next=${encodeURIComponent('/checkout/annual?coupon=SAVE')}`)
  })
})

async function memberOf() {
  const visitor = new Visitor(app)
  const form = registration({ plan: 'monthly' })
  await visitor.post('/register', form)
  return { visitor, username: form.username!, password: form.password! }
}

describe('orders that never reached Cashfree', () => {
  const unsent = async (plans: string[]) => {
    const person = await registrant(app)
    await expire(person.visitor, person.order.id)
    app.sandbox.control.faults({ serverError: true })
    for (const plan of plans) await person.visitor.post(`/checkout/${plan}`)
    const states = async () => {
      const rows = await app.sql<{ status: string }[]>`
        select status from orders where user_id = ${person.userId} and id <> ${person.order.id} order by created_at`
      return rows.map(({ status }) => status)
    }
    expect(await states()).toEqual(plans.map(() => 'created'))
    return { ...person, states }
  }

  test('are closed one by one: another code for one leaves that of another plan', async () => {
    const code = await coupon()
    const { visitor, states } = await unsent(['monthly', 'annual'])
    await visitor.post('/checkout/monthly', { coupon: code })
    app.sandbox.control.clearFaults()
    expect(await states()).toEqual(['terminated', 'created', 'created'])
  })

  test('are ended at Cashfree where the reply was lost, so that nobody can pay what is over here', async () => {
    const { visitor, email, states } = await unsent([])
    app.sandbox.control.clearFaults()
    app.sandbox.control.faults({ replyLost: true })
    await visitor.post('/checkout/monthly')
    const lost = await newestOrder(app, email)
    await visitor.post('/checkout/monthly', { coupon: await coupon() })
    app.sandbox.control.clearFaults()
    expect((await states())[0]).toBe('terminated')
    expect(app.sandbox.control.order(lost.id).status).toBe('ACTIVE')
    await visitor.get(`/payment/return?order_id=${lost.id}`)
    expect(app.sandbox.control.order(lost.id).status).toBe('TERMINATED')
  })

  test('and one that Cashfree has spoken of is not closed without asking', async () => {
    const { userId, states } = await unsent(['monthly'])
    app.sandbox.control.clearFaults()
    await app.sql`update orders set gateway_status = 'PAID' where user_id = ${userId} and status = 'created'`
    await app.sql`select close_unsent_orders(${userId}, 'test')`
    expect(await states()).toEqual(['created'])
    await app.sql`update orders set gateway_status = 'ABSENT' where user_id = ${userId} and status = 'created'`
    await app.sql`select close_unsent_orders(${userId}, 'test')`
    expect(await states()).toEqual(['terminated'])
  })
})
