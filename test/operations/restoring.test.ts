import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBackup } from '../../src/operations/backup/backup-file.ts'
import { measureTables } from '../../src/operations/backup/contents.ts'
import { manifestOf } from '../../src/operations/backup/pg-dump.ts'
import { closeSession, listTables, openSession } from '../../src/operations/backup/queries.ts'
import { restore } from '../../src/operations/backup/restore.ts'
import { grantToApp } from '../../src/platform/database-roles.ts'
import { connect } from '../../src/platform/db.ts'
import { prepareJobs } from '../../src/platform/jobs.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { buildHarness, run } from '../support/process.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import {
  backUp,
  emptyDatabase,
  folder,
  installedPostgres,
  onServer,
  payer,
  startInstalledPostgres,
} from './databases.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
console.log(`restoring: SEED=${seed}`)
let state = seed
/** Whole numbers from 0 up to but not `below`, the same for the same seed. */
const random = (below: number) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

const dir = folder()
let app: TestApp
let own: string
beforeAll(async () => {
  app = await startApp()
  await payer(app)
  // The webhook comes at any moment, and nothing may change after the backup.
  await until(async () => (await app.sql`select from webhook_events where settled_at is null`).length === 0)
  await until(async () => (await app.sql`select from webhook_events where settled_at is not null`).length > 0)
  own = await backupOf(app.databaseUrl)
})
afterAll(async () => {
  await app.close()
  rmSync(dir, { recursive: true, force: true })
})

async function backupOf(url: string, pgDump: string | null = null) {
  return (await backUp(url, { dir, pgDump })).made.file
}
/** A database with our tables and one row that no backup has. */
async function lived(serverUrl: string) {
  const place = serverUrl === app.databaseUrl ? await freshDatabase() : await emptyDatabase(serverUrl)
  await migrate(place.url)
  await onServer(place.url, `insert into audit (actor, action) values ('test', 'precious')`)
  return place
}
async function contentsOf(url: string) {
  const session = await openSession(url, 'snapshot')
  const found = await measureTables(
    session,
    (await listTables(session)).filter(({ name }) => name !== 'migrations'),
  )
  await closeSession(session, 'rollback')
  return found
}
async function databasesLike(url: string) {
  const name = new URL(url).pathname.slice(1)
  const sql = postgres(Object.assign(new URL(url), { pathname: '/postgres' }).href, { max: 1, onnotice: () => {} })
  const rows = await sql<
    { datname: string }[]
  >`select datname from pg_database where starts_with(datname, ${name}) order by 1`
  await sql.end()
  return rows.map(({ datname }) => datname)
}
const write = (name: string, bytes: Buffer) => {
  const file = join(dir, name)
  writeFileSync(file, bytes)
  return file
}
const reading = (file: string, changes: object = {}) =>
  openBackup(file, { pgDump: null, withoutManifest: false, ...changes }).then(
    () => 'taken',
    (error: Error) => error.message,
  )

/** The lines of a backup of ours, changed, under a seal that agrees again or not. */
function edited(name: string, edit: (text: string) => string, { sealed }: { sealed: boolean }) {
  const text = edit(gunzipSync(readFileSync(own)).toString('latin1'))
  const body = text.slice(0, text.lastIndexOf('{"sha256"'))
  const seal = JSON.stringify({ sha256: createHash('sha256').update(Buffer.from(body, 'latin1')).digest('hex') })
  return write(name, gzipSync(Buffer.from(sealed ? `${body}${seal}\n` : text, 'latin1')))
}
const withoutRowsOf = (table: string) => (text: string) =>
  text.replace(new RegExp(`\\{"table":"${table}"\\}\\n[\\s\\S]*?\\\\\\.\\n`), '')

