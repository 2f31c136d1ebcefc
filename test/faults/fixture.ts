import type { AddressInfo } from 'node:net'
import { buildApp } from '../../src/app.ts'
import type { Sandbox } from '../../src/dev/cashfree-sandbox/sandbox.ts'
import type { Config } from '../../src/platform/config.ts'
import type { Sql } from '../../src/platform/db.ts'
import { environment, servicesWith, startCashfree } from '../support/services.ts'

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
  const sandbox = await startCashfree()
  const lines: string[] = []
  const { config, sql, services, mailer } = servicesWith(
    {
      ...environment({ databaseUrl, apiBase: `http://127.0.0.1:${sandbox.port}/pg` }),
      CASHFREE_JS_URL: `http://127.0.0.1:${sandbox.port}/js/v3/cashfree.js`,
      LOG_LEVEL: 'debug',
      ...options.env,
    },
    { poolMax: options.poolMax, write: (line) => lines.push(line) },
  )
  const app = await buildApp({ services, sessionKeys: config.sessionKeys })
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
      mailer.close()
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
