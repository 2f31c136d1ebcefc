import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { refundPayment } from '../../src/billing/refunds/refunds.ts'
import { makeBackup } from '../../src/operations/backup/backup.ts'
import { closeSession, countRows, listTables, openSession } from '../../src/operations/backup/queries.ts'
import { readLastBackup } from '../../src/operations/backup/record.ts'
import { NotEmpty, recheckOrders, restore } from '../../src/operations/backup/restore.ts'
import { checkInvariants } from '../../src/operations/integrity/integrity.ts'
import { connect } from '../../src/platform/db.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import {
  backUp,
  emptyDatabase,
  emptyDatabases,
  folder,
  installedPostgres,
  onServer,
  payer,
  startInstalledPostgres,
} from './databases.ts'

const nasty = 'O’Hara\tBackslash \\. and "quotes" \\\\N\n\\.\nend'
let app: TestApp
const databases = emptyDatabases(() => app.databaseUrl)
beforeAll(async () => {
  app = await startApp()
})
afterAll(async () => {
  await databases.drop()
  await app.close()
})

async function rowsOf(url: string) {
  const session = await openSession(url, 'snapshot')
  const counts = await countRows(session, await listTables(session))
  await closeSession(session, 'rollback')
  return counts
}

const said: string[] = []
const backup = ({ url = app.databaseUrl, ...changes }: Partial<Parameters<typeof makeBackup>[0]> = {}) =>
  backUp(url, { log: (line) => said.push(line), ...changes })

describe('a backup by our own means', () => {
  test('is proved by a restore, and a restored database has every row and a working site', async () => {
    const { form, order } = await payer(app)
    const other = await payer(app)
    const [payment] = await app.sql<
      { cfPaymentId: string }[]
    >`select cf_payment_id from payments where order_id = ${other.order.id}`
    await refundPayment(app.services, {
      cfPaymentId: payment!.cfPaymentId,
      ordinal: 1,
      amountPaise: 100,
      reason: nasty,
      actor: 'user:x',
    })
    await app.sql`update users set name = ${nasty} where lower(email) = ${form.email!}`

    const { made, dir } = await backup()
    expect(made.proof).toMatch(/^restored and compared, \d+ checks of the books hold$/)
    expect(statSync(made.file).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir).sort()).toEqual([made.file.slice(dir.length + 1), 'last-backup.json'].sort())
    expect(await readLastBackup(dir)).toMatchObject({ file: made.file, rows: made.rows })

    const into = await databases.make()
    await restore({ file: made.file, into, overwrite: false, pgDump: null })
    expect(await rowsOf(into)).toEqual(await rowsOf(app.databaseUrl))
    const sql = connect(into, { max: 3 })
    try {
      const [person] = await sql`select name from users where lower(email) = ${form.email!}`
      expect(person?.name).toBe(nasty)
      expect((await checkInvariants(sql)).broken).toBe(0)
      const site = await buildApp({ services: { ...app.services, sql }, sessionKeys: [Buffer.alloc(32, 7)] })
      const login = await site.inject({
        method: 'POST',
        url: '/login',
        payload: new URLSearchParams({ login: form.email!, password: form.password! }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
      })
      expect(login.statusCode).toBe(303)
      // A new person can register: the sequences and numbers go on where they were.
      const [receipt] = await sql`select number from receipts where order_id = ${order.id}`
      expect(receipt?.number).toMatch(/^R\d{4}-\d{6}$/)
      await sql`insert into audit (actor, action) values ('test', 'after restore')`
      await site.close()
    } finally {
      await sql.end()
    }
  })

  test('does not stand still over tables that are larger than its buffers', async () => {
    await app.sql`
      insert into webhook_events (accepted, verdict, headers, body, settled_at)
      select false, 'wrong-signature', '{}', decode(repeat(md5(n::text), 300), 'hex'), now() from generate_series(1, 4000) n`
    const { made } = await backup()
    expect(made.rows).toBeGreaterThan(4_000)
    await app.sql`delete from webhook_events where verdict = 'wrong-signature'`
  })

  test('refuses a database that holds something, unless told to overwrite it', async () => {
    const { made } = await backup()
    const into = await databases.make()
    await onServer(into, 'create table precious (id int)')
    const given = { file: made.file, into, pgDump: null }
    await expect(restore({ ...given, overwrite: false })).rejects.toBeInstanceOf(NotEmpty)
    await onServer(into, 'insert into precious values (1)')
    await restore({ ...given, overwrite: true })
    expect(await rowsOf(into)).toEqual(await rowsOf(app.databaseUrl))
  })

  test('a file that was cut off, changed, or is something else restores nothing', async () => {
    const { made, dir } = await backup()
    const whole = gunzipSync(readFileSync(made.file))
    const spoil = (name: string, bytes: Buffer) => {
      writeFileSync(join(dir, name), bytes)
      return join(dir, name)
    }
    const bad = {
      cut: spoil('cut', readFileSync(made.file).subarray(0, -40)),
      endless: spoil('endless', gzipSync(whole.subarray(0, whole.lastIndexOf('{"end"')))),
      changed: spoil('changed', gzipSync(Buffer.from(whole.toString('latin1').replace('asha.', 'esha.'), 'latin1'))),
      future: spoil(
        'future',
        gzipSync(Buffer.from(whole.toString('latin1').replace('0001-users.sql', '9001-users.sql'), 'latin1')),
      ),
      other: spoil('other', gzipSync('hello\n')),
      plain: spoil('plain', Buffer.from('hello')),
    }
    const into = await databases.make()
    for (const file of Object.values(bad)) {
      await expect(restore({ file, into, overwrite: false, pgDump: null }), file).rejects.toThrow()
      expect(await rowsOf(into), file).toEqual({})
    }
  })

  test('an account that may not create databases has its file read back instead', async () => {
    const url = new URL(app.databaseUrl)
    const database = url.pathname.slice(1)
    await onServer(
      app.databaseUrl,
      `create role plain_${database} login password 'plain' noinherit; grant pg_read_all_data to plain_${database} with inherit true`,
    )
    const { made } = await backup({
      url: Object.assign(url, { username: `plain_${database}`, password: 'plain' }).href,
    })
    expect(made.proof).toContain('read back, not restored')
    await onServer(app.databaseUrl, `drop role plain_${database}`)
  })

  test('a database that is away leaves no file behind', async () => {
    const dir = folder()
    const url = app.databaseUrl.replace(/:\d+\//, ':1/')
    await expect(backup({ url, dir, recordDir: dir })).rejects.toThrow()
    expect(readdirSync(dir)).toEqual([])
  })

  test('after a restore every unpaid order can be asked about again', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const order = await newestOrder(app, form.email!)
    await app.sql`update orders set next_look_at = null, status = 'expired' where id = ${order.id}`
    expect(await recheckOrders(app.databaseUrl, 2)).toBeGreaterThan(0)
    app.sandbox.control.pay(order.id)
    await app.sql`update orders set created_at = created_at - interval '5 minutes' where id = ${order.id}`
    // The webhook may be settling it this very moment; then the reconciler leaves it alone.
    await app.run('reconcile')
    await until(async () => (await newestOrder(app, form.email!)).status === 'paid')
  })
})

