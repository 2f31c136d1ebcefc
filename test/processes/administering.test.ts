import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../src/dev/free-port.ts'
import { codesOn, secretOn } from '../identity/administrators.ts'
import { type AppProcess, buildHarness, type ProcessHarness, run, runCommand } from '../support/process.ts'
import { until } from '../support/until.ts'
import { registration, Visitor } from '../support/visitor.ts'

const admin = (env: Record<string, string>, ...words: string[]) => runCommand('admin', words, env)

describe('npm run admin', () => {
  let harness: ProcessHarness
  let app: AppProcess
  let env: Record<string, string>
  beforeAll(async () => {
    harness = await buildHarness()
    app = await harness.start()
    env = { DATABASE_URL: harness.databaseUrl }
  }, 60_000)
  afterAll(() => harness.close())

  const person = () => {
    const { username, email } = registration() as { username: string; email: string }
    return ['--username', username, '--email', email, '--name', 'Meera Rao', '--phone', '9876500001', '--state', '27']
  }
  const roleOf = async (username: string) =>
    (await harness.sql<{ role: string }[]>`select role from users where username = ${username}`)[0]?.role
  const actionsOf = async (username: string) =>
    (
      await harness.sql<{ action: string }[]>`
        select action from audit a join users u on u.id = a.user_id
        where u.username = ${username} and a.actor = 'command' order by a.id`
    ).map(({ action }) => action)

  test('makes an administrator of either kind, whose first log-in sets up an authenticator app', async () => {
    for (const [words, role] of [
      [[], 'admin'],
      [['--read-only'], 'admin-read'],
    ] as const) {
      const who = person()
      const { code, output } = await admin(env, ...who, ...words)
      expect(code).toBe(0)
      const password = /shown this once: (\S+)/.exec(output)![1]!
      expect(await roleOf(who[1]!)).toBe(role)
      expect(await actionsOf(who[1]!)).toEqual(['admin.created'])
      // Whoever runs the command vouches for the address.
      expect(
        await harness.sql`select from users where username = ${who[1]!} and email_verified_at is null`,
      ).toHaveLength(0)
      const answer = await new Visitor(app).post('/login', { login: who[1]!, password })
      expect(answer.location).toBe('/login/authenticator')
      expect((await admin(env, ...who)).output).toContain('use --promote')
    }
  })

  test('promotes and demotes; sessions opened with another role are over', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const { username } = form as { username: string }
    expect((await admin(env, '--promote', form.email!, '--read-only')).output).toContain(
      'view everything and change nothing',
    )
    expect(await roleOf(username)).toBe('admin-read')
    expect((await visitor.get('/dashboard')).status).toBe(303)
    expect((await admin(env, '--promote', username)).code).toBe(0)
    expect(await roleOf(username)).toBe('admin')
    expect((await admin(env, '--promote', username)).output).toContain('has this role already')
    expect((await admin(env, '--demote', username.toUpperCase())).code).toBe(0)
    expect(await roleOf(username)).toBe('subscriber')
    expect((await admin(env, '--demote', username)).output).toContain('is not an administrator')
    expect(await actionsOf(username)).toEqual(['role.changed', 'role.changed', 'role.changed'])
    const back = await visitor.post('/login', { login: form.email!, password: form.password! })
    expect(back.location).toBe('/dashboard')
  })

  test('replaces a lost password', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const { output } = await admin(env, '--reset-password', form.username!)
    const password = /shown this once: (\S+)/.exec(output)![1]!
    expect((await visitor.get('/dashboard')).status).toBe(303)
    expect((await visitor.post('/login', { login: form.email!, password: form.password! })).status).toBe(422)
    expect((await visitor.post('/login', { login: form.email!, password })).status).toBe(303)
    expect(await actionsOf(form.username!)).toEqual(['password.replaced'])
  })

  test('forgets a lost second factor, lists everybody, and tells no code where the database is a real one', async () => {
    const who = person()
    const { output } = await admin(env, ...who)
    const login = { login: who[1]!, password: /shown this once: (\S+)/.exec(output)![1]! }
    const visitor = new Visitor(app)
    await visitor.post('/login', login)
    const before = secretOn((await visitor.get('/login/authenticator')).body)
    expect((await admin(env, '--list')).output).toMatch(new RegExp(`${who[1]}.*full access +no authenticator app yet`))
    expect((await admin(env, '--reset-second-factor', who[1]!)).code).toBe(0)
    expect((await visitor.get('/login/authenticator')).location).toBe('/login')
    await visitor.post('/login', login)
    expect(secretOn((await visitor.get('/login/authenticator')).body)).not.toBe(before)
    expect(await actionsOf(who[1]!)).toEqual(['admin.created', 'second-factor.reset'])
    const refused = await admin(env, '--code', who[1]!)
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('only in the demo')])
    expect(refused.output).not.toMatch(/\b\d{6}\b/)
  })

  test.each([
    [['--promote', 'nobody.at.all'], 'There is no account nobody.at.all'],
    [['--code', 'nobody.at.all'], 'There is no account'],
    [['--email', 'no'], 'email: Please enter one e-mail address'],
    [[], 'username: '],
  ])('%j is refused in a sentence', async (words, sentence) => {
    const { code, output } = await admin(env, ...words)
    expect([code, output]).toEqual([1, expect.stringContaining(sentence)])
    expect(output).not.toMatch(/\bat .*\.ts:\d+/)
  })
})

test('the demo’s administrator gets in with what the first start printed and a code from the command', {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'etf-demo-'))
  const [port, sandbox, smtp, mailbox] = (await Promise.all([1, 2, 3, 4].map(() => freePort()))) as [
    number,
    number,
    number,
    number,
  ]
  const home = { EMBEDDED_DATA_DIR: folder, PORT: String(port) }
  const app = run({
    ...home,
    SANDBOX_PORT: String(sandbox),
    MAILBOX_SMTP_PORT: String(smtp),
    MAILBOX_PORT: String(mailbox),
  })
  try {
    await until(async () => app.output().includes('npm run admin -- --code admin'), 60_000)
    expect(app.output()).toContain('The first log-in shows a QR code for an authenticator app.')
    const password = /admin \/ (\S+)/.exec(app.output())![1]!
    const visitor = new Visitor({ url: `http://localhost:${port}` })
    await visitor.post('/login', { login: 'admin', password })
    expect((await admin(home, '--code', 'admin')).output).toContain('log in once')
    expect((await visitor.get('/login/authenticator')).status).toBe(200)
    const codeNow = async () => (await admin(home, '--code', 'admin')).output.trim()
    const answer = await visitor.post('/login/authenticator', { code: await codeNow() })
    expect(codesOn((await visitor.get(answer.location!)).body)).toHaveLength(10)
    // At once again: the code of this step was used, so the command tells the next one.
    const again = new Visitor(visitor.app)
    await again.post('/login', { login: 'admin', password })
    expect((await again.post('/login/code', { code: await codeNow() })).location).toBe('/admin')
    const live = { ...home, NODE_ENV: 'production' }
    expect((await admin(live, '--code', 'admin')).code).toBe(1)
  } finally {
    await app.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
