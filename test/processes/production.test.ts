import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../support/process.ts'

const folder = mkdtempSync(join(tmpdir(), 'etf-production-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const required = [
  'DATABASE_URL',
  'CASHFREE_CLIENT_ID',
  'CASHFREE_CLIENT_SECRET',
  'SMTP_SERVER',
  'SENDER_EMAIL',
  'BASE_URL',
  'SESSION_KEY',
]

async function ended(env: Record<string, string>) {
  const app = run({ EMBEDDED_DATA_DIR: join(folder, 'data'), ...env })
  const [code] = await once(app.child, 'exit')
  return { code, output: app.output() }
}

test('with nothing set, production names everything that is missing, starts nothing, and exits with 1', {
  timeout: 20_000,
}, async () => {
  const { code, output } = await ended({ NODE_ENV: 'production' })
  expect(code).toBe(1)
  for (const name of required) expect(output).toContain(`${name}: required`)
  expect(output).toContain('.env.production.example')
  expect(output).not.toMatch(/\bat .*\.ts:\d+/)
  expect(readdirSync(folder)).toEqual([])
})

test('a database that cannot be reached is told in one sentence, without its password', {
  timeout: 30_000,
}, async () => {
  const { code, output } = await ended({
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://app:hush-hush@127.0.0.1:1/etf',
    CASHFREE_CLIENT_ID: 'id',
    CASHFREE_CLIENT_SECRET: 'cfsk_hush',
    SMTP_SERVER: '127.0.0.1',
    SENDER_EMAIL: 'receipts@example.in',
    BASE_URL: 'https://etf.example.in',
    SESSION_KEY: 'ab'.repeat(32),
  })
  expect(code).toBe(1)
  expect(output).toContain('Could not start')
  expect(output).not.toContain('hush')
  expect(readdirSync(folder)).toEqual([])
})
