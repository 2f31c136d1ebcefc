import { join } from 'node:path'
import { type Binaries, findBinaries } from './binaries.ts'
import { ensureCluster, readPassword } from './cluster.ts'
import { ensureDatabase, identify } from './connection.ts'
import { hold } from './holders.ts'
import { withLock } from './lock.ts'
import { type Place, settle, whereFor } from './place.ts'
import { findServer, forgetServer, launchServer, stopServer } from './server.ts'

export interface EmbeddedPostgresOptions {
  /** Absolute path of the checkout whose database this is. */
  checkout: string
  /** EMBEDDED_DATA_DIR: overrides where the data lives. */
  dataDir: string | null
  /** 0 or absent: any free port. Ignored when a running server is adopted. */
  port?: number
  log?: (line: string) => void
  platform?: string
  arch?: string
}

export interface EmbeddedPostgres {
  url: string
  port: number
  dataDir: string
  /** True when the server was already running. */
  adopted: boolean
  /** Lets go of the server; the last one to let go stops it. */
  stop(): Promise<void>
}

// A healthy server answers in milliseconds. One that stays silent this long is frozen, and is replaced.
const PATIENCE_MS = 5_000

/** Starts this checkout's PostgreSQL, or adopts the one that already runs; ready for connections when it resolves. */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {})
  const place = settle(whereFor(options))
  const lock = join(place.home, 'lock')
  return withLock(lock, async () => {
    let stopping = false
    const ended = (file: string) => stopping || log(`PostgreSQL stopped by itself; its log is ${file}`)
    const binaries = await findBinaries({
      platform: options.platform ?? process.platform,
      arch: options.arch ?? process.arch,
      place,
      log,
    })
    const running =
      (await adopt(place, { binaries, log })) ?? (await start(place, { binaries, port: options.port ?? 0, ended, log }))
    const ours = await hold(place.home)
    return {
      ...running,
      dataDir: place.cluster,
      stop: async () => {
        if (stopping) return
        stopping = true
        await withLock(lock, async () => {
          if (await ours.release()) await stopServer(place.cluster, { binaries })
        })
      },
    }
  })
}

/** The address of this checkout's PostgreSQL if one runs and answers; starts and holds nothing. */
export async function findRunningPostgres(options: EmbeddedPostgresOptions): Promise<string | null> {
  const place = whereFor(options)
  const server = await findServer(place.cluster)
  const password = await readPassword(place.home)
  if (!server?.port || !password) return null
  const url = addressOf(server.port, password)
  return (await identify(url, { cluster: place.cluster, patienceMs: PATIENCE_MS })) ? url : null
}

interface Running {
  url: string
  port: number
  adopted: boolean
}

interface Means {
  binaries: Binaries
  log: (line: string) => void
}

async function adopt(place: Place, { binaries, log }: Means): Promise<Running | null> {
  const server = await findServer(place.cluster)
  if (server) {
    const password = await readPassword(place.home)
    const url = server.port && password ? addressOf(server.port, password) : null
    if (server.port && url && (await identify(url, { cluster: place.cluster, patienceMs: PATIENCE_MS }))) {
      await ensureDatabase(url)
      log(`PostgreSQL was already running on port ${server.port}; using it`)
      return { url, port: server.port, adopted: true }
    }
    log('a PostgreSQL of this checkout runs but does not answer; replacing it')
    await stopServer(place.cluster, { binaries, politeMs: 0 })
  }
  await forgetServer(place.cluster)
  return null
}

async function start(
  place: Place,
  { binaries, port, ended, log }: Means & { port: number; ended: (file: string) => void },
): Promise<Running> {
  const password = await ensureCluster(place, binaries, log)
  const server = await launchServer({ place, binaries, port, ended })
  const url = addressOf(server.port, password)
  await ensureDatabase(url)
  return { url, port: server.port, adopted: false }
}

function addressOf(port: number, password: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/etf`
}
