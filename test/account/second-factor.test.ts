import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codesOn, secretOn } from '../identity/administrators.ts'
import { type Admin, adminOf, codeAt } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'
import { mailsTo } from './mailed.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const home = '/account/security/second-factor'
const password = 'TestPass123'
const seenOn = (page: string) => /name="seen" value="(\d+)"/.exec(page)?.[1] ?? ''
const isSignedIn = async (visitor: Visitor) => (await visitor.get('/admin')).status === 200
const actsOf = async (id: string) =>
  (await app.sql<{ action: string }[]>`select action from audit where user_id = ${id} order by id`).map(
    (row) => row.action,
  )
const standing = async (id: string) => {
  const [row] = await app.sql<{ secret: string; unused: number }[]>`
    select encode(sealed_secret, 'hex') as secret,
           (select count(*)::int from recovery_codes where user_id = f.user_id and used_at is null) as unused
    from second_factors f where user_id = ${id}`
  return row!
}
const mails = (admin: Admin, subject: RegExp) => mailsTo(app, admin.form.email!, subject)
const appChanged = /^Your authenticator app was changed$/
const codesRenewed = /^Your recovery codes were renewed$/

/** Logs in at a fresh browser with this second code. */
async function logIn(admin: Admin, code: string) {
  const visitor = new Visitor(app)
  await visitor.post('/login', { login: admin.form.username!, password })
  const { status } = await visitor.post('/login/code', { code })
  return { visitor, status }
}

async function renew(admin: Admin, typed: Record<string, string> = {}) {
  const seen = seenOn((await admin.visitor.get(`${home}/recovery-codes`)).body)
  return admin.visitor.post(`${home}/recovery-codes`, { seen, ...typed })
}

/** Up to the QR code of another app. */
async function begin(admin: Admin) {
  const answer = await admin.visitor.post(`${home}/app`, {})
  expect([answer.status, answer.location]).toEqual([303, `${home}/app/code`])
  const page = await admin.visitor.get(`${home}/app/code`)
  return { secret: secretOn(page.body), seen: seenOn(page.body) }
}

describe('the way there', () => {
  test('is on the security page of administrators of both roles, and of nobody else', async () => {
    for (const role of ['admin', 'admin-read'] as const) {
      const { visitor } = await adminOf(app, role)
      expect((await visitor.get('/account/security')).body).toContain(`href="${home}"`)
      expect((await visitor.get(home)).body).toContain('<b>10</b> of 10 are left')
    }
    const subscriber = new Visitor(app)
    await subscriber.register()
    expect((await subscriber.get('/account/security')).body).not.toContain(home)
  })

  test('does not exist for subscribers, and asks strangers to log in', async () => {
    const subscriber = new Visitor(app)
    await subscriber.register()
    for (const path of [home, `${home}/recovery-codes`, `${home}/app`, `${home}/app/code`]) {
      expect([path, (await subscriber.get(path)).status]).toEqual([path, 404])
      expect((await new Visitor(app).get(path)).location).toBe(`/login?next=${encodeURIComponent(path)}`)
      if (path !== home) expect([path, (await subscriber.post(path, { code: '000000' })).status]).toEqual([path, 404])
    }
  })
})

