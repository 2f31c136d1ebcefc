import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refundPayment } from '../../src/billing/refunds/refunds.ts'
import { examine } from '../../src/operations/doctor/doctor.ts'
import { checkInvariants } from '../../src/operations/integrity/integrity.ts'
import { grantToApp, MayNotMigrate } from '../../src/platform/database-roles.ts'
import { connect } from '../../src/platform/db.ts'
import { type Jobs, prepareJobs, startJobs } from '../../src/platform/jobs.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { auditHead } from '../../src/records/audit/queries.ts'
import { verifyAudit } from '../../src/records/audit/verifying.ts'
import { emptyDatabase, folder, onServer } from '../operations/databases.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder, subscriberOf, tracesOf } from '../support/ledger.ts'
import { run } from '../support/process.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

const migrateCommand = join(import.meta.dirname, '..', '..', 'src', 'commands', 'migrate.ts')
const role = `app_${randomBytes(4).toString('hex')}`
const password = 'kept-in-the-environment'
const as = (url: string, name: string) => Object.assign(new URL(url), { username: name, password }).href

let ownerUrl: string
let app: TestApp
beforeAll(async () => {
  app = await startApp({}, async (url) => {
    ownerUrl = url
    await onServer(url, `create role ${role} login password '${password}'`)
    await migrate(url)
    await prepareJobs(url)
    await grantToApp(url, role)
    return as(url, role)
  })
})
afterAll(async () => {
  const server = Object.assign(new URL(ownerUrl), { pathname: '/etf' }).href
  await app.close()
  await onServer(server, `drop role ${role}`)
})

async function payer() {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  return { visitor, email: form.email!, order }
}

