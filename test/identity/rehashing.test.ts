import { argon2Sync, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** A hash as an earlier release made it, with half the work. */
function weakHash(password: string): string {
  const nonce = randomBytes(16)
  const cost = { memory: 9_216, passes: 1, parallelism: 1 }
  const tag = argon2Sync('argon2id', { ...cost, message: password, nonce, tagLength: 32 })
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=9216,t=1,p=1$${text(nonce)}$${text(tag)}`
}

const hashOf = async (email: string) => {
  const [row] = await app.sql<{ passwordHash: string }[]>`select password_hash from users where email = ${email}`
  return row!.passwordHash
}

test('a password hashed with less work than today’s is hashed anew at log-in, and goes on working', async () => {
  const form = await new Visitor(app).register()
  const logIn = (password: string) => new Visitor(app).post('/login', { login: form.email!, password })
  const weak = weakHash(form.password!)
  await app.sql`update users set password_hash = ${weak} where email = ${form.email!}`
  expect((await logIn('not-the-password')).status).toBe(422)
  expect(await hashOf(form.email!)).toBe(weak)
  expect((await logIn(form.password!)).status).toBe(303)
  const renewed = await hashOf(form.email!)
  expect(renewed).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect((await logIn(form.password!)).status).toBe(303)
  expect(await hashOf(form.email!)).toBe(renewed)
  expect((await logIn('not-the-password')).status).toBe(422)
})