describe('recovery codes', () => {
  test('are renewed: ten new ones are shown once, the old ones are dead, the address is told', async () => {
    const admin = await adminOf(app)
    await renew(admin)
    const old = codesOn((await admin.visitor.get('/login/recovery-codes')).body)
    await admin.visitor.post('/login/recovery-codes', {})

    const answer = await renew(admin)
    expect([answer.status, answer.location]).toEqual([303, `/login/recovery-codes?next=${encodeURIComponent(home)}`])
    const fresh = codesOn((await admin.visitor.get(answer.location!)).body)
    expect(new Set([...fresh, ...old]).size).toBe(20)
    expect((await admin.visitor.post('/login/recovery-codes', { next: home })).location).toBe(home)
    expect((await admin.visitor.get('/login/recovery-codes')).location).toBe('/admin')
    expect((await admin.visitor.get(home)).body).toContain('<b>10</b> of 10 are left')

    expect((await logIn(admin, old[0]!)).status).toBe(422)
    expect((await logIn(admin, fresh[0]!)).status).toBe(303)
    expect((await actsOf(admin.id)).filter((action) => action === 'recovery-codes.renewed')).toHaveLength(2)
    const told = await mails(admin, codesRenewed)
    expect(told).toHaveLength(2)
    expect(told[0]!.text).toContain('The old codes no longer work')
    expect(told[0]!.text).toContain('from the network 127.0.0.0/24')
  })

  test('need password and code, or a recovery code in its place', async () => {
    const admin = await adminOf(app, 'admin', false)
    const refusals: Record<string, string>[] = [
      {},
      { your_password: 'wrong', your_code: admin.code() },
      { your_password: password, your_code: '12345' },
    ]
    for (const typed of refusals) {
      const answer = await renew(admin, typed)
      expect([answer.status, codesOn(answer.body)]).toEqual([422, []])
      expect(answer.body).not.toContain(password)
    }
    expect((await actsOf(admin.id)).includes('recovery-codes.renewed')).toBe(false)

    expect((await renew(admin, { your_password: password, your_code: admin.code() })).status).toBe(303)
    const [code] = codesOn((await admin.visitor.get('/login/recovery-codes')).body)
    await app.sql`update sessions set confirmed_at = null where user_id = ${admin.id}`
    expect((await renew(admin, { your_password: password, your_code: code! })).status).toBe(303)
    expect((await standing(admin.id)).unused).toBe(10)
  })

  test('asked for twice at once are renewed once, and what is shown is what works', async () => {
    const admin = await adminOf(app)
    const seen = seenOn((await admin.visitor.get(`${home}/recovery-codes`)).body)
    const answers = await Promise.all([1, 2, 3].map(() => admin.visitor.post(`${home}/recovery-codes`, { seen })))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409, 409])
    expect(answers.find(({ status }) => status === 409)!.body).toContain('changed in the meantime')
    expect((await actsOf(admin.id)).filter((action) => action === 'recovery-codes.renewed')).toHaveLength(1)
    expect((await standing(admin.id)).unused).toBe(10)
  })

  test.each(['', '-1', '7', 'x', '99999999999'])('are not renewed for a form that saw %j', async (seen) => {
    const admin = await adminOf(app)
    const before = await standing(admin.id)
    expect((await admin.visitor.post(`${home}/recovery-codes`, { seen })).status).toBe(409)
    expect(await standing(admin.id)).toEqual(before)
  })
})

