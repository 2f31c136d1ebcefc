import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeAt } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { registration, Visitor } from '../support/visitor.ts'
import { codesOn, type NewAdmin, newAdmin, secretOn } from './administrators.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const step = 30_000
const isSignedIn = async (visitor: Visitor) => (await visitor.get('/dashboard')).status === 200
const wrong = (visitor: Visitor) => visitor.post('/login/code', { code: '12345' })
/** As if it were later: codes given before are of long ago, and no wait is left. */
const later = (id: string) =>
  app.sql`update second_factors set last_step = 0, failures = 0, blocked_until = null where user_id = ${id}`

describe('the password of an administrator', () => {
  let admin: NewAdmin
  beforeAll(async () => {
    admin = await newAdmin(app)
  })

  test('opens nothing but the way to the second factor', async () => {
    const visitor = await admin.givePassword()
    for (const path of ['/dashboard', '/admin', '/account', '/checkout/monthly', '/login/recovery-codes'])
      expect([path, (await visitor.get(path)).location]).toEqual([path, `/login?next=${encodeURIComponent(path)}`])
    expect((await visitor.get('/login?next=%2Fadmin')).location).toBe('/login/authenticator?next=%2Fadmin')
    expect((await visitor.post('/checkout/monthly')).location).toMatch(/^\/login/)
    expect((await visitor.postJson('/api/create-cashfree-order', { plan: 'monthly' })).status).toBe(401)
    expect((await visitor.get('/')).body).toContain('href="/login"')
  })

  test('stands for ten minutes, whatever is clicked meanwhile', async () => {
    const visitor = await admin.givePassword()
    await app.sql`update sessions set created_at = now() - interval '10 minutes 1 second' where user_id = ${admin.id}`
    expect((await visitor.get('/login/authenticator')).location).toBe('/login')
    expect((await visitor.post('/login/authenticator', { code: '000000' })).location).toBe('/login')
    const [row] = await app.sql<{ minutes: number }[]>`
      select max(extract(epoch from expires_at - created_at) / 60)::int as minutes from sessions where user_id = ${admin.id}`
    expect(row?.minutes).toBeLessThanOrEqual(20)
  })

  test('can be taken back', async () => {
    const visitor = await admin.givePassword()
    await visitor.post('/logout')
    expect((await visitor.get('/login/authenticator')).location).toBe('/login')
  })

  test('is no detour for subscribers and strangers', async () => {
    const subscriber = new Visitor(app)
    await subscriber.register()
    for (const path of ['/login/authenticator', '/login/code']) {
      expect((await subscriber.get(path)).location).toBe('/dashboard')
      expect((await subscriber.post(path, { code: '000000' })).location).toBe('/dashboard')
      expect((await new Visitor(app).get(path)).location).toBe('/login')
      expect((await new Visitor(app).post(path, { code: '000000' })).location).toBe('/login')
    }
    expect((await subscriber.get('/login/recovery-codes')).location).toBe('/dashboard')
  })
})

