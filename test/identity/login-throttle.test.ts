import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tryPassword } from '../../src/identity/login-throttle/login-throttle.ts'
import { confirmIdentity } from '../../src/identity/second-factor/reauthentication.ts'
import { sessionOf } from '../../src/identity/sessions/sessions.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Answer, registration, Visitor } from '../support/visitor.ts'
import { newAdmin } from './administrators.ts'

// The limits as they are in production; each person comes from an address of their own, as behind a proxy.
let app: TestApp
beforeAll(async () => {
  app = await startApp({ RATE_LIMIT_SCALE: '1', TRUST_PROXY: '127.0.0.1,::1' })
})
afterAll(() => app.close())

let addresses = 0
const fresh = () => ({ 'x-forwarded-for': `198.51.${Math.floor(addresses / 250)}.${(addresses++ % 250) + 1}` })
type Place = ReturnType<typeof fresh>
const tryIt = (login: string, password = 'not-the-password', from: Place = fresh(), visitor = new Visitor(app)) =>
  visitor.post('/login', { login, password }, from)
const registered = async (visitor = new Visitor(app)) => {
  const form = registration()
  const answer = await visitor.post('/register', form, fresh())
  expect(answer.status).toBe(303)
  return { login: form.username!, form, visitor }
}
const waitOver = () => app.sql`update login_throttle set blocked_until = now()`
const longestWait = async () => {
  const [row] = await app.sql<{ s: number }[]>`
    select extract(epoch from blocked_until - last_failed_at)::int as s from login_throttle order by last_failed_at desc limit 1`
  return row!.s
}
const shape = ({ status, headers, body }: Answer, login: string) => ({
  status,
  headers: [...headers].filter(([name]) => !/^(date|retry-after|x-ratelimit)/.test(name)),
  body: body.replaceAll(login, '').replace(/\d+ seconds?/, ''),
})

describe('wrong passwords for one account', () => {
  test('are free five times; then each doubles the wait, from a second to a quarter of an hour', async () => {
    const { login } = await registered()
    for (let i = 0; i < 4; i++) expect((await tryIt(login)).status).toBe(422)
    const waits: number[] = []
    for (let i = 0; i < 13; i++) {
      await waitOver()
      expect((await tryIt(login)).status).toBe(422)
      waits.push(await longestWait())
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
    const answer = await tryIt(login, 'TestPass123')
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(890)
    expect(answer.body).toContain('Too many wrong passwords. Please wait 15 minutes and try again.')
    expect(answer.body).toContain(`value="${login}"`)
    const fragment = await new Visitor(app).post(
      '/login',
      { login, password: 'x' },
      { ...fresh(), 'hx-request': 'true' },
    )
    expect([fragment.status, fragment.body.trimStart().slice(0, 9)]).toEqual([429, '<form id='])
    await waitOver()
    expect((await tryIt(login, 'TestPass123')).status).toBe(303)
    expect((await tryIt(login)).status).toBe(422)
  })

  test('count together under every spelling of its name', async () => {
    const { login } = await registered()
    for (const spelling of [login, login.toUpperCase(), ` ${login} `, login, login]) await tryIt(spelling)
    expect((await tryIt(login.toUpperCase(), 'TestPass123')).status).toBe(429)
  })

  test('count under no second name for letters that only the database takes for the same', async () => {
    const form = registration({ username: `kiki.${Date.now().toString(36)}` })
    expect((await new Visitor(app).post('/register', form, fresh())).status).toBe(303)
    const login = form.username!
    for (let i = 0; i < 5; i++) await tryIt(login)
    for (const other of [login.replace('i', 'İ'), login.replace('k', 'K'), login.replace('k', 'ｋ'), `\u200b${login}`])
      expect([other, [422, 429].includes((await tryIt(other, 'TestPass123')).status)]).toEqual([other, true])
  })

  test('are answered alike whether the account exists or not', async () => {
    const { login } = await registered()
    const nobody = login.replace('asha', 'none')
    for (let i = 0; i < 8; i++) {
      const [known, unknown] = [await tryIt(login), await tryIt(nobody)]
      expect(shape(known, login)).toEqual(shape(unknown, nobody))
      if (i === 4) await app.sql`update login_throttle set blocked_until = now() + interval '60 seconds'`
    }
  })

  test('sent side by side are not looked at more often than one after another', async () => {
    const { login } = await registered()
    const answers = await Promise.all(Array.from({ length: 60 }, () => tryIt(login)))
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(5)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(55)
  })

  test('are forgiven by the right one', async () => {
    const { login } = await registered()
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++) expect((await tryIt(login)).status).toBe(422)
      expect((await tryIt(login, 'TestPass123')).status).toBe(303)
    }
  })
})

