import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { registration, Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

async function count(): Promise<number> {
  const [row] = await app.sql<{ n: number }[]>`select count(*)::int as n from users`
  return row!.n
}

const wrong: [field: string, value: string, sentence: string][] = [
  ['name', '', 'Please tell us your name.'],
  ['name', '   ', 'Please tell us your name.'],
  ['name', 'Asha <b>Rao</b>', 'ordinary punctuation only'],
  ['name', 'Asha \ue000', 'ordinary punctuation only'],
  ['name', '\u200d\u3164\ufe0f', 'Please tell us your name.'],
  ['name', '... -', 'Please tell us your name.'],
  ['name', 'X'.repeat(101), '100 characters'],
  ['username', 'as', 'Choose 3 to 32'],
  ['username', 'a'.repeat(33), 'Choose 3 to 32'],
  ['username', '.asha', 'Choose 3 to 32'],
  ['username', 'asha rao', 'Choose 3 to 32'],
  ['username', 'asha@rao', 'Choose 3 to 32'],
  ['username', 'आशा', 'Choose 3 to 32'],
  ['email', 'asha', 'Please enter one e-mail address'],
  ['email', 'asha@localhost', 'Please enter one e-mail address'],
  ['email', 'a@example.in, b@example.in', 'Please enter one e-mail address'],
  ['email', 'a@example.in\r\nBcc: b@example.in', 'Please enter one e-mail address'],
  ['email', 'a@example.in%0d%0aBcc:b@example.in', 'Please enter one e-mail address'],
  ['email', 'Asha <a@example.in>', 'Please enter one e-mail address'],
  ['email', '"a b"@example.in', 'Please enter one e-mail address'],
  ['email', 'a..b@example.in', 'Please enter one e-mail address'],
  ['email', '.a@example.in', 'Please enter one e-mail address'],
  ['email', 'a.@example.in', 'Please enter one e-mail address'],
  ['email', 'a@b@example.in', 'Please enter one e-mail address'],
  ['email', 'a(b)@example.in', 'Please enter one e-mail address'],
  ['email', 'a;b@example.in', 'Please enter one e-mail address'],
  ['email', 'a@-example.in', 'Please enter one e-mail address'],
  ['email', 'a@example.in.', 'Please enter one e-mail address'],
  ['email', `${'a'.repeat(65)}@example.in`, 'Please enter one e-mail address'],
  ['email', `${'a'.repeat(64)}@${'b'.repeat(60)}.in`, 'Please enter one e-mail address'],
  ['phone', '5876500001', '10-digit Indian mobile number'],
  ['phone', '98765000011', '10-digit Indian mobile number'],
  ['phone', '987650000', '10-digit Indian mobile number'],
  ['phone', '98765O0001', '10-digit Indian mobile number'],
  ['phone', '', '10-digit Indian mobile number'],
  ['state', '', 'Please choose your state'],
  ['state', '99', 'Please choose your state'],
  ['state', 'Atlantis', 'Please choose your state'],
  ['password', 'Short12', 'at least 8 characters'],
  ['password', '12345678', 'too easy to guess'],
  ['password', 'Password1', 'too easy to guess'],
  ['password', 'aaaaaaaaaa', 'too easy to guess'],
  ['password', '1qaz2wsx', 'too easy to guess'],
  ['password', 'Jennifer', 'too easy to guess'],
  ['password', 'x'.repeat(257), 'at most 256 characters'],
  ['plan', 'weekly', 'Please choose one of the plans'],
  ['plan', '', 'Please choose one of the plans'],
  ['plan', 'monthly_v1', 'Please choose one of the plans'],
]

describe('a registration that cannot be taken', () => {
  test.each(wrong)('%s %j is told what is wrong, and keeps all that was typed', async (field, value, sentence) => {
    const before = await count()
    const form = registration({ [field]: value })
    const answer = await new Visitor(app).post('/register', form)
    expect(answer.status).toBe(422)
    expect(answer.body).toContain(sentence)
    for (const name of ['name', 'username', 'email', 'phone'])
      if (name !== field) expect(answer.body).toContain(`value="${form[name]}"`)
    if (field !== 'state') expect(answer.body).toMatch(/<option value="27" selected>/)
    if (field !== 'plan') expect(answer.body).toMatch(/name="plan" value="monthly" required checked/)
    if (value.length > 6) expect(answer.body.includes(form.password!)).toBe(false)
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(await count()).toBe(before)
  })

  test('every wrong field is told at once, the plan too', async () => {
    const form = { name: '', username: '.', email: 'x', phone: '1', state: '', password: 'x', plan: 'gold' }
    const answer = await new Visitor(app).post('/register', form)
    expect(answer.status).toBe(422)
    expect(answer.body.match(/class="error"/g)).toHaveLength(7)
  })

  test('the e-mail and the username do as a password for nobody', async () => {
    const form = registration()
    for (const password of [form.email!, form.username!.toUpperCase()]) {
      const answer = await new Visitor(app).post('/register', { ...form, password })
      expect(answer.body).toContain('too easy to guess')
    }
  })

  test('nor does the own name, whole, without spaces, or a part of it', async () => {
    const name = 'Venkata  Subrahmanyam'
    for (const password of ['Venkata Subrahmanyam', 'venkatasubrahmanyam', 'SUBRAHMANYAM']) {
      const answer = await new Visitor(app).post('/register', registration({ name, password }))
      expect([answer.status, answer.body.includes('too easy to guess')]).toEqual([422, true])
    }
    expect((await new Visitor(app).post('/register', registration({ name }))).status).toBe(303)
  })

  test('a username or e-mail that is taken is told, whatever its case', async () => {
    const taken = await new Visitor(app).register()
    const byName = await new Visitor(app).post('/register', registration({ username: taken.username!.toUpperCase() }))
    expect([byName.status, byName.body.includes('This username is taken')]).toEqual([422, true])
    const byMail = await new Visitor(app).post('/register', registration({ email: taken.email!.toUpperCase() }))
    expect([byMail.status, byMail.body.includes('An account with this e-mail already exists')]).toEqual([422, true])
  })

  test('what was typed comes back as text, not as markup', async () => {
    const evil = `"><script>alert(1)</script>`
    const answer = await new Visitor(app).post(
      '/register',
      registration({ name: evil, username: evil, email: evil, phone: evil, state: evil }),
    )
    expect(answer.status).toBe(422)
    expect(answer.body).not.toContain('<script>alert')
    expect(answer.body).toContain('&quot;&gt;&lt;script&gt;alert(1)')
  })

  test('htmx gets the form alone', async () => {
    const answer = await new Visitor(app).post('/register', registration({ phone: '1' }), { 'hx-request': 'true' })
    expect(answer.status).toBe(422)
    expect(answer.body.trimStart()).toMatch(/^<form id="register"/)
    expect(answer.body).not.toContain('<html')
    expect(answer.headers.get('vary')).toContain('HX-Request')
  })
})

describe('a registration of an odd shape', () => {
  const form = 'application/x-www-form-urlencoded'
  const send = (body: string | undefined, type = form) =>
    fetch(`${app.url}/register`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': type },
      ...(body === undefined ? {} : { body }),
    })

  test('the first of doubled fields counts', async () => {
    const person = registration()
    const body = `${new URLSearchParams(person)}&plan=annual&email=other@example.in`
    expect((await send(body)).status).toBe(303)
    const [row] =
      await app.sql`select u.email, o.plan_key from users u join orders o on o.user_id = u.id where u.username = ${person.username!}`
    expect(row).toEqual({ email: person.email, planKey: 'monthly_v1' })
  })

  test.each([
    ['no body', undefined, form],
    ['an empty form', '', form],
    ['nothing but ampersands', '&&&=&', form],
    ['a JSON list', '[]', 'application/json'],
    ['a JSON word', 'null', 'application/json'],
    ['JSON with nested fields', '{"name":{"$ne":1},"email":[["x"]],"phone":9876500001}', 'application/json'],
    ['plain text', 'name=Asha', 'text/plain'],
  ])('%s is a form with everything missing', async (_what, body, type) => {
    const answer = await send(body, type)
    expect(answer.status).toBe(422)
    expect(await answer.text()).toContain('Please tell us your name.')
  })

  test.each([
    ['a megabyte', 413, `name=${'x'.repeat(1_000_000)}`, form],
    ['broken JSON', 400, '{"name":', 'application/json'],
    ['JSON that reaches for the prototype', 400, '{"__proto__":{"role":"admin"}}', 'application/json'],
    ['a picture', 415, 'GIF89a', 'image/gif'],
  ])('%s is refused', async (_what, status, body, type) => {
    const answer = await send(body, type)
    expect(answer.status).toBe(status)
    expect(await answer.text()).not.toMatch(/FST_|node_modules|at \w+ \(/)
  })

  test('NUL bytes, which no database stores, do no harm', async () => {
    const person = registration({ name: 'Asha\0 Rao' })
    expect((await send(new URLSearchParams(person).toString())).status).toBe(303)
    const long = registration({ phone: '9'.repeat(50_000) })
    expect((await send(new URLSearchParams(long).toString())).status).toBe(422)
  })
})