describe('a backup of ours is refused before any database is touched when it', () => {
  test('was cut short at any byte', async () => {
    const whole = readFileSync(own)
    const places = [
      ...Array.from({ length: 40 }, (_, i) => whole.length - 1 - i),
      ...Array.from({ length: 40 }, () => random(whole.length)),
    ]
    for (const at of places)
      expect(await reading(write('cut', whole.subarray(0, at))), `cut at ${at}`).toMatch(
        /cut short: its end is missing|is empty|is not a backup/,
      )
  })

  test('has one byte that changed', async () => {
    const whole = readFileSync(own)
    // The first ten bytes are gzip's own, and some of them say nothing of what is inside.
    for (const at of Array.from({ length: 60 }, () => 10 + random(whole.length - 10))) {
      if (at === whole.length - 9) continue // the last compressed byte, which may end in unused bits
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 1 << random(8)
      expect(await reading(write('flipped', bytes)), `byte ${at}`).toMatch(/damaged|cut short|not a backup/)
    }
  })

  test.each([
    ['one number of a row changed', (text) => text.replace('\t49900\t', '\t49901\t'), /is not what was written/],
    ['one number of its manifest changed', (text) => text.replace(/"rows":1,/, '"rows":2,'), /is not what was written/],
    ['lacks one table’s rows', withoutRowsOf('receipts'), /receipts is missing in a part of it/],
    ['lacks one empty table', withoutRowsOf('credit_notes'), /credit_notes is missing in a part of it/],
    [
      'has a table twice',
      (text) => `${text}`.replace(/(\{"table":"receipts"\}\n[\s\S]*?\\\.\n)/, '$1$1'),
      /receipts is in it twice/,
    ],
    [
      'goes on after its manifest',
      (text) => text.replace(/(\{"end".*\n)/, '$1{"table":"x"}\n\\.\n'),
      /its end is not where it should be/,
    ],
    [
      'is of a newer release',
      (text) => text.replace('0001-users.sql', '9001-users.sql'),
      /newer release: it has 9001-users\.sql/,
    ],
    [
      'is of newer functions',
      (text) => text.replace(/"revision":\d+/, '"revision":9999'),
      /newer release: it has functions of revision 9999/,
    ],
  ])('%s, also under a seal that agrees', async (name, edit, sentence) => {
    expect(await reading(edited(`edited ${name}`, edit, { sealed: true }))).toMatch(sentence)
  })

  test('has another sequence, head or row, under its old seal', async () => {
    for (const edit of [
      (text: string) => text.replace(/"(\w+_id_seq)":"\d+"/, '"$1":"7"'),
      (text: string) => text.replace('"server":"', '"server":"9'),
      (text: string) => text.replace('asha.', 'esha.'),
    ])
      expect(await reading(edited('unsealed', edit, { sealed: false }))).toMatch(/damaged/)
  })

  test('is a folder, empty, not there, or something else', async () => {
    mkdirSync(join(dir, 'folder'), { recursive: true })
    expect(await reading(join(dir, 'folder'))).toMatch(/is a folder/)
    expect(await reading(write('empty', Buffer.alloc(0)))).toMatch(/is empty/)
    expect(await reading(join(dir, 'nowhere'))).toMatch(/there is no file/)
    for (const [i, text] of ['hello', 'PK\u0003\u0004 zip', '\u001f', 'create table x ();'].entries())
      expect(await reading(write(`other-${i}`, Buffer.from(text, 'latin1')))).toMatch(/is not a backup/)
    expect(await reading(write('gzip', gzipSync('hello\n')))).toMatch(/not a backup of ours/)
  })

  test.skipIf(process.getuid?.() === 0)('may not be read', async () => {
    const file = write('closed', readFileSync(own))
    const { chmodSync } = await import('node:fs')
    chmodSync(file, 0)
    expect(await reading(file)).toMatch(/may not be read/)
  })
})

describe('a restore over a database that holds something', () => {
  test('lacking a table everywhere in its file is refused, and nothing is changed', { timeout: 60_000 }, async () => {
    const place = await lived(app.databaseUrl)
    const before = await contentsOf(place.url)
    const file = edited(
      'without-table',
      (text) =>
        withoutRowsOf('credit_notes')(text)
          .replace(/\{"name":"credit_notes","columns":\[[^\]]*\]\},?/, '')
          .replace(/"credit_notes":\{[^}]*\},?/, ''),
      { sealed: true },
    )
    expect(await reading(file)).toBe('taken')
    await expect(restore({ file, into: place.url, overwrite: true, pgDump: null })).rejects.toThrow(
      /lacks tables of its own release: credit_notes/,
    )
    expect(await contentsOf(place.url)).toEqual(before)
    expect(await databasesLike(place.url)).toHaveLength(1)
    await place.drop()
  })

  test('puts the new one in its place and keeps the old one under a dated name', { timeout: 60_000 }, async () => {
    const place = await lived(app.databaseUrl)
    const before = await contentsOf(place.url)
    const name = new URL(place.url).pathname.slice(1)
    await onServer(place.url, `alter database ${name} set work_mem to '5MB'`)
    const kept = await restore({ file: own, into: place.url, overwrite: true, pgDump: null })
    expect(kept).toMatch(new RegExp(`^${name}_before_\\d{8}_\\d{6}$`))
    expect(await contentsOf(place.url)).toEqual(await contentsOf(app.databaseUrl))
    expect(await contentsOf(place.url.replace(name, kept!))).toEqual(before)
    const sql = postgres(place.url, { max: 1 })
    expect(await sql`show work_mem`).toEqual([{ work_mem: '5MB' }])
    await sql.end()
    await onServer(app.databaseUrl, `drop database ${kept}`)
    await place.drop()
  })

  test('that somebody is connected to is refused unless told to end connections', { timeout: 60_000 }, async () => {
    const place = await lived(app.databaseUrl)
    const before = await contentsOf(place.url)
    const somebody = connect(place.url, { max: 1 })
    await somebody`select 1`
    const given = { file: own, into: place.url, overwrite: true, pgDump: null }
    await expect(restore(given)).rejects.toThrow(/is in use: one connection \(etf-web\).*--end-connections/)
    expect(await contentsOf(place.url)).toEqual(before)
    expect(await databasesLike(place.url)).toHaveLength(1)
    // A pool that comes back as soon as it is cut off.
    let on = true
    const hammering = (async () => {
      while (on) await somebody`select 1`.catch(() => {})
    })()
    const kept = await restore({ ...given, endConnections: true })
    on = false
    await hammering
    await until(() =>
      somebody`select from orders`.then(
        (rows) => rows.length > 0,
        () => false,
      ),
    )
    await somebody.end()
    await onServer(app.databaseUrl, `drop database ${kept}`)
    await place.drop()
  })

  test('used by a role whose connections this account may not end is refused, and nothing is changed', {
    timeout: 60_000,
  }, async () => {
    const place = await emptyDatabase(app.databaseUrl)
    const name = new URL(place.url).pathname.slice(1)
    await onServer(
      app.databaseUrl,
      `create role o_${name} login password 'x' createdb; alter database ${name} owner to o_${name}`,
    )
    const url = Object.assign(new URL(place.url), { username: `o_${name}`, password: 'x' }).href
    await migrate(url)
    const before = await contentsOf(url)
    // The server’s own superuser.
    const somebody = postgres(place.url, { max: 1, onnotice: () => {} })
    await somebody`select 1`
    await expect(
      restore({ file: own, into: url, overwrite: true, endConnections: true, pgDump: null }),
    ).rejects.toThrow(/connections to .* could not be ended: .*Stop the site first/)
    await somebody.end()
    expect(await contentsOf(url)).toEqual(before)
    expect(await databasesLike(place.url)).toHaveLength(1)
    const kept = await restore({ file: own, into: url, overwrite: true, pgDump: null })
    await onServer(app.databaseUrl, `drop database ${kept}`)
    await place.drop()
    await onServer(app.databaseUrl, `drop role o_${name}`)
  })

  test('while another restore works on it is refused, and what a killed one left is removed', {
    timeout: 60_000,
  }, async () => {
    const place = await lived(app.databaseUrl)
    const name = new URL(place.url).pathname.slice(1)
    const abandoned = `${name}_restoring_0123abcd`
    await onServer(app.databaseUrl, `create database ${abandoned}`)
    const other = postgres(place.url.replace(name, abandoned), { max: 1 })
    await other`select 1`
    const given = { file: own, into: place.url, overwrite: true, pgDump: null }
    await expect(restore(given)).rejects.toThrow(/another restore into .* is under way/)
    await other.end()
    const said: string[] = []
    const kept = await restore({ ...given, log: (line) => said.push(line) })
    expect(said[0]).toContain(`removed ${abandoned}`)
    expect(await databasesLike(place.url)).toEqual([name, kept])
    await onServer(app.databaseUrl, `drop database ${kept}`)
    await place.drop()
  })

  test('by an account that may not create databases is refused beforehand, with the safe way', async () => {
    const place = await emptyDatabase(app.databaseUrl)
    const name = new URL(place.url).pathname.slice(1)
    await onServer(
      app.databaseUrl,
      `create role r_${name} login password 'x'; alter database ${name} owner to r_${name}`,
    )
    const url = Object.assign(new URL(place.url), { username: `r_${name}`, password: 'x' }).href
    await onServer(url, 'create table precious (id int)')
    await expect(restore({ file: own, into: url, overwrite: true, pgDump: null })).rejects.toThrow(
      /may not create databases.*createdb.*empty database.*DATABASE_URL/,
    )
    // The safe way: a database that was made for it.
    const second = await emptyDatabase(app.databaseUrl)
    const secondName = new URL(second.url).pathname.slice(1)
    await onServer(app.databaseUrl, `alter database ${secondName} owner to r_${name}`)
    expect(
      await restore({
        file: own,
        into: Object.assign(new URL(url), { pathname: `/${secondName}` }).href,
        overwrite: false,
        pgDump: null,
      }),
    ).toBeNull()
    expect(await contentsOf(second.url)).toEqual(await contentsOf(app.databaseUrl))
    await place.drop()
    await second.drop()
    await onServer(app.databaseUrl, `drop role r_${name}`)
  })

  test('which the site uses with a role of its own gives that role its rights again, and no more', {
    timeout: 60_000,
  }, async () => {
    const place = await lived(app.databaseUrl)
    const name = new URL(place.url).pathname.slice(1)
    await onServer(app.databaseUrl, `create role s_${name} login password 'x'`)
    await prepareJobs(place.url)
    await grantToApp(place.url, `s_${name}`)
    const kept = await restore({ file: own, into: place.url, overwrite: true, pgDump: null })
    const site = Object.assign(new URL(place.url), { username: `s_${name}`, password: 'x' }).href
    await onServer(site, 'select 1 from orders; select 1 from pgboss.queue')
    await expect(onServer(site, `update audit set actor = 'x'`)).rejects.toThrow(/permission denied/)
    await place.drop()
    await onServer(app.databaseUrl, `drop database ${kept}`)
    await onServer(app.databaseUrl, `drop role s_${name}`)
  })

  test('killed at any moment leaves the old one or the new one whole, and the next one finishes', {
    timeout: 240_000,
  }, async () => {
    const place = await lived(app.databaseUrl)
    const name = new URL(place.url).pathname.slice(1)
    const [before, after] = [await contentsOf(place.url), await contentsOf(app.databaseUrl)]
    const command = (args: string[] = []) =>
      run({ DATABASE_URL: place.url }, join(import.meta.dirname, '../../src/commands/restore.ts'), [
        ...[own, '--into', place.url, '--overwrite'],
        ...args,
      ])
    // Watched for what it does, so that the moments are spread over its work however quick the machine is.
    for (const moment of ['made', 'filling', 'filled', 'late']) {
      const restoring = command()
      await until(async () => (await databasesLike(place.url)).some((found) => found.includes('_restoring_')), 60_000)
      if (moment !== 'made')
        await new Promise((next) =>
          setTimeout(
            next,
            { filling: 100 + random(400), filled: 500 + random(1_000), late: 1_500 + random(2_000) }[moment],
          ),
        )
      await restoring.stop('SIGKILL')
      await until(async () => {
        const now = await contentsOf(place.url)
        return [before, after].some((whole) => JSON.stringify(whole) === JSON.stringify(now))
      })
    }
    let last = ''
    await until(async () => {
      const restoring = command()
      await restoring.stop('SIGCONT')
      last = restoring.output()
      return restoring.child.exitCode === 0
    }, 90_000)
    expect(last).toMatch(/The database before is kept as \S+_before_\S+\. When you no longer need it: dropdb/)
    expect(await contentsOf(place.url)).toEqual(after)
    const left = await databasesLike(place.url)
    expect(left.filter((found) => found.includes('_restoring_'))).toEqual([])
    for (const kept of left.filter((found) => found !== name)) await onServer(app.databaseUrl, `drop database ${kept}`)
    await place.drop()
  })

  test('of a running site: its processes go on with the restored database, jobs too', {
    timeout: 120_000,
  }, async () => {
    const harness = await buildHarness()
    try {
      const site = await harness.start()
      const visitor = new Visitor(site)
      const form = await visitor.register()
      const file = await backupOf(harness.databaseUrl)
      const later = await new Visitor(site).register()
      await harness.sql.end()
      const given = { file, into: harness.databaseUrl, overwrite: true, pgDump: null }
      await expect(restore(given)).rejects.toThrow(/is in use: \d+ connections \(.*etf-jobs/)
      expect((await visitor.get('/dashboard')).status).toBe(200)
      const kept = await restore({ ...given, endConnections: true })
      await until(async () => (await fetch(`${site.url}/readyz`)).status === 200, 60_000)
      expect((await visitor.get('/dashboard')).status).toBe(200)
      const sql = postgres(harness.databaseUrl, { max: 1 })
      expect(await sql`select from users where email = ${later.email!}`).toEqual([])
      expect(await sql`select from users where email = ${form.email!}`).toHaveLength(1)
      // A mail is sent by a job: the queue was made again.
      await sql`update mails set status = 'queued', next_attempt_at = now(), sent_at = null where to_email = ${form.email!}`
      await until(async () => (await sql`select from mails where status = 'queued'`).length === 0, 90_000)
      await sql.end()
      expect(site.child.exitCode).toBeNull()
      await onServer(app.databaseUrl, `drop database ${kept}`)
    } finally {
      await harness.close()
    }
  })
})

