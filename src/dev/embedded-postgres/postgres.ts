import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Binaries, findBinaries } from './binaries.ts'
import { ensureCluster, isWhole, readPassword } from './cluster.ts'
import { ensureDatabase, identify } from './connection.ts'
import { hold } from './holders.ts'
import { withLock } from './lock.ts'
import { locate, type Place, prepare } from './place.ts'
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
  /** False: a server that ended is not started again; for callers that end it on purpose. */
  relaunch?: boolean
  /** Receives a line when the server is gone, and when it is back. */
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
  /** Releases the server; the last process to release it stops it. */
  stop(): Promise<void>
}

// A healthy server answers in milliseconds; one that does not answer for this long is frozen, and is replaced.
const TIMEOUT_MS = 5_000

/**
 * Starts this checkout's PostgreSQL, or adopts the one that already runs. It accepts connections when this resolves. Until
 * `stop`, a server that ended is started again at the same address, where connection pools find it.
 */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {})
  const place = prepare(locate(options))
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
    const holder = await hold(place.home)
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
        // When the folder was removed, there is no holder to release.
        if (!existsSync(place.home)) return stopServer(place.cluster, { binaries })
        await withLock(lock, async () => {
          if (await holder.release()) await stopServer(place.cluster, { binaries })
        })
      },
    }
  })
}

/** Starts the server again on the same port, or adopts it when another process was quicker. Returns its process id. */
async function relaunchOn(
  port: number,
  { lock, place, ...options }: { lock: string; place: Place; stopping: AbortSignal } & Omit<Launch, 'port' | 'log'>,
): Promise<number> {
  // A removed database is never replaced by an empty one: a person has to decide that.
  const lost = `its data in ${place.cluster} is gone or incomplete. Put it back, or start again to begin with an empty database`
  if (!isWhole(place.cluster)) throw new CannotRelaunch(lost)
  return withLock(lock, async () => {
    const quiet = { ...options, log: () => {} }
    const running = (await adopt(place, quiet)) ?? (await start(place, { ...quiet, port }))
    if (running.port === port) return running.pid
    throw new CannotRelaunch(`another process started it on port ${running.port} meanwhile. Start this one again, too`)
  })
}

/** The address of this checkout's PostgreSQL if one runs and answers; starts and holds nothing. */
export async function findRunningPostgres(options: EmbeddedPostgresOptions): Promise<string | null> {
  const place = locate(options)
  const server = await findServer(place.cluster)
  const password = await readPassword(place.home)
  if (!server?.port || !password) return null
  const url = addressOf(server.port, password)
  return (await identify(url, { cluster: place.cluster, timeoutMs: TIMEOUT_MS })) ? url : null
}

interface Running {
  pid: number
  url: string
  port: number
  adopted: boolean
}

interface StartOptions {
  binaries: Binaries
  log: (line: string) => void
}

interface Launch extends StartOptions {
  port: number
  settings: Record<string, string>
  stopping?: AbortSignal
}

async function adopt(place: Place, { binaries, log }: StartOptions): Promise<Running | null> {
  const server = await findServer(place.cluster)
  if (server) {
    const password = await readPassword(place.home)
    const url = server.port && password ? addressOf(server.port, password) : null
    if (server.port && url && (await identify(url, { cluster: place.cluster, timeoutMs: TIMEOUT_MS }))) {
      await ensureDatabase(url)
      log(`PostgreSQL was already running on port ${server.port}; using it`)
      return { pid: server.pid, url, port: server.port, adopted: true }
    }
    log('a PostgreSQL of this checkout runs but does not answer; replacing it')
    await stopServer(place.cluster, { binaries, graceMs: 0 })
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

/** The port of the last start, where other processes may still expect a server that was killed. */
async function usualPort(home: string): Promise<number> {
  return Number(await readFile(join(home, 'port'), 'utf8').catch(() => '0')) || 0
}

function addressOf(port: number, password: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/etf`
}
