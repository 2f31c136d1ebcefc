import type { AddressInfo } from 'node:net'
import { buildApp } from '../../src/app.ts'
import { cashfree } from '../../src/billing/payments/cashfree.ts'
import type { BillingServices } from '../../src/billing/payments/gateway.ts'
import { type Sandbox, startSandbox } from '../../src/dev/cashfree-sandbox/sandbox.ts'
import { type MailCatcher, startMailCatcher } from '../../src/dev/mail-catcher/mail-catcher.ts'
import { jobsOf } from '../../src/operations/jobs/jobs.ts'
import { type Config, readConfig } from '../../src/platform/config.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectMailer } from '../../src/platform/mailer.ts'
import { freshDatabase } from './database.ts'
import { routesOf } from './routes.ts'

export const keys = { clientId: 'TEST_app', clientSecret: 'cfsk_ma_test_app' }

/** The whole product in this process: real database, real HTTP, the Cashfree look-alike, the mail catcher. */
export type TestApp = {
  url: string
  sql: Sql
  deps: BillingServices
  config: Config
  sandbox: Sandbox
  mailbox: MailCatcher
  databaseUrl: string
  /** Runs one of the jobs now; in tests none runs by itself. */
  run: (job: string) => Promise<unknown>
  /** Their names. */
  jobs: string[]
  /** Every route, as "GET /admin/orders/:id". */
  routes: string[]
  close: () => Promise<void>
}

/**
 * Starts it. Webhooks go to the app, as they would; jobs run only when a test says so. `roleFor` is handed the owner's URL
 * of the database and answers the one to run with; `disturbed` may stand between the product and its pool.
 */
export async function startApp(
  env: Record<string, string> = {},
  roleFor: (ownerUrl: string) => Promise<string> = async (url) => url,
  disturbed: (sql: Sql) => Sql = (sql) => sql,
): Promise<TestApp> {
  const database = await freshDatabase()
  const databaseUrl = await roleFor(database.url)
  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    ...keys,
    webhookUrl: null,
    stateFile: null,
    settings: { webhookDelayMs: 0, collectSettleMs: 0, refundDelayMs: 0 },
  })
  const mailbox = await startMailCatcher({ host: '127.0.0.1', smtpPort: 0, webPort: 0, dir: null })
  const port = await freePort()
  const config = readConfig({
    PORT: String(port),
    HOST: '127.0.0.1',
    BASE_URL: `http://localhost:${port}`,
    DATABASE_URL: databaseUrl,
    CASHFREE_CLIENT_ID: keys.clientId,
    CASHFREE_CLIENT_SECRET: keys.clientSecret,
    // 127.0.0.1 is another site than localhost, so coming back from Cashfree is cross-site, as it is in the world.
    API_BASE: `http://127.0.0.1:${sandbox.port}/pg`,
    CASHFREE_JS_URL: `http://127.0.0.1:${sandbox.port}/js/v3/cashfree.js`,
    SMTP_SERVER: '127.0.0.1',
    SMTP_PORT: String(mailbox.smtpPort),
    SENDER_EMAIL: 'receipts@example.in',
    RATE_LIMIT_SCALE: '1000',
    SESSION_KEY: '07'.repeat(32),
    LOG_LEVEL: 'silent',
    ...env,
  })
  const sql = connect(databaseUrl, { max: 5 })
  const log = createLog(config.logLevel)
  const gateway = cashfree({ ...config.cashfree, ...config.cashfree.credentials! })
  const deps: BillingServices = { config, sql: disturbed(sql), gateway, log, wake: () => {} }
  const mailer = connectMailer({
    ...config.smtp,
    host: config.smtp.host!,
    senderName: config.seller.name,
    replyTo: config.seller.email,
  })
  const jobs = jobsOf(deps, mailer)
  const app = await buildApp({ deps, sessionKeys: config.sessionKeys })
  await app.listen({ port, host: 'localhost' })
  sandbox.control.webhooks({ url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/webhooks/cashfree` })
  return {
    url: config.baseUrl,
    sql,
    deps,
    config,
    sandbox,
    mailbox,
    databaseUrl,
    jobs: jobs.map(({ name }) => name),
    run: (name) => {
      const job = jobs.find((candidate) => candidate.name === name)
      if (!job) throw new Error(`there is no job ${name}`)
      return job.run()
    },
    routes: routesOf(app),
    close: async () => {
      await app.close()
      await sandbox.close()
      await mailbox.close()
      mailer.close()
      await sql.end({ timeout: 2 })
      await database.drop()
    },
  }
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  return new Promise((resolve) => {
    const probe = createServer().listen(0, 'localhost', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
