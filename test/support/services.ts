import { callPermits } from '../../src/billing/payments/call-permits.ts'
import { cashfree } from '../../src/billing/payments/cashfree.ts'
import type { BillingServices } from '../../src/billing/payments/gateway.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/dev/cashfree-sandbox/sandbox.ts'
import { type MailCatcher, startMailCatcher } from '../../src/dev/mail-catcher/mail-catcher.ts'
import { hasPricesToSell } from '../../src/market/prices/on-sale.ts'
import { jobsOf } from '../../src/operations/jobs/jobs.ts'
import { type Config, readConfig } from '../../src/platform/config.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import type { Job } from '../../src/platform/jobs.ts'
import { createLog } from '../../src/platform/log.ts'
import { type Mailer, mailerOf } from '../../src/platform/mailer.ts'

/** With which the product and the Cashfree look-alike know each other. */
export const keys = { clientId: 'TEST_app', clientSecret: 'cfsk_ma_test_app' }

/** The Cashfree look-alike, which sends its webhooks at once, to nobody yet. */
export function startCashfree(settings: SandboxOptions['settings'] = {}): Promise<Sandbox> {
  return startSandbox({
    host: '127.0.0.1',
    port: 0,
    ...keys,
    webhookUrl: null,
    stateFile: null,
    settings: { webhookDelayMs: 0, ...settings },
  })
}

/** The mail catcher. */
export function startMail(): Promise<MailCatcher> {
  return startMailCatcher({ host: '127.0.0.1', smtpPort: 0, webPort: 0, dir: null })
}

/** What the product is told in the environment, so that it finds its database, Cashfree and the mail server. */
export function environment(given: {
  databaseUrl: string
  apiBase: string
  smtpPort?: number
}): Record<string, string> {
  return {
    DATABASE_URL: given.databaseUrl,
    CASHFREE_CLIENT_ID: keys.clientId,
    CASHFREE_CLIENT_SECRET: keys.clientSecret,
    API_BASE: given.apiBase,
    SMTP_SERVER: '127.0.0.1',
    ...(given.smtpPort ? { SMTP_PORT: String(given.smtpPort) } : {}),
    SENDER_EMAIL: 'receipts@example.in',
    SESSION_KEY: '07'.repeat(32),
    RATE_LIMIT_SCALE: '1000',
  }
}

export type InProcess = { config: Config; sql: Sql; services: BillingServices; mailer: Mailer; jobs: Job[] }

/** What the product works with in this process, with this environment; `disturbed` may stand between it and its pool. */
export function servicesWith(
  env: Record<string, string>,
  { poolMax = 5, write, disturbed = (sql) => sql }: Options = {},
): InProcess {
  const config = readConfig(env)
  const sql = connect(config.database.url!, { max: poolMax })
  const gateway = cashfree({ ...config.cashfree, ...config.cashfree.credentials!, permit: callPermits(sql) })
  const log = createLog(config.logLevel, write && { write })
  const pool = disturbed(sql)
  const isOnSale = () => hasPricesToSell(pool, config.prices)
  const services: BillingServices = { config, sql: pool, gateway, log, wake: () => {}, isOnSale }
  const mailer = mailerOf(config)
  return { config, sql, services, mailer, jobs: jobsOf(services, mailer) }
}

type Options = { poolMax?: number; write?: (line: string) => void; disturbed?: (sql: Sql) => Sql }
