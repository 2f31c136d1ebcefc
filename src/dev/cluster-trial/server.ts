import { randomBytes } from 'node:crypto'
import { chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { writePrivately } from '../embedded-postgres/account.ts'
import type { Binaries } from '../embedded-postgres/binaries.ts'
import { locate, type Place, prepare } from '../embedded-postgres/place.ts'
import { childrenOf, isAlive, signalProcess } from '../embedded-postgres/processes.ts'
import { run } from '../embedded-postgres/run.ts'
import { findServer, forgetServer, launchServer, stopServer } from '../embedded-postgres/server.ts'
import { freePort } from '../free-port.ts'
import { copyCluster } from './copy-cluster.ts'
import { findPostgres } from './programs.ts'

/** One PostgreSQL that keeps its port whatever it becomes: primary, replica, nothing. */
export type Server = {
  name: string
  port: number
  place: Place
  /** One connection of a superuser, of the driver alone: the product's own would refuse a replica. */
  admin: postgres.Sql
  /** Makes an empty data folder. */
  create(): Promise<void>
  /** Makes the data folder anew from that of a running primary. */
  copyFrom(primary: Server): Promise<void>
  /** As primary, or as a replica of another. */
  start(primary?: Server): Promise<void>
  /** In good order: replicas have received everything when it resolves. */
  stop(): Promise<void>
  /** As a power cut: every process at the same moment. */
  kill(): Promise<void>
  /** Stops it and lets go of it. */
  close(): Promise<void>
}

/** The superuser's password, of this run alone. */
const password = randomBytes(16).toString('base64url')

/** A server in a folder of its own inside `folder`, which others may enter; nothing is started. */
export async function prepareServer(folder: string, name: string): Promise<Server> {
  const home = join(folder, name)
  await mkdir(home, { recursive: true })
  const place = prepare(locate({ checkout: home, dataDir: home }))
  const binaries: Binaries = await findPostgres(place)
  const port = await freePort()
  const admin = postgres(superuserUrl([port], 'postgres'), {
    max: 1,
    backoff: () => 0.1,
    fetch_types: false,
    onnotice: () => {},
  })
  return {
    name,
    port,
    place,
    admin,
    async create() {
      await mkdir(place.cluster, { mode: 0o700 })
      if (place.account) await chown(place.cluster, place.account.uid, place.account.gid)
      const passwordFile = join(place.home, 'superuser')
      await writePrivately(passwordFile, password, place.account)
      const args = [`--pgdata=${place.cluster}`, '--username=postgres', `--pwfile=${passwordFile}`]
      await run(binaries.initdb, { args: [...args, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'], place })
    },
    copyFrom: (primary) =>
      copyCluster({ primary: primary.admin, from: primary.place.cluster, to: place.cluster }, place.account),
    async start(primary) {
      if (primary) await writePrivately(join(place.cluster, 'standby.signal'), '', place.account)
      const follows = primary
        ? `host=127.0.0.1 port=${primary.port} user=postgres password=${password} application_name=${name}`
        : ''
      await forgetServer(place.cluster)
      await launchServer({
        place,
        binaries,
        port,
        usualPort: port,
        settings: {
          primary_conninfo: follows,
          wal_level: 'replica',
          hot_standby: 'on',
          wal_keep_size: '512MB',
          max_connections: '200',
          // How soon a replica looks for a primary that was away.
          wal_retrieve_retry_interval: '500ms',
        },
      })
    },
    stop: () => stopServer(place.cluster, { binaries, graceMs: 30_000 }),
    async kill() {
      const pid = (await findServer(place.cluster))?.pid
      if (!pid) return
      // Suspended first, so that it starts no child meanwhile.
      signalProcess(pid, 'SIGSTOP')
      const all = [pid, ...childrenOf(pid)]
      for (const each of all) signalProcess(each, 'SIGKILL')
      while (all.some(isAlive)) await pause(10)
    },
    async close() {
      await admin.end({ timeout: 1 })
      await stopServer(place.cluster, { binaries, graceMs: 3_000 })
    },
  }
}

/** The address of a database at these ports of this machine, for whichever of them is the primary. */
export function urlOf(user: string, secret: string, ports: readonly number[], name = 'etf'): string {
  return `postgres://${user}:${secret}@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/${name}`
}

/** The address of a database at these ports for a superuser. */
export function superuserUrl(ports: readonly number[], name = 'etf'): string {
  return urlOf('postgres', password, ports, name)
}