const bin = installedPostgres()
describe.skipIf(!bin)('a backup by pg_dump', () => {
  test('is proved and restored the same way, on the oldest PostgreSQL of this machine', async () => {
    const server = await startInstalledPostgres(bin!)
    try {
      await migrate(server.url)
      const { made } = await backup()
      await restore({ file: made.file, into: server.url, overwrite: true, pgDump: null })
      const dir = folder()
      const dumped = await makeBackup({
        url: server.url,
        dir,
        recordDir: dir,
        pgDump: join(bin!, 'pg_dump'),
        log: () => {},
      })
      expect(dumped).toMatchObject({ tool: 'pg_dump', proof: expect.stringMatching(/^restored and compared/) })
      const place = await emptyDatabase(server.url)
      await restore({ file: dumped.file, into: place.url, overwrite: false, pgDump: join(bin!, 'pg_dump') })
      expect(await rowsOf(place.url)).toEqual(await rowsOf(server.url))
      renameSync(dumped.file, `${dumped.file}.whole`)
      writeFileSync(dumped.file, readFileSync(`${dumped.file}.whole`).subarray(0, 20_000))
      await expect(
        restore({ file: dumped.file, into: place.url, overwrite: true, pgDump: join(bin!, 'pg_dump') }),
      ).rejects.toThrow()
    } finally {
      await server.stop()
    }
  })

  test('a pg_dump older than the server is refused when named, and passed over on the PATH', async () => {
    const major = Number(/(\d+)\/bin$/.exec(bin!)![1])
    if (major >= 18) return
    await expect(backup({ pgDump: join(bin!, 'pg_dump') })).rejects.toThrow(/the server is 18/)
  })
})