describe('the application’s own role', () => {
  test('is enough to register, pay, be refunded, and for every job', async () => {
    const { email, order } = await payer()
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    const [payment] = await app.sql<{ cfPaymentId: string }[]>`
      select cf_payment_id from payments where order_id = ${order.id} and applied_at is not null`
    await refundPayment(app.services, {
      cfPaymentId: payment!.cfPaymentId,
      ordinal: 1,
      amountPaise: order.amountPaise,
      reason: 'Asked for',
      actor: 'user:x',
    })
    await app.run('send-refunds')
    await until(async () => {
      await app.sql`update refunds set next_look_at = now() where finished_at is null`
      await app.run('send-refunds')
      return (await app.sql`select from credit_notes`).length === 1
    })
    expect(await subscriberOf(app, email)).not.toMatchObject({ status: 'active' })
    for (const job of app.jobs) await app.run(job)
    expect((await checkInvariants(app.sql)).checks.filter(({ wrong }) => wrong > 0)).toEqual([])
    expect(await verifyAudit(app.sql)).toMatchObject({ wrong: 0 })
    expect((await verifyAudit(app.sql)).looked).toBeGreaterThan(4)
  })

  test('starts the whole site with its job queue, and the jobs work', { timeout: 80_000 }, async () => {
    app.sandbox.control.webhooks({ paused: true })
    const order = await newestOrder(app, (await new Visitor(app).register()).email!)
    app.sandbox.control.pay(order.id)
    await app.sql`update orders set next_look_at = now() where id = ${order.id}`
    const site = run({
      ...environment(),
      DATABASE_URL: app.databaseUrl,
      RECONCILE_INTERVAL_MS: '200',
      RECONCILE_MIN_AGE_MS: '0',
    })
    try {
      await until(async () => (await tracesOf(app, order.id)).status === 'paid', 30_000)
      await until(async () => (await auditHead(app.sql)).position === (await auditRows()).length, 30_000)
    } finally {
      site.child.kill('SIGTERM')
      await once(site.child, 'exit')
    }
    expect(site.output()).not.toMatch(/permission denied|must be owner/)
    expect((await tracesOf(app, order.id)).receipts).toBe(1)
    app.sandbox.control.webhooks({ paused: false })
  })

  test.each([
    [`update audit set actor = 'nobody'`],
    ['delete from audit'],
    ['truncate audit'],
    [`insert into audit (id, actor, action) overriding system value values (1, 'webhook', 'order.paid')`],
    [`insert into audit (at, actor, action) values (now() - interval '1 year', 'webhook', 'order.paid')`],
    ['alter table audit disable trigger user'],
    ['set session_replication_role = replica'],
    [`insert into audit_seals values (1, 1, '')`],
    [`update audit_seals set hash = ''`],
    ['delete from audit_seals'],
    ['truncate audit_seals'],
    ['update audit_head set position = 0'],
    ['delete from audit_head'],
    ['update audit_verified set position = 1000'],
    ['update receipts set amount_paise = 1'],
    ['delete from receipts'],
    ['truncate receipts cascade'],
    ['update credit_notes set amount_paise = 1'],
    ['delete from credit_notes'],
    [`insert into migrations (name) values ('x')`],
    ['delete from migrations'],
    ['truncate orders cascade'],
    ['drop table orders cascade'],
    ['drop table pgboss.job cascade'],
    ['alter table users add column x text'],
    ['create table mine (x text)'],
    ['create table pgboss.mine (x text)'],
    ['create schema mine'],
    ['create index on users (name)'],
    [`create or replace function seal_audit(p_limit integer) returns integer language sql as 'select 1'`],
    ['drop function verify_audit()'],
    [`alter function seal_audit(integer) set search_path = pg_temp`],
    [`create role mine`],
    ['copy audit from program $$true$$'],
  ])('is refused: %s', async (statement) => {
    const before = await auditRows()
    await expect(app.sql.unsafe(statement)).rejects.toThrow(
      /permission denied|must be owner|must be able|cannot insert a non-DEFAULT|Only roles/,
    )
    expect(await auditRows()).toEqual(before)
  })

  test('cannot put tables of its own before ours where seals are made', async () => {
    await payer()
    const own = connect(app.databaseUrl, { max: 1 })
    try {
      await own.unsafe('create temp table audit_head (like public.audit_head); set search_path = pg_temp, public')
      const [{ sealed }] = (await own.unsafe('select sealed from public.seal_audit(100)')) as never as [
        { sealed: number },
      ]
      expect(sealed).toBeGreaterThan(0)
      expect(await verifyAudit(app.sql)).toMatchObject({ wrong: 0 })
    } finally {
      await own.end()
    }
  })

  test('is what the doctor asks for in production', async () => {
    const roles = async (databaseUrl: string, production: boolean) =>
      (
        await examine({
          config: { ...app.config, production },
          databaseUrl,
          standIn: { cashfree: true, mail: true },
          root: folder(),
          backupDir: folder(),
        })
      ).find(({ about }) => about === 'roles')
    expect(await roles(app.databaseUrl, true)).toMatchObject({
      level: 'ok',
      says: 'two: this one changes neither the audit nor a table',
    })
    expect(await roles(ownerUrl, true)).toMatchObject({ level: 'warning', todo: expect.stringContaining('Two roles') })
    expect(await roles(ownerUrl, false)).toMatchObject({ level: 'ok' })
  })
})

/** What a process needs besides its database. */
function environment() {
  const { credentials, apiBase } = app.config.cashfree
  return {
    PORT: '0',
    BASE_URL: 'http://localhost:3999',
    CASHFREE_CLIENT_ID: credentials!.clientId,
    CASHFREE_CLIENT_SECRET: credentials!.clientSecret,
    API_BASE: apiBase,
    SMTP_SERVER: '127.0.0.1',
    SMTP_PORT: String(app.mailbox.smtpPort),
    SENDER_EMAIL: 'receipts@example.in',
    SESSION_KEY: 'ab'.repeat(32),
  }
}

function auditRows() {
  return app.sql`select * from audit order by id`
}