const bin = installedPostgres()
describe.skipIf(!bin)('a .dump of pg_dump', () => {
  let server: Awaited<ReturnType<typeof startInstalledPostgres>>
  let dump: string
  const pgDump = () => join(bin!, 'pg_dump')
  beforeAll(async () => {
    server = await startInstalledPostgres(bin!)
    await restore({ file: own, into: server.url, overwrite: false, pgDump: null })
    dump = await backupOf(server.url, pgDump())
  }, 120_000)
  afterAll(() => server.stop())
  /** The dump, or what became of it, with its manifest or what became of that. */
  function copied(name: string, edit: (bytes: Buffer) => Buffer, editManifest = (text: string) => text) {
    const file = write(name, edit(readFileSync(dump)))
    writeFileSync(manifestOf(file), editManifest(readFileSync(manifestOf(dump), 'utf8')))
    return file
  }

  test('cut short at any byte, or with one byte changed, is refused before any database is touched', async () => {
    const whole = readFileSync(dump)
    for (const at of Array.from({ length: 25 }, () => 5 + random(whole.length - 5)))
      expect(
        await reading(
          copied('cut.dump', (bytes) => bytes.subarray(0, at)),
          { pgDump: pgDump() },
        ),
      ).toMatch(/cut short/)
    for (const at of Array.from({ length: 25 }, () => 5 + random(whole.length - 5))) {
      const flip = (bytes: Buffer) => {
        bytes[at]! ^= 1 << random(8)
        return bytes
      }
      expect(await reading(copied('flipped.dump', flip), { pgDump: pgDump() })).toMatch(/damaged/)
    }
  })

  test('without its manifest, with another, of a newer release, or without a tool that reads it, is refused', async () => {
    const lonely = write('lonely.dump', readFileSync(dump))
    expect(await reading(lonely, { pgDump: pgDump() })).toMatch(/manifest\.json is missing.*--without-manifest/)
    expect(await reading(lonely, { pgDump: pgDump(), withoutManifest: true })).toBe('taken')
    const same = (bytes: Buffer) => bytes
    expect(await reading(copied('broken.dump', same, () => '{'))).toMatch(/manifest\.json is damaged/)
    expect(await reading(copied('newer.dump', same, (text) => text.replace('0001-users', '9001-users')))).toMatch(
      /newer release: it has 9001-users\.sql/,
    )
    expect(await reading(copied('tool.dump', same), { pgDump: '/nowhere/pg_dump' })).toMatch(
      /\/nowhere\/pg_restore cannot be run, and a \.dump needs pg_restore \d+ or newer/,
    )
    const old = join(dir, 'old')
    mkdirSync(old)
    writeFileSync(join(old, 'pg_restore'), '#!/bin/sh\necho "pg_restore (PostgreSQL) 9.6.1"\n', { mode: 0o755 })
    expect(await reading(copied('tool.dump', same), { pgDump: join(old, 'pg_dump') })).toMatch(
      /version 9, and this .dump needs/,
    )
  })

  test('with one number changed, or one table missing, is refused, and nothing is changed', {
    timeout: 120_000,
  }, async () => {
    const place = await lived(server.url)
    const before = await contentsOf(place.url)
    const given = { into: place.url, overwrite: true, pgDump: pgDump() }
    // The same tables in another state, under the manifest of this one: what a tampered file would restore.
    const other = await emptyDatabase(server.url)
    for (const [change, sentence] of [
      ['update payments set amount_paise = amount_paise + 1', /payments: what came back is not what was backed up/],
      ['drop table mails cascade', /mails/],
      [`delete from sessions`, /sessions: \d+ rows were backed up, 0 came back/],
    ] as const) {
      await onServer(other.url, 'drop schema public cascade; create schema public')
      await restore({ file: dump, into: other.url, overwrite: false, pgDump: pgDump() })
      await onServer(other.url, `set session_replication_role = replica; ${change}`)
      const changed = await backupOf(other.url, pgDump())
      const { file } = JSON.parse(readFileSync(manifestOf(changed), 'utf8')) as { file: object }
      const manifest = { ...JSON.parse(readFileSync(manifestOf(dump), 'utf8')), file }
      const forged = join(dir, 'forged.dump')
      copyFileSync(changed, forged)
      writeFileSync(manifestOf(forged), JSON.stringify(manifest))
      await expect(restore({ ...given, file: forged }), change).rejects.toThrow(sentence)
      expect(await contentsOf(place.url)).toEqual(before)
    }
    await other.drop()
    expect(await databasesLike(place.url)).toHaveLength(1)
    await place.drop()
  })

  test('takes the place of a database as our own format does', { timeout: 60_000 }, async () => {
    const place = await lived(server.url)
    const kept = await restore({ file: dump, into: place.url, overwrite: true, pgDump: pgDump() })
    expect(await contentsOf(place.url)).toEqual(await contentsOf(server.url))
    expect(await databasesLike(place.url)).toContain(kept)
    await place.drop()
  })
})

