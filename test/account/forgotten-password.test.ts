import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { createLog } from '../../src/platform/log.ts'
import { adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { untilLocked } from '../support/until.ts'
import { type Answer, Visitor } from '../support/visitor.ts'
import { confirmAddress, linkTo, mailsTo, open, subjects } from './mailed.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const fresh = 'river under the bridge'
const registered = async (changes: Record<string, string> = {}) => {
  const visitor = new Visitor(app)
  const form = await visitor.register(changes)
  return { visitor, form, email: form.email! }
}
const forget = (email: string, visitor = new Visitor(app)) => visitor.post('/forgot-password', { email })
const resetLink = async (email: string) => {
  await forget(email)
  return linkTo(app, email, subjects.reset)
}
const opened = async (email: string, visitor = new Visitor(app)) => {
  await open(visitor, await resetLink(email))
  return visitor
}
const choose = (visitor: Visitor, password = fresh) => visitor.post('/reset-password', { password })
const logsIn = async (email: string, password: string) => {
  const answer = await new Visitor(app).post('/login', { login: email, password })
  return answer.status === 303
}
const isSignedIn = async (visitor: Visitor) => (await visitor.get('/dashboard')).status === 200
const dead = 'This link no longer works.'

describe('a forgotten password', () => {
  test('is replaced with the link in a mail, and works from then on', async () => {
    const { email } = await registered()
    const visitor = new Visitor(app)
    const link = await resetLink(email)
    expect(link).toMatch(/^\/reset-password\?token=[\w-]{43}$/)
    const page = await open(visitor, link)
    expect(page.status).toBe(200)
    expect(page.body).toContain('a•••@example.in')
    expect(page.body).not.toContain(email)
    const answer = await choose(visitor)
    expect([answer.status, answer.location]).toEqual([303, '/login'])
    expect((await visitor.get('/login')).body).toContain('The password for a•••@example.in is changed')
    expect(await logsIn(email, 'TestPass123')).toBe(false)
    expect(await logsIn(email, fresh)).toBe(true)
  })

  test.each([
    ['/login', (email: string) => ({ login: email, password: 'TestPass123' })],
    ['/register', (_email: string, form: Record<string, string>) => form],
  ])('lets nobody in by the old one who gave it at %s while it was being replaced', async (path, typed) => {
    const { form, email } = await registered()
    const visitor = await opened(email)
    const late = new Visitor(app)
    const holder = postgres(app.databaseUrl, { max: 1, onnotice: () => {} })
    const answers = { chosen: null, late: null } as Record<'chosen' | 'late', Promise<Answer> | null>
    await holder.begin(async (tx) => {
      await tx`select from users where email = ${email} for no key update`
      answers.chosen = choose(visitor)
      await untilLocked(app.sql, 1)
      answers.late = late.post(path, typed(email, form))
      await untilLocked(app.sql, 2)
    })
    await holder.end()
    expect((await answers.chosen)?.status).toBe(303)
    const refused = (await answers.late)!
    expect([refused.status, await isSignedIn(late)]).toEqual([422, false])
    expect(refused.body).toContain('Your account was changed a moment ago. Please log in again.')
    expect(
      await app.sql`select from sessions s join users u on u.id = s.user_id where u.email = ${email}`,
    ).toHaveLength(0)
    expect(await logsIn(email, fresh)).toBe(true)
  })

  test('ends every session of the account, its other links, and the failed log-ins that made it wait', async () => {
    const { visitor: laptop, form, email } = await registered()
    const phone = new Visitor(app)
    await phone.post('/login', { login: email, password: form.password! })
    await confirmAddress(app, email)
    await laptop.post('/account/security/email', { email: `new.${email}`, current_password: form.password! })
    const changeLink = await linkTo(app, `new.${email}`, subjects.change)
    await app.sql`update login_throttle set failures = 9, blocked_until = now() + interval '10 minutes'`
    for (const login of [form.username!.toUpperCase(), email]) {
      await new Visitor(app).post('/login', { login, password: 'wrong' })
      await app.sql`update login_throttle set failures = 6000, blocked_until = now() + interval '10 minutes'`
    }
    expect((await new Visitor(app).post('/login', { login: email, password: form.password! })).status).toBe(429)
    expect((await choose(await opened(email))).status).toBe(303)
    expect([await isSignedIn(laptop), await isSignedIn(phone)]).toEqual([false, false])
    expect(await logsIn(email, fresh)).toBe(true)
    expect(await logsIn(form.username!, fresh)).toBe(true)
    const late = new Visitor(app)
    expect((await open(late, changeLink)).body).toContain(dead)
    expect((await late.post('/verify-email')).status).toBe(422)
  })

  test('its owner is told when it was changed, from which network, and what to do if it was somebody else', async () => {
    const { email } = await registered()
    await choose(await opened(email))
    const mails = await mailsTo(app, email, subjects.passwordChanged)
    expect(mails).toHaveLength(1)
    expect(mails[0]!.text).toMatch(/was changed on .+ 20\d\d, .+ IST, from the network (127\.0\.0\.0\/24|0:0:0::\/48)/)
    expect(mails[0]!.text).toContain('with a link that we sent you')
    expect(mails[0]!.text).toContain(`${app.url}/forgot-password`)
    expect(mails[0]!.html).toContain('Wasn’t you?')
  })

  test('proves the mailbox, so the address counts as confirmed', async () => {
    const { email } = await registered()
    await choose(await opened(email))
    const [row] = await app.sql`select email_verified_at from users where email = ${email}`
    expect(row?.emailVerifiedAt).not.toBeNull()
  })

  test('an administrator is still asked for the second factor', async () => {
    const { form } = await adminOf(app)
    expect((await choose(await opened(form.email!))).status).toBe(303)
    const visitor = new Visitor(app)
    const answer = await visitor.post('/login', { login: form.email!, password: fresh })
    expect(answer.location).toContain('/login/code')
    expect((await visitor.get('/admin')).status).not.toBe(200)
    expect(await isSignedIn(visitor)).toBe(false)
  })

  test('while somebody else is signed in, is changed for the account of the link, which is named', async () => {
    const { email } = await registered()
    const { visitor: other, email: others } = await registered({ email: `zoya.${Date.now()}@example.in` })
    const page = await open(other, await resetLink(email))
    expect(page.body).toContain('For the account of <b>a•••@example.in</b>')
    expect((await choose(other)).status).toBe(303)
    expect(await isSignedIn(other)).toBe(true)
    expect([await logsIn(email, fresh), await logsIn(others, fresh)]).toEqual([true, false])
  })

  test.each([
    ['', 'at least 8'],
    ['short', 'at least 8'],
    ['password1', 'too easy'],
    ['x'.repeat(257), 'at most 256'],
  ])('the new password %j is refused by the rules of registering, and the link still works', async (typed, why) => {
    const { email } = await registered()
    const visitor = await opened(email)
    const refused = await choose(visitor, typed)
    expect(refused.status).toBe(422)
    expect(refused.body).toContain(why)
    if (typed) expect(refused.body).not.toContain(typed)
    expect((await choose(visitor)).status).toBe(303)
  })

  test('may not be the account’s own e-mail or username', async () => {
    const { form, email } = await registered()
    const visitor = await opened(email)
    for (const own of [form.username!, email.toUpperCase()]) expect((await choose(visitor, own)).status).toBe(422)
    expect(await logsIn(email, form.password!)).toBe(true)
  })

  test('htmx gets the form or the end of the link alone, and a full page afterwards', async () => {
    const { email } = await registered()
    const visitor = await opened(email)
    const headers = { 'hx-request': 'true' }
    const refused = await visitor.post('/reset-password', { password: 'x' }, headers)
    expect([refused.status, refused.body.trimStart().slice(0, 16)]).toEqual([422, '<form id="reset"'])
    const done = await visitor.post('/reset-password', { password: fresh }, headers)
    expect([done.status, done.headers.get('hx-redirect')]).toEqual([200, '/login'])
    const late = await visitor.post('/reset-password', { password: fresh }, headers)
    expect([late.status, late.body.includes('<html')]).toEqual([422, false])
  })
})

describe('the link to a new password', () => {
  test('leaves the address at once, and looking at it uses nothing', async () => {
    const { email } = await registered()
    const link = await resetLink(email)
    for (let i = 0; i < 3; i++) {
      const scanner = new Visitor(app)
      const sent = await scanner.get(link, { 'sec-fetch-site': 'cross-site' })
      expect([sent.status, sent.location]).toEqual([303, '/reset-password'])
      expect(sent.headers.get('cache-control')).toBe('no-store')
      const token = link.split('=')[1]!
      expect(sent.headers.get('set-cookie')).not.toContain(token)
      expect((await scanner.get('/reset-password')).body).not.toContain(token)
    }
    const visitor = new Visitor(app)
    await open(visitor, link)
    expect((await choose(visitor)).status).toBe(303)
  })

  test('is in no line of the log, whatever happens to it', async () => {
    const { email } = await registered()
    const link = await resetLink(email)
    const lines: string[] = []
    const log = createLog('trace', { write: (line) => lines.push(line) })
    const watched = await buildApp({ services: { ...app.services, log }, sessionKeys: app.config.sessionKeys })
    const sent = await watched.inject({ url: link })
    const cookie = String(sent.headers['set-cookie']).split(';')[0]!
    await watched.inject({ url: `${link}&x=%ff`, headers: { cookie } })
    await watched.inject({ method: 'POST', url: '/reset-password', payload: 'password=x', headers: { cookie } })
    await watched.inject({ method: 'POST', url: link, headers: { origin: 'https://evil.example' } })
    await watched.inject({ url: link.replace('reset', 'nowhere') })
    await watched.close()
    expect(lines.join('\n')).not.toContain(link.split('=')[1])
  })

  test('works once: of twenty uses side by side one succeeds', async () => {
    const { email } = await registered()
    const link = await resetLink(email)
    const visitors = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const visitor = new Visitor(app)
        await open(visitor, link)
        return visitor
      }),
    )
    const answers = await Promise.all(visitors.map((visitor, i) => choose(visitor, `${fresh} ${i}`)))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([303, ...Array(19).fill(422)])
    for (const answer of answers.filter(({ status }) => status === 422)) {
      expect(answer.body).toContain(dead)
      expect(answer.body).toContain('href="/forgot-password"')
    }
    const winner = answers.findIndex(({ status }) => status === 303)
    expect(await logsIn(email, `${fresh} ${winner}`)).toBe(true)
    expect(await mailsTo(app, email, subjects.passwordChanged)).toHaveLength(1)
    const resets = await app.sql`
      select from audit a join users u on u.id = a.user_id where u.email = ${email} and action = 'password.reset'`
    expect(resets).toHaveLength(1)
  })

  test('does not work a second time, nor in the browser that used it', async () => {
    const { email } = await registered()
    const link = await resetLink(email)
    const visitor = new Visitor(app)
    await open(visitor, link)
    await choose(visitor)
    expect((await visitor.get('/reset-password')).body).toContain(dead)
    expect((await choose(visitor, 'another good phrase')).status).toBe(422)
    const other = new Visitor(app)
    expect((await open(other, link)).body).toContain(dead)
    expect((await choose(other, 'another good phrase')).status).toBe(422)
    expect(await logsIn(email, fresh)).toBe(true)
  })

  test('ends when a newer one is asked for', async () => {
    const { email } = await registered()
    const older = await resetLink(email)
    const newer = await resetLink(email)
    expect(newer).not.toBe(older)
    const visitor = new Visitor(app)
    expect((await open(visitor, older)).body).toContain(dead)
    expect((await choose(visitor)).status).toBe(422)
    await open(visitor, newer)
    expect((await choose(visitor)).status).toBe(303)
  })

  test('works for 30 minutes from the moment its mail is sent', async () => {
    const { email } = await registered()
    await forget(email)
    await app.sql`update reset_requests set asked_at = asked_at - interval '3 hours'`
    const visitor = new Visitor(app)
    await open(visitor, await linkTo(app, email, subjects.reset))
    const [{ seconds } = { seconds: 0 }] = await app.sql<{ seconds: number }[]>`
      select round(extract(epoch from expires_at - now()))::int as seconds from account_links
      where email = ${email} and purpose = 'reset-password'`
    expect(seconds).toBeGreaterThan(30 * 60 - 30)
    expect(seconds).toBeLessThanOrEqual(30 * 60)
    await app.sql`update account_links set expires_at = now() where email = ${email}`
    expect((await choose(visitor)).status).toBe(422)
    expect(await logsIn(email, 'TestPass123')).toBe(true)
  })

  test.each([
    [
      'of another purpose',
      async () => {
        const { email } = await registered()
        return (await linkTo(app, email, subjects.verify)).replace('verify-email', 'reset-password')
      },
    ],
    ['that was made up', async () => `/reset-password?token=${'A'.repeat(43)}`],
    ['that is nothing', async () => '/reset-password?token='],
    ['that is doubled', async () => '/reset-password?token=x&token=y'],
    ['that is endless', async () => `/reset-password?token=${'x'.repeat(5_000)}`],
    ['that is an injection', async () => `/reset-password?token=${encodeURIComponent("' or 1=1 --")}`],
  ])('a token %s opens nothing', async (_what, made) => {
    const visitor = new Visitor(app)
    const page = await open(visitor, await made())
    expect(page.body).toContain(dead)
    expect((await choose(visitor)).status).toBe(422)
    expect((await choose(new Visitor(app))).status).toBe(422)
  })

  test('of a deleted account opens nothing, and no mail goes there', async () => {
    const { email } = await registered()
    const link = await resetLink(email)
    await app.sql`update users set deleted_at = now(), phone = null where email = ${email}`
    const visitor = new Visitor(app)
    expect((await open(visitor, link)).body).toContain(dead)
    expect((await choose(visitor)).status).toBe(422)
    await forget(email)
    expect(await mailsTo(app, email, subjects.reset)).toHaveLength(1)
  })

  test('is not kept in the database, only its hash, and nothing before its mail is composed', async () => {
    const { email } = await registered()
    const token = (await resetLink(email)).split('=')[1]!
    const tables = await app.sql<{ found: number }[]>`
      select (select count(*) from account_links l where l::text like ${`%${token}%`})
           + (select count(*) from mails m where m::text like ${`%${token}%`})
           + (select count(*) from audit a where a::text like ${`%${token}%`}) as found`
    expect(Number(tables[0]!.found)).toBe(0)
    const [link] =
      await app.sql`select secret_hash from account_links where email = ${email} and purpose = 'reset-password'`
    expect(link?.secretHash).toHaveLength(32)
  })

  test('leads to BASE_URL, whatever host the request named', async () => {
    const { email } = await registered()
    const evil = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example' }
    await new Visitor(app).post('/forgot-password', { email }, evil)
    // Another name in Host itself is not answered at all; a local one that is not BASE_URL's is.
    const other = { host: 'somewhere-else', 'content-type': 'application/x-www-form-urlencoded' }
    const payload = new URLSearchParams({ email }).toString()
    const watched = await buildApp({ services: app.services, sessionKeys: app.config.sessionKeys })
    const answer = await watched.inject({ method: 'POST', url: '/forgot-password', payload, headers: other })
    await watched.close()
    expect(answer.headers.location).toBe('/login')
    const mails = await mailsTo(app, email, subjects.reset)
    expect(mails.length).toBeGreaterThan(0)
    for (const mail of mails) {
      expect(`${mail.text}${mail.html}`).not.toMatch(/evil|somewhere-else/)
      expect(mail.text).toContain(`${app.config.baseUrl}/reset-password?token=`)
    }
  })

  test('can be shown to an administrator without its secret, and making none', async () => {
    const { email } = await registered()
    await forget(email)
    await app.run('deliver-mails')
    const { composersOf } = await import('../../src/operations/jobs/jobs.ts')
    const [mail] = await app.sql<{ id: number; subjectKey: string }[]>`
      select id, subject_key from mails where to_email = ${email} and kind = 'reset-password'`
    const before = await app.sql`select secret_hash from account_links where id = ${mail!.subjectKey}`
    const row = { ...mail!, kind: 'reset-password', copy: 0, toName: 'Asha', toEmail: email, attempts: 1 }
    const composed = await composersOf(app.services)['reset-password']!(row, { preview: true })
    expect(JSON.stringify(composed)).toContain('/reset-password?token=(hidden)')
    expect(await app.sql`select secret_hash from account_links where id = ${mail!.subjectKey}`).toEqual(before)
  })
})

