import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveInBackground } from '../../src/dev/cluster-trial/background.ts'
import { findProgram } from '../../src/dev/cluster-trial/programs.ts'
import { accountOwning, writePrivately } from '../../src/dev/embedded-postgres/account.ts'
import { freePort } from '../../src/dev/free-port.ts'
import type { DoctorContext } from '../../src/operations/doctor/context.ts'
import { checkDatabase } from '../../src/operations/doctor/database.ts'
import { servers } from '../../src/operations/doctor/database-servers.ts'
import { withPooler } from '../../src/platform/database-address.ts'
import { answers, connect } from '../../src/platform/db.ts'
import { type Jobs, startJobs } from '../../src/platform/jobs.ts'
import { createLog } from '../../src/platform/log.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { freshDatabase } from '../support/database.ts'
import { newestOrder, paidOnce, tracesOf } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { crowd, type FaultFixture, startFixture } from './fixture.ts'

const program = findProgram('pgbouncer')
const skipped = program ? '' : ' (SKIPPED: there is no PgBouncer on this machine)'

test('a pooler that nobody announced, or whose connections have no limit of time, is a warning', () => {
  const found = { pid: 1, replicas: 0, synchronous: false, unlimited: false, pooler: true }
  const one = [{ host: 'db', port: 5432 }] as const
  const told = (unlimited: boolean, pooled: boolean) => servers({ ...found, unlimited }, { pooled, servers: [one[0]] })
  expect(told(false, false)).toMatchObject([{ level: 'warning', todo: expect.stringMatching(/DB_POOLER=transaction/) }])
  expect(told(true, true)).toMatchObject([{ level: 'warning', says: expect.stringMatching(/no limit of time/) }])
  expect(told(false, true)).toMatchObject([{ level: 'ok' }])
})

test('replicas for which no commit waits are a warning, for numbers of receipts would be lost', () => {
  const found = { pid: 1, replicas: 1, synchronous: false, unlimited: false, pooler: false }
  const told = (over: object) => servers({ ...found, ...over }, { pooled: false, servers: [{ host: 'db', port: 1 }] })
  expect(told({})).toMatchObject([{ level: 'warning', says: expect.stringMatching(/numbers of receipts/) }])
  expect(told({ synchronous: true })).toMatchObject([{ level: 'ok', says: '1 connected, and commits wait for one' }])
  expect(told({ replicas: 0 })).toEqual([])
})

describe.runIf(program)(`PgBouncer in transaction mode${skipped}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'etf-pooler-'))
  let database: { url: string; drop: () => Promise<void> }
  let pooler: { stop(): Promise<void> }
  let url: string
  beforeAll(async () => {
    database = await freshDatabase()
    url = await startPooler(database.url)
  })
  afterAll(async () => {
    await pooler?.stop()
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function startPooler(target: string): Promise<string> {
    const { hostname, port, username, password, pathname } = new URL(target)
    const account = process.getuid?.() === 0 ? accountOwning(folder) : null
    if (account) chownSync(folder, account.uid, account.gid)
    const file = join(folder, 'pgbouncer.ini')
    const own = await freePort()
    await writePrivately(
      file,
      `[databases]
* = host=${hostname} port=${port} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
`,
      account,
    )
    const place = { home: folder, cluster: folder, account, chosen: null }
    pooler = await serveInBackground(program!, { args: [file], place, port: own, logFile: join(folder, 'log') })
    return `postgres://site@127.0.0.1:${own}${pathname}`
  }

  test('is refused until DB_POOLER says so, by the doctor too', async () => {
    await expect(migrate(url)).rejects.toThrow(/a pooler stands before the database .*DB_POOLER=transaction/)
    expect(await checkDatabase({ databaseUrl: url } as DoctorContext)).toMatchObject([
      { level: 'failure', todo: expect.stringMatching(/DB_POOLER=transaction/) },
    ])
  })

  test('is migrated through, and the role gets the limits that a pool would otherwise set itself', async () => {
    const owner = postgres(database.url, { max: 1, onnotice: () => {} })
    await owner`delete from migrations where name like 'functions %'`
    expect(await migrate(withPooler(url))).toEqual([])
    await migrate(withPooler(url))
    const [limits] = await owner<{ setconfig: string[] }[]>`
      select setconfig from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
      where datname = current_database()
    `
    expect(limits!.setconfig.toSorted()).toEqual([
      'idle_in_transaction_session_timeout=5s',
      'lock_timeout=2s',
      'statement_timeout=4s',
    ])
    await owner.end()
  })

  test('serves pages, payments and jobs, with more of our connections than it has itself', async () => {
    const fixture: FaultFixture = await startFixture(url, { poolMax: 12, env: { DB_POOLER: 'transaction' } })
    let runs = 0
    const job = { name: 'counting', everyMs: 500, run: async () => void runs++ }
    const jobs: Jobs = await startJobs(withPooler(url), [job], createLog('silent'))
    try {
      const visitor = new Visitor(fixture)
      const { id } = await newestOrder(fixture, (await visitor.register()).email!)
      expect((await crowd(60, () => visitor.get('/dashboard'))).statuses).toEqual({ 200: 60 })
      fixture.sandbox.control.pay(id)
      const body = successBody(id)
      expect((await deliver(fixture, body, signed(body))).status).toBe(200)
      await visitor.get(`/payment/return?order_id=${id}`)
      await until(async () => (await tracesOf(fixture, id)).status === 'paid')
      expect(await tracesOf(fixture, id)).toMatchObject({ ...paidOnce, incidents: [] })
      await until(async () => runs > 1, 20_000)
    } finally {
      await jobs.stop(1_000)
      await fixture.close()
    }
  })

  test('never gets a statement behind another one that is under way, whose answer would go to nobody', async () => {
    const sql = connect(withPooler(url), { max: 2 })
    await sql`select 1`
    // What asks for readiness waits in no queue of ours. One connection works, the other is only being made: the rest would be sent
    // behind the first.
    const one = (n: number) => Promise.race([sql.unsafe<{ n: number }[]>('select $1::int as n', [n]), never()])
    const slow = sql.unsafe('select pg_sleep(0.5)').then(({ length }) => length)
    const answered = await Promise.all([1, 2, 3, 4, 5, 6].map(one))
    expect(answered.map(([row]) => row?.n)).toEqual([1, 2, 3, 4, 5, 6])
    expect(await slow).toBe(1)
    await sql.end({ timeout: 1 })
  })

  test('ends a statement that takes too long, once the pooler has made its connections anew', async () => {
    const owner = postgres(database.url, { max: 1, onnotice: () => {} })
    await owner`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
    `
    await owner.end()
    const sql = connect(withPooler(url), { max: 1, deadline: 20_000 })
    await until(() => answers(sql))
    await expect(sql`select pg_sleep(10)`).rejects.toThrow(/statement timeout/)
    await sql.end({ timeout: 1 })
  })
})

const never = () => pause(5_000, [{ n: 'never' }])
