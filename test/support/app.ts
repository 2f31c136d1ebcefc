import type { AddressInfo } from 'node:net'
import { buildApp } from '../../src/app.ts'
import type { BillingServices } from '../../src/billing/payments/gateway.ts'
import { keepGraceDays } from '../../src/billing/subscriptions/queries.ts'
import type { Sandbox } from '../../src/dev/cashfree-sandbox/sandbox.ts'
import { freePort } from '../../src/dev/free-port.ts'
import type { MailCatcher } from '../../src/dev/mail-catcher/mail-catcher.ts'
import type { Config } from '../../src/platform/config.ts'
import type { Sql } from '../../src/platform/db.ts'
import { freshDatabase } from './database.ts'
import { routesOf } from './routes.ts'
import { environment, keys, servicesWith, startCashfree, startMail } from './services.ts'

export { keys }

/** The whole product in this process: real database, real HTTP, the Cashfree look-alike, the mail catcher. */
export type TestApp = {
  url: string
  sql: Sql
  services: BillingServices
  config: Config
  sandbox: Sandbox
  mailbox: MailCatcher
  databaseUrl: string
  /** Runs one of the jobs now; in tests none runs by itself. */
  run: (job: string, stopping?: AbortSignal) => Promise<unknown>
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
  const sandbox = await startCashfree({ collectSettleMs: 0, refundDelayMs: 0 })
  const mailbox = await startMail()
  const port = await freePort()
  const { config, sql, services, mailer, jobs } = servicesWith(
    {
      // 127.0.0.1 is another site than localhost, so coming back from Cashfree is cross-site, as it is in the world.
      ...environment({ databaseUrl, apiBase: `http://127.0.0.1:${sandbox.port}/pg`, smtpPort: mailbox.smtpPort }),
      CASHFREE_JS_URL: `http://127.0.0.1:${sandbox.port}/js/v3/cashfree.js`,
      PORT: String(port),
      HOST: '127.0.0.1',
      BASE_URL: `http://localhost:${port}`,
      LOG_LEVEL: 'silent',
      ...env,
    },
    { disturbed },
  )
  await keepGraceDays(sql, config.graceDays)
  const app = await buildApp({ services, sessionKeys: config.sessionKeys })
  await app.listen({ port, host: 'localhost' })
  const webhooks = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/webhooks/cashfree`
  sandbox.control.webhooks({ url: webhooks, subscriptionUrl: `${webhooks}-subscriptions` })
  return {
    url: config.baseUrl,
    sql,
    services,
    config,
    sandbox,
    mailbox,
    databaseUrl,
    jobs: jobs.map(({ name }) => name),
    run: (name, stopping) => {
      const job = jobs.find((candidate) => candidate.name === name)
      if (!job) throw new Error(`there is no job ${name}`)
      return job.run(stopping)
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
