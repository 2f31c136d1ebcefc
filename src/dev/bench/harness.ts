import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { dayInIndia } from '../../platform/dates.ts'
import { connect, type Sql } from '../../platform/db.ts'
import { root } from '../../platform/environment.ts'
import { seedDemo, seedMarket } from '../demo.ts'
import { freePort } from '../free-port.ts'
import { end, start } from './child.ts'
import { type Loader, startLoader } from './loader.ts'
import { type MemoryLimit, memoryLimit } from './memory-limit.ts'
import { openPayableOrders } from './settlement-queries.ts'
import { setKnownPasswords } from './signing-in.ts'

/** Everything a measurement may use: the app as it is run, two clients, and the database. */
export type BenchHarness = {
  quick: boolean
  /** The measure of a whole market is taken with three thousand instruments, which takes minutes. */
  whole: boolean
  /** The memory that the app may take, in MB, and for how long the mixed load lasts; null: as usual. */
  limit: { mb: number; minutes: number } | null
  databaseUrl: string
  sql: Sql
  app: { url: string; pid: number }
  memory: MemoryLimit | null
  /** Two processes that make requests. */
  reader: Loader
  crowd: Loader
  /** Makes payable orders of distinct subscribers and returns their ids. */
  orders(count: number): Promise<string[]>
  log(line: string): void
  /** Called at the end, the last registered first. */
  onClose(close: () => Promise<unknown>): void
}

export const secret = 'cfsk_ma_test_bench'
/** DB_POOL_MAX of the app, and the connections of every bare counterpart. */
export const pool = 10

/** Number of subscribers whose orders are settled: few enough to be made in a second or two. */
export const subscribers = 10_000

/** Starts all of it on loopback; each part is registered with `onClose` as soon as it runs. */
export async function buildHarness(
  given: Pick<BenchHarness, 'quick' | 'whole' | 'limit' | 'databaseUrl' | 'log' | 'onClose'>,
) {
  const { databaseUrl, onClose } = given
  const fixture = await start<{ gateway: number; smtp: number }>('fixture.ts')
  onClose(() => end(fixture.child))
  await seed(databaseUrl)
  const memory = given.limit && memoryLimit(given.limit.mb)
  if (memory) onClose(async () => memory.close())
  const app = await startApp(databaseUrl, fixture.message, memory, onClose)
  const [reader, crowd] = await Promise.all([startLoader(), startLoader()])
  onClose(() => Promise.all([reader.close(), crowd.close()]))
  const sql = connect(databaseUrl, { max: 2, name: 'etf-bench' })
  onClose(() => sql.end({ timeout: 5 }))
  await setKnownPasswords(sql)
  let opened = 0
  return {
    ...given,
    sql,
    app,
    memory,
    reader,
    crowd,
    orders(count: number) {
      const from = opened
      opened += count
      return openPayableOrders(sql, { prefix: `run${from}`, count, from, of: subscribers })
    },
  } satisfies BenchHarness
}

/** An administrator and invented prices, before the app starts: in production it makes none. */
async function seed(databaseUrl: string): Promise<void> {
  const sql = connect(databaseUrl, { max: 1, name: 'etf-bench' })
  await seedDemo(sql)
  await seedMarket(sql, dayInIndia(new Date()))
  await sql.end({ timeout: 5 })
}

async function startApp(
  databaseUrl: string,
  fixture: { gateway: number; smtp: number },
  memory: MemoryLimit | null,
  onClose: BenchHarness['onClose'],
) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { PATH = '', HOME = '', TMPDIR } = process.env
  const program = [process.execPath, join(root, 'src', 'main.ts')]
  // It joins the group before it begins, so that all it takes is counted.
  const [file, ...words] = memory ? ['/bin/sh', '-c', 'echo $$ > "$0" && exec "$@"', memory.procs, ...program] : program
  const child = spawn(file!, words, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH,
      HOME,
      ...(TMPDIR ? { TMPDIR } : {}),
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      BASE_URL: url.replace('http:', 'https:'),
      TRUST_PROXY: 'loopback',
      DATABASE_URL: databaseUrl,
      DB_POOL_MAX: String(pool),
      CASHFREE_CLIENT_ID: 'TEST_bench',
      CASHFREE_CLIENT_SECRET: secret,
      API_BASE: `http://127.0.0.1:${fixture.gateway}/pg`,
      CASHFREE_JS_URL: `http://127.0.0.1:${fixture.gateway}/cashfree.js`,
      SMTP_SERVER: '127.0.0.1',
      SMTP_PORT: String(fixture.smtp),
      SENDER_EMAIL: 'receipts@example.in',
      SESSION_KEY: 'ab'.repeat(32),
      LOG_LEVEL: 'warn',
    },
  })
  onClose(() => end(child))
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('the app ended instead of starting')))
  gone.catch(() => {})
  const isReady = async () => {
    while (
      !(await fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ))
    )
      await pause(50)
  }
  await Promise.race([isReady(), gone])
  return { url, pid: child.pid! }
}