describe.skipIf(!bin)('on a server whose disk is full', () => {
  test.each(['own', 'dump'])('a restore (%s) changes nothing and says why', { timeout: 120_000 }, async (kind) => {
    const roomy = await startInstalledPostgres(bin!)
    // No file of this server may grow beyond 4 MB.
    const full = await startInstalledPostgres(bin!, { largestFileKb: 4_096 })
    try {
      await restore({ file: own, into: roomy.url, overwrite: false, pgDump: null })
      await onServer(
        roomy.url,
        `insert into webhook_events (accepted, verdict, headers, body, settled_at)
         select false, 'wrong-signature', '{}', decode(string_agg(md5(random()::text || n), ''), 'hex'), now()
         from generate_series(1, 2000) g, generate_series(1, 200) n group by g`,
      )
      const file = await backupOf(roomy.url, kind === 'dump' ? join(bin!, 'pg_dump') : null)
      const place = await lived(full.url)
      const before = await contentsOf(place.url)
      await expect(restore({ file, into: place.url, overwrite: true, pgDump: join(bin!, 'pg_dump') })).rejects.toThrow(
        /could not (extend|write)|File too large/,
      )
      expect(await contentsOf(place.url)).toEqual(before)
      expect(await databasesLike(place.url)).toHaveLength(1)
    } finally {
      await roomy.stop()
      await full.stop()
    }
  })
})
