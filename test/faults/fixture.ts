import type { AddressInfo } from 'node:net'
import { buildApp } from '../../src/app.ts'
import { cashfree } from '../../src/billing/payments/cashfree.ts'
import type { BillingServices } from '../../src/billing/payments/gateway.ts'
import { type Sandbox, startSandbox } from '../../src/dev/cashfree-sandbox/sandbox.ts'
import { type Config, readConfig } from '../../src/platform/config.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { createLog } from '../../src/platform/log.ts'
import { keys } from '../support/app.ts'

/** The product in this process on a database that a test reaches in its own way, to break what lies between. */
export type FaultFixture = {
  url: string
  sql: Sql
  config: Config
  sandbox: Sandbox
  /** Every line it logged. */
  lines: string[]
  close: () => Promise<void>
}

export async function startFixture(
  databaseUrl: string,
  options: { poolMax?: number; env?: Record<string, string> } = {},
): Promise<FaultFixture> {
  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    ...keys,
    webhookUrl: null,
    stateFile: null,
    settings: { webhookDelayMs: 0 },
  })
  const lines: string[] = []
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    CASHFREE_CLIENT_ID: keys.clientId,
    CASHFREE_CLIENT_SECRET: keys.clientSecret,
    API_BASE: `http://127.0.0.1:${sandbox.port}/pg`,
    CASHFREE_JS_URL: `http://127.0.0.1:${sandbox.port}/js/v3/cashfree.js`,
    SMTP_SERVER: '127.0.0.1',
    SENDER_EMAIL: 'receipts@example.in',
    RATE_LIMIT_SCALE: '1000',
    LOG_LEVEL: 'debug',
    ...options.env,
  })
  const sql = connect(databaseUrl, { max: options.poolMax ?? 5 })
  const log = createLog(config.logLevel, { write: (line) => lines.push(line) })
  const gateway = cashfree({ ...config.cashfree, ...config.cashfree.credentials! })
  const deps: BillingServices = { config, sql, gateway, log, wake: () => {} }
  const app = await buildApp({ deps, sessionKeys: [Buffer.alloc(32, 7)] })
  await app.listen({ port: 0, host: 'localhost' })
  return {
    url: `http://localhost:${(app.server.address() as AddressInfo).port}`,
    sql,
    config,
    sandbox,
    lines,
    close: async () => {
      await app.close()
      await sandbox.close()
      await sql.end({ timeout: 2 })
    },
  }
}

/** What came of many calls at once: how often each status was answered, and the slowest in milliseconds. */
export async function crowd(size: number, call: (i: number) => Promise<{ status: number }>) {
  const began = performance.now()
  const statuses: Record<string, number> = {}
  let slowestMs = 0
  const one = async (i: number) => {
    const status = await call(i).then(
      (answer) => String(answer.status),
      (error: Error) => error.name,
    )
    statuses[status] = (statuses[status] ?? 0) + 1
    slowestMs = Math.max(slowestMs, performance.now() - began)
  }
  await Promise.all(Array.from({ length: size }, (_, i) => one(i)))
  return { statuses, slowestMs }
}
