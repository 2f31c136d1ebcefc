import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sign } from '../../src/billing/payments/signature.ts'
import { startRoundRobin } from '../../src/dev/cluster-trial/round-robin.ts'
import { grantToApp } from '../../src/platform/database-roles.ts'
import * as tls from '../faults/certificates.ts'
import { codeAt } from '../support/admin.ts'
import { keys } from '../support/app.ts'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { until } from '../support/until.ts'
import { registration, Visitor } from '../support/visitor.ts'

const document = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operating.md'), 'utf8')
const chapter = document.slice(document.indexOf('## Rotating keys'))

/** The numbered steps under a heading of the chapter, each on one line. */
function stepsOf(name: string): string[] {
  const [, section = ''] = new RegExp(`^### ${name}\\n([\\s\\S]*?)(?=^### |$(?![\\s\\S]))`, 'm').exec(chapter) ?? []
  return section
    .split(/^(?=\d+\. )/m)
    .slice(1)
    .map((step) => step.split('\n\n')[0]!.replace(/\s+/g, ' '))
}

/** The settings that a step names, with real values in the place of the words `old` and `new`. */
function settingsIn(step: string, values: Record<string, { old: string; new: string }>): Record<string, string> {
  const named = [...step.matchAll(/`([A-Z_]+)=([^`]+)`/g)].map(([, name, value]) => {
    const real = values[name!]!
    return [name!, value!.replace(/\b(old|new)\b/g, (word) => real[word as 'old' | 'new'])] as const
  })
  return Object.fromEntries(named)
}

let harness: ProcessHarness
let app: AppProcess
let env: Record<string, string>
beforeAll(async () => {
  harness = await buildHarness()
})
afterAll(() => harness.close())

async function restart(changes: Record<string, string> = {}): Promise<void> {
  await app?.stop()
  env = { ...env, ...changes }
  app = await harness.start(env)
}

type Administrator = { form: Record<string, string>; secret: string; recoveryCodes: string[] }

/** Registers, is made an administrator, sets up an authenticator app, and leaves. */
async function administrator(): Promise<Administrator> {
  const form = registration()
  const visitor = new Visitor(app)
  await visitor.register(form)
  await harness.sql`update users set role = 'admin' where email = ${form.email!}`
  const fresh = new Visitor(app)
  await fresh.post('/login', { login: form.username!, password: form.password! })
  const page = await fresh.get('/login/authenticator')
  const secret = /secret=([A-Z2-7]+)/.exec(page.body)![1]!
  await fresh.post('/login/authenticator', { code: codeAt(secret, Date.now()) })
  const shown = await fresh.get('/login/recovery-codes')
  const recoveryCodes = [...shown.body.matchAll(/(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}/g)].map(([code]) => code)
  return { form, secret, recoveryCodes: [...new Set(recoveryCodes)] }
}

/** Logs in with password and the app's code, or a recovery code; answers whether the panel opens. */
async function opensPanel({ form, secret }: Administrator, recoveryCode?: string): Promise<boolean> {
  // A step's code works once, and this test is quicker than a step.
  await harness.sql`update second_factors set last_step = 0, failures = 0, blocked_until = null`
  const visitor = new Visitor(app)
  await visitor.post('/login', { login: form.username!, password: form.password! })
  await visitor.post('/login/code', { code: recoveryCode ?? codeAt(secret, Date.now()) })
  return (await visitor.get('/admin')).status === 200
}

async function signedWith(secret: string): Promise<number> {
  const body = JSON.stringify({ data: { test_object: { test_key: 'rotation' } }, type: 'WEBHOOK' })
  const timestamp = String(Date.now())
  const headers = {
    'x-webhook-timestamp': timestamp,
    'x-webhook-signature': sign(secret, timestamp, Buffer.from(body)),
  }
  return (await fetch(`${app.url}/webhooks/cashfree`, { method: 'POST', body, headers })).status
}

const key = (byte: string) => byte.repeat(32)

describe('docs/operating.md, “Rotating keys”, word for word', () => {
  test('tells the steps of every key that the settings know', () => {
    const names = [...chapter.matchAll(/^### ([A-Z_]+)$/gm)].map(([, name]) => name!)
    expect(names.sort()).toEqual(
      [
        'CASHFREE_CLIENT_SECRET',
        'DATABASE_URL',
        'MAIL_WEBHOOK_SECRETS',
        'METRICS_TOKEN',
        'SENDER_PASSWORD',
        'SESSION_KEY',
        'TOTP_KEY',
      ].sort(),
    )
    for (const name of names) expect(stepsOf(name).length, name).toBeGreaterThan(0)
  })

  test.each(['SESSION_KEY', 'TOTP_KEY'])(
    '%s: people stay signed in, and administrators’ apps and recovery codes work before, during and after, also of one who was away',
    { timeout: 180_000 },
    async (name) => {
      const values = {
        [name]: { old: key(name === 'TOTP_KEY' ? '1c' : '1d'), new: key(name === 'TOTP_KEY' ? '2c' : '2d') },
      }
      env = { [name]: values[name]!.old }
      await restart()
      const busy = await administrator()
      const away = await administrator()
      const person = new Visitor(app)
      await person.register()
      const steps = stepsOf(name)
      expect(steps).toHaveLength(3)
      for (const [number, step] of steps.entries()) {
        const settings = settingsIn(step, values)
        expect(settings[name], step).toBeDefined()
        await restart(settings)
        const here = new Visitor(app)
        for (const [cookie, value] of person.cookies) here.cookies.set(cookie, value)
        // A cookie is sealed anew with every answer that changes it; this one was made before the first step.
        const isLast = name === 'SESSION_KEY' && number === steps.length - 1
        expect((await here.get('/dashboard')).status, step).toBe(isLast ? 303 : 200)
        expect(await opensPanel(busy), step).toBe(true)
        expect(await opensPanel(busy, busy.recoveryCodes[number]), step).toBe(true)
      }
      expect(env[name]).toBe(values[name]!.new)
      expect(await opensPanel(away)).toBe(true)
      expect(await opensPanel(away, away.recoveryCodes[0])).toBe(true)
      expect(await opensPanel(away, away.recoveryCodes[0])).toBe(false)
    },
  )

  test('SESSION_KEY with two processes that a proxy takes in turn: who registers stays signed in at every moment of the steps', {
    timeout: 240_000,
  }, async () => {
    const values = { SESSION_KEY: { old: key('4d'), new: key('5d') } }
    const balancer = await startRoundRobin()
    const start = (settings: Record<string, string>) => harness.start({ ...settings, BASE_URL: balancer.url })
    const pair = await Promise.all([start({ SESSION_KEY: key('4d') }), start({ SESSION_KEY: key('4d') })])
    const restartOne = async (place: 0 | 1, settings: Record<string, string>) => {
      await pair[place].stop()
      pair[place] = await start(settings)
      balancer.nodes = pair.map(({ url }) => url)
    }
    /** How many of six people are sent away from the checkout to which they registered, by either process. */
    const sentAway = async () => {
      let many = 0
      for (let person = 0; person < 6; person++) {
        const visitor = new Visitor(balancer)
        await visitor.register()
        const statuses = [await visitor.get('/checkout/monthly'), await visitor.get('/checkout/monthly')].map(
          ({ status }) => status,
        )
        if (statuses.some((status) => status !== 200)) many++
      }
      return many
    }
    try {
      const steps = stepsOf('SESSION_KEY')
      for (const step of steps)
        for (const place of [0, 1] as const) {
          await restartOne(place, settingsIn(step, values))
          expect(await sentAway(), `${step} at process ${place + 1}`).toBe(0)
        }
      // The second step before the first is over everywhere: most are. So the number above counts what it says.
      await restartOne(0, settingsIn(steps[1]!, { SESSION_KEY: { old: key('5d'), new: key('6d') } }))
      expect(await sentAway()).toBeGreaterThan(3)
    } finally {
      await Promise.all(pair.map((one) => one.stop('SIGKILL')))
      await balancer.stop()
    }
  })

  test('TOTP_KEY is set for the first time: what the session key sealed is sealed with it, and the session key may go', {
    timeout: 120_000,
  }, async () => {
    env = { SESSION_KEY: key('3a') }
    await restart()
    const away = await administrator()
    const steps = stepsOf('TOTP_KEY')
    await restart(settingsIn(steps.at(-1)!, { TOTP_KEY: { old: '', new: key('3b') } }))
    await restart({ SESSION_KEY: key('3c') })
    expect(await opensPanel(away)).toBe(true)
  })

  test('CASHFREE_CLIENT_SECRET: webhooks of either key are taken in between, and orders open with the new one', {
    timeout: 180_000,
  }, async () => {
    const next = { id: 'TEST_next', secret: 'cfsk_ma_test_next' }
    env = {}
    await restart()
    const values = {
      CASHFREE_CLIENT_ID: { old: keys.clientId, new: next.id },
      CASHFREE_CLIENT_SECRET: { old: keys.clientSecret, new: next.secret },
      CASHFREE_WEBHOOK_SECRETS: { old: keys.clientSecret, new: next.secret },
    }
    const [first, second, third, ...more] = stepsOf('CASHFREE_CLIENT_SECRET')
    expect(more).toEqual([])
    expect([await signedWith(keys.clientSecret), await signedWith(next.secret)]).toEqual([200, 401])

    await restart(settingsIn(first!, values))
    expect(env.CASHFREE_WEBHOOK_SECRETS).toBe(`${next.secret},${keys.clientSecret}`)
    expect([await signedWith(keys.clientSecret), await signedWith(next.secret)]).toEqual([200, 200])
    expect(await opensAnOrder()).toBe(true)

    await restart(settingsIn(second!, values))
    expect([await signedWith(keys.clientSecret), await signedWith(next.secret)]).toEqual([200, 200])
    harness.sandbox.control.credentials({ clientId: next.id, clientSecret: next.secret })
    expect(await opensAnOrder()).toBe(true)

    await restart(settingsIn(third!, values))
    expect([await signedWith(keys.clientSecret), await signedWith(next.secret)]).toEqual([401, 200])
    expect(await opensAnOrder()).toBe(true)
    harness.sandbox.control.credentials(keys)
  })

  async function opensAnOrder(): Promise<boolean> {
    const visitor = new Visitor(app)
    await visitor.register()
    return (await visitor.get('/checkout/monthly')).body.includes('data-stage="session-created"')
  }

  test('METRICS_TOKEN: the new one opens, the old one does not', { timeout: 60_000 }, async () => {
    const values = { METRICS_TOKEN: { old: 'old-token-of-the-metrics', new: 'new-token-of-the-metrics' } }
    const asked = (token: string) =>
      fetch(`${app.url}/metrics`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status)
    env = { METRICS_TOKEN: values.METRICS_TOKEN.old }
    await restart()
    expect([await asked(values.METRICS_TOKEN.old), await asked(values.METRICS_TOKEN.new)]).toEqual([200, 404])
    for (const step of stepsOf('METRICS_TOKEN')) await restart(settingsIn(step, values))
    expect([await asked(values.METRICS_TOKEN.old), await asked(values.METRICS_TOKEN.new)]).toEqual([404, 200])
  })

  test('SENDER_PASSWORD: a mail that was refused in between goes out after the last step', {
    timeout: 90_000,
  }, async () => {
    let password = 'old'
    const arrived: string[] = []
    const server = new SMTPServer({
      key: tls.key,
      cert: tls.good,
      onAuth: (given, _session, done) =>
        given.password === password ? done(null, { user: 'sender' }) : done(new Error('Invalid login')),
      onRcptTo: ({ address }, _session, done) => {
        arrived.push(address)
        done()
      },
      onData: (stream, _session, done) => void stream.resume().on('end', () => done()),
    })
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    const folder = mkdtempSync(join(tmpdir(), 'etf-rotation-'))
    writeFileSync(join(folder, 'ca.pem'), tls.good)
    const { port } = server.server.address() as AddressInfo
    env = {
      SMTP_SERVER: 'localhost',
      SMTP_PORT: String(port),
      SENDER_PASSWORD: 'old',
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    }
    try {
      await restart()
      const { email: before } = await new Visitor(app).register()
      await until(async () => arrived.includes(before!), 20_000)

      password = 'new'
      const { email: between } = await new Visitor(app).register()
      const lastError = () =>
        harness.sql`select last_error from mails where to_email = ${between!} and last_error is not null`
      await until(async () => (await lastError()).length > 0, 20_000)
      const [step, ...more] = stepsOf('SENDER_PASSWORD')
      expect(more).toEqual([])
      await restart(settingsIn(step!, { SENDER_PASSWORD: { old: 'old', new: 'new' } }))
      await harness.sql`update mails set next_attempt_at = now() where status = 'queued'`
      await until(async () => arrived.includes(between!), 30_000)
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()))
      rmSync(folder, { recursive: true })
    }
  })

  test('DATABASE_URL: between the steps some are asked to wait, nothing fails, and after the last step everything works', {
    timeout: 120_000,
  }, async () => {
    const role = `etf_app_${new URL(harness.databaseUrl).pathname.slice(1)}`
    const admin = postgres(harness.databaseUrl, { max: 1, onnotice: () => {} })
    await admin.unsafe(`create role ${role} login password 'old'`)
    await grantToApp(harness.databaseUrl, role)
    const withPassword = (password: string) => {
      const url = new URL(harness.databaseUrl)
      url.username = role
      url.password = password
      return url.href
    }
    env = { DATABASE_URL: withPassword('old') }
    await restart()
    const person = new Visitor(app)
    await person.register()
    const [first, second, ...more] = stepsOf('DATABASE_URL')
    expect(more).toEqual([])
    const [, statement = ''] = /`(alter role [^`]+)`/.exec(first!) ?? []
    await admin.unsafe(statement.replace('etf_app', role))
    // Whoever needs a new connection waits for the next step; nobody is told that something failed.
    const statuses = await Promise.all([1, 2, 3, 4, 5].map(async () => (await person.get('/dashboard')).status))
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([])

    const [, written = ''] = /`DATABASE_URL=([^`]+)`/.exec(second!) ?? []
    expect(new URL(written).password).toBe('new')
    await restart({ DATABASE_URL: withPassword(new URL(written).password) })
    const back = new Visitor(app)
    for (const [cookie, value] of person.cookies) back.cookies.set(cookie, value)
    expect((await back.get('/dashboard')).status).toBe(200)
    expect(await until(async () => (await fetch(`${app.url}/readyz`)).status === 200)).toBeUndefined()
    await app.stop()
    await admin.unsafe(`drop owned by ${role}; drop role ${role}`)
    await admin.end()
  })
})