describe('who asks for a link learns nothing', () => {
  /** All of an answer that a stranger can see, but for what is random in every answer. */
  const seen = ({ status, location, body, headers }: Answer) => ({
    status,
    location,
    body,
    cookie: headers.get('set-cookie')?.replace(/^sid=[^;]*/, (cookie) => `${decodeURIComponent(cookie).length}`),
    headers: [...headers].filter(([name]) => !/^(date|set-cookie|x-ratelimit-\w+)$/.test(name)),
  })

  test('known, unknown, suspended: the same status, headers, redirect and page', async () => {
    const { email } = await registered()
    const { email: suspended } = await registered()
    await app.sql`update users set suspended_at = now(), suspended_reason = 'x' where email = ${suspended}`
    const looks = []
    for (const address of [email, email.toUpperCase(), 'nobody.at.all@example.in', suspended]) {
      const visitor = new Visitor(app)
      const answer = await forget(address, visitor)
      expect([answer.status, answer.location]).toEqual([303, '/login'])
      looks.push(seen(answer))
      looks.push({ ...seen(await visitor.get('/login')), cookie: '' })
    }
    for (let i = 2; i < looks.length; i += 2) {
      expect(looks[i]).toEqual(looks[0])
      expect(looks[i + 1]).toEqual(looks[1])
    }
    expect(await mailsTo(app, 'nobody.at.all@example.in', /./)).toHaveLength(0)
    expect(await mailsTo(app, suspended, subjects.reset)).toHaveLength(0)
    expect(await app.sql`select from reset_requests`).toHaveLength(0)
  })

  test('known and unknown take the same time', { timeout: 60_000 }, async () => {
    const people = await Promise.all(Array.from({ length: 30 }, () => registered()))
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] }
    for (let i = 0; i < 150; i++)
      for (const kind of i % 2 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)) {
        const email = kind === 'known' ? people[i % 30]!.email : `nobody.${i}@example.in`
        await app.sql`delete from reset_requests`
        const began = performance.now()
        await forget(email)
        times[kind].push(performance.now() - began)
      }
    const [known, unknown] = [median(times.known), median(times.unknown)]
    console.log(`forgot password, medians: known ${known.toFixed(2)} ms, unknown ${unknown.toFixed(2)} ms`)
    expect(times.known).toHaveLength(times.unknown.length)
  })

  test('what is no e-mail address is said at its field, and kept', async () => {
    for (const email of ['', 'x', 'a@x\r\nBcc: b@example.in', 'a@example.in, b@example.in', '"a b"@example.in']) {
      const answer = await forget(email)
      expect(answer.status).toBe(422)
      expect(answer.body).toContain('one e-mail address')
    }
    expect((await forget('half@way')).body).toContain('value="half@way"')
    expect((await new Visitor(app).get('/forgot-password?login=asha&email=a@example.in')).body).not.toContain('asha')
  })
})

