import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { registration, stageOn, Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

describe('a double click on "Create account, then pay" without script', () => {
  test('makes one account and one order, and the second click is signed in too', async () => {
    const form = registration()
    const [first, second] = [new Visitor(app), new Visitor(app)]
    const answers = await Promise.all([first.post('/register', form), second.post('/register', form)])
    expect(answers.map(({ status, location }) => [status, location])).toEqual([
      [303, '/checkout/monthly'],
      [303, '/checkout/monthly'],
    ])
    expect(stageOn(await second.get('/checkout/monthly'))).toBe('session-created')
    const orders =
      await app.sql`select o.id from orders o join users u on u.id = o.user_id where u.email = ${form.email!}`
    expect(orders).toHaveLength(1)
  })

  test('does not sign in who knows the names but not the password', async () => {
    const form = registration()
    await new Visitor(app).post('/register', form)
    const answer = await new Visitor(app).post('/register', { ...form, password: 'AnotherPass123' })
    expect(answer.status).toBe(422)
    expect(answer.headers.getSetCookie().filter((line) => line.startsWith('sid='))).toEqual([])
  })
})
