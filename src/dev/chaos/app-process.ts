import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { root } from '../../platform/environment.ts'
import { freePort } from '../free-port.ts'

const readyLimitMs = 60_000

/** One process of the product under a supervisor that starts it again and counts why. */
export type AppProcess = {
  url: string
  port: number
  starts: number
  /** Starts that ended at once because the database was unavailable. */
  refusedStarts: number
  /** Ends that the harness did not cause, with the last lines the process printed. */
  unexpected: string[]
  kill(): void
  /** Asks it to end (SIGTERM), and starts it again, from another checkout or with other settings; resolves when it is ready. */
  restart(next?: Launch): Promise<void>
  freeze(ms: number): Promise<void>
  isReady(): Promise<boolean>
  untilReady(): Promise<void>
  /** Ends it for good and waits for its end. */
  stop(): Promise<void>
}

/** A release and its settings. */
export type Launch = { checkout: string; env: Record<string, string> }

/**
 * Starts `node src/main.ts` with these settings on a free port, and again whenever it ends, until it is stopped. What it prints
 * is appended to `logFile`.
 */
export async function superviseApp(
  env: Record<string, string>,
  { checkout = root, logFile }: { checkout?: string; logFile?: string } = {},
): Promise<AppProcess> {
  const port = await freePort()
  let launch: Launch = { checkout, env }
  const log = logFile ? createWriteStream(logFile, { flags: 'a' }) : null
  const url = `http://localhost:${port}`
  const { PATH = '', HOME = '', TMPDIR } = process.env
  let child: ChildProcess
  let killed = false
  let stopped = false
  let wasReady = false
  let lines: string[] = []
  let lastEnd = 'it has not ended'

  function start() {
    killed = false
    wasReady = false
    lines = []
    app.starts++
    child = spawn(process.execPath, [join(launch.checkout, 'src', 'main.ts')], {
      env: { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), BASE_URL: url, ...launch.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        lines = [...lines, ...String(chunk).split('\n')].slice(-15)
        log?.write(chunk)
      })
    // Not at 'exit': what it printed last may come after that.
    child.once('close', (code, signal) => {
      lastEnd = `ended with ${code ?? signal}: ${lines.join('\n')}`
      // While the database is unavailable a start ends at once; the supervisor then tries again.
      const refused = !wasReady && lines.some((line) => line.startsWith('Could not start'))
      if (refused) app.refusedStarts++
      else if (!killed && !stopped) app.unexpected.push(lastEnd)
      if (!stopped) setTimeout(start, 300)
    })
  }

  const app: AppProcess = {
    url,
    port,
    starts: 0,
    refusedStarts: 0,
    unexpected: [],
    kill() {
      killed = true
      child.kill('SIGKILL')
    },
    async restart(next) {
      if (next) launch = next
      killed = true
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const [code] = await ended
      if (code !== 0) app.unexpected.push(`ended with ${code} when asked to: ${lines.join('\n')}`)
      while (killed) await pause(20)
      await app.untilReady()
    },
    async freeze(ms) {
      child.kill('SIGSTOP')
      await pause(ms)
      child.kill('SIGCONT')
    },
    async isReady() {
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => null)
      wasReady ||= answer?.status === 200
      return answer?.status === 200
    },
    async untilReady() {
      for (const end = Date.now() + readyLimitMs; !(await app.isReady()); await pause(50))
        if (Date.now() > end)
          throw new Error(
            `the product did not get ready; started ${app.starts} times, now it says: ${lines.join('\n')}\nthe last time: ${lastEnd}`,
          )
    },
    async stop() {
      stopped = true
      clearInterval(watching)
      child.kill('SIGKILL')
      for (let i = 0; i < 100 && child.exitCode === null && child.signalCode === null; i++) await pause(20)
      log?.end()
    },
  }
  start()
  const watching = setInterval(() => wasReady || app.isReady(), 500)
  return app
}
