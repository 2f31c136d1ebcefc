import { chmodSync, chownSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { type EmbeddedPostgres, startPostgres } from '../../src/dev/embedded-postgres/postgres.ts'
import { findServer } from '../../src/dev/embedded-postgres/server.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { until } from './until.ts'

/** A server that keeps its port and its folder whatever it is. */
export type Member = { folder: string; server: EmbeddedPostgres; url: string }

/** A migrated primary and its asynchronous streaming replica: real servers. */
export type Pair = {
  first: Member
  second: Member
  /** Both in one address, the second first. */
  url: string
}

const settings = { fsync: 'off', max_connections: '60', wal_keep_size: '64MB' }

/** Starts two servers, of which the second is a replica. */
export async function startPair(): Promise<Pair> {
  const [first, second] = ['first', 'second'].map((name) => ({
    folder: mkdtempSync(join(tmpdir(), `etf-${name}-`)),
  })) as [Member, Member]
  await start(first)
  await migrate(first.url)
  await makeReplica(second, first)
  const [one, other] = [first, second].map(({ url }) => new URL(url).host)
  return { first, second, url: second.url.replace(other!, `${other},${one}`) }
}

export async function endPair({ first, second }: Pair): Promise<void> {
  for (const { folder, server } of [second, first]) {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Starts the server at its port, as a replica of `source` where one is given. */
export async function start(member: Member, source?: Member): Promise<void> {
  const signal = join(clusterOf(member), 'standby.signal')
  rmSync(signal, { force: true })
  if (source) {
    const { uid, gid } = statSync(clusterOf(member))
    writeFileSync(signal, '')
    chownSync(signal, uid, gid)
  }
  member.server = await startPostgres({
    checkout: member.folder,
    dataDir: member.folder,
    port: member.server?.port ?? 0,
    relaunch: false,
    settings: { ...settings, ...(source ? { primary_conninfo: conninfoOf(source) } : {}) },
  })
  member.url = member.server.url
}

/** Ends a server as a power cut does. */
export async function kill({ server }: Member): Promise<void> {
  process.kill((await findServer(server.dataDir))!.pid, 'SIGKILL')
  await server.stop()
}

export async function promote({ url }: Member): Promise<void> {
  await ask(url, (sql) => sql`select pg_promote()`)
}

/** Makes a server that does not run a replica of `source`, which is away for a moment: the binaries bring no pg_basebackup. */
export async function makeReplica(member: Member, source: Member): Promise<void> {
  await source.server.stop()
  rmSync(join(member.folder, 'postgres'), { recursive: true, force: true })
  cpSync(join(source.folder, 'postgres'), join(member.folder, 'postgres'), { recursive: true })
  const { uid, gid, mode } = statSync(clusterOf(source))
  chmodSync(clusterOf(member), mode)
  // Copies that root makes belong to root.
  if (process.getuid?.() === 0)
    for (const name of ['', ...readdirSync(clusterOf(member), { recursive: true, encoding: 'utf8' })])
      chownSync(join(clusterOf(member), name), uid, gid)
  await start(source)
  await start(member, source)
  await until(async () => {
    const [row] = await ask(source.url, (sql) => sql`select count(*)::int as n from pg_stat_replication`)
    return row!.n === 1
  }, 20_000)
}

async function ask<T>(url: string, question: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  return question(sql).finally(() => sql.end({ timeout: 1 }))
}

function clusterOf({ folder }: Member): string {
  return join(folder, 'postgres', 'cluster')
}

function conninfoOf({ url }: Member): string {
  const { hostname, port, username, password } = new URL(url)
  return `host=${hostname} port=${port} user=${username} password=${password} application_name=etf_replica`
}