describe('mails that somebody else asks for', () => {
  test('are at most three an hour for an address, with the same answer, and never end a link unasked', async () => {
    const { email } = await registered()
    const answers = []
    for (let i = 0; i < 12; i++) {
      answers.push(await forget(i % 2 ? email.toUpperCase() : email))
      await app.run('deliver-mails')
    }
    expect(new Set(answers.map(({ status, location }) => `${status} ${location}`))).toEqual(new Set(['303 /login']))
    expect(await mailsTo(app, email, subjects.reset)).toHaveLength(3)
    const visitor = new Visitor(app)
    await open(visitor, await linkTo(app, email, subjects.reset))
    expect((await choose(visitor)).status).toBe(303)
    await app.sql`update account_links set created_at = created_at - interval '61 minutes' where email = ${email}`
    await forget(email)
    expect(await mailsTo(app, email, subjects.reset)).toHaveLength(4)
  })

  test('are one when asked for a hundred times at once', async () => {
    const { email } = await registered()
    await Promise.all(Array.from({ length: 100 }, () => forget(email)))
    await Promise.all([app.run('deliver-mails'), app.run('deliver-mails'), app.run('deliver-mails')])
    expect(await mailsTo(app, email, subjects.reset)).toHaveLength(1)
  })

  test('are at most three an hour for a network, whoever they are about', async () => {
    const strict = await startApp({ RATE_LIMIT_SCALE: '1', TRUST_PROXY: '127.0.0.0/8,::1' })
    try {
      const emails: string[] = []
      for (let i = 0; i < 5; i++) emails.push((await new Visitor(strict).register()).email!)
      const from = (address: string, email: string) =>
        new Visitor(strict).post('/forgot-password', { email }, { 'x-forwarded-for': address })
      const answers = await Promise.all(emails.map((email) => from('203.0.113.7', email)))
      expect(new Set(answers.map(({ status, location }) => `${status} ${location}`))).toEqual(new Set(['303 /login']))
      const reached = async () => {
        await strict.run('deliver-mails')
        return (await strict.mailbox.list()).filter(({ subject }) => subjects.reset.test(subject)).length
      }
      expect(await reached()).toBe(3)
      for (const address of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:0db8:1:2::3', '2001:db8:1:2:a:b:c:d'])
        await from(address, emails[0]!)
      const [counter] = await strict.sql`select count from rate_counters where key like 'forgot 2001%'`
      expect(counter?.count).toBe(4)
      await strict.sql`update rate_counters set resets_at = now()`
      await from('203.0.113.7', emails[4]!)
      expect(await reached()).toBeGreaterThan(3)
    } finally {
      await strict.close()
    }
  })
})

function median(numbers: number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)]!
}
