import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ SELLER_EMAIL: 'help@etf.example.in' })
})
afterAll(() => app.close())

const stopped = async (change: string) => {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  await app.sql.unsafe(`update users set ${change} where email = '${form.email}'`)
  const logIn = (password: string) => new Visitor(app).post('/login', { login: form.email!, password })
  return { visitor, form, logIn }
}

describe('a suspended account', () => {
  test('is told so after the right password, and whom to write to; nobody is signed in', async () => {
    const { visitor, form, logIn } = await stopped(`suspended_at = now(), suspended_reason = 'chargeback'`)
    const answer = await logIn(form.password!)
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null])
    expect(answer.body).toContain('This account is suspended')
    expect(answer.body).toContain('help@etf.example.in')
    expect(answer.body).not.toContain('chargeback')
    expect(answer.body).toContain(`value="${form.email}"`)
    expect((await visitor.get('/dashboard')).status).toBe(303)
  })

  test('gets the usual words for a wrong password: a stranger does not learn of it', async () => {
    const { logIn } = await stopped(`suspended_at = now(), suspended_reason = 'chargeback'`)
    const answer = await logIn('not-the-password')
    expect(answer.status).toBe(422)
    expect(answer.body).toContain('Incorrect username, e-mail or password')
    expect(answer.body).not.toContain('suspended')
  })

  test('cannot come in by registering again', async () => {
    const { form } = await stopped(`suspended_at = now(), suspended_reason = 'chargeback'`)
    const answer = await new Visitor(app).post('/register', form)
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([422, null])
  })
})

test('a deleted account is as unknown as any other', async () => {
  const { visitor, form, logIn } = await stopped('deleted_at = now()')
  const answer = await logIn(form.password!)
  expect(answer.status).toBe(422)
  expect(answer.body).toContain('Incorrect username, e-mail or password')
  expect((await visitor.get('/dashboard')).status).toBe(303)
})
