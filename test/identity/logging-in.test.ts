import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
let form: Record<string, string>
beforeAll(async () => {
  app = await startApp()
  form = await new Visitor(app).register()
})
afterAll(() => app.close())

const logIn = (login: string, password = 'TestPass123', more: Record<string, string> = {}) =>
  new Visitor(app).post('/login', { login, password, ...more })

describe('logging in', () => {
  test('works by username and by e-mail, whatever their case', async () => {
    const logins = [
      form.username!,
      form.email!,
      form.username!.toUpperCase(),
      form.email!.toUpperCase(),
      ` ${form.email!} `,
    ]
    for (const login of logins) {
      const answer = await logIn(login)
      expect([answer.status, answer.location]).toEqual([303, '/dashboard'])
    }
  })

  test.each(['TestPass12', 'TestPass1234', 'testpass123', ' TestPass123', 'TestPass123 ', '', 'x'.repeat(5_000)])(
    'the password %j is not TestPass123',
    async (password) => {
      const answer = await logIn(form.username!, password)
      expect(answer.status).toBe(422)
      expect(answer.headers.get('set-cookie')).toBeNull()
    },
  )

  test('an unknown account and a wrong password get the same answer', async () => {
    const known = await logIn(form.email!, 'not-the-password')
    const unknown = await logIn('nobody@example.in', 'not-the-password')
    expect(unknown.status).toBe(known.status)
    expect(unknown.body.replace('nobody@example.in', '')).toBe(known.body.replace(form.email!, ''))
    expect(known.body).toContain('Incorrect username, e-mail or password')
  })

  test('what was typed is kept, the password never', async () => {
    const answer = await logIn(`"><script>x`, 'a-wrong-password', { next: '/checkout/monthly' })
    expect(answer.body).toContain('value="&quot;&gt;&lt;script&gt;x"')
    expect(answer.body).not.toContain('a-wrong-password')
    expect(answer.body).toContain('name="next" value="/checkout/monthly"')
  })

  test.each([`' or 1=1 --`, `admin'--`, '%', '_', '*', '\0', '{"$gt":""}'])('%j logs nobody in', async (login) => {
    expect((await logIn(login)).status).toBe(422)
    expect((await logIn(form.username!, login)).status).toBe(422)
  })

  test('htmx gets the form alone when it failed, and a full page when not', async () => {
    const visitor = new Visitor(app)
    const failed = await visitor.post('/login', { login: 'x', password: 'y' }, { 'hx-request': 'true' })
    expect(failed.status).toBe(422)
    expect(failed.body.trimStart()).toMatch(/^<form id="login/)
    const done = await visitor.post('/login', { login: form.email!, password: 'TestPass123' }, { 'hx-request': 'true' })
    expect([done.status, done.headers.get('hx-redirect')]).toEqual([200, '/dashboard'])
  })
})

describe('where to go after logging in', () => {
  test('a visitor who was sent to log in comes to what they wanted', async () => {
    const visitor = new Visitor(app)
    const sent = await visitor.get('/checkout/annual')
    expect([sent.status, sent.location]).toEqual([303, '/login?next=%2Fcheckout%2Fannual'])
    const page = await visitor.get(sent.location!)
    const next = /name="next" value="([^"]*)"/.exec(page.body)?.[1]
    expect(next).toBe('/checkout/annual')
    expect((await visitor.post('/login', { login: form.email!, password: 'TestPass123', next: next! })).location).toBe(
      '/checkout/annual',
    )
    expect((await visitor.get('/login?next=/checkout/annual')).location).toBe('/checkout/annual')
  })

  test.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    ' //evil.example',
    'javascript:alert(1)',
    'evil.example',
    '/%0d%0aSet-Cookie: a=b',
    '/a\r\nSet-Cookie: a=b',
    `/${'x'.repeat(400)}`,
    '',
  ])('never to %j', async (next) => {
    expect((await logIn(form.email!, 'TestPass123', { next })).location).toBe('/dashboard')
    const visitor = new Visitor(app)
    await visitor.post('/login', { login: form.email!, password: 'TestPass123' })
    expect((await visitor.get(`/login?next=${encodeURIComponent(next)}`)).location).toBe('/dashboard')
    expect((await visitor.get(`/login?next=${encodeURIComponent(next)}&next=x`)).location).toBe('/dashboard')
  })

  test('someone whose session ended while a page was polling comes back to that page, not to a fragment', async () => {
    const headers = { 'hx-request': 'true', 'hx-current-url': `${app.url}/checkout/monthly?from=mail` }
    const answer = await new Visitor(app).get('/payment/status/ds_01?seen=session-created', headers)
    expect([answer.status, answer.headers.get('hx-redirect')]).toEqual([
      200,
      '/login?next=%2Fcheckout%2Fmonthly%3Ffrom%3Dmail',
    ])
    const elsewhere = { 'hx-request': 'true', 'hx-current-url': 'https://evil.example/checkout' }
    expect((await new Visitor(app).get('/payment/status/ds_01', elsewhere)).headers.get('hx-redirect')).toBe(
      '/login?next=%2Fdashboard',
    )
    expect(
      (await new Visitor(app).get('/payment/status/ds_01', { 'hx-request': 'true' })).headers.get('hx-redirect'),
    ).toBe('/login?next=%2Fdashboard')
  })
})
