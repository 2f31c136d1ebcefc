import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findBinaries } from '../../../src/dev/embedded-postgres/binaries.ts'
import { locate } from '../../../src/dev/embedded-postgres/place.ts'
import {
  type EmbeddedPostgres,
  findRunningPostgres,
  startPostgres,
} from '../../../src/dev/embedded-postgres/postgres.ts'
import { freePort } from '../../../src/dev/free-port.ts'
import { connect } from '../../../src/platform/db.ts'
import { run } from '../../support/process.ts'
import { until } from '../../support/until.ts'

const checkout = resolve(import.meta.dirname, '../../..')
let dataDir: string
let started: EmbeddedPostgres[]
let said: string[]
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'embedded-relaunch-'))
  started = []
  said = []
})
afterEach(async () => {
  for (const server of started) await server.stop()
  expect(await findRunningPostgres({ checkout, dataDir })).toBeNull()
  rmSync(dataDir, { recursive: true, force: true })
})

async function start() {
  const server = await startPostgres({ checkout, dataDir, warn: (line) => said.push(line) })
  started.push(server)
  return server
}
const pidOf = ({ dataDir }: { dataDir: string }) =>
  Number.parseInt(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8'), 10)
const answers = async (url: string) => {
  const sql = postgres(url, { max: 1, connect_timeout: 1, onnotice: () => {} })
  return sql`select answer from kept`
    .then(
      ([row]) => row?.answer === 42,
      () => false,
    )
    .finally(() => sql.end({ timeout: 0 }))
}
const keepAnswer = async (url: string) => {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`create table kept as select 42 as answer`
  await sql.end()
}
const gone = expect.stringMatching(/^PostgreSQL is gone/)
const back = expect.stringMatching(/^PostgreSQL is back after \d+\.\d s$/)

describe('a server that is gone', () => {
  test('after a kill is started again at the same address, and said to be gone and back once each', async () => {
    const server = await start()
    await keepAnswer(server.url)
    const pool = connect(server.url, { max: 3 })
    process.kill(pidOf(server), 'SIGKILL')
    await until(() => Promise.resolve(said.length === 2), 30_000)
    expect(said).toEqual([gone, back])
    await until(
      () =>
        pool`select answer from kept`.then(
          () => true,
          () => false,
        ),
      10_000,
    )
    await pool.end({ timeout: 1 })
  })

  test('again and again is started again each time', { timeout: 90_000 }, async () => {
    const server = await start()
    await keepAnswer(server.url)
    for (let time = 1; time <= 4; time++) {
      process.kill(pidOf(server), time % 2 ? 'SIGKILL' : 'SIGQUIT')
      await until(() => Promise.resolve(said.length === 2 * time), 40_000)
      expect(await answers(server.url)).toBe(true)
    }
    expect(said).toEqual([gone, back, gone, back, gone, back, gone, back])
  })

  test('because somebody stopped it with pg_ctl is started again', async () => {
    const server = await start()
    await keepAnswer(server.url)
    const place = locate({ checkout, dataDir })
    const { pgCtl } = await findBinaries({ platform: process.platform, arch: process.arch, place, log: () => {} })
    const as = place.account ? { uid: place.account.uid, gid: place.account.gid } : {}
    execFileSync(pgCtl, ['stop', '-D', server.dataDir, '-m', 'fast'], { ...as, cwd: '/', stdio: 'ignore' })
    await until(() => Promise.resolve(said.length === 2), 30_000)
    expect(await answers(server.url)).toBe(true)
  })

  test('for a moment only, since one of its backends was killed, recovers by itself', async () => {
    const server = await start()
    await keepAnswer(server.url)
    const sql = postgres(server.url, { max: 1, onnotice: () => {} })
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
    const before = pidOf(server)
    process.kill(row!.pid, 'SIGKILL')
    await sql.end({ timeout: 0 })
    await until(() => answers(server.url), 20_000)
    expect(pidOf(server)).toBe(before)
    expect(said).toEqual([])
  })

  test('whose port somebody took meanwhile is started as soon as the port is free', { timeout: 60_000 }, async () => {
    const server = await start()
    await keepAnswer(server.url)
    process.kill(pidOf(server), 'SIGKILL')
    // SIGKILL frees the port at once; whoever is quick has it.
    const rival = createServer((socket) => socket.destroy())
    await until(
      () =>
        new Promise((done) => {
          rival.once('error', () => done(false)).listen(server.port, '127.0.0.1', () => done(true))
        }),
    )
    await new Promise((next) => setTimeout(next, 2_500))
    expect(said).toEqual([gone])
    await new Promise((closed) => rival.close(closed))
    await until(() => Promise.resolve(said.length === 2), 40_000)
    expect(await answers(server.url)).toBe(true)
  })

  test('together with its data is not replaced by an empty one', async () => {
    const server = await start()
    await keepAnswer(server.url)
    renameSync(server.dataDir, `${server.dataDir}.taken-away`)
    const pid = Number.parseInt(readFileSync(join(`${server.dataDir}.taken-away`, 'postmaster.pid'), 'utf8'), 10)
    process.kill(pid, 'SIGKILL')
    await until(() => Promise.resolve(said.length === 2), 20_000)
    expect(said).toEqual([gone, expect.stringMatching(/not started again: its data in .* is gone or incomplete/)])
  })

  test('under two processes is started by one of them, and both go on', { timeout: 60_000 }, async () => {
    const other = spawn(process.execPath, [join(import.meta.dirname, 'owner.ts'), checkout, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((ready) => other.stdout.once('data', ready))
    const server = await start()
    expect(server.adopted).toBe(true)
    await keepAnswer(server.url)
    for (let time = 1; time <= 2; time++) {
      process.kill(pidOf(server), 'SIGKILL')
      await until(() => Promise.resolve(said.length === 2 * time), 40_000)
      expect(await answers(server.url)).toBe(true)
    }
    const exited = new Promise((done) => other.once('exit', done))
    other.kill('SIGKILL')
    await exited
    expect(await answers(server.url)).toBe(true)
  })

  test('is not started again by who stops meanwhile', async () => {
    for (const afterMs of [0, 300, 600, 900]) {
      const server = await start()
      process.kill(pidOf(server), 'SIGKILL')
      await new Promise((next) => setTimeout(next, afterMs))
      await server.stop()
      await new Promise((next) => setTimeout(next, 700))
      expect(await findRunningPostgres({ checkout, dataDir })).toBeNull()
    }
  })
})

test('the demo goes on after its database was killed, in four lines, and ends well when told to at that moment', {
  timeout: 120_000,
}, async () => {
  const [port, ...others] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const [SANDBOX_PORT, MAILBOX_PORT, MAILBOX_SMTP_PORT] = others.map(String)
  const url = `http://localhost:${port}`
  const demo = run({
    PORT: String(port),
    BASE_URL: url,
    EMBEDDED_DATA_DIR: dataDir,
    ...{ SANDBOX_PORT: SANDBOX_PORT!, MAILBOX_PORT: MAILBOX_PORT!, MAILBOX_SMTP_PORT: MAILBOX_SMTP_PORT! },
  })
  const place = { dataDir: join(dataDir, 'postgres', 'cluster') }
  const ready = () =>
    fetch(`${url}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    )
  try {
    await until(ready, 60_000)
    const before = demo.output().length
    process.kill(pidOf(place), 'SIGKILL')
    await until(() => Promise.resolve(demo.output().includes('PostgreSQL is back')), 30_000)
    await until(ready, 30_000)
    expect((await fetch(`${url}/login`)).status).toBe(200)
    const messages = [
      ...demo
        .output()
        .slice(before)
        .matchAll(/"msg":"([^"]+)"/g),
    ].map(([, message]) => message!)
    const told = messages.filter((message) => /PostgreSQL|job queue/.test(message))
    expect(told.sort()).toEqual([back, gone, 'the job queue has trouble', 'the job queue works again'])
    expect(messages.length).toBeLessThan(12)
    process.kill(pidOf(place), 'SIGKILL')
    expect(await demo.stop('SIGTERM')).toBe(0)
  } finally {
    await demo.stop('SIGKILL')
  }
})
