import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'
import { confirmAddress, linkTo, mailsTo, open, subjects } from './mailed.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const old = 'TestPass123'
const fresh = 'river under the bridge'
const registered = async (changes: Record<string, string> = {}) => {
  const visitor = new Visitor(app)
  const form = await visitor.register(changes)
  // One that is not confirmed is corrected at once: correcting-email.test.ts.
  await confirmAddress(app, form.email!)
  return { visitor, form, email: form.email! }
}
const logIn = async (login: string, password: string) => {
  const visitor = new Visitor(app)
  return { visitor, status: (await visitor.post('/login', { login, password })).status }
}
const isSignedIn = async (visitor: Visitor) => (await visitor.get('/dashboard')).status === 200
const changePassword = (visitor: Visitor, current: string, password: string) =>
  visitor.post('/account/security/password', { current_password: current, password })
const changeEmail = (visitor: Visitor, email: string, current = old) =>
  visitor.post('/account/security/email', { email, current_password: current })
const emailOf = async (username: string) => {
  const [row] = await app.sql<{ email: string }[]>`select email from users where username = ${username}`
  return row!.email
}

describe('the password of somebody who is signed in', () => {
  test('changes, keeps this browser and logs out every other, and the address is told', async () => {
    const { visitor, email } = await registered()
    const other = (await logIn(email, old)).visitor
    const answer = await changePassword(visitor, old, fresh)
    expect([answer.status, answer.location]).toEqual([303, '/account/security'])
    expect((await visitor.get('/account/security')).body).toContain('Your password is changed')
    expect([await isSignedIn(visitor), await isSignedIn(other)]).toEqual([true, false])
    expect([(await logIn(email, old)).status, (await logIn(email, fresh)).status]).toEqual([422, 303])
    const mails = await mailsTo(app, email, subjects.passwordChanged)
    expect(mails).toHaveLength(1)
    expect(mails[0]!.text).toMatch(/from the network/)
    expect(mails[0]!.text).not.toContain('with a link')
  })

  test('ends the links that were sent before', async () => {
    const { visitor, email } = await registered()
    await new Visitor(app).post('/forgot-password', { email })
    const reset = await linkTo(app, email, subjects.reset)
    await changeEmail(visitor, `new.${email}`)
    const change = await linkTo(app, `new.${email}`, subjects.change)
    await changePassword(visitor, old, fresh)
    for (const link of [reset, change]) expect((await open(new Visitor(app), link)).body).toContain('no longer works')
    expect(await logIn(email, fresh)).toMatchObject({ status: 303 })
  })

  test.each([
    ['wrong', fresh, 'not your current password'],
    ['', fresh, 'not your current password'],
    [old, 'short', 'at least 8'],
    [old, 'password1', 'too easy'],
    [old, old, 'the password you have now'],
  ])('from %j to %j is refused, and nothing changed', async (current, password, why) => {
    const { visitor, email } = await registered()
    const answer = await changePassword(visitor, current, password)
    expect(answer.status).toBe(422)
    expect(answer.body).toContain(why)
    for (const typed of [current, password].filter((text) => text.length > 5)) expect(answer.body).not.toContain(typed)
    expect((await logIn(email, old)).status).toBe(303)
    expect(await mailsTo(app, email, subjects.passwordChanged)).toHaveLength(0)
  })

  test('may not be the own username or e-mail', async () => {
    const { visitor, form, email } = await registered()
    for (const own of [form.username!, email]) expect((await changePassword(visitor, old, own)).status).toBe(422)
  })

  test('changes once, whatever is clicked twice or typed in two tabs', async () => {
    const { visitor, email } = await registered()
    const answers = await Promise.all([1, 2, 3, 4].map((i) => changePassword(visitor, old, `${fresh} ${i}`)))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    for (const { status } of answers) expect([303, 409, 422]).toContain(status)
    const winner = answers.findIndex(({ status }) => status === 303) + 1
    expect((await logIn(email, `${fresh} ${winner}`)).status).toBe(303)
    expect(await mailsTo(app, email, subjects.passwordChanged)).toHaveLength(1)
    expect(await isSignedIn(visitor)).toBe(true)
  })

  test('cannot be guessed here either: after some wrong ones the form makes wait, with the right one too', async () => {
    const strict = await startApp({ RATE_LIMIT_SCALE: '1' })
    try {
      const visitor = new Visitor(strict)
      const form = await visitor.register()
      const thief = new Visitor(strict)
      thief.cookies.set('sid', visitor.cookies.get('sid')!)
      const statuses = []
      for (let i = 0; i < 7; i++) statuses.push((await changePassword(thief, `guess ${i}`, fresh)).status)
      expect(statuses.slice(0, 5)).toEqual(Array(5).fill(422))
      expect(statuses[6]).toBe(429)
      const refused = await changePassword(thief, form.password!, fresh)
      expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true])
      expect((await changePassword(visitor, form.password!, fresh)).status).toBe(303)
    } finally {
      await strict.close()
    }
  })

  test('is not changed by a session that ended while the form was open, nor by a stranger', async () => {
    const { visitor, email } = await registered()
    await app.sql`delete from sessions where user_id = (select id from users where email = ${email})`
    expect((await changePassword(visitor, old, fresh)).location).toMatch(/^\/login/)
    expect((await changePassword(new Visitor(app), old, fresh)).location).toMatch(/^\/login/)
    expect((await logIn(email, old)).status).toBe(303)
  })
})

