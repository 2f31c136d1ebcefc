import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { root } from '../../platform/environment.ts'

const readyLimitMs = 60_000

/** One process of the product under a supervisor that starts it again and counts why. */
export type AppProcess = {
  url: string
  starts: number
  /** Starts that ended at once because the database was unavailable. */
  refusedStarts: number
  /** Ends that the harness did not cause, with the last lines the process printed. */
  unexpected: string[]
  kill(): void
  freeze(ms: number): Promise<void>
  isReady(): Promise<boolean>
  untilReady(): Promise<void>
  /** Ends it for good and waits for its end. */
  stop(): Promise<void>
}

/** Starts `node src/main.ts` with these settings on a free port, and again whenever it ends, until it is stopped. */
export async function superviseApp(env: Record<string, string>): Promise<AppProcess> {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const { PATH = '', HOME = '', TMPDIR } = process.env
  let child: ChildProcess
  let killed = false
  let stopped = false
  let wasReady = false
  let lines: string[] = []

  function start() {
    killed = false
    wasReady = false
    lines = []
    app.starts++
    child = spawn(process.execPath, [join(root, 'src', 'main.ts')], {
      env: { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), ...env, PORT: String(port), BASE_URL: url },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        lines = [...lines, ...String(chunk).split('\n')].slice(-15)
      })
    child.once('exit', (code, signal) => {
      // While the database is unavailable a start ends at once; the supervisor then tries again.
      const refused = !wasReady && lines.some((line) => line.startsWith('Could not start'))
      if (refused) app.refusedStarts++
      else if (!killed && !stopped) app.unexpected.push(`ended with ${code ?? signal}: ${lines.join('\n')}`)
      if (!stopped) setTimeout(start, 300)
    })
  }

  const app: AppProcess = {
    url,
    starts: 0,
    refusedStarts: 0,
    unexpected: [],
    kill() {
      killed = true
      child.kill('SIGKILL')
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
        if (Date.now() > end) throw new Error(`the product did not get ready: ${lines.join('\n')}`)
    },
    async stop() {
      stopped = true
      clearInterval(watching)
      child.kill('SIGKILL')
      for (let i = 0; i < 100 && child.exitCode === null && child.signalCode === null; i++) await pause(20)
    },
  }
  start()
  const watching = setInterval(() => wasReady || app.isReady(), 500)
  return app
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, 'localhost', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
