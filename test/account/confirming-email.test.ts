import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder, paidOnce, tracesOf } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'
import { linkTo, mailsTo, open, subjects } from './mailed.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const registered = async () => {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  return { visitor, form, email: form.email! }
}
const reminder = 'Please confirm your e-mail'
const sendAgain = (visitor: Visitor, next = '/dashboard') => visitor.post('/account/security/verification', { next })
const isConfirmed = async (email: string) => {
  const [row] = await app.sql`select email_verified_at from users where email = ${email}`
  return row!.emailVerifiedAt !== null
}

describe('confirming an e-mail address', () => {
  test('the mail goes out with the account, its link is used by a button, and the reminder is gone', async () => {
    const { visitor, email } = await registered()
    expect((await visitor.get('/dashboard')).body).toContain(reminder)
    expect((await visitor.get('/dashboard')).body).toContain(email)
    const link = await linkTo(app, email, subjects.verify)
    const page = await open(visitor, link)
    expect(page.body).toContain('This confirms that <b>a•••@example.in</b> is yours')
    expect(await isConfirmed(email)).toBe(false)
    const answer = await visitor.post('/verify-email')
    expect([answer.status, answer.location]).toEqual([303, '/dashboard'])
    const dashboard = await visitor.get('/dashboard')
    expect(dashboard.body).toContain('is confirmed')
    expect(dashboard.body).not.toContain(reminder)
    expect(await isConfirmed(email)).toBe(true)
    const noted = await app.sql`
      select a.actor, a.origin from audit a join users u on u.id = a.user_id where u.email = ${email} and action = 'email.verified'`
    expect(noted).toMatchObject([{ actor: 'link', origin: { address: expect.any(String) } }])
  })

  test('and back, and its button once more: there is nothing left to do', async () => {
    const { visitor, email } = await registered()
    await open(visitor, await linkTo(app, email, subjects.verify))
    await visitor.post('/verify-email')
    await visitor.get('/dashboard')
    for (const again of [await visitor.post('/verify-email'), await visitor.get('/verify-email')]) {
      expect(again.status).toBe(200)
      expect(again.body).toContain('a•••@example.in is already confirmed')
      expect(again.body).not.toContain('This link does not work')
    }
  })

  test('works in a browser where nobody is signed in', async () => {
    const { email } = await registered()
    const visitor = new Visitor(app)
    await open(visitor, await linkTo(app, email, subjects.verify))
    expect((await visitor.post('/verify-email')).location).toBe('/login')
    expect((await visitor.get('/login')).body).toContain('a•••@example.in is confirmed')
    expect(await isConfirmed(email)).toBe(true)
  })

  test('of twenty uses side by side one counts, and a used link says so', async () => {
    const { email } = await registered()
    const link = await linkTo(app, email, subjects.verify)
    const visitors = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const visitor = new Visitor(app)
        await open(visitor, link)
        return visitor
      }),
    )
    const answers = await Promise.all(visitors.map((visitor) => visitor.post('/verify-email')))
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 303])
    for (const { status, body } of answers) if (status === 200) expect(body).toContain('is already confirmed')
    const again = await open(new Visitor(app), link)
    expect([again.status, again.body.includes('a•••@example.in is already confirmed')]).toEqual([200, true])
    expect(again.body).not.toContain('Ask for a new link')
  })

  test('that a new password made needless says that the address is already confirmed', async () => {
    const { email } = await registered()
    const verify = await linkTo(app, email, subjects.verify)
    await new Visitor(app).post('/forgot-password', { email })
    const visitor = new Visitor(app)
    const reset = await linkTo(app, email, subjects.reset)
    await open(visitor, reset)
    expect((await visitor.post('/reset-password', { password: 'river under the bridge' })).status).toBe(303)
    expect((await open(new Visitor(app), verify)).body).toContain('is already confirmed')
    expect((await open(new Visitor(app), reset)).body).toContain('You already chose a new password with it')
  })

  test('an older link says so too, once a newer one was used; and that it does not work until then', async () => {
    const { visitor, email } = await registered()
    const first = await linkTo(app, email, subjects.verify)
    await sendAgain(visitor)
    const second = await linkTo(app, email, subjects.verify)
    expect((await open(new Visitor(app), first)).body).toContain('no longer works')
    await open(visitor, second)
    await visitor.post('/verify-email')
    expect((await open(new Visitor(app), first)).body).toContain('is already confirmed')
  })

  test.each(['x'.repeat(43), 'short', ''])(
    'a secret that was never sent (%j) is told nothing of the kind',
    async (token) => {
      const page = await open(new Visitor(app), `/verify-email?token=${token}`)
      expect(page.body).toContain('no longer works')
      expect(page.body).not.toContain('already')
    },
  )

  test('paying does not wait for it, and both mails come', async () => {
    const { visitor, email } = await registered()
    const order = await newestOrder(app, email)
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
    expect(await mailsTo(app, email, /receipt R/)).toHaveLength(1)
    expect(await mailsTo(app, email, subjects.verify)).toHaveLength(1)
    expect(await isConfirmed(email)).toBe(false)
  })

  test('the link works for three days from its mail', async () => {
    const { visitor, email } = await registered()
    await open(visitor, await linkTo(app, email, subjects.verify))
    const [{ hours } = { hours: 0 }] = await app.sql<{ hours: number }[]>`
      select round(extract(epoch from expires_at - now()) / 3600)::int as hours from account_links where email = ${email}`
    expect(hours).toBe(72)
    await app.sql`update account_links set expires_at = now() where email = ${email}`
    expect((await visitor.get('/verify-email')).body).toContain('no longer works')
    expect((await visitor.post('/verify-email')).status).toBe(422)
    expect(await isConfirmed(email)).toBe(false)
  })

  test('another link may be asked for, three in an hour with the first, and the newest works', async () => {
    const { visitor, email } = await registered()
    const first = await linkTo(app, email, subjects.verify)
    for (let i = 0; i < 5; i++) {
      expect((await sendAgain(visitor)).location).toBe('/dashboard')
      expect((await visitor.get('/dashboard')).body).toContain(
        i < 2 ? 'A new link is on its way' : 'three mails went out',
      )
      await app.run('deliver-mails')
    }
    expect(await mailsTo(app, email, subjects.verify)).toHaveLength(3)
    expect((await open(visitor, first)).body).toContain('no longer works')
    await open(visitor, await linkTo(app, email, subjects.verify))
    expect((await visitor.post('/verify-email')).status).toBe(303)
    await app.sql`update account_links set created_at = created_at - interval '2 hours' where email = ${email}`
    await sendAgain(visitor)
    expect(await mailsTo(app, email, subjects.verify)).toHaveLength(3)
  })

  test('a double click on "send it again" is one link', async () => {
    const { visitor, email } = await registered()
    await app.run('deliver-mails')
    await Promise.all([sendAgain(visitor), sendAgain(visitor), sendAgain(visitor)])
    const open =
      await app.sql`select from account_links where email = ${email} and used_at is null and ended_at is null`
    expect(open).toHaveLength(1)
  })

  test('asking for another one is for the signed-in, and leads to no other site', async () => {
    expect((await sendAgain(new Visitor(app))).location).toMatch(/^\/login\?/)
    const { visitor } = await registered()
    expect((await sendAgain(visitor, 'https://evil.example')).location).toBe('/account/security')
  })

  test('a link to an address the account no longer has confirms nothing', async () => {
    const { visitor, email } = await registered()
    await open(visitor, await linkTo(app, email, subjects.verify))
    await app.sql`update users set email = ${`moved.${email}`} where email = ${email}`
    expect((await visitor.post('/verify-email')).status).toBe(422)
    expect(await isConfirmed(`moved.${email}`)).toBe(false)
  })
})
