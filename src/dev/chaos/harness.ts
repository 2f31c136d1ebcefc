import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Sql } from '../../platform/db.ts'
import { type Sandbox, startSandbox } from '../cashfree-sandbox/sandbox.ts'
import { receiveMail } from '../mail-catcher/smtp.ts'
import { type AppProcess, superviseApp } from './app-process.ts'
import { type Database, startDatabase } from './database.ts'
import { startProxy } from './proxy.ts'
import type { SocketFault } from './socket-faults.ts'

/** A mail server that can be stopped. */
export type MailServer = {
  /** How often each Message-ID was accepted. */
  accepted: Map<string, number>
  stop(): Promise<void>
  open(): Promise<void>
}

/** Two processes of the product and all they depend on, on loopback. */
export type ChaosHarness = {
  database: Database
  sql: Sql
  sandbox: Sandbox
  /** The look-alike's API and its keys, for what happens in Cashfree's dashboard. */
  gatewayApi: string
  keys: typeof keys
  mails: MailServer
  apps: [AppProcess, AppProcess]
  /** From now on, what both processes connect to, send and look up fails in these ways; none ends it. */
  failSockets(...faults: SocketFault[]): void
  /** The ports that both processes connect to. */
  ports: { database: number; gateway: number; mail: number }
  close(): Promise<void>
}

const keys = { clientId: 'TEST_chaos', clientSecret: 'cfsk_ma_test_chaos' }
/** Cashfree's retries after 2, 10 and 30 minutes, shortened to seconds. */
const retries = [1_500, 4_000, 9_000]

/** Starts it all in a temporary folder; `close` ends every process and removes the folder. */
export async function buildHarness(): Promise<ChaosHarness> {
  const closers: (() => unknown)[] = []
  const close = async () => {
    for (const closer of closers.reverse()) await closer()
  }
  try {
    const folder = mkdtempSync(join(tmpdir(), 'etf-chaos-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const database = await startDatabase(folder)
    closers.push(() => database.stop())
    const sql = connect(database.url, { max: 3, name: 'etf-chaos' })
    closers.push(() => sql.end({ timeout: 2 }))
    const sandbox = await startSandbox({
      host: '127.0.0.1',
      port: 0,
      ...keys,
      webhookUrl: null,
      stateFile: null,
      settings: { webhookDelayMs: 100, refundDelayMs: 200, webhookRetriesMs: retries, webhookTimeoutMs: 4_000 },
    })
    closers.push(() => sandbox.close())
    const proxy = await startProxy({ host: '127.0.0.1', port: sandbox.port })
    closers.push(() => proxy.close())
    const { mails, port: smtpPort } = await startMailServer()
    closers.push(() => mails.stop())

    const faultsFile = join(folder, 'socket-faults.json')
    const failSockets = (...faults: SocketFault[]) => {
      writeFileSync(`${faultsFile}.new`, JSON.stringify(faults))
      renameSync(`${faultsFile}.new`, faultsFile)
    }
    failSockets()
    const env = {
      NODE_OPTIONS: `--import ${join(import.meta.dirname, 'failing-sockets.ts')}`,
      FAILING_SOCKETS: faultsFile,
      HOST: 'localhost',
      DATABASE_URL: database.url,
      DB_POOL_MAX: '6',
      CASHFREE_CLIENT_ID: keys.clientId,
      CASHFREE_CLIENT_SECRET: keys.clientSecret,
      API_BASE: `http://127.0.0.1:${proxy.port}/pg`,
      CASHFREE_TIMEOUT_MS: '1500',
      SMTP_SERVER: '127.0.0.1',
      SMTP_PORT: String(smtpPort),
      SENDER_EMAIL: 'receipts@example.in',
      SESSION_KEY: 'ab'.repeat(32),
      RATE_LIMIT_SCALE: '1000',
      RECONCILE_INTERVAL_MS: '2000',
      RECONCILE_MIN_AGE_MS: '0',
      LOG_LEVEL: 'fatal',
    }
    const apps = [await superviseApp(env), await superviseApp(env)] as [AppProcess, AppProcess]
    closers.push(() => Promise.all(apps.map((app) => app.stop())))
    for (const app of apps) await app.untilReady()
    const gatewayApi = `http://127.0.0.1:${sandbox.port}/pg`
    const ports = { database: Number(new URL(database.url).port), gateway: proxy.port, mail: smtpPort }
    return { database, sql, sandbox, gatewayApi, keys, mails, apps, failSockets, ports, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startMailServer(): Promise<{ mails: MailServer; port: number }> {
  const accepted = new Map<string, number>()
  const store = async (raw: Buffer) => {
    const id = /^message-id: *(\S+)/im.exec(raw.toString('latin1'))?.[1] ?? 'none'
    accepted.set(id, (accepted.get(id) ?? 0) + 1)
  }
  let running: Awaited<ReturnType<typeof receiveMail>> | null = await receiveMail({ host: '127.0.0.1', port: 0, store })
  const { port } = running
  const mails: MailServer = {
    accepted,
    async stop() {
      await running?.close()
      running = null
    },
    async open() {
      running ??= await receiveMail({ host: '127.0.0.1', port, store })
    },
  }
  return { mails, port }
}
