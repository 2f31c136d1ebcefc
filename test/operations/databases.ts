import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { freePort } from '../../src/dev/free-port.ts'
import { makeBackup } from '../../src/operations/backup/backup.ts'
import type { TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'

/** A folder for one test file. */
export function folder(): string {
  return mkdtempSync(join(tmpdir(), 'etf-operations-'))
}

/** An empty database on the server of this url, and how to drop it. */
export async function emptyDatabase(url: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `empty_${Math.random().toString(36).slice(2, 10)}`
  await onServer(url, `create database ${name}`)
  return {
    url: Object.assign(new URL(url), { pathname: `/${name}` }).href,
    drop: () => onServer(url, `drop database if exists ${name} with (force)`),
  }
}

/** Empty databases on one server, which are dropped together. */
export function emptyDatabases(serverUrl: () => string) {
  const made: { drop: () => Promise<void> }[] = []
  return {
    /** The address of another one. */
    async make() {
      const database = await emptyDatabase(serverUrl())
      made.push(database)
      return database.url
    },
    async drop() {
      for (const database of made) await database.drop()
    },
  }
}

/** Somebody who registered and paid, as the form and the order say it. */
export async function payer(app: TestApp) {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  return { form, order }
}

/** A backup of this database, by pg_dump where one is named, in a folder of its own unless another is given. */
export async function backUp(
  url: string,
  { pgDump = null, dir = folder(), recordDir = dir, log = () => {} }: Partial<Parameters<typeof makeBackup>[0]> = {},
) {
  return { made: await makeBackup({ url, dir, recordDir, pgDump, log }), dir }
}

/** One statement by the owner of the server. */
export async function onServer(url: string, text: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql.unsafe(text)
  await sql.end()
}

/** The folder of an installed PostgreSQL with server and tools; null when there is none. */
export function installedPostgres(): string | null {
  const base = '/usr/lib/postgresql'
  const versions = existsSync(base) ? readdirSync(base).filter((version) => Number(version) >= 14) : []
  const bins = versions.map((version) => join(base, version, 'bin'))
  return (
    bins.find((bin) => ['initdb', 'postgres', 'pg_dump', 'pg_restore'].every((tool) => existsSync(join(bin, tool)))) ??
    null
  )
}

/** Starts it with an empty database. PostgreSQL refuses to run as root, so then it runs as nobody. */
export async function startInstalledPostgres(
  bin: string,
  { largestFileKb }: { largestFileKb?: number } = {},
): Promise<{ url: string; stop: () => Promise<void> }> {
  const data = folder()
  const root = process.getuid?.() === 0
  const nobody = root ? Number(execFileSync('id', ['-u', 'nobody'])) : undefined
  const as = nobody === undefined ? {} : { uid: nobody, gid: nobody }
  if (nobody !== undefined) chownSync(data, nobody, nobody)
  chmodSync(data, 0o700)
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N', '--wal-segsize=1'],
    {
      ...as,
      stdio: 'ignore',
    },
  )
  const port = await freePort()
  // To the server a full disk is files that stop growing. The shell counts in blocks of 512 bytes.
  const limit = largestFileKb === undefined ? '' : `ulimit -f ${largestFileKb * 2}; `
  const server = spawn(
    '/bin/sh',
    ['-c', `${limit}exec "$0" -D "$1" -p ${port} -h 127.0.0.1 -k '' -F`, join(bin, 'postgres'), data],
    {
      ...as,
      stdio: 'ignore',
    },
  )
  const url = `postgresql://owner:any@127.0.0.1:${port}/postgres`
  for (let tries = 0; ; tries++) {
    try {
      await onServer(url, 'create database etf')
      break
    } catch (error) {
      if (tries > 100) throw error
      await new Promise((next) => setTimeout(next, 100))
    }
  }
  return {
    url: url.replace(/postgres$/, 'etf'),
    stop: async () => {
      const ended = new Promise((done) => server.once('exit', done))
      server.kill('SIGINT')
      await ended
      rmSync(data, { recursive: true, force: true })
    },
  }
}