describe('a stranger who fails on purpose', () => {
  test('never makes the owner wait at a browser they logged in from', async () => {
    const { login, visitor } = await registered()
    await visitor.post('/logout')
    for (let i = 0; i < 100; i++) expect([422, 429]).toContain((await tryIt(login)).status)
    expect((await tryIt(login, 'TestPass123')).status).toBe(429)
    const owner = await tryIt(login, 'TestPass123', fresh(), visitor)
    expect([owner.status, owner.location]).toEqual([303, '/dashboard'])
  })

  test('gains nothing from a browser of another account, or an id made up', async () => {
    const { login } = await registered()
    const { visitor: stranger } = await registered()
    for (let i = 0; i < 5; i++) await tryIt(login)
    expect((await tryIt(login, 'TestPass123', fresh(), stranger)).status).toBe(429)
    for (const id of ['x', 'A'.repeat(43), `${'A'.repeat(42)}'`, '']) {
      const visitor = new Visitor(app)
      visitor.cookies.set('device', id)
      expect((await tryIt(login, 'TestPass123', fresh(), visitor)).status).toBe(429)
    }
  })

  test('at the owner’s own browser has five free tries as well, and only there', async () => {
    const { login, visitor } = await registered()
    for (let i = 0; i < 5; i++) expect((await tryIt(login, 'wrong', fresh(), visitor)).status).toBe(422)
    expect((await tryIt(login, 'TestPass123', fresh(), visitor)).status).toBe(429)
    expect((await tryIt(login, 'TestPass123')).status).toBe(303)
  })
})

describe('the device cookie', () => {
  test('is kept by this browser for every account that logs in there, and only its hash by us', async () => {
    const { login, visitor } = await registered()
    const id = visitor.cookies.get('device')!
    expect(id).toMatch(/^[\w-]{43}$/)
    const { login: second } = await registered(visitor)
    expect(visitor.cookies.get('device')).toBe(id)
    await tryIt(login, 'TestPass123', fresh(), visitor)
    expect(visitor.cookies.get('device')).toBe(id)
    const rows = await app.sql<{ username: string; length: number }[]>`
      select u.username, length(d.id_hash) as length from known_devices d join users u on u.id = d.user_id
      where u.username in (${login}, ${second}) order by u.username`
    expect(rows.map(({ length }) => length)).toEqual([32, 32])
    expect((await tryIt(login, 'TestPass123')).headers.get('set-cookie')).toMatch(
      /device=[\w-]{43}; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Lax/,
    )
  })

  test('that somebody planted is replaced at the first log-in', async () => {
    const { login } = await registered()
    const visitor = new Visitor(app)
    visitor.cookies.set('device', 'p'.repeat(43))
    await tryIt(login, 'TestPass123', fresh(), visitor)
    expect(visitor.cookies.get('device')).not.toBe('p'.repeat(43))
  })
})

