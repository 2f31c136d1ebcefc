import { spawn, spawnSync } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import { inPostgresWords, type Place } from './place.ts'
import { childrenOf, commandOf, isAlive, processesRunning, signalProcess } from './processes.ts'
import { as, cannotRun } from './run.ts'
import { openLog } from './serverlog.ts'

export interface Server {
  pid: number
  /** Null when PostgreSQL's own note about it cannot be read. */
  port: number | null
}

/** The living server of this cluster, whoever started it. */
export async function findServer(cluster: string): Promise<Server | null> {
  const note = await readNote(cluster)
  if (note && isAlive(note.pid) && serves(note.pid, cluster)) return { pid: note.pid, port: note.port }
  const [pid] = processesRunning(dataDirectoryWords(cluster)).filter(isAlive)
  return pid ? { pid, port: null } : null
}

/** Removes what a server that is gone left behind; PostgreSQL would take a reused process id for a rival. */
export async function forgetServer(cluster: string): Promise<void> {
  await rm(noteFile(cluster), { force: true })
}

/** Starts the server and waits until it takes connections, or until `stopping`. Port 0: the usual one, or any free one. */
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
    // The last processes of a server that was killed take a moment to notice.
    const notYetGone = /shared memory block|lock file/.test(reason)
    if (portTaken && options.port) {
      throw new Error(`Port ${port}, asked for the embedded database, is taken by another program.`)
    }
    if (!portTaken && !notYetGone) break
    if (notYetGone) await sleep(500)
  }
  throw cannotRun(binaries.postgres, reason)
}

/** Stops the server of this cluster: politely for ten seconds (none for a frozen one), then with all means. */
export async function stopServer(
  cluster: string,
  { binaries, politeMs = 10_000 }: { binaries: Binaries; politeMs?: number },
): Promise<void> {
  const server = await findServer(cluster)
  if (!server) return
  const children = childrenOf(server.pid)
  signal(server.pid, 'INT', binaries) // "fast": running transactions are rolled back, everything is written down
  if (!(await isGone([server.pid], politeMs))) {
    signal(server.pid, 'QUIT', binaries) // "immediate": the next start recovers from the log
    await isGone([server.pid], 2_000)
  }
  // A frozen server's processes do not notice that it is gone, and hold on to its memory.
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
  // Output goes to a file and the server into a group of its own: neither Ctrl-C in the terminal nor our death may
  // take the database down before its time.
  const child = spawn(binaries.postgres, argumentsFor(place.cluster, port, settings), {
    ...as(place),
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
    const note = await readNote(place.cluster)
    if (note?.pid === child.pid && note?.ready) return { pid: note!.pid, reason: '' }
    await sleep(15)
  }
  child.kill('SIGKILL')
  return { pid: null, reason: (await serverLog.said()) || cause || 'it did not get ready in 90 seconds' }
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
async function readNote(cluster: string): Promise<{ pid: number; port: number | null; ready: boolean } | null> {
  const text = await readFile(noteFile(cluster), 'utf8').catch(() => '')
  const lines = text.split('\n').map((line) => line.trim())
  const pid = Number(lines[0])
  // A checkout that was copied while its server ran carries a note about the original's server.
  if (!(pid > 0) || lines[1] !== inPostgresWords(cluster)) return null
  return { pid, port: Number(lines[3]) || null, ready: lines[7] === 'ready' }
}

function serves(pid: number, cluster: string): boolean {
  const command = commandOf(pid)
  return command === null || command.includes(dataDirectoryWords(cluster))
}

function dataDirectoryWords(cluster: string): string {
  return `postgres -D ${cluster} -c listen_addresses=`
}

function noteFile(cluster: string): string {
  return join(cluster, 'postmaster.pid')
}

function signal(pid: number, name: 'INT' | 'QUIT' | 'KILL', binaries: Binaries): void {
  if (process.platform === 'win32') {
    // Windows has no signals; pg_ctl knows how PostgreSQL passes them there.
    spawnSync(binaries.pgCtl, ['kill', name, String(pid)], { stdio: 'ignore', windowsHide: true })
    return
  }
  signalProcess(pid, `SIG${name}`)
}

async function isGone(pids: number[], patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs
  while (pids.some(isAlive)) {
    if (Date.now() > deadline) return false
    await sleep(20)
  }
  return true
}

/** A port nobody listens on: the preferred one, if it is free. */
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
