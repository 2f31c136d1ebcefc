import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { usernameWish } from '../../src/identity/registration/username-wish.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { registration, Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const valid = /^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$/

/** The five fields. */
function five(changes: Record<string, string> = {}) {
  const { username, state, ...form } = registration(changes)
  return form
}

const accountOf = async (email: string) =>
  (
    await app.sql<{ username: string; stateCode: string | null; name: string }[]>`
    select username, state_code, name from users where email = ${email}`
  )[0]

describe('the username of who chose none is wished for by', () => {
  test.each([
    ['asha.rao@example.in', 'Asha', 'asha.rao'],
    ['Asha.RAO+etf@example.in', 'Asha', 'asha.rao'],
    ["r.d'souza@example.in", 'Asha', 'r.d.souza'],
    ['_asha_@example.in', 'Asha', 'asha'],
    ['ar@example.in', 'Zoë D’Souza', 'zoe.d.souza'],
    ['ar@example.in', 'आशा राव', 'member'],
    ['ar@example.in', '李', 'member'],
    ["!#$%&'*@example.in", 'Li', 'member'],
    [`${'a'.repeat(64)}@example.in`, 'Asha', 'a'.repeat(32)],
    [`${'a'.repeat(31)}.b@example.in`, 'Asha', 'a'.repeat(31)],
  ])('%s of %s: %s', (email, name, wish) => {
    expect(usernameWish(email, name)).toBe(wish)
    expect(wish).toMatch(valid)
  })
})

describe('registering with five fields', () => {
  test('makes an account with a username of the e-mail, no state yet, and an order that is open at Cashfree', async () => {
    const visitor = new Visitor(app)
    const form = five({ name: 'आशा राव' })
    const answer = await visitor.post('/register', form)
    expect([answer.status, answer.location]).toEqual([303, '/checkout/monthly'])
    expect(await accountOf(form.email!)).toEqual({
      username: form.email!.split('@')[0],
      stateCode: null,
      name: 'आशा राव',
    })
    expect((await new Visitor(app).post('/login', { login: form.email!, password: form.password! })).status).toBe(303)
    const [order] =
      await app.sql`select status from orders o join users u on u.id = o.user_id where u.email = ${form.email!}`
    expect(order).toEqual({ status: 'active' })
  })

  test('twenty people of one mailbox name at once get twenty usernames that begin with it', async () => {
    const forms = Array.from({ length: 20 }, (_, n) => five({ email: `info@shop-${n}.example.in` }))
    const answers = await Promise.all(forms.map((form) => new Visitor(app).post('/register', form)))
    expect(answers.map(({ status }) => status)).toEqual(forms.map(() => 303))
    const rows = await app.sql<{ username: string }[]>`select username from users where email like 'info@shop-%'`
    expect(new Set(rows.map(({ username }) => username.toLowerCase())).size).toBe(20)
    for (const { username } of rows) expect(username).toMatch(/^info\d*$/)
  })

  test('a long name that is taken gets its number within 32 signs', async () => {
    const forms = ['a', 'b', 'c'].map((host) => five({ email: `${'x'.repeat(40)}@${host}.example.in` }))
    for (const form of forms) expect((await new Visitor(app).post('/register', form)).status).toBe(303)
    const names = await Promise.all(forms.map(async ({ email }) => (await accountOf(email!))!.username))
    expect(new Set(names).size).toBe(3)
    for (const name of names) expect(name).toMatch(valid)
  })

  test('twenty identical submissions make one account, and all are signed in', async () => {
    const form = five()
    const answers = await Promise.all(Array.from({ length: 20 }, () => new Visitor(app).post('/register', form)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]))
    const [{ accounts } = { accounts: 0 }] = await app.sql<{ accounts: number }[]>`
      select count(*)::int as accounts from users where email = ${form.email!}`
    expect(accounts).toBe(1)
  })

  test('an e-mail that has an account is refused, and the way to log in carries it', async () => {
    const form = five()
    await new Visitor(app).post('/register', form)
    const stranger = new Visitor(app)
    const refused = await stranger.post('/register', { ...form, password: 'AnotherPass123' })
    expect([refused.status, refused.body.includes('Log in with this e-mail instead')]).toEqual([422, true])
    const { location } = await stranger.post('/register', { ...form, instead: 'log-in' })
    expect(location).toBe('/login?next=%2Fcheckout%2Fmonthly')
    expect((await stranger.get(location!)).body).toContain(`value="${form.email}"`)
    expect((await stranger.get('/login')).body).not.toContain(`value="${form.email}"`)
  })

  test('what is sent all the same is checked as before, and its field is shown', async () => {
    for (const odd of [{ username: '' }, { username: '.' }, { state: '' }, { state: '99' }] as Record<
      string,
      string
    >[]) {
      const form: Record<string, string> = { ...five(), ...odd }
      const refused = await new Visitor(app).post('/register', form)
      const [name] = Object.keys(odd)
      expect([odd, refused.status, refused.body.includes(`id="${name}-error"`)]).toEqual([odd, 422, true])
      expect(await accountOf(form.email!)).toBeUndefined()
    }
    const form: Record<string, string> = { ...five(), state: 'karnataka' }
    await new Visitor(app).post('/register', form)
    expect(await accountOf(form.email!)).toMatchObject({ stateCode: '29' })
  })

  test('the name that would be made does for no password', async () => {
    const form = five({ email: `longmailbox${Date.now()}@example.in` })
    const refused = await new Visitor(app).post('/register', { ...form, password: form.email!.split('@')[0]! })
    expect([refused.status, refused.body.includes('too easy to guess')]).toEqual([422, true])
  })
})