describe('one address', () => {
  test('that tries a thousand accounts has thirty looked at, whatever address it claims to come from', async () => {
    const strict = await startApp({ RATE_LIMIT_SCALE: '1' })
    const { login } = { login: (await new Visitor(strict).register()).username! }
    let looked = 0
    for (let i = 0; i < 1_000; i += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, j) => {
          const claims = {
            'x-forwarded-for': `10.0.${i % 250}.${j}`,
            forwarded: `for=10.0.0.${j}`,
            'x-real-ip': `10.0.0.${j}`,
          }
          return new Visitor(strict).post('/login', { login: `user${i + j}`, password: 'Password-1' }, claims)
        }),
      )
      looked += answers.filter(({ status }) => status === 422).length
    }
    expect(looked).toBeLessThanOrEqual(30)
    expect((await new Visitor(strict).post('/login', { login, password: 'TestPass123' })).status).toBe(429)
    await strict.close()
  })

  test('has thirty wrong passwords in five minutes through all endpoints together; a right one is not among them', async () => {
    const from = fresh()
    const { form } = await registered()
    for (let i = 0; i < 14; i++) expect((await tryIt(`nobody${i}`, 'x', from)).status).toBe(422)
    expect((await tryIt(form.username!, form.password, from)).status).toBe(303)
    for (let i = 0; i < 16; i++) {
      const guess = registration({
        username: `${form.username!.slice(0, 20)}${i}`,
        email: form.email!,
        password: `Guess-${i}-abc`,
      })
      expect((await new Visitor(app).post('/register', guess, from)).status).toBe(422)
    }
    const answer = await tryIt(form.username!, form.password, from)
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(200)
    await app.sql`update rate_counters set resets_at = now() where key like 'wrong passwords%'`
    expect((await tryIt(form.username!, form.password, from)).status).toBe(303)
  })

  test('of IPv6 is the whole network that one connection has to itself', async () => {
    const at = (last: string) => ({ 'x-forwarded-for': `2001:db8:1:2:${last}` })
    for (let i = 0; i < 30; i++) expect((await tryIt(`six${i}`, 'x', at(`0:0:0:${i + 1}`))).status).toBe(422)
    expect((await tryIt('another', 'x', at('abcd:1:2:3'))).status).toBe(429)
    expect((await tryIt('another', 'x', { 'x-forwarded-for': '2001:db8:1:3::1' })).status).toBe(422)
  })
})

describe('the other endpoints that check a password', () => {
  test('registering again with guesses for somebody’s account: five are looked at', async () => {
    const { form } = await registered()
    const guess = (password: string) => new Visitor(app).post('/register', { ...form, password }, fresh())
    for (let i = 0; i < 5; i++) expect((await guess(`Guess-${i}-abc`)).status).toBe(422)
    const shut = await guess(form.password!)
    expect(shut.status).toBe(429)
    expect(shut.headers.getSetCookie()).toEqual([])
    await waitOver()
    expect((await guess(form.password!)).location).toBe('/checkout/monthly')
  })

  test('confirming an act: five wrong passwords, then a sentence at the field that says how long', async () => {
    const admin = await newAdmin(app)
    const visitor = new Visitor(app)
    const signIn = await visitor.post('/login', { login: admin.username, password: admin.password }, fresh())
    expect(signIn.status).toBe(303)
    const [row] = await app.sql<{ handle: string }[]>`select handle from sessions where user_id = ${admin.id}`
    const user = { id: admin.id, username: admin.username }
    const session = {
      ...{ handle: row!.handle, user, secondFactorAt: new Date(), isFresh: false },
      attempt: { address: '192.0.2.7', browser: '' },
    } as unknown as Parameters<typeof confirmIdentity>[1]
    const confirm = (password: string) =>
      confirmIdentity(app.services, session, { your_password: password, your_code: '000000' }).catch(
        (error) => error.fields,
      )
    for (let i = 0; i < 5; i++)
      expect(await confirm('guess')).toEqual({ your_password: 'Incorrect password. Please try again.' })
    expect((await confirm(admin.password)).your_password).toMatch(/^Too many wrong passwords. Please wait \d+ second/)
  })

  test('a password that could not be looked at counts for nothing', async () => {
    const attempt = { account: 'somebody', address: '192.0.2.9', browser: '' }
    for (let i = 0; i < 20; i++)
      await expect(tryPassword(app.services, attempt, () => Promise.reject(new Error('too busy')))).rejects.toThrow(
        'too busy',
      )
    expect(await tryPassword(app.services, attempt, async () => undefined)).toBeUndefined()
    expect(await tryPassword(app.services, attempt, async () => 'right')).toBe('right')
  })
})

