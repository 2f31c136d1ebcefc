import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertCoupon } from '../../../src/billing/coupons/queries.ts'
import { mailsTo } from '../../account/mailed.ts'
import { registrant } from '../../account/people.ts'
import { adminOf } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { untilLocked } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { giftForm } from '../gifts/giving.ts'
import { atAnHour, endingIn, mailed, pathIn } from './fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  await atAnHour(app, true)
})
afterAll(() => app.close())

/** A subscriber with a reminder, and the path of its link. */
async function reminded() {
  const person = await endingIn(app, 3)
  const [mail] = await mailed(app, person.email, /^Your plan ends/)
  return { ...person, mail: mail!, path: pathIn(app, mail!.text, 'renew') }
}

describe('the link of a reminder', () => {
  test('shows plan, price, period and a masked address to whoever has it, gives no session, and a look opens nothing', async () => {
    const { path, email, userId } = await reminded()
    const stranger = new Visitor(app)
    const page = await stranger.get(path)
    expect(page.status).toBe(200)
    for (const [words, is] of [
      ['₹499', true],
      [`${email[0]}•••`, true],
      [email, false],
    ] as const)
      expect([words, page.body.includes(words)]).toEqual([words, is])
    expect((await stranger.get('/account')).status).toBe(303)
    expect(await app.sql`select from reminders where user_id = ${userId} and opened_at is not null`).toHaveLength(0)
    expect(await app.sql`select from orders where user_id = ${userId} and status = 'active'`).toHaveLength(0)
  })

  test('asks who never gave a state for theirs before it shows the way to pay, and changes no other', async () => {
    const { path, userId } = await reminded()
    const stateOf = async () => (await app.sql`select state_code from users where id = ${userId}`)[0]!.stateCode
    const stranger = new Visitor(app)
    await stranger.post(path, { state: '29' })
    expect(await stateOf()).toBe('27')
    await app.sql`update users set state_code = null where id = ${userId}`
    const asking = (await stranger.get(path)).body
    expect([asking.includes('payment_session_id'), asking.includes('Choose your state')]).toEqual([false, true])
    const refused = await stranger.post(path, { state: '99' })
    expect([refused.status, refused.body.includes('Please choose your state')]).toEqual([422, true])
    expect((await stranger.post(path, { state: '29' })).status).toBe(303)
    expect([await stateOf(), (await stranger.get(path)).body.includes('payment_session_id')]).toEqual(['29', true])
  })

  test('changes no state that its owner gives at this very moment', async () => {
    const { path, userId } = await reminded()
    await app.sql`update users set state_code = null where id = ${userId}`
    let pressed: Promise<unknown> | undefined
    await app.sql.begin(async (owner) => {
      await owner`update users set state_code = '27' where id = ${userId}`
      pressed = new Visitor(app).post(path, { state: '29' })
      await untilLocked(app.sql)
    })
    await pressed
    expect((await app.sql`select state_code from users where id = ${userId}`)[0]!.stateCode).toBe('27')
  })

  test('opens one order however often it is pressed, and the period that it promised is the one that is given', async () => {
    const { path, userId } = await reminded()
    const stranger = new Visitor(app)
    const answers = await Promise.all([1, 2, 3, 4].map(() => stranger.post(path)))
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303])
    const orders = await app.sql<
      { id: string }[]
    >`select id from orders where user_id = ${userId} and status = 'active'`
    expect(orders).toHaveLength(1)
    const page = (await stranger.get(path)).body
    expect(page).toContain('name="payment_session_id"')
    app.sandbox.control.pay(orders[0]!.id)
    await stranger.get(`/payment/return?order_id=${orders[0]!.id}`)
    await app.run('reconcile')
    await app.sql`update orders set next_look_at = now() where id = ${orders[0]!.id}`
    await app.run('reconcile')
    const [opened] = await app.sql`select opened_at is not null as is from reminders where user_id = ${userId}`
    expect(opened).toEqual({ is: true })
  })

  test('keeps the code that it carries: page, button and order show the same amount, and a refused one is named', async () => {
    const { path, userId } = await reminded()
    const offer = {
      percent: 33,
      amountPaise: null,
      startsAt: null,
      endsAt: null,
      maxUses: null,
      maxDiscountPaise: null,
    }
    await insertCoupon(app.sql, { code: 'RENEW33', ...offer, planNames: null }, { actor: 'command', origin: null })
    const stranger = new Visitor(app)
    expect((await stranger.get(`${path}?coupon=NOSUCH`)).body).toContain('The code NOSUCH is not used.')
    const refused = await stranger.post(path, { coupon: 'NOSUCH' })
    expect([refused.status, refused.body.includes('Continue to payment, ₹499')]).toEqual([422, true])
    const page = (await stranger.get(`${path}?coupon=renew33`)).body
    for (const words of ['name="coupon" value="RENEW33"', 'Code RENEW33', 'Continue to payment, ₹334.33'])
      expect(page).toContain(words)
    await stranger.post(path, { coupon: 'RENEW33' })
    expect((await stranger.get(path)).body).toContain('Pay ₹334.33')
    const open = await app.sql`select amount_paise from orders where user_id = ${userId} and status = 'active'`
    expect(open).toEqual([{ amountPaise: 33_433 }])
  })

  test('that finds a gift paid leads to the gift, and opens nothing; pressed again, it renews', async () => {
    const { path, visitor } = await reminded()
    const { location } = await visitor.post('/gift', giftForm)
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.pay(location!.split('/').at(-1)!)
    await app.sql`update orders set asked_at = now() - interval '1 minute', attempts_asked_at = now() - interval '1 minute' where id = ${location!.split('/').at(-1)!}`
    const stranger = new Visitor(app)
    expect((await stranger.post(path)).location).toBe(location)
    expect((await stranger.post(path)).location).toBe(path)
    app.sandbox.control.webhooks({ paused: false })
  })

  test('offers nothing to who withdrew consent, and says how to give it again', async () => {
    const { path, visitor } = await reminded()
    await visitor.post('/account/privacy/consent', { consent: 'withdrawn' })
    const { status, body } = await new Visitor(app).get(path)
    expect([status, /Continue to payment|payment_session_id/.test(body)]).toEqual([200, false])
    expect(body).toContain('Consent was withdrawn for this account')
  })

  test('asks for nothing while money is under way', async () => {
    const { path, userId, visitor } = await reminded()
    await visitor.post('/checkout/annual')
    const [order] = await app.sql<
      { id: string }[]
    >`select id from orders where user_id = ${userId} and status = 'active'`
    await app.sql`insert into payments (cf_payment_id, order_id, status, amount_paise, started_at)
                  values ('pending-' || ${order!.id}, ${order!.id}, 'PENDING', 499000, now())`
    const stranger = new Visitor(app)
    expect((await stranger.post(path)).status).toBe(303)
    const page = (await stranger.get(path)).body
    expect([page.includes('is under way, so please don’t pay again'), page.includes('payment_session_id')]).toEqual([
      true,
      false,
    ])
  })

  test('is over after a change of password, a suspension, a deletion, thirty days; an unknown one never was', async () => {
    for (const change of [
      `select end_email_tokens($1::uuid)`,
      `update users set suspended_at = now(), suspended_reason = 'x' where id = $1::uuid`,
      `delete from account_links where user_id = $1::uuid`,
      `update account_links set expires_at = now() where user_id = $1::uuid`,
      `update users set email = 'other' || email where id = $1::uuid`,
    ]) {
      const { path, userId } = await reminded()
      await app.sql.unsafe(change, [userId])
      const stranger = new Visitor(app)
      expect([change, (await stranger.get(path)).status, (await stranger.post(path)).status]).toEqual([
        change,
        404,
        404,
      ])
    }
    expect((await new Visitor(app).get('/renew/unknown')).status).toBe(404)
  })

  test('stops reminders with one click of a mail program, or of a person, who may take it back; receipts still come', async () => {
    const { path, mail, userId, visitor } = await reminded()
    expect(String(mail.headers?.['list-unsubscribe'] ?? mail.text)).toContain(`${path}/stop`)
    const stopped = async () =>
      (await app.sql`select from users where id = ${userId} and reminders_stopped_at is not null`).length === 1
    const oneClick = await fetch(`${app.url}${path}/stop`, { method: 'POST', body: 'List-Unsubscribe=One-Click' })
    expect([oneClick.status, await stopped()]).toEqual([200, true])
    const stranger = new Visitor(app)
    expect((await stranger.get(`${path}/stop`)).body).toContain('no longer gets reminders')
    for (const wanted of ['on', 'on', 'off', 'off', 'on']) {
      await stranger.post(`${path}/reminders`, { reminders: wanted }) // a double click is no change of mind
      expect(await stopped()).toBe(wanted === 'off')
    }
    await visitor.post('/account/reports/reminders', { reminders: 'off' })
    expect(await stopped()).toBe(true)
  })
})

