import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { type Answer, stageOn, Visitor } from '../../support/visitor.ts'
import { choose, consentOn, mandateOf, mandateStageOn, onAutopay, registered, sessionOn } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ CASHFREE_SUBSCRIPTIONS: 'on' })
})
afterAll(() => app.close())

const raoTraders = { company: 'Rao Traders', address: '1 MG Road, Pune 411001' }
const pathOf = ({ body }: Answer) => /hx-get="([^"?]+)/.exec(body)![1]!.replace('/status/', '/return/')

describe('the checkout', () => {
  test('offers Autopay after paying by hand, and says what is agreed to before the button', async () => {
    const { visitor } = await registered(app)
    const { body } = await visitor.get('/checkout/monthly')
    expect(body).toMatch(/You allow [^<]+ to debit your bank account by UPI whenever a period of your plan ends/)
    expect(body).toMatch(/at most ₹9,980 a debit, until \w+, \d+ \w+ 20\d\d/)
    expect(body).toContain('You can stop it at any time with one button in your account')
    const [byHand, consent, button] = ['id="pay"', 'You allow', 'name="autopay"'].map((text) => body.indexOf(text))
    expect(byHand).toBeLessThan(consent!)
    expect(consent).toBeLessThan(button!)
    expect(body).toContain('No auto-debit unless you choose Autopay.')
  })

  test('leads to Cashfree’s page of the mandate, with the order that was open ended first', async () => {
    const person = await registered(app)
    const byHand = await newestOrder(app, person.email)
    const answer = await choose(person)
    expect(answer.status).toBe(303)
    const page = await person.visitor.get(answer.location!)
    expect(mandateStageOn(page)).toBe('to-approve')
    expect(page.body).toContain(`action="${app.config.cashfree.apiBase}/view/sessions/checkout/subs"`)
    expect(page.headers.get('content-security-policy')).toContain(
      `form-action 'self' http://127.0.0.1:${app.sandbox.port}`,
    )
    expect(sessionOn(page)).toMatch(/^sub_session_/)
    expect(page.body).toContain('Continue to approve, ₹499 now')
    expect(app.sandbox.control.order(byHand.id).status).not.toBe('ACTIVE')
    const [kept] =
      await app.sql`select consent_text, consent_version, max_paise from mandates where user_id = ${person.userId}`
    expect(page.body).toContain(kept!.consentText)
    expect(kept).toMatchObject({ consentVersion: 'autopay-1', maxPaise: 998_000 })
  })

  test('keeps the code and the company that were typed', async () => {
    const person = await registered(app)
    await app.sql`insert into coupons (code, percent, created_by) values ('AUTO10', 10, 'test')`
    const page = await person.visitor.get((await choose(person, { ...raoTraders, coupon: 'auto10' })).location!)
    expect(page.body).toContain('Rao Traders')
    expect(page.body).toContain('Code AUTO10')
    expect(page.body).toContain('Continue to approve, ₹449.10 now')
    app.sandbox.control.approveMandate(await mandateOf(app, person))
    expect((await person.visitor.get(pathOf(page))).body).toContain('₹449.10 for the monthly plan is paid')
    const { id } = await newestOrder(app, person.email)
    const [row] =
      await app.sql`select company, mandate_id is not null as by_mandate, amount_paise from orders where id = ${id}`
    expect(row).toMatchObject({ company: { legalName: 'Rao Traders' }, byMandate: true, amountPaise: 44_910 })
  })

  test('asks once: pressed again it leads to the same mandate, and paying by hand is not offered beside it', async () => {
    const person = await registered(app)
    const first = (await choose(person)).location
    expect((await choose(person)).location).toBe(first)
    const checkout = await person.visitor.get('/checkout/monthly')
    expect(checkout.body).toContain('Autopay is being set up')
    expect(checkout.body).toContain('href="/account/autopay"')
    expect(checkout.body).not.toContain('id="pay"')
  })

  test('asks for the state that receipts need', async () => {
    const person = await registered(app)
    await app.sql`update users set state_code = null where id = ${person.userId}`
    const refused = await choose(person, raoTraders)
    expect(refused.status).toBe(422)
    expect(refused.body).toContain('value="Rao Traders"')
    expect(refused.body).toContain('choose your state')
    expect((await choose(person, { state: '27' })).location).toMatch(/^\/autopay\/return\//)
  })
})

describe('a refusal', () => {
  test('of terms that are not those of the page shows them anew', async () => {
    const person = await registered(app)
    const refused = await person.visitor.post('/checkout/monthly', {
      autopay: 'yes',
      consent: 'autopay-0.1.2030-01-01',
    })
    expect(refused.status).toBe(422)
    expect(refused.body).toContain('The terms of Autopay are not those that this page showed')
    expect(refused.body).toContain('id="pay"')
    expect(consentOn(refused)).toMatch(/^autopay-1\./)
  })

  test('by Cashfree leaves paying by hand open, and what was typed stays', async () => {
    const person = await registered(app)
    app.sandbox.control.settings({ subscriptionsActive: false })
    const refused = await choose(person, raoTraders)
    app.sandbox.control.settings({ subscriptionsActive: true })
    expect(refused.status).toBe(503)
    expect(refused.body).toContain(
      'Cashfree does not accept it at the moment. Nothing was charged, and you can pay manually.',
    )
    expect(refused.body).toContain('value="Rao Traders"')
    expect(refused.body).not.toContain('Your last payment was closed')
    await person.visitor.post('/checkout/monthly')
    expect((await person.visitor.get('/checkout/monthly')).body).toContain('id="pay"')
  })

  test('of whoever has Autopay says so, with paying by hand beside it', async () => {
    const person = await onAutopay(app)
    const page = await person.visitor.get('/checkout/annual')
    expect(page.body).toMatch(/You have Autopay: it renews with ₹499 on /)
    expect(page.body).not.toContain('name="autopay"')
    const refused = await person.visitor.post('/checkout/annual', { autopay: 'yes' })
    expect(refused.status).toBe(422)
    expect(stageOn(refused)).toBe('none')
  })

  test('while a payment is at the bank leads to what is said of it', async () => {
    const person = await registered(app)
    const order = await newestOrder(app, person.email)
    app.sandbox.control.pending(order.id)
    const { visitor } = person
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const answer = await visitor.post('/checkout/monthly', { autopay: 'yes' })
    expect(answer.location).toBe('/checkout/monthly')
    expect((await visitor.get('/checkout/monthly')).body).toContain('Confirming your payment')
  })
})

describe('Cashfree away', () => {
  test('leaves a mandate that is tried again, or given up for paying by hand', async () => {
    const person = await registered(app)
    app.sandbox.control.faults({ serverError: { endpoint: 'mandates.create' } })
    const { location } = await choose(person)
    const page = await person.visitor.get(location!)
    expect(mandateStageOn(page)).toBe('unsent')
    expect(page.body).toContain('Cashfree did not answer. Nothing was charged')
    app.sandbox.control.faults({ serverError: false })
    const again = await person.visitor.post('/account/autopay')
    expect(again.location).toBe(location)
    expect(mandateStageOn(await person.visitor.get(location!))).toBe('to-approve')
    expect((await person.visitor.post('/account/autopay/cancel', { instead: 'pay' })).location).toBe(
      '/checkout/monthly',
    )
    await person.visitor.post('/checkout/monthly')
    expect((await person.visitor.get('/checkout/monthly')).body).toContain('id="pay"')
  })
})

describe('the page of a mandate', () => {
  test('leads to itself where Cashfree cannot be asked for its page, and says so', async () => {
    const person = await registered(app)
    const path = (await choose(person)).location!
    app.sandbox.control.faults({ serverError: { endpoint: 'mandates' } })
    const page = await person.visitor.get(path)
    app.sandbox.control.faults({ serverError: false })
    expect(mandateStageOn(page)).toBe('to-approve')
    expect(page.body).toContain('Cashfree does not answer just now')
    expect(page.body).toContain('href="">Try again</a>')
    expect(sessionOn(await person.visitor.get(path))).toBeDefined()
  })

  test('is active once Cashfree says so: the first period is granted, once', async () => {
    const person = await onAutopay(app)
    const page = await person.visitor.get(person.path)
    expect(page.body).toContain('₹499 for the monthly plan is paid')
    expect(page.body).toMatch(/The next debit is <b>₹499<\/b>/)
    expect(await subscriberOf(app, person.email)).toMatchObject({ status: 'active', isPaid: true })
    const periods = await app.sql`select 1 from subscription_periods where user_id = ${person.userId}`
    expect(periods).toHaveLength(1)
  })

  test('waits for the bank, polls, and changes when it has decided', async () => {
    const person = await registered(app)
    const path = (await choose(person)).location!
    const mandate = await mandateOf(app, person)
    app.sandbox.control.approveMandate(mandate, { bankPending: true })
    const page = await person.visitor.get(path)
    expect(mandateStageOn(page)).toBe('pending')
    expect(page.body).toContain('Waiting for your bank')
    const poll = /hx-get="([^"]+)"/.exec(page.body)![1]!.replaceAll('&amp;', '&')
    expect((await person.visitor.get(poll, { 'hx-request': 'true' })).status).toBe(204)
    app.sandbox.control.bankDecides(mandate)
    await person.visitor.get(path)
    const changed = await person.visitor.get(poll, { 'hx-request': 'true' })
    expect(mandateStageOn(changed)).toBe('active')
  })

  test('says that it was declined, why, and how to go on', async () => {
    const person = await registered(app)
    const path = (await choose(person)).location!
    app.sandbox.control.declineMandate(await mandateOf(app, person), { reason: 'Declined by the customer' })
    const page = await person.visitor.get(path)
    expect(mandateStageOn(page)).toBe('to-approve')
    expect(page.body).toContain('Autopay was not approved')
    expect(page.body).toContain('Nothing was charged: Declined by the customer.')
    expect(sessionOn(page)).toBeDefined()
    const byHand = await person.visitor.post('/account/autopay/cancel', { instead: 'pay' })
    expect(byHand.location).toBe('/checkout/monthly')
    const checkout = await person.visitor.get('/checkout/monthly')
    expect(checkout.body).toContain('Autopay was not set up. Nothing was charged.')
    expect(stageOn(checkout)).toBe('none')
    expect(checkout.body).toContain('Pay ₹499')
  })

  test('tells a stranger nothing, and is nobody else’s', async () => {
    const person = await registered(app)
    const path = (await choose(person)).location!
    app.sandbox.control.approveMandate(await mandateOf(app, person))
    const stranger = await new Visitor(app).get(path)
    expect(stranger.status).toBe(200)
    expect(stranger.body).toContain('If you approved Autopay')
    const nothing = await new Visitor(app).get('/autopay/return/00000000-0000-4000-8000-000000000000')
    expect(nothing.body.replace(/\s+/g, ' ')).toContain('If you approved Autopay')
    const other = await registered(app)
    expect((await other.visitor.get(path)).status).toBe(404)
    expect((await other.visitor.get(path.replace('/return/', '/status/'))).status).toBe(404)
  })
})

test('where the setting is off, nothing of it is there', async () => {
  const off = await startApp()
  try {
    const visitor = new Visitor(off)
    await visitor.register()
    for (const path of ['/', '/checkout/monthly', '/account', '/account/plan', '/terms', '/refunds', '/account/data'])
      expect((await visitor.get(path)).body, path).not.toMatch(/autopay/i)
    for (const path of ['/account/autopay', '/autopay/return/00000000-0000-4000-8000-000000000000'])
      expect((await visitor.get(path)).status, path).toBe(404)
    expect((await visitor.post('/account/autopay')).status).toBe(404)
    await visitor.post('/checkout/monthly', { autopay: 'yes' })
    expect(await off.sql`select from mandates`).toHaveLength(0)
  } finally {
    await off.close()
  }
})
