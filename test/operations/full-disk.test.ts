import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { startPostgres } from '../../src/dev/embedded-postgres/postgres.ts'
import { appendFile } from '../../src/platform/append-file.ts'
import { connect } from '../../src/platform/db.ts'
import { createLog } from '../../src/platform/log.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { until } from '../support/until.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

type Options = { sql?: TestApp['sql']; isPaymentsLogBroken?: () => boolean }

/** What a load balancer reads of a site over these books. */
async function withSite<T>({ sql = app.sql, ...options }: Options, work: (ready: Ready) => Promise<T>): Promise<T> {
  const site = await buildApp({ services: { ...app.services, sql }, sessionKeys: app.config.sessionKeys, ...options })
  try {
    return await work(async () => {
      const { statusCode: code, body } = await site.inject('/readyz')
      const { status, database, full } = JSON.parse(body)
      return { code, status, database, full }
    })
  } finally {
    await site.close()
  }
}
type Ready = () => Promise<{ code: number; status: string; database: boolean; full: string[] | undefined }>

/** A file system of so many megabytes, where this account may make one. */
function smallDisk(megabytes: number) {
  const folder = mkdtempSync(join(tmpdir(), 'etf-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  return {
    folder,
    remove: () => {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    },
  }
}
const canMount = (() => {
  try {
    smallDisk(1).remove()
    return true
  } catch {
    return false
  }
})()

/** Writes until nothing more fits. */
function fill(file: string): void {
  const handle = openSync(file, 'w')
  for (const size of [2 ** 20, 4096])
    try {
      for (;;) writeSync(handle, Buffer.alloc(size, 1))
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
    }
  closeSync(handle)
}

test('a site with room is ready and says no more', () =>
  withSite({}, async (ready) => {
    expect(await ready()).toEqual({ code: 200, status: 'ready', database: true, full: undefined })
  }))

test('a database that answers 53100 takes the site out of the line, and any other complaint does not', async () => {
  const [{ definition }] = (await app.sql`
    select pg_get_functiondef('database_has_room'::regproc) as definition`) as unknown as [{ definition: string }]
  const complaining = (code: string) =>
    app.sql.unsafe(`create or replace function database_has_room() returns boolean language plpgsql as
                    $$ begin raise exception 'could not extend file' using errcode = '${code}'; end $$`)
  try {
    await complaining('53100')
    await withSite({}, async (ready) => {
      expect(await ready()).toMatchObject({ code: 503, status: 'not ready', database: true, full: ['database'] })
    })
    await complaining('57014')
    await withSite({}, async (ready) =>
      expect(await ready()).toEqual({ code: 200, status: 'ready', database: true, full: undefined }),
    )
  } finally {
    await app.sql.unsafe(definition)
  }
})

test('a PostgreSQL whose disk is really full is told from one that is away, until there is room again', {
  timeout: 120_000,
}, async ({ skip }) => {
  skip(!canMount, 'only root may make a file system')
  const disk = smallDisk(220)
  execFileSync('chmod', ['755', disk.folder])
  const server = await startPostgres({ checkout: disk.folder, dataDir: disk.folder })
  try {
    await migrate(server.url)
    const sql = connect(server.url, { max: 2 })
    await withSite({ sql }, async (ready) => {
      expect((await ready()).status).toBe('ready')
      const filler = join(disk.folder, 'filler')
      fill(filler)
      await until(async () => (await ready()).status !== 'ready', 20_000)
      expect(await ready()).toMatchObject({ code: 503, status: 'not ready', database: true, full: ['database'] })
      rmSync(filler)
      await until(async () => (await ready()).status === 'ready', 20_000)
    })
    await sql.end({ timeout: 2 })
  } finally {
    await server.stop()
    disk.remove()
  }
})

test('a payment log on a full disk is told, and the site goes on', async () => {
  const file = appendFile('/dev/full', createLog('silent'))
  await withSite({ isPaymentsLogBroken: file.isBroken }, async (ready) => {
    expect(await ready()).toEqual({ code: 200, status: 'ready', database: true, full: undefined })
  })
  file.append('a payment')
  await until(async () => file.isBroken())
  await withSite({ isPaymentsLogBroken: file.isBroken }, async (ready) => {
    expect(await ready()).toEqual({ code: 200, status: 'ready', database: true, full: ['payments log'] })
  })
  await file.close()
})

test('a full folder for uploads is told, and the site goes on', async ({ skip }) => {
  skip(!canMount, 'only root may make a file system')
  const disk = smallDisk(1)
  const before = process.env.TMPDIR
  process.env.TMPDIR = disk.folder
  try {
    await withSite({}, async (ready) => {
      expect(await ready()).toEqual({
        code: 200,
        status: 'ready',
        database: true,
        full: ['temporary folder'],
      })
    })
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    disk.remove()
  }
})