describe('logging in by mail', () => {
  async function linkFor(email: string) {
    await new Visitor(app).post('/login/link', { email })
    const mail = (await mailsTo(app, email, /^Your log-in link$/)).at(-1)
    return /token=([\w-]{43})/.exec(mail?.text ?? '')?.[1] ?? ''
  }

  test('works once, for 15 minutes, after a button, and confirms the address', async () => {
    const { email, userId } = await registrant(app)
    const token = await linkFor(email)
    const visitor = new Visitor(app)
    expect((await visitor.get(`/login/link?token=${token}`)).body).toContain(token)
    expect((await visitor.get('/account')).status).toBe(303)
    expect((await visitor.post('/login/link/use', { token })).status).toBe(303)
    expect((await visitor.get('/account')).status).toBe(200)
    expect((await new Visitor(app).post('/login/link/use', { token })).status).toBe(422)
    expect(await app.sql`select from users where id = ${userId} and email_verified_at is not null`).toHaveLength(1)
    const late = await linkFor(email)
    await app.sql`update account_links set expires_at = now() where user_id = ${userId} and purpose = 'log-in'`
    expect((await new Visitor(app).post('/login/link/use', { token: late })).status).toBe(422)
  })

  test('tells nobody whether there is an account, and opens no suspended one', async () => {
    const { email, userId } = await registrant(app)
    const known = await new Visitor(app).post('/login/link', { email })
    const unknown = await new Visitor(app).post('/login/link', { email: 'nobody@example.in' })
    expect([known.status, known.location]).toEqual([unknown.status, unknown.location])
    const token = await linkFor(email)
    await app.sql`update users set suspended_at = now(), suspended_reason = 'x' where id = ${userId}`
    expect((await new Visitor(app).post('/login/link/use', { token })).status).toBe(422)
    expect((await new Visitor(app).post('/login/link', { email: 'no address' })).status).toBe(422)
  })

  test('begins with the address of a refused log-in, never in the URL', async () => {
    const visitor = new Visitor(app)
    await visitor.post('/login', { login: 'asha@example.in', password: 'not-the-password' })
    expect((await visitor.get('/login/link')).body).toContain('value="asha@example.in"')
    expect((await new Visitor(app).get('/login/link')).body).not.toContain('asha@example.in')
  })

  test('leaves an administrator at their second factor', async () => {
    const admin = await adminOf(app)
    const token = await linkFor(admin.form.email!)
    const visitor = new Visitor(app)
    await visitor.post('/login/link/use', { token })
    expect((await visitor.get('/login')).location).toMatch(/^\/login\/code/)
    expect((await visitor.get('/admin')).status).not.toBe(200)
  })
})

test('the panel counts what each step brought', async () => {
  const admin = await adminOf(app)
  const page = (await admin.visitor.get('/admin/reminders')).body
  expect([page.includes('3 days before'), page.includes('Three days later')]).toEqual([true, true])
})
