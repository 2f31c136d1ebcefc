import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Binaries, findBinaries } from './binaries.ts'
import { ensureCluster, isWhole, readPassword } from './cluster.ts'
import { ensureDatabase, identify } from './connection.ts'
import { hold } from './holders.ts'
import { withLock } from './lock.ts'
import { type Place, settle, whereFor } from './place.ts'
import { findServer, forgetServer, launchServer, stopServer } from './server.ts'
import { CannotRelaunch, supervise } from './supervisor.ts'

export interface EmbeddedPostgresOptions {
  /** Absolute path of the checkout whose database this is. */
  checkout: string
  /** EMBEDDED_DATA_DIR: overrides where the data lives. */
  dataDir: string | null
  /** 0 or absent: any free port. Ignored when a running server is adopted. */
  port?: number
  log?: (line: string) => void
  /** Settings of the server besides ours: what a throwaway database can do without, say. */
  settings?: Record<string, string>
  /** False: a server that is gone stays gone; for who takes it down on purpose. */
  relaunch?: boolean
  /** Told that the server is gone, and that it is back. */
  warn?: (line: string) => void
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

/**
 * Starts this checkout's PostgreSQL, or adopts the one that already runs; ready for connections when it resolves. Until
 * `stop`, a server that is gone is started again at the same address, so that the pools find it.
 */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {})
  const place = settle(whereFor(options))
  const lock = join(place.home, 'lock')
  return withLock(lock, async () => {
    const binaries = await findBinaries({
      platform: options.platform ?? process.platform,
      arch: options.arch ?? process.arch,
      place,
      log,
    })
    const { port = 0, settings = {} } = options
    const { pid, ...running } =
      (await adopt(place, { binaries, log })) ?? (await start(place, { binaries, port, settings, log }))
    const ours = await hold(place.home)
    const relaunch = (stopping: AbortSignal) => relaunchOn(running.port, { lock, place, binaries, settings, stopping })
    const supervisor = options.relaunch === false ? null : supervise({ pid, relaunch, warn: options.warn ?? log })
    let stopped = false
    return {
      ...running,
      dataDir: place.cluster,
      stop: async () => {
        if (stopped) return
        stopped = true
        await supervisor?.stop()
        // Where the folder was removed under us, there is nothing to let go of.
        if (!existsSync(place.home)) return stopServer(place.cluster, { binaries })
        await withLock(lock, async () => {
          if (await ours.release()) await stopServer(place.cluster, { binaries })
        })
      },
    }
  })
}

/** The server of the same data at the same port again, by us or by another process that was quicker. */
async function relaunchOn(
  port: number,
  { lock, place, ...means }: { lock: string; place: Place; stopping: AbortSignal } & Omit<Launch, 'port' | 'log'>,
): Promise<number> {
  // Never an empty database in place of one that was removed: that is for a person to decide.
  const lost = `its data in ${place.cluster} is gone or incomplete. Put it back, or start again to begin with an empty database`
  if (!isWhole(place.cluster)) throw new CannotRelaunch(lost)
  return withLock(lock, async () => {
    const quiet = { ...means, log: () => {} }
    const running = (await adopt(place, quiet)) ?? (await start(place, { ...quiet, port }))
    if (running.port === port) return running.pid
    throw new CannotRelaunch(`another process started it on port ${running.port} meanwhile. Start this one again, too`)
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
  pid: number
  url: string
  port: number
  adopted: boolean
}

interface Means {
  binaries: Binaries
  log: (line: string) => void
}

interface Launch extends Means {
  port: number
  settings: Record<string, string>
  stopping?: AbortSignal
}

async function adopt(place: Place, { binaries, log }: Means): Promise<Running | null> {
  const server = await findServer(place.cluster)
  if (server) {
    const password = await readPassword(place.home)
    const url = server.port && password ? addressOf(server.port, password) : null
    if (server.port && url && (await identify(url, { cluster: place.cluster, patienceMs: PATIENCE_MS }))) {
      await ensureDatabase(url)
      log(`PostgreSQL was already running on port ${server.port}; using it`)
      return { pid: server.pid, url, port: server.port, adopted: true }
    }
    log('a PostgreSQL of this checkout runs but does not answer; replacing it')
    await stopServer(place.cluster, { binaries, politeMs: 0 })
  }
  await forgetServer(place.cluster)
  return null
}

async function start(place: Place, { log, ...launch }: Launch): Promise<Running> {
  const password = await ensureCluster(place, launch.binaries, log)
  const server = await launchServer({ place, usualPort: await usualPort(place.home), ...launch })
  const url = addressOf(server.port, password)
  await ensureDatabase(url)
  await writeFile(join(place.home, 'port'), String(server.port))
  return { pid: server.pid, url, port: server.port, adopted: false }
}

/** The port of last time: processes may still look for a server there that was killed. */
async function usualPort(home: string): Promise<number> {
  return Number(await readFile(join(home, 'port'), 'utf8').catch(() => '0')) || 0
}

function addressOf(port: number, password: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/etf`
}
