import { spawn, spawnSync } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import { asPostgresPath, type Place } from './place.ts'
import { childrenOf, commandOf, isAlive, processesRunning, signalProcess } from './processes.ts'
import { cannotRun, spawnOptions } from './run.ts'
import { openLog } from './server-log.ts'

export interface Server {
  pid: number
  /** Null when postmaster.pid cannot be read. */
  port: number | null
}

/** The running server of this cluster, whoever started it. */
export async function findServer(cluster: string): Promise<Server | null> {
  const file = await readPidFile(cluster)
  if (file && isAlive(file.pid) && serves(file.pid, cluster)) return { pid: file.pid, port: file.port }
  const [pid] = processesRunning(dataDirectoryArguments(cluster)).filter(isAlive)
  return pid ? { pid, port: null } : null
}

/** Removes the postmaster.pid of a server that ended: PostgreSQL would mistake a reused process id for a running server. */
export async function forgetServer(cluster: string): Promise<void> {
  await rm(pidFile(cluster), { force: true })
}

/** Starts the server and waits until it accepts connections, or until `stopping`. Port 0: the usual one, or any free one. */
export async function launchServer(options: {
  place: Place
  binaries: Binaries
  port: number
  usualPort: number
  settings: Record<string, string>
  stopping?: AbortSignal
}): Promise<{ pid: number; port: number }> {
  const { place, binaries, settings, stopping } = options
  let reason = ''
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    const port = options.port || (await freePort(attempt === 1 ? options.usualPort : 0))
    const outcome = await launchOn(port, { place, binaries, settings, stopping })
    if (outcome.pid) return { pid: outcome.pid, port }
    reason = outcome.reason
    const portTaken = /could not bind|could not create any TCP/.test(reason)
    // The last processes of a killed server take a moment to end.
    const isEnding = /shared memory block|lock file/.test(reason)
    if (portTaken && options.port) {
      throw new Error(`Port ${port}, asked for the embedded database, is taken by another program.`)
    }
    if (!portTaken && !isEnding) break
    if (isEnding) await sleep(500)
  }
  throw cannotRun(binaries.postgres, reason)
}

/** Stops the server of this cluster: a fast shutdown for `graceMs`, then an immediate one, then SIGKILL. */
export async function stopServer(
  cluster: string,
  { binaries, graceMs = 10_000 }: { binaries: Binaries; graceMs?: number },
): Promise<void> {
  const server = await findServer(cluster)
  if (!server) return
  const children = childrenOf(server.pid)
  signal(server.pid, 'INT', binaries) // "fast": running transactions are rolled back, everything is written to the disk
  if (!(await isGone([server.pid], graceMs))) {
    signal(server.pid, 'QUIT', binaries) // "immediate": the next start recovers from the log
    await isGone([server.pid], 2_000)
  }
  // The children of a frozen server do not notice its end, and hold its shared memory.
  for (const pid of [server.pid, ...children].filter(isAlive)) signal(pid, 'KILL', binaries)
  await isGone([server.pid, ...children], 5_000)
}

async function launchOn(
  port: number,
  {
    place,
    binaries,
    settings,
    stopping,
  }: { place: Place; binaries: Binaries; settings: Record<string, string>; stopping: AbortSignal | undefined },
): Promise<{ pid: number; reason: '' } | { pid: null; reason: string }> {
  const serverLog = await openLog(place.home)
  // Output goes to a file and the server into a process group of its own, so that neither Ctrl-C in the terminal nor the
  // end of this process ends the database.
  const child = spawn(binaries.postgres, argumentsFor(place.cluster, port, settings), {
    ...spawnOptions(place),
    detached: true,
    stdio: ['ignore', serverLog.fd, serverLog.fd],
  })
  let cause: string | null = null
  child.on('error', (error) => {
    cause = error.message
  })
  child.on('exit', (code, signal) => {
    cause ??= `it ended with ${code ?? signal}`
  })
  child.unref()
  await serverLog.close()

  const deadline = Date.now() + 90_000
  while (cause === null && Date.now() < deadline && !stopping?.aborted) {
    const file = await readPidFile(place.cluster)
    if (file?.pid === child.pid && file?.ready) return { pid: file!.pid, reason: '' }
    await sleep(15)
  }
  child.kill('SIGKILL')
  return { pid: null, reason: (await serverLog.newLines()) || cause || 'it did not get ready in 90 seconds' }
}

function argumentsFor(cluster: string, port: number, more: Record<string, string>): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '', // a socket's path can be longer than the system allows
    max_connections: 100,
    fsync: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    log_checkpoints: 'off',
    // Clusters of an earlier release hold a doubled prefix, with which every parallel query fails.
    default_text_search_config: 'pg_catalog.english',
    ...more,
  }
  return ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

// postmaster.pid: process id, data directory, start, port, socket directory, address, memory key, state.
async function readPidFile(cluster: string): Promise<{ pid: number; port: number | null; ready: boolean } | null> {
  const text = await readFile(pidFile(cluster), 'utf8').catch(() => '')
  const lines = text.split('\n').map((line) => line.trim())
  const pid = Number(lines[0])
  // A checkout that was copied while its server ran has the postmaster.pid of the original's server.
  if (!(pid > 0) || lines[1] !== asPostgresPath(cluster)) return null
  return { pid, port: Number(lines[3]) || null, ready: lines[7] === 'ready' }
}

function serves(pid: number, cluster: string): boolean {
  const command = commandOf(pid)
  return command === null || command.includes(dataDirectoryArguments(cluster))
}

function dataDirectoryArguments(cluster: string): string {
  return `postgres -D ${cluster} -c listen_addresses=`
}

function pidFile(cluster: string): string {
  return join(cluster, 'postmaster.pid')
}

function signal(pid: number, name: 'INT' | 'QUIT' | 'KILL', binaries: Binaries): void {
  if (process.platform === 'win32') {
    // Windows has no signals; pg_ctl sends PostgreSQL's equivalents.
    spawnSync(binaries.pgCtl, ['kill', name, String(pid)], { stdio: 'ignore', windowsHide: true })
    return
  }
  signalProcess(pid, `SIG${name}`)
}

async function isGone(pids: number[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs
  while (pids.some(isAlive)) {
    if (Date.now() > deadline) return false
    await sleep(20)
  }
  return true
}

/** A free port: the preferred one, if it is free. */
function freePort(preferred: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error) => (preferred === 0 ? reject(error) : resolve(freePort(0))))
    probe.listen({ host: '127.0.0.1', port: preferred }, () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
