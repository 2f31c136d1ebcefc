import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { suggestedEmail } from '../../src/identity/users/email-suggestions.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const advice = (email: string) => new Visitor(app).post('/register/email-advice', { email }, { 'hx-request': 'true' })

describe('an address that looks mistyped', () => {
  test.each([
    ['asha@gmial.com', 'asha@gmail.com'],
    ['asha@gmail.con', 'asha@gmail.com'],
    ['asha@gmail.in', 'asha@gmail.com'],
    ['asha@GMAI.com', 'asha@gmail.com'],
    ["r.d'souza@yaho.co.in", "r.d'souza@yahoo.co.in"],
    ['_asha@redifmail.com', '_asha@rediffmail.com'],
    ['asha@hotmial.com', 'asha@hotmail.com'],
    ['asha@outlok.com', 'asha@outlook.com'],
    ['100%@icoud.com', '100%@icloud.com'],
  ])('%s: was it %s?', async (typed, meant) => {
    expect(suggestedEmail(typed)).toBe(meant)
    const { status, body } = await advice(typed)
    expect(status).toBe(200)
    expect(body).toContain(`>${meant.replace("'", '&#39;')}</button>?`)
  })

  test.each([
    ...['asha@gmail.com', 'asha@example.in', 'asha@tcs.com', 'asha@iitb.ac.in', 'asha@mail.com', 'asha@zoho.in'],
    ...['asha@yahoo.co.uk', 'asha@me.com', 'asha@duck.com', 'gmial.com', '@gmial.com', '', 'x'.repeat(5_000)],
  ])('%j is left alone', async (typed) => {
    expect(suggestedEmail(typed)).toBeNull()
    expect((await advice(typed)).body.trim()).toBe('')
  })

  test('is still offered when the form comes back because of another field', async () => {
    for (const headers of [undefined, { 'hx-request': 'true' }]) {
      const answer = await new Visitor(app).post('/register', { email: 'asha@gmial.com', plan: 'monthly' }, headers)
      expect([answer.status, answer.body.includes('data-fill="email">asha@gmail.com<')]).toEqual([422, true])
    }
  })

  test('registers all the same, and checkout, dashboard and account offer the right one', async () => {
    const visitor = new Visitor(app)
    const { plan, email } = await visitor.register({ email: `asha.${Date.now()}@gmial.com` })
    const meant = email!.replace('gmial', 'gmail')
    for (const page of [`/checkout/${plan}`, '/dashboard', '/account', '/account/security']) {
      const { body } = await visitor.get(page)
      expect(body).toContain(`Did you mean <b>${meant}</b>?`)
      const way = page.startsWith('/checkout') ? `?next=${encodeURIComponent(page)}` : ''
      expect(body).toContain(`href="/account/security${way}#email-title"`)
    }
    expect((await visitor.get('/account/security')).body).toContain(`value="${meant}"`)
  })
})
