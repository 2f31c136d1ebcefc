import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { visibleText } from '../../src/web/clean-text.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { registration, Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** As they come along from contact cards, chats, web pages and PDFs. */
const pasted = [
  ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069', '\u200e', '\u200f'],
  ...['\u200b', '\u200c', '\u200d', '\u2060', '\u2063', '\ufeff', '\u00ad', '\u061c', '\u180e', '\u034f', '\u3164'],
  ...['\ufe0f', '\u{e0041}', '\u0000', '\u0007', '\u001b', '\u007f', '\u0085', '\u009f'],
]
const name = (sign: string) => `U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`

describe('characters that show nothing', () => {
  test.each(pasted.map((sign) => [name(sign), sign]))('%s around and inside does not matter', async (_name, sign) => {
    const around = (text: string) => `${sign}${text.slice(0, 5)}${sign}${text.slice(5)}${sign}`
    const form = registration()
    const typed = { ...form }
    for (const field of ['name', 'username', 'email', 'phone', 'state', 'plan']) typed[field] = around(form[field]!)
    const visitor = new Visitor(app)
    expect((await visitor.post('/register', typed)).location).toBe('/checkout/monthly')
    const [account] = await app.sql`
      select name, username, email, phone, state_code from users where username = ${form.username!}`
    expect(account).toEqual({
      name: 'Asha Rao',
      username: form.username,
      email: form.email,
      phone: '+919876500001',
      stateCode: '27',
    })
    expect(
      (await new Visitor(app).post('/login', { login: around(form.email!), password: form.password! })).status,
    ).toBe(303)
    await visitor.post('/account/profile', { name: `Asha ${sign}K. Rao`, phone: around('9876500002'), state: '29' })
    const [changed] = await app.sql`select name, phone, state_code from users where username = ${form.username!}`
    expect(changed).toEqual({ name: 'Asha K. Rao', phone: '+919876500002', stateCode: '29' })
  })

  test('are part of a password, which is kept as it was typed', async () => {
    const password = 'Test\u200bPass\u202a123'
    const form = await new Visitor(app).register({ password })
    const logIn = async (typed: string) =>
      (await new Visitor(app).post('/login', { login: form.username!, password: typed })).status
    expect(await logIn(password)).toBe(303)
    expect(await logIn('TestPass123')).toBe(422)
  })

  test('do not matter in JSON and in searches either', async () => {
    const visitor = new Visitor(app)
    await visitor.register()
    expect((await visitor.postJson('/api/create-cashfree-order', { plan: '\u200bmonth\u202cly' })).status).toBe(200)
    expect((await visitor.get(`/?plan=${encodeURIComponent('\u200eannual')}`)).body).toMatch(
      /value="annual" required checked|logged in as/,
    )
  })

  test.each(['ക്‍ഷ', 'श्री\u200cमान', 'क्\u200dष', '👩\u200d💻', '❤\ufe0f', 'گل\u200cها', 'line\r\nline\tcell', 'e\u0301'])(
    'leave %j as it is: there they change what is seen',
    (text) => expect(visibleText(text)).toBe(text),
  )

  test('half a surrogate pair becomes the replacement character', () =>
    expect(visibleText('a\ud800b')).toBe('a\ufffdb'))
})
