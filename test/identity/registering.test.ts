import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder, subscriberOf } from '../support/ledger.ts'
import { registration, Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

async function accountOf(email: string) {
  const [row] = await app.sql<
    {
      username: string
      name: string
      email: string
      phone: string
      stateCode: string
      role: string
      passwordHash: string
    }[]
  >`
    select username, name, email, phone, state_code, role, password_hash from users where lower(email) = lower(${email})
  `
  return row
}

describe('registering', () => {
  test('the account is stored in the shape the rest relies on, and the password only as a hash', async () => {
    const form = await new Visitor(app).register({
      name: '  Asha \t Rao ',
      phone: '+91 98765-00001',
      state: 'maharashtra',
    })
    expect(await accountOf(form.email!)).toMatchObject({
      name: 'Asha Rao',
      username: form.username,
      phone: '+919876500001',
      stateCode: '27',
      role: 'subscriber',
      passwordHash: expect.stringMatching(/^\$argon2id\$v=19\$m=12288,t=3,p=1\$/),
    })
    const [{ found } = { found: 1 }] = await app.sql<{ found: number }[]>`
      select count(*)::int as found from users u where u::text like '%TestPass123%'
    `
    expect(found).toBe(0)
  })

  test.each(['9876500001', '919876500001', '09876500001', '98 765-000 01'])(
    'the phone may be typed as %s',
    async (phone) => {
      const form = await new Visitor(app).register({ phone })
      const order = await newestOrder(app, form.email!)
      expect((await accountOf(form.email!))?.phone).toBe('+919876500001')
      expect(app.sandbox.control.order(order.id)).toMatchObject({ customer: { phone: '9876500001' } })
    },
  )

  test.each(['Li', 'Madonna', 'Anne-Marie O’Brien', 'आशा राव', 'ക്‍ഷ', 'X'.repeat(100)])('%j is a name', async (name) => {
    const form = await new Visitor(app).register({ name })
    expect((await accountOf(form.email!))?.name).toBe(name)
    expect(await newestOrder(app, form.email!)).toMatchObject({ status: 'active' })
  })

  test.each(["r.d'souza", '_asha', 'asha_', 'a+b=c', '-asha', 'o&m', 'r/d', 'a|b', '007', "!#$%&'*+/=?^_`{|}~-"])(
    'an address may begin with %s, and gets its mail',
    async (name) => {
      const email = `${name}.${Date.now()}@example.in`
      const form = await new Visitor(app).register({ email })
      expect((await accountOf(email))?.username).toBe(form.username)
      await app.run('deliver-mails')
      const mails = await app.mailbox.list()
      expect(mails.filter(({ recipients }) => recipients.includes(email))).toHaveLength(1)
    },
  )

  test('fields that nobody asked for change nothing', async () => {
    const id = '11111111-1111-4111-8111-111111111111'
    const form = await new Visitor(app).register({
      role: 'admin',
      id,
      is_paid: 'true',
      status: 'active',
      amount: '1',
      price_paise: '100',
      months: '60',
      user_id: id,
    })
    const order = await newestOrder(app, form.email!)
    expect(order).toMatchObject({ amountPaise: 49_900, status: 'active' })
    expect(order.userId).not.toBe(id)
    expect((await accountOf(form.email!))?.role).toBe('subscriber')
    expect(await subscriberOf(app, form.email!)).toMatchObject({ status: 'pending', isPaid: false })
  })

  test('twenty identical submissions at once make one account and one order', async () => {
    const form = registration()
    const answers = await Promise.all(Array.from({ length: 20 }, () => new Visitor(app).post('/register', form)))
    expect(new Set(answers.map(({ status, location }) => `${status} ${location}`))).toEqual(
      new Set(['303 /checkout/monthly']),
    )
    const [counted] = await app.sql`
      select count(distinct u.id)::int as accounts, count(o.id)::int as orders
      from users u join orders o on o.user_id = u.id where u.email = ${form.email!}
    `
    expect(counted).toEqual({ accounts: 1, orders: 1 })
    const others: [string, string][] = [
      ['password', 'AnotherPass123'],
      ['email', 'other@example.in'],
      ['username', 'another.name'],
    ]
    for (const [field, value] of others) {
      const stranger = await new Visitor(app).post('/register', { ...form, [field]: value })
      expect([stranger.status, stranger.headers.get('set-cookie')]).toEqual([422, null])
    }
  })

  test('htmx is sent on by header to a full page', async () => {
    const answer = await new Visitor(app).post('/register', registration(), { 'hx-request': 'true' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('hx-redirect')).toBe('/checkout/monthly')
    expect(answer.body).toBe('')
  })

  test('someone who is signed in and registers again is the new person', async () => {
    const visitor = new Visitor(app)
    const first = await visitor.register()
    const before = visitor.cookies.get('sid')
    const second = await visitor.register()
    expect(visitor.cookies.get('sid')).not.toBe(before)
    const orders = await app.sql`select u.email from orders o join users u on u.id = o.user_id
                                 where u.email in ${app.sql([first.email!, second.email!])}`
    expect(orders).toHaveLength(2)
    const [{ live } = { live: 0 }] = await app.sql<{ live: number }[]>`
      select count(*)::int as live from sessions s join users u on u.id = s.user_id where u.email = ${first.email!}`
    expect(live).toBe(0)
  })
})
