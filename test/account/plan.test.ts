import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertCoupon, withdrawCoupon } from '../../src/billing/coupons/queries.ts'
import { rupees } from '../../src/platform/money.ts'
import { atAnHour } from '../billing/reminders/fixture.ts'
import { having, later, openSwitch, pay } from '../billing/switching/fixture.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())

const text = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')

describe('the plan page', () => {
  test('says what a change costs, opens its order, and the checkout shows that order beside another open one', async () => {
    const person = await having(app, 'monthly')
    await later(app, person, '15 days')
    const [credit] = await app.sql<{ paise: number }[]>`
      select sum(credit_paise)::int as paise from credits_for_switch(${person.userId}, 'annual_v1')`
    const net = rupees(499_000 - credit!.paise)
    const page = text((await person.visitor.get('/account/plan')).body)
    expect(page).toContain(`−${rupees(credit!.paise)}`)
    expect(page).toContain(`Change for ${net}`)

    const answer = await person.visitor.post('/account/plan/switch', { plan: 'annual' })
    expect(answer).toMatchObject({ status: 303, location: expect.stringMatching(/^\/checkout\/annual\?order=ds_/) })
    await person.visitor.post('/checkout/annual')
    expect(text((await person.visitor.get(answer.location!)).body)).toContain(`Pay ${net}`)
    expect(text((await person.visitor.get('/checkout/annual')).body)).toContain('Pay ₹4,990')
    const shown = text((await person.visitor.get(answer.location!)).body)
    expect(shown).toContain(`Credit for unused days −${rupees(credit!.paise)}`)

    await pay(app, person, answer.location!.split('order=')[1]!)
    const account = text((await person.visitor.get('/account')).body)
    expect(account).toContain('You changed to another plan; the unused days were credited towards its price.')
  })

  test('started over, the order of a change stays one', async () => {
    const person = await having(app, 'monthly')
    const first = await openSwitch(app, person)
    const answer = await person.visitor.post('/checkout/annual/restart')
    expect(answer.location).toMatch(/^\/checkout\/annual\?order=ds_/)
    expect(answer.location).not.toContain(first.id)
    const open = await app.sql`select purpose from orders where user_id = ${person.userId} and status = 'active'`
    expect(open.map(({ purpose }) => purpose)).toEqual(['switch'])
  })

  test('says why a change whose code ended cannot be opened anew, and the one that is open stays', async () => {
    const person = await having(app, 'monthly')
    await later(app, person, '5 days')
    const by = { actor: 'command', origin: null }
    const none = {
      amountPaise: null,
      startsAt: null,
      endsAt: null,
      maxUses: null,
      maxDiscountPaise: null,
      planNames: null,
    }
    await insertCoupon(app.sql, { code: 'CHANGE20', percent: 20, ...none }, by)
    const open = await person.visitor.post('/checkout/annual', { purpose: 'switch', coupon: 'CHANGE20' })
    await withdrawCoupon(app.sql, 'CHANGE20', by)
    await later(app, person, '2 days')
    const answer = await person.visitor.post('/account/plan/switch', { plan: 'annual' })
    expect([answer.status, answer.body.includes('Saved.')]).toEqual([422, false])
    expect(text(answer.body)).toContain('This code is not valid any more. Please go on without it. To the open order')
    expect(answer.body).toContain(`href="${open.location}"`)
    expect((await person.visitor.get(open.location!)).body).toContain('name="payment_session_id"')
  })

  test('a change that ended unpaid is offered again as what it is, and never becomes a purchase at the full price', async () => {
    const person = await having(app, 'monthly')
    await later(app, person, '10 days')
    const { location } = await person.visitor.post('/account/plan/switch', { plan: 'annual' })
    const id = location!.split('order=')[1]!
    app.sandbox.control.expire(id)
    await person.visitor.get(`/payment/return?order_id=${id}`)
    const [credit] = await app.sql<{ paise: number }[]>`
      select sum(credit_paise)::int as paise from credits_for_switch(${person.userId}, 'annual_v1')`
    const net = rupees(499_000 - credit!.paise)
    for (const path of [location!, '/checkout/annual', `/payment/return?order_id=${id}`]) {
      const { body } = await person.visitor.get(path)
      expect(text(body), path).toContain(`Credit for unused days −${rupees(credit!.paise)}`)
      expect([text(body).includes(`Pay ${net}`), body.includes('name="purpose" value="switch"')], path).toEqual([
        true,
        true,
      ])
    }
    const refused = await person.visitor.post('/checkout/annual', { purpose: 'switch', coupon: 'NOSUCH' })
    expect(refused.status).toBe(422)
    expect(refused.body).toContain('name="purpose" value="switch"')
    const again = await person.visitor.post('/checkout/annual', { purpose: 'switch', coupon: '' })
    expect(again.location).toMatch(/\?order=ds_/)
    expect(await app.sql`select purpose from orders where user_id = ${person.userId} and status = 'active'`).toEqual([
      { purpose: 'switch' },
    ])
  })

  test('a change that is not offered any more leads to the plan page, and the plan’s own page says what it sells', async () => {
    const person = await having(app, 'monthly')
    await later(app, person, '10 days')
    const { location } = await person.visitor.post('/account/plan/switch', { plan: 'annual' })
    app.sandbox.control.expire(location!.split('order=')[1]!)
    await person.visitor.get(`/payment/return?order_id=${location!.split('order=')[1]!}`)
    await later(app, person, '30 days')
    const { body } = await person.visitor.get(location!)
    expect(body).toContain('href="/account/plan">See other plans')
    expect(body).not.toMatch(/Pay ₹|id="extras"/)
    const plain = text((await person.visitor.get('/checkout/annual')).body)
    expect(plain).toContain('Your change of plan was not paid and has ended. What you buy here costs its full price')
    expect(plain).toContain('Pay ₹4,990')
  })

  test('where there is nothing to credit, nothing is opened and a sentence says so', async () => {
    const person = await having(app, 'annual')
    const answer = await person.visitor.post('/account/plan/switch', { plan: 'annual' })
    expect([answer.status, answer.body.includes('There are no unused days to credit')]).toEqual([409, true])
    expect((await person.visitor.post('/account/plan/switch', { plan: 'weekly' })).status).toBe(422)
  })

  test('a shorter plan is chosen for later, taken back, offered when it is time, and cleared by a purchase', async () => {
    const person = await having(app, 'annual')
    const nextPlan = async () =>
      (
        await app.sql<
          { plan: string | null }[]
        >`select next_plan as plan from subscriptions where user_id = ${person.userId}`
      )[0]!.plan
    const audited = async () =>
      (await app.sql`select from audit where user_id = ${person.userId} and action = 'subscription.next-plan'`).count
    await Promise.all([1, 2, 3].map(() => person.visitor.post('/account/plan/next', { plan: 'monthly' })))
    expect([await nextPlan(), await audited()]).toEqual(['monthly', 1])
    expect(text((await person.visitor.get('/account/plan')).body)).toContain(', then Monthly if you renew')
    expect((await person.visitor.post('/account/plan/next', { plan: 'weekly' })).status).toBe(404)
    await person.visitor.post('/account/plan/next/withdrawal')
    expect([await nextPlan(), await audited()]).toEqual([null, 2])

    await person.visitor.post('/account/plan/next', { plan: 'monthly' })
    await app.sql`with moved as (
        update subscription_periods set starts_at = now() - interval '360 days', ends_at = now() + interval '5 days'
        where user_id = ${person.userId})
      update subscriptions set current_period_start = now() - interval '360 days', current_period_end = now() + interval '3 days'
      where user_id = ${person.userId}`
    await atAnHour(app, true)
    await app.run('remind')
    await app.run('deliver-mails')
    const mail = (await app.mailbox.list()).find(
      (one) => one.recipients.includes(person.email) && /^Your plan ends/.test(one.subject),
    )
    expect(mail!.text).toMatch(/take the monthly plan|renew for ₹499/)
    await person.visitor.post('/checkout/monthly')
    const [order] = await app.sql<{ id: string }[]>`
      select id from orders where user_id = ${person.userId} and status = 'active' and plan_key = 'monthly_v1'`
    await pay(app, person, order!.id)
    expect(await nextPlan()).toBeNull()
  })

  test('who has no access chooses nothing for later', async () => {
    const person = await having(app)
    await person.visitor.post('/account/plan/next', { plan: 'monthly' })
    expect(
      (await app.sql`select from subscriptions where user_id = ${person.userId} and next_plan is not null`).count,
    ).toBe(0)
    expect(text((await person.visitor.get('/account/plan')).body)).toContain('You have no running plan')
  })
})