describe('the first log-in', () => {
  test('shows a QR code and the same secret as text until a code proves it, then ten recovery codes', async () => {
    const admin = await newAdmin(app)
    const visitor = await admin.givePassword(new Visitor(app), '/admin/orders')
    const page = await visitor.get('/login/authenticator?next=%2Fadmin%2Forders')
    const secret = secretOn(page.body)
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(page.body).toContain('src="data:image/svg+xml;base64,')
    expect(page.headers.get('content-security-policy')).toContain(`img-src 'self' data:`)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(secretOn((await visitor.get('/login/authenticator')).body)).toBe(secret)
    expect((await visitor.get('/login/code')).location).toBe('/login/authenticator')

    const refused = await visitor.post('/login/authenticator', { code: '00 00 0', next: '/admin/orders' })
    expect([refused.status, secretOn(refused.body)]).toEqual([422, secret])
    expect(refused.body).toContain('That code is not right')
    expect(refused.body).toContain('name="next" value="/admin/orders"')

    const code = codeAt(secret, Date.now())
    const answer = await visitor.post('/login/authenticator', {
      code: `${code.slice(0, 3)} ${code.slice(3)}`,
      next: '/admin/orders',
    })
    expect([answer.status, answer.location]).toEqual([303, '/login/recovery-codes?next=%2Fadmin%2Forders'])
    const codes = codesOn((await visitor.get(answer.location!)).body)
    expect(new Set(codes).size).toBe(10)
    expect(codes.filter((one) => !/^([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}$/.test(one))).toEqual([])
    // Whoever reloads sees them again, until they say that they kept them.
    expect(codesOn((await visitor.get(answer.location!)).body)).toEqual(codes)
    expect((await visitor.post('/login/recovery-codes', { next: '/admin/orders' })).location).toBe('/admin/orders')
    expect((await visitor.get('/login/recovery-codes')).location).toBe('/admin')
    expect(await isSignedIn(visitor)).toBe(true)
    const stored = await app.sql<{ length: number }[]>`
      select length(code_hash) as length from recovery_codes where user_id = ${admin.id}`
    expect(stored.map(({ length }) => length)).toEqual(Array(10).fill(32))
  })

  test('with a secret that was proved already asks for a code: nobody enrols over it', async () => {
    const admin = await newAdmin(app)
    const early = await admin.givePassword()
    await admin.enrol()
    expect((await early.get('/login/authenticator')).location).toBe('/login/code')
    const secret = 'A'.repeat(32)
    expect((await early.post('/login/authenticator', { code: codeAt(secret, Date.now()) })).location).toBe('/login')
    expect(await isSignedIn(early)).toBe(false)
  })
})

describe('a later log-in', () => {
  let admin: NewAdmin
  let secret: string
  let recoveryCodes: string[]
  beforeAll(async () => {
    admin = await newAdmin(app)
    ;({ secret, recoveryCodes } = await admin.enrol())
  })

  test('asks for a code, leads to what was wanted, and changes the session', async () => {
    await later(admin.id)
    const visitor = new Visitor(app)
    const answer = await visitor.post('/login', {
      login: admin.username,
      password: admin.password,
      next: '/admin/audit',
    })
    expect(answer.location).toBe('/login/code?next=%2Fadmin%2Faudit')
    const half = new Visitor(app)
    half.cookies.set('sid', visitor.cookies.get('sid')!)
    expect((await visitor.get('/login')).location).toBe('/login/code')
    const done = await visitor.post('/login/code', { code: codeAt(secret, Date.now()), next: '/admin/audit' })
    expect([done.status, done.location]).toEqual([303, '/admin/audit'])
    expect(await isSignedIn(visitor)).toBe(true)
    expect(await isSignedIn(half)).toBe(false)
    expect((await half.post('/login/code', { code: codeAt(secret, Date.now() + step) })).location).toBe('/login')
    const [noted] = await app.sql<{ action: string; origin: { requestId: string } }[]>`
      select action, origin from audit where user_id = ${admin.id} and action = 'admin.logged-in' order by id desc limit 1`
    expect(noted?.origin.requestId).toBeTruthy()
  })

  test.each(['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)'])(
    'never leads to %j',
    async (next) => {
      await later(admin.id)
      const visitor = await admin.givePassword(new Visitor(app), next)
      expect((await visitor.get(`/login/code?next=${encodeURIComponent(next)}`)).body).toContain('name="next" value=""')
      const done = await visitor.post('/login/code', { code: codeAt(secret, Date.now()), next })
      expect(done.location).toBe('/admin')
    },
  )

  test('takes a code once, in this browser and in any other', async () => {
    await later(admin.id)
    const code = codeAt(secret, Date.now())
    const [first, second] = [await admin.givePassword(), await admin.givePassword()]
    const answers = await Promise.all([first, second].map((visitor) => visitor.post('/login/code', { code })))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 422])
    expect(answers.find(({ status }) => status === 422)!.body).toContain('was used before')
    expect((await (await admin.givePassword()).post('/login/code', { code })).status).toBe(422)
  })

  test('takes the code of the step before and after, for clocks that are off, and none further away', async () => {
    for (const [offset, status] of [
      [-2, 422],
      [2, 422],
      [-1, 303],
      [1, 303],
    ] as const) {
      await later(admin.id)
      // In the middle of a step, as seen by the server: a step that ends meanwhile would be another offset.
      const visitor = await admin.givePassword()
      const before = Math.floor(Date.now() / step)
      const answer = await visitor.post('/login/code', { code: codeAt(secret, Date.now() + offset * step) })
      if (Math.floor(Date.now() / step) === before) expect([offset, answer.status]).toEqual([offset, status])
    }
  })

  test('after five wrong codes takes none for a quarter of an hour, not even the right one', async () => {
    await later(admin.id)
    const visitor = await admin.givePassword()
    for (let i = 0; i < 5; i++) expect((await wrong(visitor)).status).toBe(422)
    const answer = await visitor.post('/login/code', { code: codeAt(secret, Date.now()) })
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(890)
    expect(answer.body).toContain('Too many wrong codes. Please wait 15 minutes')
    expect((await (await admin.givePassword()).post('/login/code', { code: recoveryCodes[9]! })).status).toBe(429)
    await app.sql`update second_factors set blocked_until = now() where user_id = ${admin.id}`
    expect((await visitor.post('/login/code', { code: codeAt(secret, Date.now()) })).status).toBe(303)
  })

  test('looks at no more than five of fifty codes that are sent side by side', async () => {
    await later(admin.id)
    const visitor = await admin.givePassword()
    const answers = await Promise.all(Array.from({ length: 50 }, () => wrong(visitor)))
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(5)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(45)
  })

  test('takes a recovery code instead, once, however it is written, and says how many are left', async () => {
    await later(admin.id)
    const typed = recoveryCodes[0]!.toLowerCase().replaceAll('-', ' ')
    const visitor = await admin.givePassword()
    expect((await visitor.post('/login/code', { code: typed, next: '/dashboard' })).location).toBe('/dashboard')
    expect((await visitor.get('/dashboard')).body).toContain('9 are left')
    const again = await (await admin.givePassword()).post('/login/code', { code: recoveryCodes[0]! })
    expect(again.status).toBe(422)
    const [noted] = await app.sql`select from audit where user_id = ${admin.id} and action = 'recovery-code.used'`
    expect(noted).toBeDefined()
    const racing = await Promise.all(
      (await Promise.all(Array.from({ length: 4 }, () => admin.givePassword()))).map((one) =>
        one.post('/login/code', { code: recoveryCodes[1]! }),
      ),
    )
    expect(racing.filter(({ status }) => status === 303)).toHaveLength(1)
  })

  test.each(['', ' ', '000000000000', 'x'.repeat(3_000), '１２３４５６', '{"$ne":1}', '-1', '1e5'])(
    '%j is no code',
    async (code) => {
      await later(admin.id)
      expect((await (await admin.givePassword()).post('/login/code', { code })).status).toBe(422)
    },
  )

  test('an account’s code opens no other account', async () => {
    const other = await newAdmin(app)
    await other.enrol()
    await later(admin.id)
    await later(other.id)
    const visitor = await other.givePassword()
    expect((await visitor.post('/login/code', { code: codeAt(secret, Date.now()) })).status).toBe(422)
    expect((await visitor.post('/login/code', { code: recoveryCodes[5]! })).status).toBe(422)
  })
})

test('registering again with an administrator’s name, e-mail and password signs nobody in', async () => {
  const admin = await newAdmin(app)
  const [row] = await app.sql<{ email: string }[]>`select email from users where id = ${admin.id}`
  const visitor = new Visitor(app)
  const form = registration({ username: admin.username, email: row!.email, password: admin.password })
  const answer = await visitor.post('/register', form)
  expect([answer.status, answer.headers.get('set-cookie')]).toEqual([422, null])
})
