import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { freePort } from '../../src/dev/free-port.ts'
import { recordBackup } from '../../src/operations/backup/record.ts'
import type { DoctorContext } from '../../src/operations/doctor/context.ts'
import { clock } from '../../src/operations/doctor/database.ts'
import { examine } from '../../src/operations/doctor/doctor.ts'
import { type Finding, report } from '../../src/operations/doctor/finding.ts'
import { checkSettings } from '../../src/operations/doctor/settings.ts'
import { sendTestMail } from '../../src/operations/doctor/smtp.ts'
import { type RecordingGateway, startRecordingGateway } from '../billing/payments/recording-gateway.ts'
import { keys, startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'
import { emptyDatabase, folder } from './databases.ts'

const root = join(import.meta.dirname, '..', '..')
const backupDir = folder()
const json = { 'content-type': 'application/json' }
let app: TestApp
let meter: RecordingGateway
beforeAll(async () => {
  meter = await startRecordingGateway()
  app = await startApp({ API_BASE: `${meter.url}/pg`, SELLER_ADDRESS: 'Pune', SELLER_PHONE: '+91 20 0000 0000' })
  meter.target = app.sandbox.publicUrl
})
afterAll(async () => {
  await app.close()
  await meter.close()
})
afterEach(() => {
  meter.target = app.sandbox.publicUrl
  meter.instead = () => null
})

type Changes = {
  [K in keyof DoctorContext['config']]?: Partial<DoctorContext['config'][K]> | DoctorContext['config'][K]
}

/** Our running site, with these settings changed. */
function context(changes: Changes = {}, more: Partial<DoctorContext> = {}): DoctorContext {
  const config = { ...app.config, sessionKeys: [randomBytes(32)] } as Record<string, unknown>
  for (const [name, value] of Object.entries(changes))
    config[name] =
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? { ...(config[name] as object), ...value }
        : value
  const standIn = { cashfree: false, mail: false }
  return { config: config as DoctorContext['config'], databaseUrl: app.databaseUrl, standIn, root, backupDir, ...more }
}

const of = (findings: Finding[], about: string) => findings.filter((finding) => finding.about === about)
async function findingOf(given: DoctorContext, about: string) {
  const [finding] = of(await examine(given), about).filter(({ level }) => level !== 'ok')
  if (finding) expect(finding.todo, 'what to do').toBeTruthy()
  return finding ? `${finding.level}: ${finding.says}` : 'well'
}

describe('the doctor', () => {
  test('finds nothing wrong with a healthy site, and its test pings settle nothing', async () => {
    const findings = await examine(context())
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
    expect(new Set(findings.map(({ about }) => about))).toEqual(
      new Set([
        ...[
          'settings',
          'session key',
          'TRUST_PROXY',
          'Cashfree keys',
          'receipts',
          'who runs it',
          'grievance officer',
          'Node',
          'disk',
          'backup',
          'database',
          'grace days',
          'jobs',
          'numbers',
        ],
        ...[
          'clock and database',
          'connections',
          'migrations',
          'roles',
          'second factors',
          'audit',
          'partitions',
          'books',
          'bounces',
          'Cashfree',
          'clock and Cashfree',
          'checkout script',
        ],
        ...['price source', 'prices', 'calendar'],
        ...['site', 'webhook endpoint', 'mail'],
      ]),
    )
    expect(of(findings, 'webhook endpoint')[0]!.says).toContain('accepts webhooks signed with the secret')
    const waiting = await app.sql`select 1 from webhook_events where settled_at is null and accepted`
    expect(waiting).toHaveLength(0)
    expect(await app.mailbox.list()).toHaveLength(0)
    expect(report(findings)).toContain('All is well.')
  })

  test('asks for a whole verification of the audit every month, and says when its verified head was moved by hand', async () => {
    const audit = (changes: string) =>
      app.sql.unsafe(`update audit_verified set ${changes}`).then(() => findingOf(context(), 'audit'))
    expect(await audit(`verified_at = now(), whole_at = now() - interval '41 days'`)).toMatch(
      /^warning: .*not as a whole for 41 days/,
    )
    expect(await audit(`verified_at = now() - interval '3 days', whole_at = now()`)).toMatch(/^warning: .*3 days ago/)
    expect(await audit('position = 12')).toMatch(/^failure: its verified head \(seal 12\) was moved/)
    expect(await audit('position = 0, verified_at = null, whole_at = null')).toBe('well')
  })

  test('tells wrong keys from an outage, an old version and another address', async () => {
    const cashfree = (changes: Partial<DoctorContext['config']['cashfree']>) =>
      findingOf(context({ cashfree: changes }), 'Cashfree')
    const credentials = { ...app.config.cashfree.credentials!, clientSecret: 'cfsk_ma_test_wrong' }
    expect(await cashfree({ credentials })).toMatch(/^failure: .*refuses our keys \(401\)/)
    expect(await cashfree({ apiBase: `http://127.0.0.1:${await freePort()}/pg` })).toMatch(
      /^failure: .*cannot be reached.*ECONNREFUSED/,
    )
    expect(await cashfree({ apiBase: app.url })).toMatch(/^failure: .*answers 404 {2}and no JSON/)
    meter.instead = () => ({ status: 400, headers: json, body: '{"code":"version_invalid"}' })
    expect(await cashfree({})).toMatch(/^failure: .*does not accept API version 2025-01-01/)
    meter.instead = () => ({ status: 502, headers: json, body: '{}' })
    expect(await cashfree({})).toMatch(/^failure: .*answers 502/)
    meter.instead = () => ({ status: 429, headers: json, body: '{}' })
    expect(await cashfree({})).toMatch(/^warning: asks us to wait/)
  })

  test('measures clocks', async () => {
    const away = new Date(Date.now() - 5 * 60_000).toUTCString()
    meter.instead = () => ({ status: 404, headers: { ...json, date: away }, body: '{"code":"order_not_found"}' })
    expect(await findingOf(context(), 'clock and Cashfree')).toMatch(/^failure: (299|300)\.\d s apart/)
    expect(clock('x', 5_000, 100).level).toBe('warning')
    expect(clock('x', -90_000, 100).level).toBe('failure')
    expect(clock('x', 900, 1_000).level).toBe('ok')
  })

  test('sees keys and environment mixed up', async () => {
    const keysOf = async (clientId: string, clientSecret: string, env: 'sandbox' | 'production', apiBase: string) => {
      const credentials = { clientId, clientSecret, webhookSecrets: [clientSecret], autopaySecrets: [clientSecret] }
      const [finding] = of(await checkSettings(context({ cashfree: { credentials, env, apiBase } })), 'Cashfree keys')
      return `${finding!.level}: ${finding!.says}`
    }
    const [sandbox, live] = ['https://sandbox.cashfree.com/pg', 'https://api.cashfree.com/pg']
    expect(await keysOf('TEST1', 'cfsk_ma_test_1', 'production', live)).toMatch(/^failure: keys of the sandbox/)
    expect(await keysOf('1', 'cfsk_ma_prod_1', 'sandbox', sandbox)).toMatch(/^failure: keys of production/)
    expect(await keysOf('1', 'cfsk_ma_prod_1', 'production', sandbox)).toMatch(/^failure: API_BASE leads to sandbox/)
    expect(await keysOf('1', 'cfsk_ma_prod_1', 'production', 'https://proxy.example.in')).toMatch(/^warning/)
    expect(await keysOf('1', 'cfsk_ma_prod_1', 'production', live)).toMatch(/^ok/)
  })

  test('tells a database that is away, empty, or behind', async () => {
    const nowhere = `postgresql://x:secretword@127.0.0.1:${await freePort()}/etf`
    const away = await examine(context({}, { databaseUrl: nowhere }))
    expect(of(away, 'database')).toMatchObject([{ level: 'failure', says: expect.stringContaining('ECONNREFUSED') }])
    expect(JSON.stringify(away)).not.toContain('secretword')
    const empty = await emptyDatabase(app.databaseUrl)
    expect(await findingOf(context({}, { databaseUrl: empty.url }), 'migrations')).toBe('warning: none were applied')
    await empty.drop()
    await app.sql`update migrations set name = '9999-later.sql' where name = '0005-refunds.sql'`
    expect(await findingOf(context(), 'migrations')).toBe(
      'failure: the database is newer than this checkout (9999-later.sql), which does not work on it',
    )
    await app.sql`delete from migrations where name = '9999-later.sql'`
    expect(await findingOf(context(), 'migrations')).toBe('failure: pending: 0005-refunds.sql')
    await app.sql`insert into migrations (name) values ('0005-refunds.sql')`
    const [functions] = await app.sql<
      { name: string }[]
    >`delete from migrations where name like 'functions %' returning name`
    expect(await findingOf(context(), 'migrations')).toBe('failure: the functions are of another release')
    await app.sql`insert into migrations (name) values (${functions!.name})`
    expect(await findingOf(context({ database: { poolMax: 500 } }), 'connections')).toMatch(/^warning/)
    const perProcess = async (role: 'web' | 'worker') => of(await examine(context({ role })), 'connections')[0]!.says
    expect([await perProcess('web'), await perProcess('worker')]).toEqual([
      expect.stringMatching(/^11 per process/),
      expect.stringMatching(/^13 per process/),
    ])
    expect(await findingOf(context({ graceDays: 7 }), 'grace days')).toBe(
      'warning: access lasts 3 days after a period, but GRACE_DAYS is 7',
    )
  })

  test('notices that no process runs jobs', async () => {
    const jobs = () => findingOf(context({ production: true }), 'jobs')
    expect(await jobs()).toBe('failure: none has ever run')
    await app.sql`insert into job_runs (name, every_ms, ended_at) values ('alert', 60000, now() - interval '12 minutes')`
    expect(await jobs()).toBe('failure: none has run for 12 minutes')
    await app.sql`insert into job_runs (name, every_ms, ended_at) values ('reconcile', 30000, now() - interval '20 seconds')`
    expect(await jobs()).toBe('well')
    await app.sql`delete from job_runs`
  })

  test('tells what waits in the books', async () => {
    const order = await newestOrder(app, (await new Visitor(app).register()).email!)
    await app.sql`update orders set next_look_at = now() - interval '1 hour', held_at = now() where id = ${order.id}`
    await app.sql`insert into incidents (kind, subject_key, details) values ('paid-twice', 'x', '{}')`
    await app.sql`insert into mails (kind, subject_key, to_email, status) values ('receipt', 'dead', 'a@example.in', 'dead')`
    await app.sql`insert into mails (kind, subject_key, to_email, created_at) values ('receipt', 'old', 'a@example.in', now() - interval '1 hour')`
    await app.sql`insert into webhook_events (received_at, accepted, verdict, headers, body) values (now() - interval '1 hour', true, 'verified', '{}', '')`
    const findings = (await examine(context())).filter(({ level }) => level !== 'ok')
    expect(findings.map(({ about, level }) => `${level} ${about}`)).toEqual([
      'warning incidents',
      'warning mails',
      'failure mails',
      'failure webhooks',
      'failure orders',
      'warning orders',
    ])
    expect(JSON.stringify(findings)).not.toContain('a@example.in')
    await app.sql`update webhook_events set settled_at = now()`
    await app.sql`delete from mails`
    await app.sql`delete from incidents`
    await app.sql`update orders set next_look_at = now(), held_at = null where id = ${order.id}`
  })

  test('says since when and why all mails wait, and whether mails to ALERT_EMAIL bounce', async () => {
    await app.sql`select pause_mail_queue('454 Throttling failure', false)`
    await app.sql`insert into mail_suppressions (email, kind, provider, reason) values ('watch@example.in', 'hard-bounce', 'ses', 'no such user')`
    const given = context({ alertEmail: 'watch@example.in' })
    expect(await findingOf(given, 'mails')).toMatch(
      /^warning: all have been waiting since 2\d{3}-.*: .*454 Throttling failure/,
    )
    expect(await findingOf(given, 'alerts')).toBe('warning: mails to ALERT_EMAIL bounce: no such user')
    await app.sql`select resume_mail_queue()`
    await app.sql`delete from mail_suppressions`
    expect(await findingOf(given, 'mails')).toBe('well')
    expect(await findingOf(given, 'alerts')).toBe('well')
  })

  test('calls mails to one person late after ten minutes, and those to many, which a rate holds back, after a day', async () => {
    const waits = async (bulk: boolean, hours: number) => {
      await app.sql`
        insert into mails (kind, subject_key, to_email, bulk, created_at)
        values ('alert', 'waits', 'a@example.in', ${bulk}, now() - make_interval(hours => ${hours}))`
      const finding = await findingOf(context(), 'mails')
      await app.sql`delete from mails`
      return finding
    }
    expect(await waits(false, 1)).toBe('failure: the oldest has waited 60 min')
    expect(await waits(true, 5)).toBe('well')
    expect(await waits(true, 25)).toBe('failure: the oldest has waited 1500 min')
  })

  test('tries the webhook endpoint with every secret', async () => {
    const webhookSecrets = [keys.clientSecret, 'cfsk_ma_test_other']
    const credentials = { ...app.config.cashfree.credentials!, webhookSecrets }
    expect(await findingOf(context({ cashfree: { credentials } }), 'webhook endpoint')).toBe(
      'failure: answers 401 to a webhook signed with secret 2 of 2',
    )
    const baseUrl = `http://localhost:${await freePort()}`
    const stopped = await examine(context({ baseUrl }))
    expect(of(stopped, 'site')[0]).toMatchObject({ level: 'ok', says: expect.stringContaining('is not running') })
    expect(await findingOf(context({ baseUrl, production: true }), 'site')).toMatch(/^failure: is not running/)
    expect(await findingOf(context({ baseUrl: app.sandbox.publicUrl }), 'site')).toMatch(
      /^failure: something else answers/,
    )
  })

  test('notices a proxy that hides under which name people came', async () => {
    const config = { ...app.config, production: true, baseUrl: 'https://etf.example.in' }
    const site = await buildApp({ services: { ...app.services, config }, sessionKeys: app.config.sessionKeys })
    await site.listen({ port: 0, host: 'localhost' })
    const { port } = site.server.address() as { port: number }
    expect(await findingOf(context({ baseUrl: `http://localhost:${port}` }), 'host')).toMatch(
      /^failure: .*answered 421/,
    )
    await site.close()
  })

  test('looks at the mail server without sending, and sends one test mail when asked to', async () => {
    expect(await findingOf(context({ smtp: { port: await freePort() } }), 'mail')).toMatch(/^failure: .*ECONNREFUSED/)
    expect(await findingOf(context({ smtp: { password: 'a-password' } }), 'mail')).toMatch(/^failure/)
    expect(await sendTestMail(context(), 'you@example.in')).toMatchObject([{ level: 'ok' }])
    expect((await app.mailbox.list()).map(({ recipients }) => recipients)).toEqual([['you@example.in']])
    const wrong = await sendTestMail(context({ smtp: { port: await freePort() } }), 'you@example.in')
    expect(wrong).toMatchObject([{ level: 'failure' }])
  })

  test.each([
    ['all the same byte', Buffer.alloc(32, 7)],
    ['a count', Buffer.from(Array.from({ length: 32 }, (_, n) => n))],
    ['repeated', Buffer.from('0123456789abcdef'.repeat(4), 'hex')],
    ['typed', Buffer.from('aaaabbbbccccddddaaaabbbbccccdddd')],
  ])('does not take a session key that is %s', async (_what, key) => {
    expect(await findingOf(context({ sessionKeys: [randomBytes(32), key] }), 'session key')).toMatch(/^failure/)
  })

  test('minds what production needs', async () => {
    const live = (changes: Changes) => context({ production: true, https: true, ...changes })
    expect(await findingOf(live({}), 'https')).toMatch(/^failure: BASE_URL is http:/)
    expect(await findingOf(live({}), 'TRUST_PROXY')).toMatch(/^warning: empty/)
    expect(await findingOf(live({ trustProxy: ['0.0.0.0/0'] }), 'TRUST_PROXY')).toMatch(/^failure/)
    expect(await findingOf(live({}), 'receipts')).toMatch(/^failure: .*not set: SELLER_NAME/)
    const named = { name: 'Rao Traders', address: 'Pune', phone: '98765 00001' }
    const without = (changes: object) => findingOf(live({ seller: { ...named, ...changes } }), 'receipts')
    expect(await without({ address: '' })).toMatch(/^failure: .*not set: SELLER_ADDRESS/)
    expect(await without({ phone: '' })).toMatch(/^warning: .*not set: SELLER_PHONE/)
    expect(await findingOf(live({ seller: named }), 'receipts')).toBe('well')
    expect(await findingOf(live({ totpKeys: app.config.sessionKeys }), 'TOTP_KEY')).toMatch(/^warning: not set/)
    const sealed = [...app.config.sessionKeys, Buffer.alloc(32, 7)]
    expect(await findingOf(live({ totpKeys: sealed }), 'TOTP_KEY')).toBe('well')
    expect(await findingOf(live({ operations: { metricsToken: null } }), 'metrics')).toMatch(/^warning/)
    expect(await findingOf(live({ operations: { paymentsLog: '/nowhere/payments.log' } }), 'payment log')).toMatch(
      /^failure/,
    )
    expect(await findingOf(live({}), 'backup')).toBe('warning: none is known here')
    const backup = { file: 'x', bytes: 1, rows: 7, tool: 'own' as const, proof: 'restored and compared' }
    const hoursAgo = (hours: number) =>
      recordBackup(backupDir, { ...backup, at: new Date(Date.now() - hours * 3600_000).toISOString() })
    await hoursAgo(1)
    expect(await findingOf(live({}), 'backup')).toBe('well')
    await hoursAgo(30)
    expect(await findingOf(live({}), 'backup')).toMatch(/^warning: 30 h old/)
    await hoursAgo(24 * 10)
    expect(await findingOf(live({}), 'backup')).toMatch(/^failure: 10 days old, 7 rows/)
  })

  test('does not trust a certificate that browsers refuse', async () => {
    const dir = folder()
    const files = ['-keyout', join(dir, 'key'), '-out', join(dir, 'cert')]
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '90', '-subj', '/CN=localhost', ...files],
      { stdio: 'ignore' },
    )
    const server = createServer({ key: readFileSync(join(dir, 'key')), cert: readFileSync(join(dir, 'cert')) }).listen(
      0,
      'localhost',
    )
    await new Promise((ready) => server.once('listening', ready))
    const baseUrl = `https://localhost:${(server.address() as AddressInfo).port}`
    expect(await findingOf(context({ baseUrl }), 'https')).toMatch(/^failure: .*(SELF_SIGNED|self-signed)/)
    server.close()
  })
})