describe('a release', () => {
  const names = { owner: `owner_${role}`, site: `site_${role}` }
  let place: { url: string; drop: () => Promise<void> }
  beforeAll(async () => {
    place = await emptyDatabase(ownerUrl)
    await onServer(ownerUrl, `create role ${names.owner} login password '${password}'`)
    await onServer(ownerUrl, `create role ${names.site} login password '${password}'`)
    await onServer(ownerUrl, `alter database ${new URL(place.url).pathname.slice(1)} owner to ${names.owner}`)
  })
  afterAll(async () => {
    await place.drop()
    await onServer(ownerUrl, `drop role ${names.owner}, ${names.site}`)
  })
  const owner = () => as(place.url, names.owner)
  const site = () => as(place.url, names.site)
  const command = (url: string, name: string) =>
    spawnSync(process.execPath, [migrateCommand, '--app-role', name], {
      env: { PATH: process.env.PATH, ...environment(), DATABASE_URL: url },
      encoding: 'utf8',
    })
  const log = { ...console, warn: () => {}, error: () => {} } as never

  test('is brought by the owner, and a site that comes before it says what to run', { timeout: 30_000 }, async () => {
    await expect(migrate(site())).rejects.toThrow(/not at this release yet \(0001-users\.sql, .*npm run migrate/)
    const started = run({ ...environment(), DATABASE_URL: site() })
    const [code] = await once(started.child, 'exit')
    expect(code).toBe(1)
    expect(started.output()).toMatch(/Could not start: the database is not at this release yet/)
    expect(started.output()).not.toContain(password)

    const brought = command(owner(), names.site)
    expect(brought).toMatchObject({ status: 0, stdout: expect.stringContaining('applied 0001-users.sql') })
    expect(brought.stdout).toContain(`${names.site} may do what the site does`)
    expect(await migrate(site())).toEqual([])
    const refused = command(owner(), 'nobody_here')
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('There is no role nobody_here') })
    expect(refused.stderr).not.toMatch(/\bat .*\.ts:\d+/)
  })

  test('with a migration or a function more is refused to the site until the owner brought it', async () => {
    await onServer(owner(), `delete from migrations where name like 'functions %'`)
    await expect(migrate(site())).rejects.toBeInstanceOf(MayNotMigrate)
    expect(await migrate(owner())).toEqual([])
    expect(await migrate(site())).toEqual([])
  })

  test('may be granted again and again, and tables that come later are the site’s to work with', async () => {
    await grantToApp(owner(), names.site)
    await grantToApp(owner(), names.site)
    await onServer(owner(), 'create table later (id int generated always as identity, x text)')
    await onServer(site(), `insert into later (x) values ('a'); update later set x = 'b'; delete from later`)
    await expect(onServer(site(), 'truncate later')).rejects.toThrow(/permission denied/)
    await onServer(owner(), 'drop table later')
  })

  test('starts the job queue with the site’s role, and not before its tables are there', async () => {
    const done: string[] = []
    const job = { name: 'greet', everyMs: 1_000, run: async () => done.push('hello') }
    let jobs: Jobs | undefined
    try {
      jobs = await startJobs(site(), [job], log)
      await until(async () => done.length > 1)
      expect(jobs.isReady()).toBe(true)
    } finally {
      await jobs?.stop(2_000)
    }
    await onServer(owner(), 'drop schema pgboss cascade')
    await expect(startJobs(site(), [job], log)).rejects.toThrow(/\(the job queue\).*npm run migrate -- --app-role/)
    await prepareJobs(owner())
    await grantToApp(owner(), names.site)
  })

  test('is not handed to a role that grants would not bind', async () => {
    await expect(grantToApp(owner(), names.owner)).rejects.toThrow(/owns the tables/)
    await expect(grantToApp(owner(), 'nobody_here')).rejects.toThrow(/There is no role nobody_here/)
    await expect(grantToApp(owner(), 'x"; drop table users')).rejects.toThrow(/small letters/)
    await onServer(ownerUrl, `grant ${names.owner} to ${names.site}`)
    await expect(grantToApp(owner(), names.site)).rejects.toThrow(/belongs to their owner/)
    await onServer(ownerUrl, `revoke ${names.owner} from ${names.site}`)
    await onServer(ownerUrl, `grant pg_write_all_data to ${names.site}`)
    await expect(grantToApp(owner(), names.site)).rejects.toThrow(/may still change the audit/)
    await onServer(ownerUrl, `revoke pg_write_all_data from ${names.site}`)
    await grantToApp(owner(), names.site)
  })
})
