import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type EmbeddedPostgres,
  findRunningPostgres,
  startPostgres,
} from '../../../src/dev/embedded-postgres/postgres.ts'

const checkout = resolve(import.meta.dirname, '../../..')
let dataDir: string
let started: EmbeddedPostgres[]

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'embedded postgres é-'))
  started = []
})

afterEach(async () => {
  for (const server of started) await server.stop()
  expect(await findRunningPostgres({ checkout, dataDir })).toBeNull()
  rmSync(dataDir, { recursive: true, force: true })
})

describe('a start', () => {
  test('gives an empty database named etf, in UTC and UTF-8, that only this machine can reach', async () => {
    const server = await start()
    expect(server.adopted).toBe(false)
    expect(new URL(server.url)).toMatchObject({ hostname: '127.0.0.1', pathname: '/etf', port: String(server.port) })
    const [row] = await ask(
      server.url,
      `select current_setting('timezone') as timezone, current_setting('server_encoding') as encoding,
              current_setting('listen_addresses') as addresses, current_setting('fsync') as fsync,
              current_setting('data_directory') as directory, lower('É') as lower`,
    )
    expect(row).toEqual({
      timezone: 'UTC',
      encoding: 'UTF8',
      addresses: '127.0.0.1',
      fsync: 'on',
      directory: server.dataDir,
      lower: 'é',
    })
  })

  test('keeps its password from other people, and takes no other', async () => {
    const server = await start()
    const file = join(dataDir, 'postgres', 'password')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const wrong = new URL(server.url)
    wrong.password = 'guess'
    await expect(ask(wrong.href, 'select 1')).rejects.toThrow('password authentication failed')
  })

  test('after a stop finds the data as it was', async () => {
    const first = await start()
    await ask(first.url, 'create table kept as select 42 as answer')
    await first.stop()
    expect(await findRunningPostgres({ checkout, dataDir })).toBeNull()

    const second = await start()
    expect(second.adopted).toBe(false)
    expect(await ask(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('uses the port it is told, and says so when another program has it', async () => {
    const rival = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => rival.once('listening', resolve))
    const { port } = rival.address() as { port: number }
    await expect(start({ port })).rejects.toThrow(`Port ${port}`)
    await new Promise((resolve) => rival.close(resolve))
    expect((await start({ port })).port).toBe(port)
  })

  test('after a kill at any moment of the first start begins again', async () => {
    for (const afterMs of [150, 300, 450, 600]) {
      await kill(launchOwner(), afterMs)
      expect(await ask((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }])
      for (const server of started.splice(0)) await server.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  test('replaces a cluster whose making was cut short', async () => {
    const part = join(dataDir, 'postgres', 'cluster.00000000.part')
    mkdirSync(join(part, 'base'), { recursive: true })
    writeFileSync(join(part, 'PG_VERSION'), '18\n')
    const server = await start()
    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(existsSync(part)).toBe(false)
  })

  test('sets a cluster aside that lost its files, and never deletes it', async () => {
    const cluster = join(dataDir, 'postgres', 'cluster')
    mkdirSync(cluster, { recursive: true })
    writeFileSync(join(cluster, 'something'), 'of somebody')
    await start()
    const aside = readdirSync(join(dataDir, 'postgres')).find((name) => name.startsWith('cluster.broken-'))
    expect(readFileSync(join(dataDir, 'postgres', aside!, 'something'), 'utf8')).toBe('of somebody')
  })

  test('refuses a cluster of another major version in one sentence', async () => {
    const server = await start()
    await server.stop()
    writeFileSync(join(server.dataDir, 'PG_VERSION'), '17\n')
    await expect(start()).rejects.toThrow(
      /was made by PostgreSQL 17, and this version brings PostgreSQL 18.*DATABASE_URL/,
    )
  })

  test('on a platform without PostgreSQL names DATABASE_URL as the way out', async () => {
    await expect(start({ platform: 'sunos', arch: 'sparc' })).rejects.toThrow(/sunos-sparc.*DATABASE_URL/)
    await expect(start({ platform: 'win32', arch: 'x64' })).rejects.toThrow(/windows-x64.*DATABASE_URL/)
  })
})

describe('a second start', () => {
  test('while a server runs uses it, and leaves it to its owner', async () => {
    const first = await start()
    const second = await start()
    expect(second).toMatchObject({ adopted: true, url: first.url })
    await second.stop()
    expect(await findRunningPostgres({ checkout, dataDir })).toBe(first.url)
  })

  test('keeps the server when its owner leaves first, and then stops it', async () => {
    const first = await start()
    const second = await start()
    await first.stop()
    expect(await ask(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await second.stop()
    expect(await findRunningPostgres({ checkout, dataDir })).toBeNull()
  })

  test('at the very same moment waits for the first, and shares its server', async () => {
    const servers = await Promise.all([start(), start(), start()])
    expect(servers.map((server) => server.adopted).sort()).toEqual([false, true, true])
    expect(new Set(servers.map((server) => server.url)).size).toBe(1)
  })

  test('from another process at the same moment shares the server too', async () => {
    const [other, ours] = await Promise.all([owner(), start()])
    expect(other.url).toBe(ours.url)
    await other.kill()
  })

  test('takes over the server of an owner that was killed, and stops it at the end', async () => {
    const killed = await owner()
    await ask(killed.url, 'create table kept as select 42 as answer')
    await killed.kill()
    expect(await findRunningPostgres({ checkout, dataDir })).toBe(killed.url)

    const server = await start()
    expect(server).toMatchObject({ adopted: true, url: killed.url })
    expect(await ask(server.url, 'select answer from kept')).toEqual([{ answer: 42 }])
    await server.stop()
    expect(await findRunningPostgres({ checkout, dataDir })).toBeNull()
  })

  test('passes over a lock whose holder was killed', async () => {
    mkdirSync(join(dataDir, 'postgres'), { recursive: true })
    writeFileSync(join(dataDir, 'postgres', 'lock'), '1 not-when-that-process-started')
    await Promise.all([start(), start()])
  })

  test('replaces a server that was killed, together with what its processes still hold', async () => {
    const first = await start()
    await ask(first.url, 'create table kept as select 42 as answer')
    process.kill(pidOf(first), 'SIGKILL')
    const second = await start()
    expect(second.adopted).toBe(false)
    expect(await ask(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('replaces a server that is frozen, without losing what was committed', async () => {
    const first = await start()
    await ask(first.url, 'create table kept as select 42 as answer')
    process.kill(pidOf(first), 'SIGSTOP')
    const second = await start()
    expect(second.adopted).toBe(false)
    expect(await ask(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  }, 40_000)

  test('is not misled by a process note that belongs to nobody, or cannot be read', async () => {
    const first = await start()
    const note = join(first.dataDir, 'postmaster.pid')
    await first.stop()
    writeFileSync(note, `${process.pid}\n${first.dataDir}\n1\n${first.port}\n\n127.0.0.1\n1 1\nready\n`)
    const second = await start()
    expect(second.adopted).toBe(false)

    writeFileSync(note, '\0garbage')
    const third = await start()
    expect(third.adopted).toBe(false)
    expect(await ask(third.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})

async function start(options: { port?: number; platform?: string; arch?: string } = {}): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ checkout, dataDir, ...options })
  started.push(server)
  return server
}

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return [...(await sql.unsafe(text))]
  } finally {
    await sql.end({ timeout: 0 })
  }
}

function pidOf(server: EmbeddedPostgres): number {
  return Number.parseInt(readFileSync(join(server.dataDir, 'postmaster.pid'), 'utf8'), 10)
}

/** Another process that starts the server, as `npm start` in another terminal would. */
async function owner(): Promise<{ url: string; kill(): Promise<void> }> {
  const child = launchOwner()
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk) => resolve(String(chunk).trim()))
    child.once('exit', (code) => reject(new Error(`the owner ended with ${code}`)))
  })
  return { url, kill: () => kill(child, 0) }
}

function launchOwner() {
  return spawn(process.execPath, [join(import.meta.dirname, 'owner.ts'), checkout, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function kill(child: ReturnType<typeof launchOwner>, afterMs: number): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    setTimeout(() => child.kill('SIGKILL'), afterMs)
  })
}
