import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changeRole, replacePassword } from '../../src/identity/admins/queries.ts'
import { hashPassword } from '../../src/identity/passwords/passwords.ts'
import { deleteSecondFactor } from '../../src/identity/second-factor/queries.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'
import { newAdmin } from './administrators.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const isSignedIn = async (visitor: Visitor) => (await visitor.get('/dashboard')).status === 200
const copyOf = (visitor: Visitor) => {
  const thief = new Visitor(app)
  for (const [name, value] of visitor.cookies) thief.cookies.set(name, value)
  return thief
}

describe('a session', () => {
  test('changes its id at log-in, and the one from before opens nothing', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const planted = copyOf(visitor)
    await visitor.post('/login', { login: form.email!, password: form.password! })
    expect(visitor.cookies.get('sid')).not.toBe(planted.cookies.get('sid'))
    expect(await isSignedIn(visitor)).toBe(true)
    expect(await isSignedIn(planted)).toBe(false)
  })

  test('ends at log-out, wherever its cookie was copied to', async () => {
    const visitor = new Visitor(app)
    await visitor.register()
    const thief = copyOf(visitor)
    expect(await isSignedIn(thief)).toBe(true)
    const answer = await visitor.post('/logout')
    expect([answer.status, answer.location]).toEqual([303, '/'])
    expect(answer.headers.get('clear-site-data')).toBe('"cache", "storage"')
    expect(visitor.cookies.has('sid')).toBe(false)
    expect(await isSignedIn(visitor)).toBe(false)
    expect(await isSignedIn(thief)).toBe(false)
  })

  test('logging out on one device leaves the other signed in', async () => {
    const phone = new Visitor(app)
    const form = await phone.register()
    const laptop = new Visitor(app)
    await laptop.post('/login', { login: form.username!, password: form.password! })
    await phone.post('/logout')
    expect(await isSignedIn(laptop)).toBe(true)
  })

  test('logging out is a POST, and harmless without a session', async () => {
    expect((await new Visitor(app).get('/logout')).status).toBe(404)
    expect((await new Visitor(app).post('/logout')).status).toBe(303)
  })

  test.each([
    ['after 7 days without a visit', `last_seen_at = now() - interval '7 days 1 minute'`],
    ['after 30 days whatever was seen', `expires_at = now() - interval '1 second'`],
  ])('ends %s', async (_when, change) => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    await app.sql.unsafe(
      `update sessions set ${change} where user_id = (select id from users where email = '${form.email}')`,
    )
    expect(await isSignedIn(visitor)).toBe(false)
  })

  test('of an admin ends after 20 quiet minutes and lasts 8 hours at most', async () => {
    const admin = await newAdmin(app)
    const visitor = await admin.logIn()
    expect((await visitor.get('/admin')).status).not.toBe(303)
    const [row] = await app.sql<{ hours: number }[]>`
      select extract(epoch from expires_at - now()) / 3600 as hours from sessions where user_id = ${admin.id}`
    expect(Number(row?.hours)).toBeCloseTo(8, 1)
    await app.sql`update sessions set last_seen_at = now() - interval '21 minutes' where user_id = ${admin.id}`
    expect((await visitor.get('/dashboard')).status).toBe(303)
  })

  test('being seen moves its end along, at most once a minute', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const seen = async () => {
      const [row] = await app.sql<{ at: Date }[]>`
        select s.last_seen_at as at from sessions s join users u on u.id = s.user_id where u.email = ${form.email!}`
      return row!.at.getTime()
    }
    const first = await seen()
    await visitor.get('/dashboard')
    expect(await seen()).toBe(first)
    await app.sql`update sessions set last_seen_at = now() - interval '2 minutes'
                  where user_id = (select id from users where email = ${form.email!})`
    await visitor.get('/dashboard')
    expect(await seen()).toBeGreaterThan(first)
  })

  test.each([
    ['a demotion', (id: string) => changeRole(app.sql, id, 'subscriber', 'command')],
    ['another role', (id: string) => changeRole(app.sql, id, 'admin-read', 'command')],
    [
      'a suspension',
      (id: string) => app.sql`update users set suspended_at = now(), suspended_reason = 'x' where id = ${id}`,
    ],
    [
      'a new password',
      async (id: string) => replacePassword(app.sql, id, await hashPassword('another password'), 'command'),
    ],
    ['a forgotten second factor', (id: string) => deleteSecondFactor(app.sql, id, 'command')],
  ])('of an admin is over with %s, at the next request', async (_what, happens) => {
    const admin = await newAdmin(app)
    const visitor = await admin.logIn()
    expect((await visitor.get('/dashboard')).status).toBe(200)
    await happens(admin.id)
    expect((await visitor.get('/dashboard')).status).toBe(303)
    expect((await visitor.post('/checkout/skip')).location).toMatch(/^\/login/)
  })

  test.each(['', 'x', 'a'.repeat(3_000), '%%%', 'abc;def'])('the cookie %j is nobody', async (value) => {
    const visitor = new Visitor(app)
    visitor.cookies.set('sid', value)
    expect((await visitor.get('/')).status).toBe(200)
    expect(await isSignedIn(visitor)).toBe(false)
  })

  test('the cookie cannot be read by scripts or sent from other sites’ forms', async () => {
    const answer = await new Visitor(app).post('/login', {})
    expect(answer.status).toBe(422)
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const signedIn = await new Visitor(app).post('/login', { login: form.email!, password: form.password! })
    const cookies = signedIn.headers.getSetCookie().sort()
    expect(cookies.map((line) => line.split('=')[0])).toEqual(['device', 'sid'])
    for (const cookie of cookies) {
      for (const part of ['HttpOnly', 'SameSite=Lax', 'Path=/']) expect(cookie).toContain(part)
      expect(cookie.length).toBeLessThan(1024)
    }
  })

  test('only the hash of its id is in the database', async () => {
    const rows = await app.sql<{ length: number }[]>`select length(id_hash) as length from sessions limit 5`
    expect(rows.every(({ length }) => length === 32)).toBe(true)
  })
})