describe('the e-mail address of an account', () => {
  test('changes when the link in the mail to the new one is used; the old one is told before and after', async () => {
    const { visitor, form, email } = await registered()
    const wanted = `new.${email}`
    const answer = await changeEmail(visitor, ` ${wanted} `)
    expect([answer.status, answer.location]).toEqual([303, '/account/security'])
    const page = await visitor.get('/account/security')
    expect(page.body).toContain(`We sent a link to ${wanted}`)
    expect(page.body).toContain('A link is on its way to <b>n•••@example.in</b>')
    expect(await emailOf(form.username!)).toBe(email)
    const asked = await mailsTo(app, email, subjects.emailAsked)
    expect(asked).toHaveLength(1)
    expect(asked[0]!.text).toContain('n•••@example.in. Nothing changes until')
    expect(asked[0]!.text).toContain(`${app.url}/account/security`)

    const reader = new Visitor(app)
    const confirm = await open(reader, await linkTo(app, wanted, subjects.change))
    expect(confirm.body).toContain('a•••@example.in')
    expect(await emailOf(form.username!)).toBe(email)
    expect((await reader.post('/verify-email')).location).toBe('/login')
    expect(await emailOf(form.username!)).toBe(wanted)
    const changed = await mailsTo(app, email, subjects.emailChanged)
    expect(changed).toHaveLength(1)
    expect(changed[0]!.text).toContain('was changed to n•••@example.in')
    expect((await logIn(wanted, old)).status).toBe(303)
    expect((await logIn(email, old)).status).toBe(422)
    expect((await visitor.get('/dashboard')).body).not.toContain('Please confirm your e-mail')
  })

  test('is noted with before and after, both masked, and from where', async () => {
    const { visitor, email } = await registered()
    await changeEmail(visitor, `new.${email}`)
    const reader = new Visitor(app)
    await open(reader, await linkTo(app, `new.${email}`, subjects.change))
    await reader.post('/verify-email')
    const rows = await app.sql`
      select a.action, a.details, a.origin from audit a join users u on u.id = a.user_id
      where u.email = ${`new.${email}`} and a.action like 'email.%' order by a.id`
    const shown = {
      details: { before: 'a•••@example.in', after: 'n•••@example.in' },
      origin: { requestId: expect.any(String) },
    }
    expect(rows).toMatchObject([
      { action: 'email.change-asked', ...shown },
      { action: 'email.changed', ...shown },
    ])
    expect(JSON.stringify(rows)).not.toContain(email)
  })

  test('that somebody else has gets the same answer, and no mail', async () => {
    const { email: taken } = await registered()
    const { visitor, form, email } = await registered()
    const free = await registered()
    const looks = []
    for (const [person, wanted] of [
      [visitor, taken],
      [free.visitor, `free.${free.email}`],
    ] as const) {
      const answer = await changeEmail(person, wanted)
      const page = await person.get('/account/security')
      const own = person === visitor ? email : free.email
      looks.push([
        answer.status,
        answer.location,
        page.body.split('id="sessions"')[0]!.replaceAll(wanted, '').replaceAll(own, '').replaceAll(/.•••@/g, ''),
      ])
    }
    const names = [form.username!, free.form.username!]
    const withoutNames = looks.map((look) => JSON.stringify(look).replaceAll(names[0]!, '').replaceAll(names[1]!, ''))
    expect(withoutNames[1]).toBe(withoutNames[0])
    expect(await mailsTo(app, taken, subjects.change)).toHaveLength(0)
    expect(await mailsTo(app, email, subjects.emailAsked)).toHaveLength(1)
  })

  test('that somebody took between mail and click stays theirs, and the reader is told', async () => {
    const { visitor, form, email } = await registered()
    const wanted = `wanted.${email}`
    await changeEmail(visitor, wanted)
    await open(visitor, await linkTo(app, wanted, subjects.change))
    await registered({ email: wanted })
    const answer = await visitor.post('/verify-email')
    expect(answer.status).toBe(422)
    expect(answer.body).toContain('Another account has this address by now')
    expect(await emailOf(form.username!)).toBe(email)
  })

  test.each([
    ['nonsense', 'one e-mail address'],
    ['a@example.in\r\nBcc: b@example.in', 'one e-mail address'],
    ['', 'one e-mail address'],
  ])('%j is refused and kept in the form', async (wanted, why) => {
    const { visitor } = await registered()
    const answer = await changeEmail(visitor, wanted)
    expect([answer.status, answer.body.includes(why)]).toEqual([422, true])
    if (wanted === 'nonsense') expect(answer.body).toContain('value="nonsense"')
  })

  test('needs the current password, and is not the present address', async () => {
    const { visitor, email } = await registered()
    const wrong = await changeEmail(visitor, `new.${email}`, 'not my password')
    expect([wrong.status, wrong.body.includes('not your current password')]).toEqual([422, true])
    expect(wrong.body).toContain(`value="new.${email}"`)
    expect(wrong.body).not.toContain('not my password')
    expect((await changeEmail(visitor, email.toUpperCase())).status).toBe(422)
    expect((await changeEmail(new Visitor(app), `new.${email}`)).location).toMatch(/^\/login/)
    expect(await mailsTo(app, `new.${email}`, /./)).toHaveLength(0)
    expect(await mailsTo(app, email, subjects.emailAsked)).toHaveLength(0)
  })

  test('may be asked for three times an hour; the newest link works, the older do not', async () => {
    const { visitor, form, email } = await registered()
    const links = []
    for (let i = 0; i < 3; i++) {
      expect((await changeEmail(visitor, `n${i}.${email}`)).status).toBe(303)
      links.push(await linkTo(app, `n${i}.${email}`, subjects.change))
    }
    const fourth = await changeEmail(visitor, `n3.${email}`)
    expect([fourth.status, fourth.headers.get('retry-after')]).toEqual([429, '3600'])
    expect(fourth.body).toContain(`value="n3.${email}"`)
    for (const link of links) {
      const reader = new Visitor(app)
      await open(reader, link)
      await reader.post('/verify-email')
    }
    expect(await emailOf(form.username!)).toBe(`n2.${email}`)
    expect(await mailsTo(app, email, subjects.emailChanged)).toHaveLength(1)
  })

  test('is asked for once by a double click', async () => {
    const { visitor, email } = await registered()
    await Promise.all([1, 2, 3].map(() => changeEmail(visitor, `new.${email}`)))
    const open = await app.sql`
      select from account_links where email = ${`new.${email}`} and used_at is null and ended_at is null`
    expect(open).toHaveLength(1)
  })

  test('changes once, however many use the link at the same moment', async () => {
    const { visitor, email } = await registered()
    await changeEmail(visitor, `new.${email}`)
    const link = await linkTo(app, `new.${email}`, subjects.change)
    const readers = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const reader = new Visitor(app)
        await open(reader, link)
        return reader
      }),
    )
    const answers = await Promise.all(readers.map((reader) => reader.post('/verify-email')))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(await mailsTo(app, email, subjects.emailChanged)).toHaveLength(1)
  })
})
