import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Sandbox } from '../../src/dev/cashfree-sandbox/sandbox.ts'
import { freePort } from '../../src/dev/free-port.ts'
import type { MailCatcher } from '../../src/dev/mail-catcher/mail-catcher.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { type RecordingGateway, startRecordingGateway } from '../billing/payments/recording-gateway.ts'
import { freshDatabase } from './database.ts'
import { environment, startCashfree, startMail } from './services.ts'
import { until } from './until.ts'

const thisCheckout = join(import.meta.dirname, '..', '..')

/** Where processes find our modules compiled, which halves the work of a start. */
const compileCache = join(thisCheckout, 'node_modules', '.cache', 'compiled')

/** One running `node src/main.ts`. */
export type AppProcess = {
  url: string
  child: ChildProcess
  /** All it has printed. */
  output: () => string
  /** Sends the signal and waits for the exit code. */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** What several processes of the product share: a database, the Cashfree look-alike behind a meter, a mailbox. */
export type ProcessHarness = {
  sql: Sql
  databaseUrl: string
  sandbox: Sandbox
  mailbox: MailCatcher
  meter: RecordingGateway
  /** Starts the product, of this checkout or another, on a free port unless one is given, and waits until it is ready. */
  start: (env?: Record<string, string>, checkout?: string) => Promise<AppProcess>
  /** The settings with which it is started, but for its port. */
  settings: Record<string, string>
  close: () => Promise<void>
}

export async function buildHarness(): Promise<ProcessHarness> {
  const database = await freshDatabase()
  const sandbox = await startCashfree()
  const mailbox = await startMail()
  const meter = await startRecordingGateway()
  meter.target = sandbox.publicUrl
  const sql = connect(database.url, { max: 3 })
  const running: AppProcess[] = []
  const settings = {
    ...environment({ databaseUrl: database.url, apiBase: `${meter.url}/pg`, smtpPort: mailbox.smtpPort }),
    SESSION_KEY: 'ab'.repeat(32),
  }
  return {
    settings,
    sql,
    databaseUrl: database.url,
    sandbox,
    mailbox,
    meter,
    async start(env = {}, checkout = thisCheckout) {
      const port = Number(env.PORT ?? (await freePort()))
      const app = run(
        { PORT: String(port), BASE_URL: `http://localhost:${port}`, ...settings, ...env },
        join(checkout, 'src', 'main.ts'),
      )
      const started = { ...app, url: `http://localhost:${port}` }
      running.push(started)
      await until(async () => {
        if (app.child.exitCode !== null) throw new Error(`it ended instead of starting: ${app.output()}`)
        return fetch(`http://localhost:${port}/readyz`).then(
          ({ status }) => status === 200,
          () => false,
        )
      }, 60_000)
      return started
    },
    async close() {
      await Promise.all(running.map((app) => app.stop('SIGKILL')))
      await sandbox.close()
      await mailbox.close()
      await meter.close()
      await sql.end({ timeout: 2 })
      await database.drop()
    },
  }
}

/** Runs main.ts, or another program of ours, with these settings and nothing else of ours. */
export function run(
  env: Record<string, string>,
  program = join(thisCheckout, 'src', 'main.ts'),
  args: string[] = [],
): Omit<AppProcess, 'url'> {
  const { PATH = '', HOME = '', TMPDIR } = process.env
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH, HOME, NODE_COMPILE_CACHE: compileCache, ...(TMPDIR ? { TMPDIR } : {}), ...env },
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      printed += chunk
    })
  const exited = once(child, 'exit')
  return {
    child,
    output: () => printed,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await exited
      return child.exitCode
    },
  }
}

/** Runs a command of ours, say 'admin', to its end. */
export async function runCommand(name: string, words: string[], env: Record<string, string>) {
  const program = join(thisCheckout, 'src', 'commands', `${name}.ts`)
  const { child, output } = run(env, program, words)
  const [code] = await once(child, 'close')
  return { code: code as number | null, output: output() }
}
