import { argon2Sync, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** A hash as another release makes it: so much memory in KiB, and so many passes over it. */
function hashWith(memory: number, passes: number, password: string): string {
  const nonce = randomBytes(16)
  const tag = argon2Sync('argon2id', { memory, passes, parallelism: 1, message: password, nonce, tagLength: 32 })
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${memory},t=${passes},p=1$${text(nonce)}$${text(tag)}`
}

const hashOf = async (email: string) => {
  const [row] = await app.sql<{ passwordHash: string }[]>`select password_hash from users where email = ${email}`
  return row!.passwordHash
}

const store = (email: string, hash: string) => app.sql`update users set password_hash = ${hash} where email = ${email}`

describe.each([
  ['with less work than today’s', 9_216, 1],
  ['as the release before did it, with more memory', 19_456, 2],
])('a password hashed %s', (_, memory, passes) => {
  test('is hashed anew at log-in, once, and goes on working', async () => {
    const form = await new Visitor(app).register()
    const logIn = (password: string) => new Visitor(app).post('/login', { login: form.email!, password })
    const before = hashWith(memory, passes, form.password!)
    await store(form.email!, before)
    expect((await logIn('not-the-password')).status).toBe(422)
    expect(await hashOf(form.email!)).toBe(before)
    expect((await logIn(form.password!)).status).toBe(303)
    const renewed = await hashOf(form.email!)
    expect(renewed).toMatch(/^\$argon2id\$v=19\$m=12288,t=3,p=1\$/)
    expect((await logIn(form.password!)).status).toBe(303)
    expect(await hashOf(form.email!)).toBe(renewed)
    expect((await logIn('not-the-password')).status).toBe(422)
  })
})

test('two log-ins at once both succeed while the hash is renewed', async () => {
  const form = await new Visitor(app).register()
  await store(form.email!, hashWith(19_456, 2, form.password!))
  const logIn = () => new Visitor(app).post('/login', { login: form.email!, password: form.password! })
  const answers = await Promise.all([logIn(), logIn(), logIn()])
  expect(answers.map(({ status }) => status)).toEqual([303, 303, 303])
})