describe('three hundred wrong passwords within an hour, for all accounts together', () => {
  const counted = (count: number, left = '30 minutes') => app.sql`
    insert into rate_counters (key, count, resets_at) values ('wrong passwords of all', ${count}, now() + ${left}::interval)
    on conflict (key) do update set count = excluded.count, resets_at = excluded.resets_at`
  const alarms = () =>
    app.sql<{ details: Record<string, unknown> }[]>`select details from incidents where kind = 'password-guessing'`

  test('are an incident, one a day, that tells counts and no names', async () => {
    const names = await Promise.all([registered(), registered()])
    await counted(297)
    for (const { login } of names) await tryIt(login)
    expect(await alarms()).toEqual([])
    await Promise.all([tryIt('nobody-of-this-name'), ...names.map(({ login }) => tryIt(login))])
    const [alarm, ...others] = await alarms()
    expect(others).toEqual([])
    expect(alarm!.details).toMatchObject({ wrongPasswords: 300, since: expect.any(String) })
    expect(alarm!.details.namesTried).toBeGreaterThanOrEqual(3)
    expect(JSON.stringify(alarm)).not.toContain(names[0]!.login)
    // Somebody dealt with it; the same day says it once.
    await app.sql`update incidents set resolved_at = now(), resolved_by = 'x', resolution = 'x' where kind = 'password-guessing'`
    await tryIt(names[0]!.login)
    expect(await alarms()).toHaveLength(1)
  })

  test('are counted anew after an hour, and right passwords never', async () => {
    await app.sql`delete from incidents where kind = 'password-guessing'`
    const { login } = await registered()
    await counted(299)
    expect((await tryIt(login, 'TestPass123')).status).toBe(303)
    expect(await alarms()).toEqual([])
    await counted(5_000, '-1 second')
    await tryIt(login)
    expect(await alarms()).toEqual([])
    const [row] = await app.sql<
      { count: number }[]
    >`select count from rate_counters where key = 'wrong passwords of all'`
    expect(row!.count).toBe(1)
  })
})

test('cleaning forgets what is old, and only that', async () => {
  const { visitor, form } = await registered()
  const [user] = await app.sql<{ id: string }[]>`select id from users where email = ${form.email!}`
  await app.sql`insert into login_throttle (key_hash, failures, last_failed_at)
                values ('old', 3, now() - interval '25 hours'), ('new', 3, now() - interval '23 hours')`
  await app.sql`insert into rate_counters (key, count, resets_at)
                values ('old', 3, now() - interval '1 second'), ('new', 3, now() + interval '1 minute')`
  await app.sql`insert into known_devices (id_hash, user_id, last_used_at)
                values ('old', ${user!.id}, now() - interval '181 days'), ('new', ${user!.id}, now() - interval '179 days')`
  await app.sql`insert into account_links (user_id, purpose, email, created_at, expires_at)
                values (${user!.id}, 'change-email', 'old@example.in', now() - interval '31 days', now()),
                       (${user!.id}, 'reset-password', 'new@example.in', now() - interval '29 days', now())`
  await app.run('clean')
  const [left] = await app.sql`
    select (select array_agg(encode(key_hash, 'escape')) from login_throttle where key_hash in ('old', 'new'))::text as tries,
           (select array_agg(key) from rate_counters where key in ('old', 'new'))::text as windows,
           (select array_agg(encode(id_hash, 'escape')) from known_devices where id_hash in ('old', 'new'))::text as devices,
           (select array_agg(email) from account_links where email in ('old@example.in', 'new@example.in'))::text as links`
  expect(left).toEqual({ tries: '{new}', windows: '{new}', devices: '{new}', links: '{new@example.in}' })
  expect(await sessionOf(app.sql, 'nobody')).toBeUndefined()
  expect((await visitor.get('/dashboard')).status).toBe(200)
})