describe('another authenticator app', () => {
  test('takes over with its first code: the old app is dead, other sessions end, the address is told', async () => {
    const admin = await adminOf(app)
    const other = (await logIn(admin, admin.code())).visitor
    const { secret, seen } = await begin(admin)
    expect(secret).not.toBe(admin.secret)
    // Until then the app in use is the one that counts.
    await app.sql`update second_factors set last_step = 0 where user_id = ${admin.id}`
    expect((await logIn(admin, codeAt(secret, Date.now()))).status).toBe(422)
    expect(await isSignedIn(other)).toBe(true)

    const answer = await admin.visitor.post(`${home}/app/code`, { seen, code: codeAt(secret, Date.now()) })
    expect([answer.status, answer.location]).toEqual([303, home])
    expect((await admin.visitor.get(home)).body).toContain('Codes come from your new app from now on')
    expect([await isSignedIn(admin.visitor), await isSignedIn(other)]).toEqual([true, false])
    expect((await logIn(admin, codeAt(admin.secret, Date.now() + 30_000))).status).toBe(422)
    expect((await logIn(admin, codeAt(secret, Date.now() + 30_000))).status).toBe(303)
    expect((await standing(admin.id)).unused).toBe(10)
    expect(await actsOf(admin.id)).toContain('second-factor.changed')
    const told = await mails(admin, appChanged)
    expect(told).toHaveLength(1)
    expect(told[0]!.text).toContain('other devices were logged out')
    expect(told[0]!.text).toContain('from the network 127.0.0.0/24')
    // The secret is forgotten: the page of the QR code leads back.
    expect((await admin.visitor.get(`${home}/app/code`)).location).toBe(`${home}/app`)
  })

  test('needs password and code before its secret is shown', async () => {
    const admin = await adminOf(app, 'admin-read', false)
    const refusals: Record<string, string>[] = [
      {},
      { your_password: password, your_code: '12345' },
      { your_password: 'wrong', your_code: '1' },
    ]
    for (const typed of refusals) {
      const answer = await admin.visitor.post(`${home}/app`, typed)
      expect([answer.status, secretOn(answer.body)]).toEqual([422, ''])
    }
    expect((await admin.visitor.get(`${home}/app/code`)).location).toBe(`${home}/app`)
    const answer = await admin.visitor.post(`${home}/app`, { your_password: password, your_code: admin.code() })
    expect(answer.location).toBe(`${home}/app/code`)
    expect(secretOn((await admin.visitor.get(`${home}/app/code`)).body)).toMatch(/^[A-Z2-7]{32}$/)
  })

  test('is refused with a wrong code, or one of the old app, and the secret stays the same', async () => {
    const admin = await adminOf(app)
    const before = await standing(admin.id)
    const { secret, seen } = await begin(admin)
    for (const code of ['', '12345', 'abcdef', admin.code()]) {
      const answer = await admin.visitor.post(`${home}/app/code`, { seen, code })
      expect([code, answer.status, secretOn(answer.body)]).toEqual([code, 422, secret])
      expect(answer.body).toContain('That code is not right')
    }
    expect(await standing(admin.id)).toEqual(before)
    expect(await mails(admin, appChanged)).toHaveLength(0)
  })

  test('has to be begun again ten minutes after password and code were given', async () => {
    const admin = await adminOf(app)
    const before = await standing(admin.id)
    const { secret, seen } = await begin(admin)
    await app.sql`update sessions set confirmed_at = now() - interval '10 minutes 1 second' where user_id = ${admin.id}`
    const answer = await admin.visitor.post(`${home}/app/code`, { seen, code: codeAt(secret, Date.now()) })
    expect(answer.location).toBe(`${home}/app`)
    expect((await admin.visitor.get(`${home}/app`)).body).toContain('Please start again')
    expect(await standing(admin.id)).toEqual(before)
  })

  test('confirmed twice at once is changed once', async () => {
    const admin = await adminOf(app)
    const { secret, seen } = await begin(admin)
    const code = codeAt(secret, Date.now())
    const answers = await Promise.all([1, 2].map(() => admin.visitor.post(`${home}/app/code`, { seen, code })))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
    expect((await actsOf(admin.id)).filter((action) => action === 'second-factor.changed')).toHaveLength(1)
    expect(await mails(admin, appChanged)).toHaveLength(1)
  })

  test('begun in two browsers is changed by the first to prove it; the other is told', async () => {
    const admin = await adminOf(app)
    const elsewhere = { ...admin, visitor: (await logIn(admin, admin.code())).visitor }
    const [one, other] = [await begin(admin), await begin(elsewhere)]
    const prove = (at: Visitor, { secret, seen }: typeof one) =>
      at.post(`${home}/app/code`, { seen, code: codeAt(secret, Date.now()) })
    expect((await prove(elsewhere.visitor, other)).status).toBe(303)
    // This session ended with the change.
    expect((await prove(admin.visitor, one)).location).toMatch(/^\/login/)
  })

  test('begun before an administrator was reset by another changes nothing', async () => {
    const admin = await adminOf(app)
    const { secret, seen } = await begin(admin)
    await app.sql`delete from second_factors where user_id = ${admin.id}`
    const answer = await admin.visitor.post(`${home}/app/code`, { seen, code: codeAt(secret, Date.now()) })
    expect([409, 404]).toContain(answer.status)
    expect(await actsOf(admin.id)).not.toContain('second-factor.changed')
  })
})