describe('npm run doctor', () => {
  const run = (env: Record<string, string>, ...args: string[]) =>
    new Promise<{ status: number | null; stdout: string }>((resolve) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'src/commands/doctor.ts'), ...args], {
        env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
        encoding: 'utf8',
        timeout: 60_000,
      })
      resolve({ status, stdout: stdout + stderr })
    })

  test('lists every setting that is missing in production, and ends with 1', async () => {
    const { status, stdout } = await run({
      NODE_ENV: 'production',
      BASE_URL: 'http://etf.example.in',
      SESSION_KEY: 'short',
      SELLER_GSTIN: '27AAPFU0939F1ZA',
    })
    expect(status).toBe(1)
    expect(stdout).not.toContain('27AAPFU0939F1')
    for (const name of [
      'DATABASE_URL',
      'CASHFREE_CLIENT_SECRET',
      'SMTP_SERVER',
      'SESSION_KEY',
      'BASE_URL: must start with https',
      'SELLER_GSTIN: This GSTIN’s last character does not match the rest',
    ])
      expect(stdout).toContain(name)
  })

  test('ends with 1 and says why when nothing is there, and prints no secret', async () => {
    const port = await freePort()
    const { status, stdout } = await run({
      DATABASE_URL: `postgresql://etf:databaseword@127.0.0.1:${port}/etf`,
      CASHFREE_CLIENT_ID: 'TEST_x',
      CASHFREE_CLIENT_SECRET: 'cfsk_ma_test_clientword',
      API_BASE: `http://127.0.0.1:${port}/pg`,
      CASHFREE_JS_URL: `http://127.0.0.1:${port}/js`,
      SMTP_SERVER: '127.0.0.1',
      SMTP_PORT: String(port),
      SENDER_PASSWORD: 'mailword',
      SESSION_KEY: 'ab'.repeat(32),
      BASE_URL: `http://localhost:${port}`,
    })
    expect(status).toBe(1)
    for (const about of ['session key', 'database', 'Cashfree', 'checkout script', 'mail'])
      expect(stdout).toMatch(new RegExp(`^failure +${about}`, 'm'))
    expect(stdout).not.toMatch(/databaseword|clientword|mailword|abababab/)
  })
})
