import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'
import { linkTo, mailsTo, open, subjects } from './mailed.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const password = 'TestPass123'
const registered = async () => {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  return { visitor, form, email: form.email!, right: `right.${form.email}` }
}
const correct = (visitor: Visitor, email: string, current = password) =>
  visitor.post('/account/security/email', { email, current_password: current })
const accountOf = async (username: string) => {
  const [row] = await app.sql`select email, email_verified_at from users where username = ${username}`
  return row!
}

describe('a wrong address that nobody confirmed', () => {
  test('is corrected at once: mails that wait and a new link go to the right one, and it can log in', async () => {
    const { visitor, form, email, right } = await registered()
    const order = await newestOrder(app, email)
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const answer = await correct(visitor, ` ${right} `)
    expect([answer.status, answer.location]).toEqual([303, '/account/security'])
    expect((await visitor.get('/account/security')).body).toContain(`Your address is now ${right}.`)
    expect(await accountOf(form.username!)).toEqual({ email: right, emailVerifiedAt: null })
    expect(await mailsTo(app, right, /receipt R/)).toHaveLength(1)
    expect(await mailsTo(app, right, subjects.verify)).toHaveLength(1)
    expect(await mailsTo(app, email, /./)).toHaveLength(0)
    await open(visitor, await linkTo(app, right, subjects.verify))
    expect((await visitor.post('/verify-email')).status).toBe(303)
    expect((await accountOf(form.username!)).emailVerifiedAt).not.toBeNull()
    expect((await new Visitor(app).post('/login', { login: right, password })).status).toBe(303)
    expect((await new Visitor(app).post('/login', { login: email, password })).status).toBe(422)
  })

  test.each([
    ['/checkout/monthly', '/checkout/monthly'],
    ['//example.com', '/account/security'],
    ['https://example.com/', '/account/security'],
  ])('is corrected on the way from %s, and leads back to a page of ours alone', async (next, back) => {
    const { visitor, right } = await registered()
    expect((await visitor.get('/checkout/monthly')).body).toContain(
      '/account/security?next=%2Fcheckout%2Fmonthly#email-title',
    )
    const form = (await visitor.get(`/account/security?next=${encodeURIComponent(next)}`)).body
    expect(form).toContain(`name="next" value="${next === back ? next : ''}"`)
    const answer = await visitor.post('/account/security/email', { email: right, current_password: password, next })
    expect([answer.status, answer.location]).toEqual([303, back])
  })

  test('keeps no power over the account: links that were sent there work no more', async () => {
    const { visitor, form, email, right } = await registered()
    const verify = await linkTo(app, email, subjects.verify)
    await new Visitor(app).post('/forgot-password', { email })
    const reset = await linkTo(app, email, subjects.reset)
    await correct(visitor, right)
    for (const link of [verify, reset]) expect((await open(new Visitor(app), link)).body).toContain('no longer works')
    expect(await accountOf(form.username!)).toEqual({ email: right, emailVerifiedAt: null })
    await new Visitor(app).post('/forgot-password', { email })
    await app.run('deliver-mails')
    expect(await mailsTo(app, email, subjects.reset)).toHaveLength(1)
  })

  test('is noted with masked addresses and where it came from', async () => {
    const { visitor, form, right } = await registered()
    await correct(visitor, right)
    const noted = await app.sql`
      select a.details, a.origin from audit a join users u on u.id = a.user_id
      where u.username = ${form.username!} and a.action = 'email.corrected'`
    expect(noted).toMatchObject([
      { details: { before: 'a•••@example.in', after: 'r•••@example.in' }, origin: { address: expect.any(String) } },
    ])
  })

  test.each([
    ['no address', 'nonsense', password, 'Please enter one e-mail address'],
    ['a wrong password', 'right@example.in', 'not-the-password', 'password'],
    ['no password', 'right@example.in', '', 'password'],
  ])('stays with %s, and what was typed is still there', async (_what, typed, current, sentence) => {
    const { visitor, form, email } = await registered()
    const answer = await correct(visitor, typed, current)
    expect([answer.status, answer.body.includes(sentence)]).toEqual([422, true])
    expect(answer.body).toContain(`value="${typed}"`)
    expect((await accountOf(form.username!)).email).toBe(email)
  })

  test('stays when it is the same, or somebody else’s, whatever its case', async () => {
    const { visitor, form, email } = await registered()
    const other = await new Visitor(app).register()
    for (const typed of [email, email.toUpperCase(), other.email!, other.email!.toUpperCase()])
      expect((await correct(visitor, typed)).status).toBe(422)
    expect((await accountOf(form.username!)).email).toBe(email)
  })

  test('is corrected three times an hour with the first link, and once by a double click', async () => {
    const { visitor, form, right } = await registered()
    const both = await Promise.all([correct(visitor, right), correct(visitor, right)])
    for (const { status } of both) expect([303, 422]).toContain(status)
    expect(await mailsTo(app, right, subjects.verify)).toHaveLength(1)
    expect((await correct(visitor, `2.${right}`)).status).toBe(303)
    const busy = await correct(visitor, `3.${right}`)
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '3600'])
    expect((await accountOf(form.username!)).email).toBe(`2.${right}`)
  })

  test('is nothing that a confirmed one is: that changes when the new one is confirmed', async () => {
    const { visitor, form, email, right } = await registered()
    await open(visitor, await linkTo(app, email, subjects.verify))
    await visitor.post('/verify-email')
    await correct(visitor, right)
    expect((await accountOf(form.username!)).email).toBe(email)
    await open(visitor, await linkTo(app, right, subjects.change))
    expect((await visitor.post('/verify-email')).status).toBe(303)
    expect((await accountOf(form.username!)).email).toBe(right)
  })
})
